/** What the bench prints: medians, ratios to the floors, and the machine they were seen on. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** Beyond this share of its core the load generator, not the server, may have set the pace. */
const generatorBusyMax = 0.95;

export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Medians of the repeats of one target. */
export function summarize(repeats) {
  const medianOf = (name) => median(repeats.map((repeat) => repeat[name]));
  return {
    requestsPerSecond: medianOf('requestsPerSecond'),
    p50Ms: medianOf('p50Ms'),
    p99Ms: medianOf('p99Ms'),
    generatorBusy: medianOf('generatorBusy'),
  };
}

/** Three digits that mean something. */
export const milliseconds = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
export const rate = (value) => Math.round(value).toLocaleString('en-US');

/** What a workload is to reach beside one of its floors: `{ floor, requestsPerSecond, p99 }`, the last two as ratios. */
function judgeGoal(goal, ratio) {
  if (goal === undefined) return ['', ''];
  const reached = ratio('requestsPerSecond') >= goal.requestsPerSecond;
  const inTime = goal.p99 === undefined || ratio('p99Ms') <= goal.p99;
  const text = `≥ ${goal.requestsPerSecond}${goal.p99 === undefined ? '' : `, p99 ≤ ${goal.p99} ×`}`;
  return [text, reached && inTime ? 'yes' : '**no**'];
}

/** A line for each target; the ratios stand on the lines of the floors: the service's figure over the floor's. */
function resultLines({ title, targets, goal }) {
  const service = targets.find(({ name }) => name === 'service');
  return targets.map(({ name, medians }, index) => {
    const floor = service !== undefined && name !== 'service';
    const ratio = (key) => service.medians[key] / medians[key];
    const show = (key) => (floor ? ratio(key).toFixed(2) : '');
    const bound = medians.generatorBusy > generatorBusyMax ? '*' : '';
    return [
      index === 0 ? title : '',
      name,
      rate(medians.requestsPerSecond) + bound,
      milliseconds(medians.p50Ms),
      milliseconds(medians.p99Ms),
      show('requestsPerSecond'),
      show('p99Ms'),
      ...judgeGoal(floor && goal?.floor === name ? goal : undefined, ratio),
    ];
  });
}

/** Lines of cells as a Markdown table, the first as its head; the first `left` columns begin at the left. */
export function formatLines(lines, left) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (cell, column) => (column < left ? cell.padEnd(widths[column]) : cell.padStart(widths[column]));
  const rule = widths.map((width, column) =>
    column < left ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`,
  );
  const [head, ...rest] = lines.map((line) => `| ${line.map(pad).join(' | ')} |`);
  return [head, `|${rule.join('|')}|`, ...rest].join('\n');
}

/** The table of loads as Markdown, ready for docs/performance.md. */
export function formatTable(results) {
  const ratios = ['casp ÷ it, req/s', 'casp ÷ it, p99'];
  const head = ['Work', 'Server', 'req/s', 'p50 ms', 'p99 ms', ...ratios, 'Goal', 'Met'];
  const text = formatLines([head, ...results.flatMap(resultLines)], 2);
  const bound = results.some(({ targets }) =>
    targets.some(({ medians }) => medians.generatorBusy > generatorBusyMax),
  );
  return bound ? `${text}\n\n\\* the load generator's core was full: the server can do at least this.` : text;
}

/** The table of what the studies found, ready for docs/performance.md. */
export function formatFindings(studies) {
  const head = ['Study', 'What', 'Measured', 'Goal', 'Met'];
  const met = { true: 'yes', false: '**no**', undefined: '' };
  const lines = studies.flatMap(({ title, findings }) =>
    findings.map((finding, index) => [
      index === 0 ? title : '',
      finding.what,
      finding.measured,
      finding.goal ?? '',
      met[finding.met],
    ]),
  );
  return formatLines([head, ...lines], 5);
}

/** Where the figures were seen. */
export function describeMachine({ folder, pinned }) {
  const processors = cpus();
  const fileSystem = spawnSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' });
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    fileSystem: fileSystem.status === 0 ? fileSystem.stdout.trim() : 'unknown',
    node: process.version,
    pinned,
  };
}

export function formatMachine(machine) {
  const pinning = machine.pinned
    ? 'servers on core 0, load on core 1'
    : 'NOT pinned to cores (taskset or a second core is missing): compare with care';
  return [
    `${machine.date}: ${machine.cores} cores, ${machine.processor}, ${machine.memoryGiB} GiB,`,
    `${machine.system}, data on ${machine.fileSystem}, Node ${machine.node}; ${pinning}.`,
  ].join(' ');
}
