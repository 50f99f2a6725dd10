import { defineConfig } from 'vitest/config';

/** The conformance suite, unchanged, on another engine and on several servers behind one address. */
const conformance = (name: string, env: Record<string, string>, exclude: readonly string[] = []) => ({
  extends: true as const,
  test: {
    name,
    include: ['test/conformance/**/*.test.ts', 'test/properties/isolation.test.ts'],
    exclude: [...exclude],
    env,
  },
});

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // better-sqlite3 is a native addon, and the fault tests kill things: a process for each file, never a thread.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // A forgotten `.only` would silently pass over the rest.
    allowOnly: false,
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.ts'] } },
      conformance('postgres', { CASP_TEST_ENGINE: 'postgres' }),
      conformance('three instances', { CASP_TEST_ENGINE: 'postgres', CASP_TEST_INSTANCES: '3' }),
    ],
  },
});
