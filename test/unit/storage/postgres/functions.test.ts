/** Functions in the database, one value at a time, against what JavaScript says. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lowerName, upperName } from '../../../../src/storage/postgres/case-mapping.ts';
import { functionStatements } from '../../../../src/storage/postgres/functions.ts';
import { sharedPostgres, type TestDatabase } from '../../../support/postgres-server.ts';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await sharedPostgres();
  client = new pg.Client(database.url);
  await client.connect();
  for (const statement of functionStatements()) await client.query(statement);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** The function's value for each row of arguments, in one statement. */
async function call(
  name: string,
  type: string,
  rows: readonly (readonly unknown[])[],
): Promise<readonly unknown[]> {
  const columns = (rows[0] ?? []).map((_, index) => rows.map((row) => row[index]));
  const names = columns.map((_, index) => `a${index}`).join(', ');
  const lists = columns.map((_, index) => `$${index + 1}::${type}[]`).join(', ');
  const result = await client.query({
    text: `select ${name}(${names}) from unnest(${lists}) with ordinality as t (${names}, n) order by n`,
    values: columns,
    rowMode: 'array',
  });
  return result.rows.map((row: readonly unknown[]) => row[0]);
}

const most = Number.MAX_VALUE;
const least = Number.MIN_VALUE;
const numbers = [
  ...[0, 1, -1, 0.1, 0.3, -7.5, 7, 1e-7, 1e15 + 0.5, 2 ** 53, 2 ** 63, 1e21, 1e23, 1e300, -1e300, 1e-300],
  ...[
    most,
    -most,
    most / 2,
    2 ** 1023,
    2 ** -1022,
    least,
    3 * least,
    2 ** -537,
    2 ** -538,
    2 ** 512,
    1.5 * 2 ** 511,
  ],
];
const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b] as const));
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const plain = (value: unknown): unknown => (value === 0 ? 0 : value);

describe('Edm.Double', () => {
  it.each([
    ['add', (a: number, b: number) => a + b],
    ['sub', (a: number, b: number) => a - b],
    ['mul', (a: number, b: number) => a * b],
    ['div', (a: number, b: number) => a / b],
    ['mod', (a: number, b: number) => a % b],
  ])('%s', async (name, calculate) => {
    const found = await call(`casp_real_${name}`, 'double precision', pairs);
    expect(found.map(plain)).toEqual(pairs.map(([a, b]) => plain(finite(calculate(a, b)))));
  });

  it('is written as ECMAScript writes it', async () => {
    const found = await call(
      'casp_real_text',
      'double precision',
      numbers.map((number) => [number]),
    );
    expect(found).toEqual(numbers.map(String));
  });

  it('is read from digits, infinity and beyond being no value', async () => {
    const texts = [
      ...[
        '1e400',
        '-1e400',
        '1e-400',
        '1e308',
        '1.7976931348623158e308',
        '1.7976931348623159e308',
        '+5',
        '05',
        '7.50',
      ],
      ...[
        '2.4703282292062327e-324',
        '2.4703282292062328e-324',
        `0.${'0'.repeat(400)}1`,
        `${'9'.repeat(400)}`,
        '1e99999999999',
      ],
      ...['0e99999999999', `1${'0'.repeat(900)}e-900`, `0.5${'0'.repeat(20_000)}1`],
    ];
    const found = await call(
      'casp_parse_real',
      'text',
      texts.map((text) => [text]),
    );
    expect(found).toEqual(texts.map((text) => finite(Number(text))));
    const wrong = ['', '.5', '5.', ' 5', '5 ', '0x10', '1e', '1e+', 'NaN', 'Infinity', '५', '5\n'];
    expect(
      await call(
        'casp_parse_real',
        'text',
        wrong.map((text) => [text]),
      ),
    ).toEqual(wrong.map(() => null));
  });

  it('is summed exactly', async () => {
    const sum = (values: readonly number[]) =>
      client.query({
        text: 'select casp_exact_real(sum(casp_real_exact(x))) from unnest($1::double precision[]) as x',
        values: [values],
        rowMode: 'array',
      });
    expect((await sum([0.1, 0.2])).rows).toEqual([[0.1 + 0.2]]);
    expect((await sum([1e300, 1, -1e300, least])).rows).toEqual([[1]]);
    expect((await sum([least, least])).rows).toEqual([[2 * least]]);
    expect((await sum([most])).rows).toEqual([[most]]);
    expect((await sum([most, most])).rows).toEqual([[null]]);
  });
});

describe('letters', () => {
  it('change their case as the running Node changes it', async () => {
    const letters = Array.from({ length: 0x1ffff }, (_, index) => index + 1)
      .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
      .map((codePoint) => String.fromCodePoint(codePoint));
    const { rows } = await client.query({
      text: `select ${lowerName}(c), ${upperName}(c) from unnest($1::text[]) with ordinality as t (c, n) order by n`,
      values: [letters],
      rowMode: 'array',
    });
    const wrong = letters.filter(
      (letter, index) =>
        rows[index]?.[0] !== letter.toLowerCase() || rows[index]?.[1] !== letter.toUpperCase(),
    );
    expect(wrong).toEqual([]);
  });

  it('look at their neighbours where sigma is the last of a word', async () => {
    const texts = [
      'ΑΣ',
      'Σ',
      'ΑΣ.',
      'ΑΣ.Α',
      'ΑΣ Α',
      'ΑΣ\u0301',
      'ΑΣ\u0301Α',
      '1Σ',
      'ʰΣ',
      'ΣΣ',
      'Α\u00adΣ',
      '😀Σ',
      'ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ',
    ];
    expect(
      await call(
        lowerName,
        'text',
        texts.map((text) => [text]),
      ),
    ).toEqual(texts.map((text) => text.toLowerCase()));
  });

  it('are trimmed as ECMAScript trims', async () => {
    const spaces = Array.from({ length: 0xffff }, (_, index) => index + 1)
      .filter((unit) => unit < 0xd800 || unit > 0xdfff)
      .map((unit) => String.fromCharCode(unit));
    const { rows } = await client.query({
      text: "select count(*)::integer from unnest($1::text[], $2::text[]) as t (c, trimmed) where casp_trim(c || 'x' || c) <> trimmed",
      values: [spaces, spaces.map((space) => `${space}x${space}`.trim())],
      rowMode: 'array',
    });
    expect(rows).toEqual([[0]]);
  });
});
