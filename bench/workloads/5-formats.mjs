import { timeInTurns } from '../harness/client.mjs';
import { collectionPath } from '../harness/profiles.mjs';
import { milliseconds, rate } from '../harness/report.mjs';

const rounds = 200;
const timesMax = 1.5;
const levels = ['minimal', 'full', 'none'];
const accept = (level) => ({ accept: `application/json;odata.metadata=${level}` });

/** What one document costs, or that it is not served. */
async function documentFinding(path, { client, load }) {
  const what = `${path}, 64 connections`;
  try {
    await client.ask(path);
  } catch (error) {
    return { what, measured: `not served: ${error.message.split('\n')[0]}` };
  }
  const { requestsPerSecond, p99Ms } = await load({ requests: [{ method: 'GET', path }] });
  return {
    what,
    measured: `${rate(requestsPerSecond)} a second, p99 ${milliseconds(p99Ms)} ms`,
    goal: 'from memory',
  };
}

/** The answer of a level shows what that level is to show. */
async function verify(client, level) {
  const { text } = await client.ask(collectionPath, { headers: accept(level) });
  const { value } = JSON.parse(text);
  const shown = { none: [false, false], minimal: [true, false], full: [true, true] }[level];
  const found = ['@odata.etag', '@odata.id'].map((name) => Object.hasOwn(value[0], name));
  if (value.length !== 100 || String(found) !== String(shown))
    throw new Error(`odata.metadata=${level} answered:\n${text.slice(0, 2000)}`);
}

async function study(tools) {
  const { client, load } = tools;
  for (const level of levels) await verify(client, level);
  const ask = (level) => () => client.ask(collectionPath, { headers: accept(level) });
  const times = await timeInTurns(Object.fromEntries(levels.map((level) => [level, ask(level)])), rounds);
  const loads = {};
  for (const level of levels)
    loads[level] = await load({
      requests: [{ method: 'GET', path: collectionPath, headers: accept(level) }],
    });
  const findings = levels.map((level) => {
    const ratio = times[level] / times.minimal;
    const slower = loads.minimal.requestsPerSecond / loads[level].requestsPerSecond;
    const compared = level === 'minimal' ? '' : `; ${ratio.toFixed(2)} × and ${slower.toFixed(2)} × minimal`;
    const judged =
      level === 'full' ? { goal: `≤ ${timesMax} ×`, met: Math.max(ratio, slower) <= timesMax } : {};
    return {
      what: `Collection of 100, odata.metadata=${level}`,
      measured: `${milliseconds(times[level])} ms alone, ${rate(loads[level].requestsPerSecond)} a second under load${compared}`,
      ...judged,
    };
  });
  for (const path of ['/beta/$metadata', '/openapi.json']) findings.push(await documentFinding(path, tools));
  return findings;
}

/** The collection at each metadata level, and the documents that describe it. */
export const workload = { name: 'formats', title: 'Formats', study };
