/**
 * `npm run test:faults`: the long form of the fault suites on the present build; `npm test` has the short one.
 * Arguments go to Vitest: `npm run test:faults -- test/faults/kill.test.ts`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const filters = process.argv.slice(2);
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const chosen = filters.length === 0 ? ['test/faults'] : filters;
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'all', ...chosen], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CASP_FAULTS: 'long' },
});
process.exitCode = status ?? 1;
