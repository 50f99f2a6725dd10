import { collectionPath } from '../../harness/profiles.mjs';
import { fixture } from '../fixture.mjs';

const pageSize = 50;
const connections = 16;
const publishers = ['Contoso Ltd', 'Fabrikam Inc', 'Northwind Traders', 'Adatum Corporation', 'Litware Inc'];
const riskScores = ['1', '3', '5', '7', '9'];

const questions = publishers.flatMap((publisher) =>
  riskScores.map((riskScore) => {
    const filter = `publisher eq '${publisher}' and riskScore eq '${riskScore}'`;
    const options = `$filter=${encodeURIComponent(filter)}&$orderby=lastModifiedDateTime%20desc&$top=${pageSize}`;
    return { method: 'GET', path: `${collectionPath}?${options}` };
  }),
);

/** Latest first, and all of the publisher and score of the first question. */
function isRight({ answer: { value } }) {
  const times = value.map(({ lastModifiedDateTime }) => Date.parse(lastModifiedDateTime));
  return (
    value.length === pageSize &&
    value.every((row) => row.publisher === publishers[0] && row.riskScore === riskScores[0]) &&
    times.every((time, index) => index === 0 || time <= times[index - 1])
  );
}

/** The 50 profiles of a publisher and a risk score that changed last. */
export const workload = {
  name: 'filtered-list',
  title: `Filtered list, ${pageSize} rows (${connections} connections)`,
  against: ['peers/cap', 'peers/cap-indexed'],
  goals: { cap: 50, 'cap-indexed': 5 },
  connections,
  fixture,
  requests: () => questions,
  verify: isRight,
};
