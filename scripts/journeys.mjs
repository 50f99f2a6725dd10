/** `npm run journeys` compares the journeys with their files; `npm run journeys -- --write` rewrites the files. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = process.argv.slice(2);
const unknown = flags.filter((flag) => flag !== '--write');
if (unknown.length > 0) {
  console.error(`journeys: ${unknown.join(' ')} is not known; the one flag is --write`);
  process.exit(2);
}

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', 'test/journeys'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CASP_JOURNEYS: flags.includes('--write') ? 'write' : 'compare' },
  },
);
process.exitCode = status ?? 1;
