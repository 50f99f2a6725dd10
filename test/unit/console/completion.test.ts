import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CompletionModel,
  completeAddress,
  locateFault,
  readableAddress,
  readPosition,
  sendableAddress,
} from '../../../console/src/completion.ts';
import { parseMetadata } from '../../../console/src/metadata.ts';
import { writeCsdlJson } from '../../../src/edm/csdl-json.ts';
import { model as serviceModel } from '../../../src/model/index.ts';
import { fullOptions } from '../../support/metadata.ts';

const model: CompletionModel = {
  ...parseMetadata(JSON.parse(writeCsdlJson(serviceModel, fullOptions('v1.0')))),
  filterFunctions: [
    'eq',
    'ne',
    'in',
    'and',
    'or',
    'not',
    'any',
    'contains',
    'tolower',
    'now',
    'cast',
    'case',
  ],
  transformations: ['filter', 'groupby', 'aggregate'],
};
const profiles = '/security/cloudAppSecurityProfiles';

/** What is offered where `|` stands, as it would be after each choice; the first few. */
function offered(text: string, count = 4): readonly string[] {
  const position = text.indexOf('|');
  const found = completeAddress(text.replace('|', ''), position, model);
  return (found?.options ?? [])
    .slice(0, count)
    .map(({ apply }) => text.slice(0, found?.from) + apply + text.slice(position + 1));
}

describe('completion', () => {
  it.each([
    ['/sec|', `${profiles}`],
    [`${profiles}/$c|`, `${profiles}/$count`],
    [`${profiles}?$fi|`, `${profiles}?$filter=`],
    [`${profiles}?fi|`, `${profiles}?$filter=`],
    [`${profiles}?$top=5&$sel|`, `${profiles}?$top=5&$select=`],
    [`${profiles}?$select=name,publ|`, `${profiles}?$select=name,publisher`],
    [`${profiles}?$select=vendorInformation/pro|`, `${profiles}?$select=vendorInformation/provider`],
    [`${profiles}?$orderby=riskS|`, `${profiles}?$orderby=riskScore`],
    [`${profiles}?$orderby=name d|`, `${profiles}?$orderby=name desc`],
    [`${profiles}?$filter=isSi|`, `${profiles}?$filter=isSigned`],
    [`${profiles}?$filter=isSigned eq t|`, `${profiles}?$filter=isSigned eq true`],
    [
      `${profiles}?$filter=permissionsRequired eq 'adm|`,
      `${profiles}?$filter=permissionsRequired eq 'administrator'`,
    ],
    [
      `${profiles}?$filter=permissionsRequired in ('user',gu|`,
      `${profiles}?$filter=permissionsRequired in ('user','guest'`,
    ],
    [`${profiles}?$filter=isSigned eq true an|`, `${profiles}?$filter=isSigned eq true and`],
    [
      `${profiles}?$filter=isSigned eq true and contai|`,
      `${profiles}?$filter=isSigned eq true and contains(`,
    ],
    [`${profiles}?$filter=contains(na|`, `${profiles}?$filter=contains(name`],
    [`${profiles}?$filter=tag|`, `${profiles}?$filter=tags/any(t:t eq '')`],
    [`${profiles}?$apply=gro|`, `${profiles}?$apply=groupby((publisher),aggregate($count as n))`],
    [
      `${profiles}?$apply=filter(isSigned eq true)/agg|`,
      `${profiles}?$apply=filter(isSigned eq true)/aggregate($count as n)`,
    ],
    [`${profiles}?$apply=filter(isSi|`, `${profiles}?$apply=filter(isSigned`],
    [`${profiles}?$count=|`, `${profiles}?$count=true`],
    [`${profiles}/053c/na|`, `${profiles}/053c/casp.changes()`],
  ])('%s offers %s first', (text, first) => {
    expect(offered(text)[0]).toBe(first);
  });

  it('offers nothing inside a text, and no operator in the place of an operand', () => {
    expect(offered(`${profiles}?$filter=name eq 'is|`)).toEqual([]);
    expect(offered(`${profiles}?$filter=isSigned|`, 100)).not.toContain(`${profiles}?$filter=and`);
    expect(offered(`${profiles}?$search=ab|`)).toEqual([]);
  });

  it('names every property and function of the model, and every member of an enumeration', () => {
    const operands =
      completeAddress(`${profiles}?$filter=`, `${profiles}?$filter=`.length, model)?.options ?? [];
    const labels = operands.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(model.leaves.map(({ path }) => path)));
    expect(labels).toEqual(expect.arrayContaining(['contains', 'tolower', 'now', 'cast', 'case', 'not']));
    expect(
      offered(`${profiles}?$filter=permissionsRequired eq |`, 9).map((text) => text.split(' ').at(-1)),
    ).toEqual(["'unknown'", "'anonymous'", "'guest'", "'user'", "'administrator'", "'system'", 'null']);
  });

  it('never fails, and always ends at the cursor', () => {
    const piece = fc.constantFrom(
      ...["'", '(', ')', '?', '&', '$filter=', '$apply=', ' eq ', 'name', '/', '%', ',', ' ', '\u202e'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(), (pieces, at) => {
        const text = `${profiles}?${pieces.join('')}`;
        const position = at % (text.length + 1);
        expect(completeAddress(text, position, model)?.from ?? 0).toBeLessThanOrEqual(position);
      }),
    );
  });
});

/** What a service reads in an address. */
function meaningOf(address: string): unknown {
  const [path = '', query = ''] = address.split(/\?(.*)/s);
  const options = query.split('&').map((option) => option.split(/=(.*)/s).map(decodeURIComponent));
  return { path: path.split('/').map(decodeURIComponent), options };
}

describe('addresses', () => {
  it('are read without escapes where that changes nothing', () => {
    const escaped = `${profiles}?$filter=name%20eq%20'a%26b%2Bc%23%25'%20and%20x%20eq%20'%C3%A9'&$top=5`;
    const readable = `${profiles}?$filter=name eq 'a%26b%2Bc%23%25' and x eq 'é'&$top=5`;
    expect(readableAddress(escaped)).toBe(readable);
    expect(sendableAddress(readable)).toBe(escaped);
    expect(readableAddress('/a%2Fb%3F?x=%E2%80%AE%FF')).toBe('/a%2Fb%3F?x=%E2%80%AE%FF');
    expect(sendableAddress('/a b?x=100%&y=#\ud800')).toBe('/a%20b?x=100%25&y=%23%EF%BF%BD');
  });

  it('mean the same before and after', () => {
    const letters = fc.constantFrom(
      ...['a', ' ', "'", '%', '&', '#', '+', '?', '/', '=', '\\', 'é', '\u202e', '😀', '\n', '%41'],
    );
    const text = fc.array(letters, { maxLength: 12 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text, text, (name, value) => {
        const path = `/a/${encodeURIComponent(name)}?$filter=${encodeURIComponent(value)}&$top=5`;
        expect(meaningOf(sendableAddress(readableAddress(path)))).toEqual(meaningOf(path));
      }),
    );
  });
});

describe('the place of an error', () => {
  const mark = (address: string, target: string, position: number) => {
    const span = locateFault(address, target, position);
    return span === undefined ? undefined : address.slice(span.from, span.to);
  };

  it('is read from the message, whatever the values in it say', () => {
    expect(readPosition("Invalid filter clause: found Edm.Int64 at position 12 in 'isSigned eq 5'.")).toBe(
      12,
    );
    expect(readPosition("It stands at position 0 in 'at position 7'.")).toBe(0);
    expect(readPosition('No such thing.')).toBeUndefined();
  });

  it.each([
    ['isSigned eq 5', 12, '5'],
    ['nme eq 1', 0, 'nme'],
    ["name eq 'a b' and x", 18, 'x'],
    ['a%20eq%20b', 5, 'b'],
    ["x eq '%F0%9F%98%80' and b", 14, 'b'],
    ["name eq 'a' and ", 16, ' '],
    ["name eq 'a", 8, "'a"],
  ])('%s, %i is %s', (filter, position, marked) => {
    expect(mark(`/p?$top=1&$filter=${filter}&$count=true`, '$filter', position)).toBe(marked);
    expect(mark(`/p?filter=${filter}`, '$filter', position)).toBe(marked);
  });

  it('is nowhere where the option is not', () => {
    expect([
      mark('/p', '$filter', 0),
      mark('/p?$top=1', '$filter', 0),
      mark('/p?$filter=', '$filter', 0),
    ]).toEqual([undefined, undefined, undefined]);
  });
});
