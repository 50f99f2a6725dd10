/** What the black-box suites share: a real server, whole-value expectations, and "changes nothing" made checkable. */
import { expect } from 'vitest';
import type { EntityValues } from '../../src/edm/types.ts';
import { type ChangeRecords, type ChangeRow, openChangeRecords } from './change-records.ts';
import { type Answer, type Ask, createExchange, type Send } from './exchange.ts';
import { emptyProfile } from './profiles.ts';
import { type RunningServer, startServer } from './running-server.ts';

/** The collection in its canonical spelling. */
export const collectionPath = '/v1.0/security/cloudAppSecurityProfiles';
/** The profile of the reference page's example; the sample holds it. */
export const exampleId = '053c36a0-36a0-053c-a036-3c05a0363c05';
/** The tenant of the test people. */
export const testTenant = '7e571e00-0000-4000-8000-00000000c0de';
/** A GUID no profile has. */
export const absentId = '00000000-0000-4000-8000-0000000000aa';

/** Who `casp token` speaks for unless told otherwise, as change records name them. */
export const analyst = {
  authorKind: 'delegated',
  authorId: '7e571e00-0000-4000-8000-00000000e002',
  authorName: 'Ana Lindqvist',
  clientId: '7e571e00-0000-4000-8000-00000000c11e',
} as const;

/** The media type of every JSON answer at the default metadata level. */
export const minimalType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';

export const guid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const imfDate = expect.stringMatching(
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
);

/** A profile a test made for itself. */
export interface Created {
  readonly id: string;
  readonly path: string;
  /** All values in wire form, times included. */
  readonly values: EntityValues;
}

export interface Service {
  readonly server: RunningServer;
  readonly url: string;
  /** A token of the analyst, who may read and write. */
  readonly token: string;
  readonly changes: ChangeRecords;
  /** Sends with the analyst's token unless the request names another, or `undefined` for none. */
  readonly send: Send;
  /** Makes a profile by POST, so that no test depends on another's. */
  create(values?: EntityValues): Promise<Created>;
  stop(): Promise<void>;
}

/** Starts a server for one file. */
export async function openService(...flags: readonly string[]): Promise<Service> {
  const server = await startServer({ flags });
  const exchange = createExchange(server.httpUrl);
  const changes = openChangeRecords(server.data, server.databaseUrl);
  const token = server.token();
  const send: Send = async (ask) => {
    const answer = await exchange.send('token' in ask ? ask : { ...ask, token });
    // Nothing a client sends may break the service; 501 names what is not built.
    if (answer.status >= 500 && answer.status !== 501) {
      throw new Error(`${ask.method ?? ''} ${ask.path}: ${answer.status} ${answer.text}\n${server.output()}`);
    }
    return answer;
  };
  return {
    server,
    url: server.httpUrl,
    token,
    changes,
    send,
    create: (values = {}) => createProfile(send, values),
    async stop() {
      exchange.close();
      changes.close();
      await server.stop();
    },
  };
}

async function createProfile(send: Send, values: EntityValues): Promise<Created> {
  const answer = await send({ method: 'POST', path: collectionPath, body: values });
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${answer.text}`);
  const body = membersOf(answer);
  const id = String(body.id);
  const created = String(body.createdDateTime);
  return {
    id,
    path: `${collectionPath}/${id}`,
    values: { ...emptyProfile(id), createdDateTime: created, lastModifiedDateTime: created, ...values },
  };
}

/** The members of an answer that is one JSON object. */
export function membersOf(answer: Answer): Readonly<Record<string, unknown>> {
  if (typeof answer.body !== 'object' || answer.body === null) throw new Error(`no object: ${answer.text}`);
  return answer.body as Record<string, unknown>;
}

/** The entities of a page. */
export function itemsOf(answer: Answer): readonly Readonly<Record<string, unknown>>[] {
  const { value } = membersOf(answer);
  if (!Array.isArray(value)) throw new Error(`no collection: ${answer.text}`);
  return value as Record<string, unknown>[];
}

/** Properties as they stand in JSON: in the page's order, the complex value with its type. */
export function writtenProperties(values: EntityValues): Record<string, unknown> {
  const ordered = Object.keys(emptyProfile('')).map((name) => [name, values[name]] as const);
  return Object.fromEntries(
    ordered.map(([name, value]) => [name, name === 'vendorInformation' ? writtenVendor(value) : value]),
  );
}

function writtenVendor(value: unknown): unknown {
  if (value === null) return null;
  const none = { provider: null, providerVersion: null, subProvider: null, vendor: null };
  return { '@odata.type': '#microsoft.graph.securityVendorInformation', ...none, ...(value as object) };
}

/** A profile inside a collection at the default metadata level. */
export function writtenItem(values: EntityValues, version: number): Record<string, unknown> {
  return {
    '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
    '@odata.etag': `W/"${version}"`,
    ...writtenProperties(values),
  };
}

/** A profile on its own at the default metadata level. */
export function writtenEntity(
  service: Service,
  values: EntityValues,
  version: number,
  root = 'v1.0',
): object {
  // The root for generic clients has the collection at its top (Protocol digest 5.7).
  const set = root === 'odata/v4' ? 'cloudAppSecurityProfiles' : 'security/cloudAppSecurityProfiles';
  const context = `${service.url}/${root}/$metadata#${set}/$entity`;
  return { '@odata.context': context, ...writtenItem(values, version) };
}

/** Every header of a successful answer with a body or without; `own` are those of the case. */
export function expectHeaders(answer: Answer, own: Readonly<Record<string, unknown>>): void {
  expect(answer.headers).toEqual({
    'request-id': guid,
    'client-request-id': answer.clientRequestId,
    'x-ms-ags-diagnostic':
      '{"ServerInfo":{"DataCenter":"Local","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"casp"}}',
    'strict-transport-security': 'max-age=31536000',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
    vary: 'Accept, Accept-Encoding, Prefer, OData-MaxVersion, Authorization',
    'odata-version': '4.0',
    date: imfDate,
    connection: 'keep-alive',
    'keep-alive': expect.stringMatching(/^timeout=\d+$/),
    ...own,
  });
}

/** The whole answer is this JSON, members in this order, under complete headers. */
export function expectJson(
  answer: Answer,
  status: number,
  body: object,
  headers: Readonly<Record<string, unknown>> = {},
): void {
  expect(answer.body).toEqual(body);
  expect(answer.text).toBe(JSON.stringify(body));
  expect(answer.status).toBe(status);
  const length = String(Buffer.byteLength(answer.text));
  expectHeaders(answer, { 'content-type': minimalType, 'content-length': length, ...headers });
}

/** Success without a body. */
export function expectNoContent(
  answer: Answer,
  status: 204 | 304,
  headers: Readonly<Record<string, unknown>>,
): void {
  expect({ status: answer.status, text: answer.text }).toEqual({ status, text: '' });
  expectHeaders(answer, headers);
}

/** What a refusal says beside its codes. */
export interface RefusalDetails {
  /** The whole message, or what it must match. */
  readonly message: string | RegExp;
  readonly target?: string;
  /** Headers of the case, such as Allow. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** The whole body of a refusal and the headers every refusal has; `codes` as in `404 ResourceNotFound entityNotFound`. */
export function expectRefusal(answer: Answer, codes: string, details: RefusalDetails): void {
  const [status, code, innerCode] = codes.split(' ');
  const { message, target, headers = {} } = details;
  expect(answer.body).toEqual({
    error: {
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      ...(target === undefined ? {} : { target }),
      innerError: {
        code: innerCode,
        date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/),
        'request-id': answer.headers['request-id'],
        'client-request-id': answer.headers['client-request-id'],
      },
    },
  });
  expect(answer.status).toBe(Number(status));
  expect(answer.headers).toMatchObject({
    'request-id': guid,
    ...(answer.clientRequestId === undefined ? {} : { 'client-request-id': answer.clientRequestId }),
    'content-type': minimalType,
    'content-language': 'en',
    'content-length': String(answer.bytes.length),
    'cache-control': /^40[13]$/.test(status ?? '') ? 'no-store' : 'no-cache',
    // A list of field names: nothing empty between its commas.
    vary: expect.stringMatching(/^[\w-]+(, [\w-]+)*$/),
    date: imfDate,
    ...headers,
  });
}

/** Does something to a profile and shows that neither the profile nor the history noticed. */
export async function expectUnchanged(
  service: Service,
  profile: Pick<Created, 'path'>,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const look = async () => {
    const { status, text, headers } = await service.send({ path: profile.path });
    return { status, text, etag: headers.etag, changes: service.changes.count() };
  };
  const before = await look();
  const answer = await act();
  expect(await look()).toEqual(before);
  return answer;
}

/** The same for something that would make a profile. */
export async function expectNothingCreated(service: Service, act: () => Promise<Answer>): Promise<Answer> {
  const before = service.changes.count();
  const answer = await act();
  expect(service.changes.count()).toBe(before);
  return answer;
}

/** The record an analyst's write leaves; the answer tells the ids. */
export function changeBy(answer: Answer, entityId: string, change: Partial<ChangeRow>): object {
  return {
    ...analyst,
    tenantId: testTenant,
    position: expect.any(Number),
    entitySet: 'cloudAppSecurityProfiles',
    entityId,
    requestId: answer.headers['request-id'],
    clientRequestId: answer.headers['client-request-id'],
    ...change,
  };
}

/** A request to change one profile. */
export const patchOf = (
  profile: Pick<Created, 'path'>,
  body: unknown,
  headers: Ask['headers'] = {},
): Ask => ({
  method: 'PATCH',
  path: profile.path,
  body,
  headers,
});
