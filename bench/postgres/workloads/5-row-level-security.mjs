import { distFolder } from '../../harness/dist.mjs';
import { rate } from '../../harness/report.mjs';
import { measureRowLevelSecurity } from '../../row-level-security.mjs';

async function study({ data, repeats, seconds }) {
  const url = await data.createDatabase('isolated');
  const found = await measureRowLevelSecurity({ url, dist: distFolder, seconds, repeats });
  const titles = { read: 'Reads of one profile', write: 'Changes of one profile' };
  return Object.entries(found).map(([name, { off, on, left }]) => ({
    what: `${titles[name]} through the driver with row-level security`,
    measured: `${rate(on)} a second, without ${rate(off)}: ${left.toFixed(2)} of it`,
  }));
}

/** What the second wall between tenants costs. */
export const workload = {
  name: 'row-level-security',
  title: 'Row-level security',
  fixture: { rows: 10_000, copies: true },
  study,
};
