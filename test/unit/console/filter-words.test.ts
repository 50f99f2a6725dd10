import { describe, expect, it } from 'vitest';
import {
  canonical,
  describeFilter,
  findNamed,
  namedFilters,
  writeDescription,
} from '../../../console/src/filter/describe-filter.ts';
import { condition, parseFilter, textLiteral } from '../../../console/src/filter/filter-model.ts';
import {
  canIgnoreCase,
  changeOperator,
  operatorsFor,
  readLiteral,
} from '../../../console/src/filter/operators.ts';
import type { PropertyInfo } from '../../../console/src/metadata.ts';

const property = (values: Partial<PropertyInfo>): PropertyInfo => ({
  name: 'name',
  path: 'name',
  label: 'Name',
  kind: 'text',
  collection: false,
  edmType: 'Edm.String',
  nullable: true,
  readOnly: false,
  key: false,
  description: undefined,
  members: [],
  properties: [],
  filterable: true,
  sortable: true,
  ...values,
});
const properties = [
  property({}),
  property({ path: 'isSigned', label: 'Signed', kind: 'boolean' }),
  property({ path: 'createdDateTime', label: 'Created', kind: 'dateTime' }),
  property({
    path: 'permissionsRequired',
    label: 'Permission',
    kind: 'enum',
    members: [{ name: 'system', label: 'System', value: 5 }],
  }),
];
const metadata = { find: (path: string) => properties.find((each) => each.path === path) };
const named = namedFilters([]);

const inWords = (text: string): string => {
  const filter = parseFilter(text);
  return filter === undefined ? '' : writeDescription(describeFilter(filter, metadata, named));
};

describe('chips in words', () => {
  it.each([
    ["name eq 'Contoso'", 'Name: Contoso'],
    ["contains(tolower(name),'sync')", 'Name: contains sync'],
    ['isSigned eq false', 'Signed: No'],
    ['name eq null', 'Name: is not set'],
    ['createdDateTime ge 2026-01-02T03:04:00Z', 'Created: is on or after 2026-01-02 03:04 UTC'],
    ["permissionsRequired in ('system','other')", 'Permission: is any of System, other'],
    ["unheard eq 'x'", 'unheard: x'],
    ['length(name) gt 3', 'length(name) gt 3'],
    ["name eq 'a' or name eq 'b'", 'Any of: Name a or Name b'],
    ["not startswith(name,'a')", 'Not: Name: starts with a'],
  ])('%s', (text, words) => {
    expect(inWords(text)).toBe(words);
  });

  it('what has a name is called by it, even where it has several terms', () => {
    for (const each of named) {
      const filter = parseFilter(each.text);
      expect(filter && findNamed(filter, named)?.text).toBe(each.text);
      expect(canonical(each.text)).toBe(each.text);
    }
    expect(inWords("not tags/any(t:t in ('Unsanctioned','Monitored','Sanctioned'))")).toBe(
      'Decision: Undecided',
    );
  });
});

describe('operators by type', () => {
  it('are those the type allows', () => {
    expect(properties.map((each) => operatorsFor(each)[0])).toEqual([
      'contains',
      'equals',
      'atLeast',
      'oneOf',
    ]);
    expect(operatorsFor(property({ collection: true }))).toContain('hasAnyOf');
    expect(operatorsFor(property({ filterable: false }))).toEqual([]);
    expect(operatorsFor(property({ nullable: false }))).not.toContain('empty');
    expect(properties.map((each) => canIgnoreCase(each, 'equals'))).toEqual([true, false, false, false]);
  });

  it('keep the values another operator can use', () => {
    const list = condition('name', 'oneOf', [textLiteral('a'), textLiteral('b')], true);
    expect(changeOperator(list, 'equals', property({}))).toEqual(
      condition('name', 'equals', [textLiteral('a')], true),
    );
    expect(changeOperator(list, 'empty', property({}))).toEqual(condition('name', 'empty'));
  });

  it('read what was typed as a literal of the type, or not at all', () => {
    const read = (kind: PropertyInfo['kind'], typed: string) => readLiteral(property({ kind }), typed)?.text;
    expect([
      read('number', ' 7.5 '),
      read('number', '7a'),
      read('boolean', 'true'),
      read('boolean', 'yes'),
    ]).toEqual(['7.5', undefined, 'true', undefined]);
    expect([read('text', ''), read('text', "O'Neil"), read('guid', 'x')]).toEqual([
      undefined,
      "O'Neil",
      undefined,
    ]);
    expect([read('dateTime', '2026-01-02T03:04Z'), read('dateTime', 'soon')]).toEqual([
      '2026-01-02T03:04:00Z',
      undefined,
    ]);
  });
});
