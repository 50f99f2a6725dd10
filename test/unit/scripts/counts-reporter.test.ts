/** The counts of `npm test` must not be kinder than the run: a small project of broken tests is really run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const results = join(root, 'test-results');
const header = "import { beforeAll, describe, it } from 'vitest';\n";
let folder: string;

beforeEach(() => {
  // Below the project, so that the broken tests find Vitest.
  mkdirSync(results, { recursive: true });
  folder = mkdtempSync(join(results, 'counts-'));
  mkdirSync(join(folder, 'test'));
  // Not the project's own: it would look for suites on engines.
  const config = "export default { test: { pool: 'forks', include: ['test/**/*.test.ts'] } };\n";
  writeFileSync(join(folder, 'vitest.config.mjs'), config);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs one test file by itself, and yields what the reporter counted. */
function countsOf(text: string): unknown {
  const counts = join(folder, 'counts.json');
  writeFileSync(join(folder, 'test', 'broken.test.ts'), header + text);
  const parameters = [
    'run',
    '--root',
    folder,
    '--config',
    join(folder, 'vitest.config.mjs'),
    `--reporter=${join(root, 'scripts', 'counts-reporter.mjs')}`,
  ];
  spawnSync(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...parameters], {
    env: { ...process.env, CASP_TEST_COUNTS_FILE: counts },
  });
  return JSON.parse(readFileSync(counts, 'utf8'));
}

describe('the counting reporter', () => {
  it('counts what passed, failed and was skipped, with the reason', () => {
    const text =
      "it('a', () => {}); it('b', () => { throw 1; }); it('c', (context) => context.skip('no browser'));";
    expect(countsOf(text)).toEqual({ passed: 1, failed: 1, skipped: ['c: no browser'], faults: [] });
  });

  it('counts a file that does not load', () => {
    const faults = ['test/broken.test.ts: did not load, or a hook failed'];
    expect(countsOf("import './absent.ts';")).toEqual({ passed: 0, failed: 1, skipped: [], faults });
  });

  it('counts a hook that fails', () => {
    const text = "describe('a', () => { beforeAll(() => { throw new Error('no'); }); it('b', () => {}); });";
    const faults = ['test/broken.test.ts: did not load, or a hook failed'];
    expect(countsOf(text)).toEqual({ passed: 0, failed: 1, skipped: ['a > b'], faults });
  });

  it('counts an error nobody caught', () => {
    const text = "it('a', () => { Promise.reject(new Error('late')); });";
    expect(countsOf(text)).toEqual({ passed: 1, failed: 1, skipped: [], faults: ['unhandled error: late'] });
  });

  it('counts the cases a dead worker never finished', () => {
    const text = "it('a', () => {}); it('b', () => process.kill(process.pid, 'SIGKILL'));";
    expect(countsOf(text)).toMatchObject({
      passed: expect.toSatisfy(Number.isInteger),
      failed: expect.toSatisfy((n) => n >= 2),
    });
  });
});
