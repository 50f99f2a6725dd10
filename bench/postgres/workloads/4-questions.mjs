import { createClient, timeInTurns } from '../../harness/client.mjs';
import { milliseconds } from '../../harness/report.mjs';
import { startFloor } from '../beside.mjs';
import { questions } from '../questions.mjs';

const longestMs = 2;

async function study({ client, load, data }) {
  const floor = await startFloor(data.url);
  const hand = createClient(floor.target);
  const findings = [
    {
      what: `Load of ${data.rows} profiles, PostgreSQL ${data.version}`,
      measured: `${(data.loadMs / 1000).toFixed(0)} s, of which indexes ${(data.indexMs / 1000).toFixed(0)} s`,
    },
    ...(await sizeFindings(data)),
  ];
  try {
    for (const [name, { title, path, read, rounds }] of Object.entries(questions)) {
      const handPath = `/question/${name}`;
      const [answer, expected] = [await client.ask(path), await hand.ask(handPath)];
      const [found, wanted] = [read(answer.text), read(expected.text)].map((each) => JSON.stringify(each));
      // The answer must be right before its time counts.
      if (found !== wanted) throw new Error(`${title}: ${found.slice(0, 300)}, not ${wanted.slice(0, 300)}`);
      const alone = await timeInTurns(
        { service: () => client.ask(path), hand: () => hand.ask(handPath) },
        rounds,
      );
      const ratio = alone.service / alone.hand;
      const underLoad =
        alone.hand < longestMs ? await compareUnderLoad(load, floor, path, handPath) : undefined;
      const worst = Math.max(ratio, underLoad ?? 0);
      findings.push({
        what: title,
        measured:
          `${milliseconds(alone.service)} ms, by hand ${milliseconds(alone.hand)} ms: ${ratio.toFixed(2)} ×` +
          (underLoad === undefined ? '' : ` alone, ${underLoad.toFixed(2)} × under load`),
        goal: '≤ 2 ×',
        met: worst <= 2,
      });
    }
    return findings;
  } finally {
    hand.close();
    await floor.stop();
  }
}

/** How many times as long the service takes when both are asked as much as they can answer. */
async function compareUnderLoad(load, floor, path, handPath) {
  const service = await load({ requests: [{ method: 'GET', path }] });
  const hand = await load({ target: floor.target, requests: [{ method: 'GET', path: handPath }] });
  return hand.requestsPerSecond / service.requestsPerSecond;
}

/** Bytes a row of the largest tables and indexes. */
async function sizeFindings({ query, rows }) {
  const sizes = await query(`select relname as "name", pg_relation_size(oid)::float8 as "bytes" from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') order by 2 desc limit 8`);
  return sizes.map(({ name, bytes }) => ({
    what: `Size of ${name}`,
    measured: `${Math.round(bytes / rows)} bytes a row`,
  }));
}

/** What an analyst asks of many profiles, beside SQL written by hand; `--rows 1000000` makes them a million. */
export const workload = {
  name: 'questions',
  title: 'Questions',
  fixture: { rows: 100_000 },
  study,
};
