import { collectionPath } from '../harness/profiles.mjs';

const question =
  "$filter=publisher eq 'Contoso Ltd' and riskScore eq '9'&$orderby=lastModifiedDateTime desc&$top=50";

/** Rows of the bench that pass: one in 55. */
const rows = 10_000;

/** GET of 50 profiles by a filter that an index answers, the latest first. */
export const workload = {
  name: 'filtered-list',
  title: 'Filtered list of 50',
  fixture: { rows },
  against: ['floors/sqlite-list'],
  goal: { floor: 'sqlite-list', requestsPerSecond: 0.5, p99: 3 },
  requests: () => [
    { method: 'GET', path: `${collectionPath}?${question.replaceAll(' ', '%20').replaceAll("'", '%27')}` },
  ],
  verify: ({ answer }) => answer.value.length === 50,
};
