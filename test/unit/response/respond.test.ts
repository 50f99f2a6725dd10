import { describe, expect, it } from 'vitest';
import type { ServiceError } from '../../../src/errors.ts';
import type {
  CreatePlan,
  DeletePlan,
  ListPlan,
  MetadataPlan,
  OptionsPlan,
  Plan,
  Preconditions,
  ReadPlan,
  UpdatePlan,
  WriteAnswer,
} from '../../../src/plan/plan.ts';
import { respond } from '../../../src/response/respond.ts';
import type { Result } from '../../../src/storage/result.ts';
import {
  context,
  entityId,
  entitySet,
  noConditions,
  planBase,
  storedEntity,
} from '../../support/response-fixture.ts';

const entity = storedEntity({ name: 'n' });
const location = `https://casp.example/v1.0/security/cloudAppSecurityProfiles/${entityId}`;
const author = {
  kind: 'application',
  objectId: 'o',
  name: undefined,
  clientId: 'c',
  requestId: 'r',
  clientRequestId: 'q',
} as const;
const odata = {
  'OData-Version': '4.0',
  'Cache-Control': 'no-cache',
  Vary: 'Accept, Accept-Encoding, Prefer, OData-MaxVersion, Authorization',
};
const minimalJson = {
  'Content-Type':
    'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
};

const read = (preconditions: Partial<Preconditions> = {}): ReadPlan => ({
  ...planBase(),
  kind: 'read',
  key: entityId,
  preconditions: { ...noConditions, ...preconditions },
  projection: undefined,
});
const write = (answer: WriteAnswer) => ({
  ...planBase(),
  author,
  atTicks: 0n,
  answer,
  projection: undefined,
});
const update = (answer: WriteAnswer): UpdatePlan => ({
  ...write(answer),
  kind: 'update',
  key: entityId,
  assignments: [],
  preconditions: noConditions,
});
const create = (answer: WriteAnswer, repeatable: CreatePlan['repeatable'] = undefined): CreatePlan => ({
  ...write(answer),
  kind: 'create',
  id: entityId,
  values: {},
  repeatable,
});
const whole: WriteAnswer = { returns: 'representation', preferred: false };
const minimal: WriteAnswer = { returns: 'minimal', preferred: true };
const list: ListPlan = {
  ...planBase(),
  kind: 'list',
  pageSize: 1,
  after: undefined,
  remaining: undefined,
  skip: 0,
  filter: undefined,
  search: undefined,
  orderBy: [],
  count: true,
  projection: undefined,
  link: { options: '', fingerprint: '', nowTicks: 0n, pageSize: 1 },
};

describe('a read', () => {
  it('sends the entity with its tag', () => {
    const { status, headers, body } = respond({ kind: 'entity', entity, computed: [] }, read(), context);
    expect({ status, headers }).toEqual({
      status: 200,
      headers: { ...minimalJson, ...odata, ETag: 'W/"3"' },
    });
    expect(JSON.parse(String(body))).toMatchObject({ '@odata.etag': 'W/"3"', name: 'n' });
  });

  it.each([
    [{ ifNoneMatch: ['3'] }, 304],
    [{ ifNoneMatch: '*' as const }, 304],
    [{ ifNoneMatch: ['1', '3'] }, 304],
    [{ ifNoneMatch: ['2'] }, 200],
    [{ ifMatch: ['3'] }, 200],
    [{ ifMatch: '*' as const }, 200],
    [{ ifMatch: ['3'], ifNoneMatch: ['3'] }, 304],
  ])('under %j is %d', (preconditions, status) => {
    const response = respond({ kind: 'entity', entity, computed: [] }, read(preconditions), context);
    expect([response.status, response.body === undefined]).toEqual([status, status === 304]);
    expect(response.headers.ETag).toBe('W/"3"');
  });

  it('under If-Match of another version is refused', () => {
    let refusal: unknown;
    try {
      respond({ kind: 'entity', entity, computed: [] }, read({ ifMatch: ['2'] }), context);
    } catch (error) {
      refusal = error;
    }
    expect((refusal as ServiceError).code).toBe('versionMismatch');
  });
});

describe('a write', () => {
  it.each([
    ['PATCH', update(whole), 'updated', 200, {}],
    ['PATCH, minimal', update(minimal), 'updated', 204, { 'Preference-Applied': 'return=minimal' }],
    ['POST', create(whole), 'created', 201, { Location: location }],
    [
      'POST, minimal',
      create(minimal),
      'created',
      204,
      { Location: location, 'OData-EntityId': location, 'Preference-Applied': 'return=minimal' },
    ],
    [
      'POST that may be repeated',
      create(whole, { requestId: 'r', clientId: 'c', fingerprint: 'f', forgetBeforeTicks: 0n }),
      'created',
      201,
      { Location: location, 'Repeatability-Result': 'accepted' },
    ],
    [
      'PATCH, representation wanted',
      update({ returns: 'representation', preferred: true }),
      'updated',
      200,
      { 'Preference-Applied': 'return=representation' },
    ],
  ] as const)('%s', (_, plan, kind, status, own) => {
    const response = respond({ kind, entity }, plan, context);
    const type = status === 204 ? {} : minimalJson;
    expect({ status: response.status, headers: response.headers }).toEqual({
      status,
      headers: { ...type, ...odata, ETag: 'W/"3"', ...own },
    });
    expect(response.body === undefined).toBe(status === 204);
  });

  it('DELETE sends nothing', () => {
    const plan: DeletePlan = {
      ...planBase(),
      kind: 'delete',
      key: entityId,
      preconditions: noConditions,
      author,
      atTicks: 0n,
    };
    expect(respond({ kind: 'deleted' }, plan, context)).toEqual({
      status: 204,
      headers: odata,
      body: undefined,
    });
  });
});

describe('a page', () => {
  it('carries count, items and link, in an order a streaming reader can use', () => {
    const result: Result = {
      kind: 'page',
      rows: [{ entity, computed: [] }],
      next: [entityId],
      count: 2,
    };
    const { body } = respond(result, list, context);
    expect(Object.keys(JSON.parse(String(body)) as object)).toEqual([
      '@odata.context',
      '@odata.count',
      'value',
      '@odata.nextLink',
    ]);
  });

  it('that is the last has no link, and no count unless asked', () => {
    const result: Result = { kind: 'page', rows: [], next: undefined, count: undefined };
    expect(JSON.parse(String(respond(result, list, context).body))).toEqual({
      '@odata.context': 'https://casp.example/v1.0/$metadata#security/cloudAppSecurityProfiles',
      value: [],
    });
  });
});

describe('what needs no store', () => {
  it('OPTIONS lists the methods', () => {
    const { entitySet: _, tenantId: __, ...base } = planBase();
    const plan: OptionsPlan = { ...base, kind: 'options', allow: ['GET', 'OPTIONS'] };
    expect(respond({ kind: 'none' }, plan, context)).toEqual({
      status: 204,
      headers: { ...odata, Allow: 'GET, OPTIONS' },
      body: undefined,
    });
  });

  const metadata = (spelling: 'xml' | 'json', ifNoneMatch?: Preconditions['ifNoneMatch']): MetadataPlan => ({
    root: 'beta',
    format: planBase().format,
    kind: 'metadata',
    spelling,
    preconditions: { ifMatch: undefined, ifNoneMatch },
  });

  it.each(['xml', 'json'] as const)('$metadata in %s may be kept by anybody', (spelling) => {
    expect(respond({ kind: 'none' }, metadata(spelling), context)).toEqual({
      status: 200,
      headers: {
        'Content-Type': `application/${spelling};charset=utf-8`,
        'OData-Version': '4.0',
        'Cache-Control': 'public, max-age=3600',
        Vary: 'Accept, Accept-Encoding',
        ETag: `"beta ${spelling}"`,
      },
      body: `<beta ${spelling}>`,
    });
  });

  it.each([
    ['*' as const, 304],
    [['beta xml'], 304],
    [['beta json'], 200],
    [[], 200],
  ])('$metadata under If-None-Match %j is %d', (ifNoneMatch, status) => {
    const response = respond({ kind: 'none' }, metadata('xml', ifNoneMatch), context);
    expect([response.status, response.headers.ETag]).toEqual([status, '"beta xml"']);
  });

  it('the service document names its root unless no metadata is wanted', () => {
    const { entitySet: _, tenantId: __, ...base } = planBase();
    const own = (plan: Plan) => JSON.parse(String(respond({ kind: 'none' }, plan, context).body)) as unknown;
    expect(own({ ...base, kind: 'serviceDocument' })).toEqual({
      root: 'v1.0',
      contextUrl: 'https://casp.example/v1.0/$metadata',
    });
    expect(own({ ...base, format: planBase({ metadata: 'none' }).format, kind: 'serviceDocument' })).toEqual({
      root: 'v1.0',
    });
  });
});

describe('a result of another plan', () => {
  it.each([
    [read(), { kind: 'deleted' }],
    [list, { kind: 'none' }],
    [update(whole), { kind: 'count', count: 1 }],
  ] as const)('is a fault of ours', (plan, result) => {
    expect(() => respond(result, plan, context)).toThrow(/does not fit/);
  });

  it('the entity set is the one of the model', () => {
    expect(context.model.entitySets).toContain(entitySet);
  });
});
