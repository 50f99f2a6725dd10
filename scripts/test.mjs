/**
 * `npm test`: format, types, build and every suite. The last line is exactly `N passed, N failed, N skipped`;
 * each of format, types and build counts as one. Arguments go to Vitest: `npm test -- conformance`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inModules = (path) => join(root, 'node_modules', path);
const total = { passed: 0, failed: 0, skipped: 0 };
const faults = [];

/** Runs one Node program with its output on ours; true when it ended with 0. */
function run(name, parameters, environment = {}) {
  console.log(`\n== ${name}`);
  const { status, signal, error } = spawnSync(process.execPath, parameters, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) faults.push(`${name}: ${error?.message ?? signal ?? `exit code ${status}`}`);
  return status === 0;
}

function check(name, parameters) {
  total[run(name, parameters) ? 'passed' : 'failed'] += 1;
}

/** What the counting reporter wrote; undefined when Vitest died before it could. */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Runs the suites; whatever Vitest's exit code knows beyond the counts is one more failure. */
function runSuites(filters) {
  const folder = mkdtempSync(join(tmpdir(), 'casp-test-'));
  const file = join(folder, 'counts.json');
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts', 'counts-reporter.mjs')}`];
  const parameters = [inModules('vitest/vitest.mjs'), 'run', ...reporters, ...filters];
  const succeeded = run('tests', parameters, { CASP_TEST_COUNTS_FILE: file });
  const counts = readCounts(file);
  rmSync(folder, { recursive: true, force: true });

  total.passed += counts?.passed ?? 0;
  total.failed += counts?.failed ?? 0;
  total.skipped += counts?.skipped.length ?? 0;
  faults.push(...(counts?.faults ?? ['tests: Vitest wrote no counts']));
  const ran = (counts?.passed ?? 0) + (counts?.failed ?? 0);
  if (ran === 0) faults.push('tests: not one ran');
  if ((counts?.failed ?? 0) === 0 && (!succeeded || ran === 0)) total.failed += 1;
  for (const name of counts?.skipped ?? []) console.log(`skipped: ${name}`);
}

check('format', [inModules('@biomejs/biome/bin/biome'), 'ci', '.']);
check('types', [inModules('typescript/lib/tsc.js'), '-p', 'tsconfig.json']);
check('types of the console', [inModules('typescript/lib/tsc.js'), '-p', 'console/tsconfig.json']);
check('build', ['scripts/build.mjs']);
runSuites(process.argv.slice(2));

for (const fault of faults) console.log(`fault: ${fault}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
