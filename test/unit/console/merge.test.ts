/** What the page of one app computes: differences, patches, three-way merges, states of the past, edited JSON. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangeRecord } from '../../../console/src/api.ts';
import { describeValue } from '../../../console/src/merge/describe-value.ts';
import {
  changesBetween,
  changesOf,
  leadsBackTo,
  undoChanges,
} from '../../../console/src/merge/field-changes.ts';
import { combineLists, compareThreeWay, resolveConflicts } from '../../../console/src/merge/three-way.ts';
import { flatten, isSame, valueAt, versionOf, writePatch } from '../../../console/src/merge/values.ts';
import { readWireEdit } from '../../../console/src/merge/wire-edit.ts';
import { parseMetadata } from '../../../console/src/metadata.ts';
import { writeCsdlJson } from '../../../src/edm/csdl-json.ts';
import { model } from '../../../src/model/index.ts';
import { fullOptions } from '../../support/metadata.ts';

const { leaves, properties, find } = parseMetadata(JSON.parse(writeCsdlJson(model, fullOptions('v1.0'))));
const leaf = (path: string) => {
  const found = find(path);
  if (found === undefined) throw new Error(`no property ${path}`);
  return found;
};

const record = (values: Partial<ChangeRecord>): ChangeRecord => ({
  position: 1,
  id: 'app',
  name: 'App',
  kind: 'updated',
  version: 2,
  at: '2026-01-01T00:00:00Z',
  author: { kind: 'delegated', id: 'a', name: 'Ana', clientId: null },
  requestId: 'r',
  clientRequestId: 'c',
  changed: [],
  before: null,
  after: null,
  ...values,
});

describe('values', () => {
  it('are the same whatever the order of members; null is no value', () => {
    expect(isSame({ a: 1, b: [1, { c: null }] }, { b: [1, {}], a: 1 })).toBe(true);
    expect([isSame(null, undefined), isSame([], null), isSame('', null), isSame([1, 2], [2, 1])]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('stand under the path of their property', () => {
    const entity = { name: 'A', vendorInformation: { provider: 'P' }, tags: ['x'] };
    const flat = flatten(entity, leaves);
    expect([
      flat.name,
      flat['vendorInformation/provider'],
      flat['vendorInformation/vendor'],
      flat.tags,
    ]).toEqual(['A', 'P', null, ['x']]);
    expect(valueAt({ vendorInformation: null }, 'vendorInformation/provider')).toBeNull();
  });

  it('are sent as the members that changed and no others', () => {
    expect(
      writePatch({
        name: null,
        'vendorInformation/provider': 'P',
        'vendorInformation/vendor': null,
        tags: [],
      }),
    ).toEqual({ name: null, vendorInformation: { provider: 'P', vendor: null }, tags: [] });
  });

  it.each([
    ['W/"7"', 7],
    ['"7"', undefined],
    ['W/"x"', undefined],
    ['', undefined],
  ])('the version in %s is %s', (etag, version) => {
    expect(versionOf(etag)).toBe(version);
  });

  it.each([
    ['tags', [], 'None'],
    ['tags', ['a', 'b'], 'a, b'],
    ['name', '', '""'],
    ['name', null, undefined],
    ['isSigned', false, 'No'],
    ['isSigned', 'odd', 'odd'],
    ['permissionsRequired', 'somethingNew', 'somethingNew'],
  ])('%s %j reads %s', (path, value, text) => {
    expect(describeValue(leaf(path), value)).toBe(text);
  });
});

describe('changes', () => {
  it('are the fields that differ, in the order of the model', () => {
    const changes = changesBetween(
      leaves,
      { publisher: 'P', name: 'A', platform: null },
      { publisher: 'Q', name: 'B' },
    );
    expect(changes.map(({ property, before, after }) => [property.path, before, after])).toEqual([
      ['name', 'A', 'B'],
      ['publisher', 'P', 'Q'],
    ]);
  });

  it('of a record name the members of a complex value that differ', () => {
    const changes = changesOf(
      record({
        changed: ['vendorInformation'],
        before: { vendorInformation: { provider: 'P', vendor: 'V' } },
        after: { vendorInformation: { provider: 'Q', vendor: 'V' } },
      }),
      leaves,
    );
    expect(changes.map(({ property, before, after }) => [property.path, before, after])).toEqual([
      ['vendorInformation/provider', 'P', 'Q'],
    ]);
  });

  it('undone, newest first, give the state before them', () => {
    const paths = ['name', 'publisher', 'platform', 'riskScore'];
    const value = fc.option(fc.string({ maxLength: 3 }));
    const state = fc.record(Object.fromEntries(paths.map((path) => [path, value])));
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
        const flat = states.map((each) => flatten(each, leaves));
        const records = flat.slice(1).map((after, index) => {
          const before = flat[index] ?? {};
          const changed = changesBetween(leaves, before, after).map(({ property }) => property.path);
          const pick = (from: Readonly<Record<string, unknown>>) =>
            Object.fromEntries(changed.map((path) => [path, from[path]]));
          return record({ version: index + 2, changed, before: pick(before), after: pick(after) });
        });
        const newestFirst = records.toReversed();
        expect(undoChanges(flat.at(-1) ?? {}, newestFirst, leaves)).toEqual(flat[0]);
        expect(leadsBackTo(newestFirst, flat.length, 1)).toBe(true);
        if (newestFirst.length > 0) expect(leadsBackTo(newestFirst.slice(1), flat.length, 1)).toBe(false);
      }),
    );
  });
});

describe('two edits of one app', () => {
  const merge = (
    base: Readonly<Record<string, unknown>>,
    theirs: Readonly<Record<string, unknown>>,
    mine: Readonly<Record<string, unknown>>,
  ) => compareThreeWay(leaves, { base, theirs, mine });

  it('conflict only where both changed a field to different values', () => {
    const fields = merge(
      { name: 'a', publisher: 'a', platform: 'a', riskScore: 'a', type: 'a' },
      { name: 'a', publisher: 't', platform: 'same', riskScore: 't', type: 'a' },
      { name: 'm', publisher: 'a', platform: 'same', riskScore: 'm', type: 'a' },
    );
    expect(Object.fromEntries(fields.map(({ property, outcome }) => [property.path, outcome]))).toEqual({
      name: 'mine',
      platform: 'agreed',
      publisher: 'theirs',
      riskScore: 'conflict',
    });
    expect(resolveConflicts(fields, {})).toEqual({ name: 'm', riskScore: 'm' });
    expect(resolveConflicts(fields, { riskScore: 'theirs' })).toEqual({ name: 'm' });
  });

  it('of a list keep what either added, and drop what either removed', () => {
    const lists = { base: ['a', 'b', 'c'], theirs: ['a', 'c', 't'], mine: ['b', 'c', 'm'] };
    expect(combineLists(lists)).toEqual(['c', 't', 'm']);
    const fields = merge({ tags: lists.base }, { tags: lists.theirs }, { tags: lists.mine });
    expect(resolveConflicts(fields, { tags: 'both' })).toEqual({ tags: ['c', 't', 'm'] });
  });

  it('lose nothing of mine, and send nothing that is theirs', () => {
    const value = fc.constantFrom('a', 'b', 'c', null);
    const state = fc.record({ name: value, publisher: value, platform: value });
    fc.assert(
      fc.property(state, state, state, (base, theirs, mine) => {
        const edits = resolveConflicts(merge(base, theirs, mine), {});
        const result = { ...theirs, ...edits };
        for (const path of ['name', 'publisher', 'platform'] as const) {
          expect(result[path]).toBe(mine[path] === base[path] ? theirs[path] : mine[path]);
          if (path in edits) expect(edits[path]).not.toBe(theirs[path]);
        }
      }),
    );
  });
});

describe('edited JSON', () => {
  const entity = {
    '@odata.etag': 'W/"1"',
    id: 'app',
    name: 'A',
    tags: ['x'],
    vendorInformation: { provider: 'P', vendor: 'V' },
  };
  const read = (text: string) =>
    readWireEdit(text, entity, properties, (property, value) =>
      typeof value === 'number' ? `no number for ${property.name}` : undefined,
    );
  const readValue = (value: unknown) => read(JSON.stringify(value));

  it('is a merge patch: what is missing stays, null removes', () => {
    expect(readValue({ name: null, vendorInformation: { provider: 'Q' } })).toEqual({
      edits: { name: null, 'vendorInformation/provider': 'Q' },
      faults: [],
    });
    expect(readValue(entity)).toEqual({ edits: {}, faults: [] });
    expect(Object.keys(readValue({ vendorInformation: null }).edits)).toEqual(
      leaf('vendorInformation').properties.map(({ path }) => path),
    );
  });

  it.each([
    ['an unknown property', { naam: 'A' }, /^naam: no such property\. There are .*\bname\b/],
    ['what the service gives', { id: 'other' }, /^id: the service gives this value/],
    ['a value that does not fit', { name: 1 }, /^name: no number for name$/],
    ['a text for an object', { vendorInformation: 'P' }, /^vendorInformation: an object is expected/],
    ['a list for the whole', [], /^A profile is an object/],
  ])('refuses %s', (_, value, message) => {
    const { edits, faults } = readValue(value);
    expect(edits).toEqual({});
    expect(faults).toEqual([{ message: expect.stringMatching(message), offset: expect.any(Number) }]);
  });

  it('says where text is no JSON', () => {
    const [fault] = read('{ "name": oops }').faults;
    expect(fault?.message).toMatch(/^This is no JSON/);
  });

  it('says where a fault stands', () => {
    const text = '{ "name": "naam", "naam": 1 }';
    expect(read(text).faults.map(({ offset }) => offset)).toEqual([text.lastIndexOf('"naam"')]);
  });
});
