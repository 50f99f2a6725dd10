import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // better-sqlite3 is a native addon, and the fault tests kill things: a process for each file, never a thread.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // A forgotten `.only` would silently pass over the rest.
    allowOnly: false,
  },
});
