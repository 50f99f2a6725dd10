/**
 * Behaviours of Microsoft Graph that client code can notice, how this service compares, and the test that proves it.
 * `docs/compatibility.md` is written from this by scripts/compatibility.mjs; test/compatibility.test.ts holds both together.
 */

/** One behaviour of Graph. */
export interface Behaviour {
  /** What Graph does, in a clause. */
  readonly graph: string;
  readonly status: 'same' | 'differs' | 'not applicable';
  /** What is done here instead, or why the question does not arise; empty where it is the same. */
  readonly here: string;
  /** `file > suite > test`, the file below test/ without its ending. */
  readonly test: string;
}

/** Behaviours of one area. */
export interface Area {
  readonly title: string;
  readonly behaviours: readonly Behaviour[];
}

const same = (graph: string, test: string): Behaviour => ({ graph, status: 'same', here: '', test });
const differs = (graph: string, here: string, test: string): Behaviour => ({
  graph,
  status: 'differs',
  here,
  test,
});
const notApplicable = (graph: string, here: string, test: string): Behaviour => ({
  graph,
  status: 'not applicable',
  here,
  test,
});

/** All areas, in the order of the page. */
export const areas: readonly Area[] = [
  {
    title: 'Addresses',
    behaviours: [
      same(
        'Requests go to /v1.0 and /beta.',
        'clients/graph-javascript > the Graph JavaScript client > both versions',
      ),
      differs(
        'cloudAppSecurityProfiles exists in beta only.',
        'It is served under both versions: SDKs default to v1.0.',
        'conformance/create > a new profile > may be asked for under beta',
      ),
      same('An unknown version is 400 BadRequest.', 'conformance/addresses > unknown versions'),
      same(
        'An unknown path segment is 400, not 404: "Resource not found for the segment".',
        'conformance/addresses > unknown segments',
      ),
      same(
        'Paths match in any letter case.',
        'conformance/addresses > one profile > each form can change and delete',
      ),
      same(
        'Keys stand as a segment or in parentheses with quotes.',
        'conformance/addresses > one profile > each form can change and delete',
      ),
      same(
        'Query options work without their dollar sign.',
        'conformance/query > $filter chooses rows > takes parameter aliases, and options without the dollar sign',
      ),
      differs(
        'Some APIs ignore query options they do not support.',
        'Nothing is passed over in silence: unknown options are 400, known ones that are not built 501.',
        'conformance/paging > options that cannot be honoured > %s is unknown',
      ),
    ],
  },
  {
    title: 'Reading',
    behaviours: [
      same(
        'A profile is answered with every property in the documented order, null where it has no value.',
        'conformance/read > GET > answers with every property in order',
      ),
      same('An id nobody has is 404 ResourceNotFound.', 'conformance/read > GET > of an unknown id is 404'),
      differs(
        'Most security types carry no entity tags.',
        'Every profile has an ETag and @odata.etag; sending it back is optional.',
        'conformance/read > GET > header and annotation name the same version',
      ),
      same(
        'The media type of answers names metadata level, streaming, IEEE754Compatible and charset.',
        'conformance/negotiation > Accept > %j gets %s',
      ),
      differs(
        '@odata.type is left out of minimal answers where metadata tells it.',
        'It is sent, as the reference page shows.',
        'conformance/metadata-levels > odata.metadata=%s > an entity',
      ),
      same(
        'Accept chooses the metadata level: none, minimal, full.',
        'conformance/metadata-levels > odata.metadata=%s > a collection, with its count',
      ),
      same(
        'A single property is { "value": … } with its context.',
        'conformance/metadata-levels > odata.metadata=%s > properties',
      ),
      same(
        '/$count answers text, whatever Accept says.',
        'conformance/negotiation > Accept > %s: a count is text whatever is accepted',
      ),
    ],
  },
  {
    title: 'Lists',
    behaviours: [
      same(
        'Pages are linked by an absolute, opaque @odata.nextLink.',
        'conformance/paging > all pages > links keep $top and the root they came from',
      ),
      same(
        '$top is the size of a page: a link follows while there is more.',
        'clients/graph-batch > PageIterator > over 2,501 rows with $top=999, $select, $filter and $orderby meets each once',
      ),
      differs(
        '$top means the same for every client.',
        'For clients that send OData-Version, OData-MaxVersion or maxpagesize, and below /odata/v4, it is a total, as the specification has it.',
        'conformance/negotiation > OData-Version and OData-MaxVersion > name a generic client: $top is then a total',
      ),
      same(
        'Prefer: odata.maxpagesize sizes pages and is said back.',
        'conformance/negotiation > Prefer: maxpagesize > %j sizes pages and is said back',
      ),
      same(
        '@odata.count stands on the first page only.',
        'conformance/query > pages > count only on the first',
      ),
      differs(
        'The security API refuses $skip beyond 500 and has links that fail.',
        'No ceiling; a link works until it expires after a day.',
        'conformance/paging > all pages > a link works again and again, with the same answer',
      ),
      differs(
        '$select without id sends no id on some resources.',
        'id is always sent: paging and merging need it.',
        'conformance/metadata-levels > odata.metadata=%s > a projected entity',
      ),
      same(
        '$filter compares dates, enumerations and members of vendorInformation, with any and all on tags.',
        'conformance/capabilities > what $metadata says, the service does',
      ),
      differs(
        '$search is not supported on security resources.',
        'It finds words by their beginning, phrases, and "property:word"; no ConsistencyLevel is needed.',
        'conformance/query > $search and $apply > search words by their beginning, phrases, narrowed, negated',
      ),
      differs(
        '$apply and $compute are offered on a few reporting resources only.',
        'Both are built.',
        'conformance/query > $search and $apply > groups, counts and orders',
      ),
      same(
        '$expand of a type without navigation properties is 400 ExpandNotSupported.',
        'conformance/paging > options that cannot be honoured > $expand has nothing to expand',
      ),
      same(
        '/security can be expanded with its profiles, twenty of them.',
        'conformance/query > the singleton > sends twenty rows unless asked for fewer',
      ),
      differs(
        'Lists come as pages of JSON and nothing else.',
        'With $format=csv or ndjson a list comes as one file, whole or visibly cut.',
        'conformance/export > the file > is asked for by Accept: %s',
      ),
      differs(
        'Who changed a profile, and from what to what, cannot be asked.',
        'casp.changes() tells, of one profile or of all, also of deleted ones.',
        'conformance/changes > the changes of one profile > tell who did what, before and after, newest first, also when it is gone',
      ),
      notApplicable(
        'Directory objects need ConsistencyLevel: eventual for advanced queries.',
        'Every query is always possible; the header is tolerated.',
        'conformance/negotiation > preferences nobody honours > the header %s is tolerated',
      ),
    ],
  },
  {
    title: 'Writing',
    behaviours: [
      same(
        'PATCH answers 200 with the whole updated profile (the reference page).',
        'conformance/patch > the page itself > its body is answered by 200 and the whole updated object, under its path',
      ),
      same(
        'PATCH keeps what is absent, clears what is null, replaces tags as a whole, merges vendorInformation.',
        'conformance/patch > vendorInformation merges > %s alone: the other members keep their values',
      ),
      same(
        'A model read, changed and sent back whole changes what was changed; control information in it is ignored.',
        'clients/kiota > the Kiota client > sends a whole model back, and only the member that changed is changed',
      ),
      same(
        'A property of another name is refused: 400 RequestBodyRead.',
        'conformance/bad-input > an undeclared property',
      ),
      same(
        'If-Match guards a write: 412 for another version.',
        'clients/graph-javascript > the Graph JavaScript client > PATCH under If-Match, and 412 for the second with the same version',
      ),
      same(
        'POST answers 201 with Location.',
        'conformance/create > the answer > Location is canonical, however the collection was spelt',
      ),
      same('DELETE answers 204.', 'conformance/delete > DELETE > is 204, and the profile is gone everywhere'),
      same(
        'Prefer: return=minimal answers 204, return=representation the entity; both are said back.',
        'conformance/negotiation > Prefer: return > %j on PATCH and POST',
      ),
      differs(
        'PATCH to an id that does not exist can create on some types (Prefer: create-if-missing).',
        'Ids are given by the service: 404.',
        'conformance/negotiation > preferences nobody honours > create-if-missing makes nothing',
      ),
      differs(
        'PUT replaces some types.',
        '405 with Allow.',
        'conformance/methods > a method the resource has not > %s %s (%s): Allow: %s, %s',
      ),
      same(
        'unknownFutureValue in PATCH is as good as absent, in POST it is refused.',
        'conformance/evolvable-enum > the sentinel in POST > %s is 400',
      ),
      same(
        'unknownFutureValue in $filter stands for every newer member.',
        'conformance/evolvable-enum > the sentinel in filters stands for every member above it, of which there is none > %s',
      ),
      same(
        'Prefer: include-unknown-enum-members is honoured and said back.',
        'conformance/evolvable-enum > Prefer: include-unknown-enum-members > is said back wherever the enumeration may be sent',
      ),
      differs(
        'A POST that an SDK repeats creates twice.',
        'With Repeatability-Request-ID and Repeatability-First-Sent it creates once.',
        'conformance/repeatability > a repeated POST > is answered as the first time and creates nothing',
      ),
      same(
        'Request bodies may be compressed with gzip.',
        'conformance/compression > a compressed request body > in %s is read as what it holds',
      ),
    ],
  },
  {
    title: 'Batches',
    behaviours: [
      same(
        'A JSON batch holds up to 20 requests.',
        'clients/graph-batch > BatchRequestContent and BatchResponseContent > twenty in parallel',
      ),
      same(
        '21 requests are 400 for the batch.',
        'clients/graph-batch > BatchRequestContent and BatchResponseContent > 21 requests are refused by the service as well',
      ),
      same(
        'dependsOn orders requests; what waits for a failure is 424.',
        'clients/graph-batch > BatchRequestContent and BatchResponseContent > in series: reads JSON by Content-Type, counts as text, 412 and then 424',
      ),
      same(
        'Ids are unique without regard to case; an unknown dependency is 400 for the batch.',
        'conformance/batch-json > an envelope that is refused: 400, and nothing of it happens > %s',
      ),
      same(
        'Answers spell Content-Type as the SDK looks for it.',
        'conformance/batch-json > a sound batch > spells header names of parts in title case, because the Graph client looks for Content-Type exactly',
      ),
      same(
        'Requests share the authorisation of the batch.',
        'conformance/batch-json > what a part inherits > the authorisation of the envelope, whatever it brings itself',
      ),
      same(
        'A request that fails does not stop the others.',
        'conformance/batch-json > a part that is refused leaves the rest alone > %s',
      ),
      same(
        'Throttling counts each request; one beyond the rate is 429 with its own Retry-After.',
        'conformance/batch-json > a throttled batch > refuses the parts beyond the allowance, each with its own Retry-After, and answers the others',
      ),
      differs(
        'Answers come in any order.',
        'They come in the order of the requests.',
        'conformance/batch-json > a sound batch > answers every part as the single request would, in the order of the requests',
      ),
      differs(
        'atomicityGroup is not documented.',
        'It is one transaction, as in the specification.',
        'conformance/batch-json > atomicityGroup > is one transaction',
      ),
      differs(
        'multipart/mixed batches are not offered.',
        'They are, with change sets, for older OData clients.',
        'conformance/batch-multipart > a change set > is one transaction, whatever stands around it',
      ),
    ],
  },
  {
    title: 'Errors and headers',
    behaviours: [
      same(
        'Every refusal is { "error": { code, message, innerError: { date, request-id, client-request-id } } }.',
        'conformance/errors-headers > a refusal > %s',
      ),
      same(
        'GraphError tells status, code, message, request id and date.',
        'clients/graph-batch > GraphError > has status, code, message, request id, date and body of every refusal',
      ),
      differs(
        'innerError has no code on most workloads.',
        'innerError.code says what happened; docs/errors.md has a section for each.',
        'conformance/errors-headers > a refusal > %s',
      ),
      same(
        'request-id is on every answer.',
        'conformance/errors-headers > request-id > is another GUID for each request',
      ),
      same(
        'client-request-id comes back.',
        'conformance/errors-headers > client-request-id > comes back without being asked to, and in spite of being told not to',
      ),
      same(
        'Headers of SDKs such as SdkVersion and Retry-Attempt are tolerated.',
        'conformance/errors-headers > headers clients send > are tolerated',
      ),
      same(
        '429 has Retry-After in seconds; the SDK waits and repeats.',
        'clients/graph-batch > 429 > is waited out by the middleware as Retry-After says; then the write succeeds, once',
      ),
      differs(
        'Rates are those of the workload.',
        'Rates are configured; off in dev mode.',
        'conformance/throttle > reads and writes of one application in one tenant > have an allowance each; from 0.8 on answers say how much is used',
      ),
      differs(
        'Any web page may call (Access-Control-Allow-Origin: *).',
        'Only pages of configured origins; none by default.',
        'conformance/cors > a call from a page > is answered with the origin and the headers a page may read',
      ),
    ],
  },
  {
    title: 'Signing in',
    behaviours: [
      same(
        'No token, a bad one or an expired one is 401 InvalidAuthenticationToken with a Bearer challenge.',
        'conformance/authentication > a token that does not fit > expired',
      ),
      same(
        'A missing permission is 403 Forbidden.',
        'conformance/batch-json > what a part inherits > the authorisation of the envelope, whatever it brings itself',
      ),
      same(
        'Reading needs SecurityEvents.Read.All, writing SecurityEvents.ReadWrite.All, delegated or application.',
        'conformance/capabilities > what $metadata says, the service does',
      ),
      same(
        'Tokens come from @azure/identity and MSAL.',
        'clients/azure-identity > @azure/identity with @microsoft/microsoft-graph-client > reads, changes and lists profiles (service root %i)',
      ),
      same(
        'A profile of another tenant does not exist: 404.',
        'conformance/tenants > another tenant’s profile > %s is as unknown as an id nobody has',
      ),
      same(
        'Bearer without a token is 401 with the challenge: the handshake of Excel and Power BI.',
        'conformance/odata-root > the handshake of Excel and Power BI > %s: 401 that says where to sign in',
      ),
      notApplicable(
        'Continuous access evaluation sends claims challenges.',
        'Tokens are verified here alone; none is revoked before it expires.',
        'conformance/tokens > a token that was accepted > is remembered until it expires, not longer',
      ),
    ],
  },
  {
    title: 'Metadata and tools',
    behaviours: [
      same(
        '$metadata is public CSDL.',
        'conformance/metadata > $metadata of %s > is valid XML for everybody, cacheable',
      ),
      differs(
        'Capability annotations are partly absent or wrong.',
        'Each says what is built, and a request proves each.',
        'conformance/capabilities > what $metadata says, the service does > %s',
      ),
      differs(
        'There is no top-level entity set for the profiles.',
        '/odata/v4 has one, for Excel, Power BI and other generic clients.',
        'conformance/odata-root > documents > the service document lists the set as a table',
      ),
      same(
        'A client generated from the OpenAPI document reads and writes.',
        'clients/generated-client > a client generated from /openapi.json > compiles, reads, updates and is refused as its types say',
      ),
      same(
        'Kiota reads errors into its own error type.',
        'clients/kiota > the Kiota client > gets a refusal as its own error type',
      ),
      notApplicable(
        'Delta queries and change notifications exist for other types.',
        'Graph has neither for this type; nothing is promised here either.',
        'conformance/capabilities > what $metadata says, the service does > %s',
      ),
      differs(
        'Profiles are open types: undeclared properties can be stored.',
        'Only declared properties are taken; others are refused by name.',
        'conformance/bad-input > an undeclared property',
      ),
    ],
  },
];

const marks: Readonly<Record<Behaviour['status'], string>> = {
  same: 'same',
  differs: '**differs**',
  'not applicable': 'not applicable',
};

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');

function writeRow({ graph, status, here, test }: Behaviour): string {
  const [file = '', ...titles] = test.split(' > ');
  const link = `[${escapeCell(titles.join(' › '))}](../test/${file}.test.ts)`;
  return `| ${escapeCell(graph)} | ${marks[status]} | ${escapeCell(here)} | ${link} |`;
}

const introduction = `# Compatibility with Microsoft Graph

What client code can notice of Microsoft Graph, how casp compares, and the test that proves it. Every test named here runs
with \`npm test\`; where a title holds \`%s\`, it runs once for each case of a table. The page is written by
\`node scripts/compatibility.mjs\` from \`test/support/compatibility.ts\`.
`;

/** The text of docs/compatibility.md. */
export function writeCompatibilityPage(): string {
  const all = areas.flatMap(({ behaviours }) => behaviours);
  const count = (status: Behaviour['status']) => all.filter((each) => each.status === status).length;
  const summary = `${all.length} behaviours: ${count('same')} the same, ${count('differs')} different by choice, ${count('not applicable')} that do not arise.\n`;
  const sections = areas.map(({ title, behaviours }) =>
    [
      `## ${title}`,
      '',
      '| Graph | Here | How it differs | Proof |',
      '|---|---|---|---|',
      ...behaviours.map(writeRow),
      '',
    ].join('\n'),
  );
  return [introduction, summary, ...sections].join('\n');
}
