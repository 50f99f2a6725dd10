/** A Vitest reporter that counts what happened, including what Vitest's own totals leave out, for scripts/test.mjs. */
import { writeFileSync } from 'node:fs';

const errorText = (error) => String(error?.message ?? error).split('\n', 1)[0];

/** Test cases by outcome; a case that never finished (its worker died) has failed. */
function countCases(testModule) {
  const counts = { passed: 0, failed: 0, skipped: [], cases: 0 };
  for (const test of testModule.children.allTests()) {
    counts.cases += 1;
    const { state, note } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'skipped') counts.skipped.push(note ? `${test.fullName}: ${note}` : test.fullName);
    else counts.failed += 1;
  }
  return counts;
}

/** Faults outside the cases: a file that does not load, a hook that throws, a file that never ran. */
function countFaults(testModule, cases) {
  const suites = [testModule, ...testModule.children.allSuites()];
  const faulty = suites.filter((suite) => suite.errors().length > 0).length;
  const neverRan = cases === 0 && !['passed', 'skipped'].includes(testModule.state());
  return faulty === 0 && neverRan ? 1 : faulty;
}

/** Sums up the modules of one run: `{ passed, failed, skipped: names, faults: texts }`. */
export function summarize(testModules, unhandledErrors, reason) {
  const summary = { passed: 0, failed: 0, skipped: [], faults: [] };
  for (const testModule of testModules) {
    const { passed, failed, skipped, cases } = countCases(testModule);
    const faults = countFaults(testModule, cases);
    summary.passed += passed;
    summary.failed += failed + faults;
    summary.skipped.push(...skipped);
    if (faults > 0) summary.faults.push(`${testModule.relativeModuleId}: did not load, or a hook failed`);
  }
  for (const error of unhandledErrors) {
    summary.failed += 1;
    summary.faults.push(`unhandled error: ${errorText(error)}`);
  }
  if (reason === 'interrupted') {
    summary.failed += 1;
    summary.faults.push('the run was interrupted');
  }
  return summary;
}

export default class CountsReporter {
  onTestRunEnd(testModules, unhandledErrors, reason) {
    const file = process.env.CASP_TEST_COUNTS_FILE;
    if (file) writeFileSync(file, JSON.stringify(summarize(testModules, unhandledErrors, reason)));
  }
}
