/** The journeys, each a file beside this one: what is there before, and the requests that travel. */
import type { JourneyRequest } from '../support/journey.ts';

export interface JourneyCase {
  /** The file's name without `.txt`, and what it shows. */
  readonly name: string;
  readonly shows: string;
  /** Profiles made before, with ids …0001, …0002 and so on. */
  readonly given: readonly object[];
  /** One after the other; a function gets the answer before it. */
  readonly requests: readonly (JourneyRequest | ((previous: string) => JourneyRequest))[];
}

const collection = '/v1.0/security/cloudAppSecurityProfiles';
const first = '00000001-0000-4000-8000-000000000001';

const expense = {
  name: 'Contoso Expense',
  isSigned: true,
  permissionsRequired: 'user',
  policyName: 'Finance apps',
  riskScore: '7',
  tags: ['Finance'],
  vendorInformation: { provider: 'Contoso Cloud Catalog', vendor: 'Contoso' },
};

/** The path and query of the link to the next page. */
function nextTarget(previous: string): string {
  const { '@odata.nextLink': link } = JSON.parse(previous) as { '@odata.nextLink': string };
  const { pathname, search } = new URL(link);
  return `${pathname}${search}`;
}

export const journeyCases: readonly JourneyCase[] = [
  {
    name: 'patch',
    shows: 'PATCH: absent keeps, null clears, vendorInformation merges, tags are replaced',
    given: [expense],
    requests: [
      {
        method: 'PATCH',
        target: `/beta/Security/cloudAppSecurityProfiles/${first}`,
        headers: { 'If-Match': 'W/"1"' },
        body: {
          '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
          riskScore: '4',
          policyName: null,
          tags: ['Finance', 'Monitored'],
          vendorInformation: { subProvider: 'eu' },
        },
      },
    ],
  },
  {
    name: 'patch-without-change',
    shows: 'a PATCH that changes nothing writes nothing',
    given: [expense],
    requests: [
      {
        method: 'PATCH',
        target: `${collection}('${first}')`,
        headers: { Prefer: 'return=minimal' },
        body: {
          id: 'ignored',
          riskScore: '7',
          permissionsRequired: 'unknownFutureValue',
          vendorInformation: {},
        },
      },
    ],
  },
  {
    name: 'patch-stale',
    shows: 'If-Match of an older version: 412 under the lock, nothing written',
    given: [expense],
    requests: [
      {
        method: 'PATCH',
        target: `${collection}/${first}`,
        headers: { 'If-Match': 'W/"3"' },
        body: { riskScore: '9' },
      },
    ],
  },
  {
    name: 'patch-bad-value',
    shows: "the reference page's placeholder is refused before the engine is asked",
    given: [expense],
    requests: [
      { method: 'PATCH', target: `${collection}/${first}`, body: { permissionsRequired: 'String' } },
    ],
  },
  {
    name: 'create',
    shows: 'POST: columns, text, tags and the record in one transaction',
    given: [],
    requests: [{ method: 'POST', target: collection, body: expense }],
  },
  {
    name: 'read',
    shows: 'GET one, then with the ETag it came with',
    given: [expense],
    requests: [
      { method: 'GET', target: `${collection}/${first}` },
      { method: 'GET', target: `${collection}/${first}`, headers: { 'If-None-Match': 'W/"1"' } },
    ],
  },
  {
    name: 'list',
    shows: 'the first page, one row more than it shows, and the page after it by key',
    given: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    requests: [
      { method: 'GET', target: `${collection}?$top=2` },
      (previous) => ({ method: 'GET', target: nextTarget(previous) }),
    ],
  },
  {
    name: 'delete',
    shows: 'DELETE: the row, its tags, and a record of all that was there',
    given: [expense],
    requests: [{ method: 'DELETE', target: `${collection}/${first}`, headers: { 'If-Match': '*' } }],
  },
];
