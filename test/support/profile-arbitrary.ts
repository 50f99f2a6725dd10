/** Random profiles made of few values, so that questions drawn from the same values find something. */
import fc from 'fast-check';
import { formatTicks, maxTicks } from '../../src/edm/date-time-offset.ts';
import type { EntityValues } from '../../src/edm/types.ts';
import { permissionNames, stringProperties, vendorMembers } from './profiles.ts';

/** Texts that tell careless implementations apart: case, marks, planes, wildcards, white space, spellings of values. */
export const texts: readonly string[] = [
  ...['', 'a', 'A', 'ab', 'aB', 'abc', 'Abc', 'ABC', 'b', 'Contoso', 'contoso sync', 'Contoso Sync 2'],
  ...['%', '_', 'a%c', 'a_c', '*', '?', '[a]', "O'Neil", '"quoted"', 'back\\slash', 'a;b--c', '$1', '{}'],
  ...[
    'é',
    'e\u0301',
    'É',
    'ä',
    'Ä',
    'ß',
    'SS',
    'ẞ',
    'İ',
    'i\u0307',
    'ı',
    'I',
    'ς',
    'ΑΣ',
    'Σ',
    'Ǆ',
    'ﬁn',
    'Å',
    'Å',
  ],
  ...[
    '漢字',
    'かな',
    'カナ',
    '한글',
    '한글',
    'नमस्ते',
    'עברית',
    '😀',
    'a😀b',
    '👩‍👩‍👧',
    '🇩🇪',
    '\u{10ffff}',
    '\u{ffff}',
    'ﬀ',
    'Ａ',
  ],
  ...[
    ' a',
    'a ',
    '\ta\n',
    '\u00a0a\u00a0',
    '\ufeffa',
    '\u2028a',
    '\u0085a',
    ' ',
    'a b',
    'a  b',
    'a-b',
    'line\nbreak',
  ],
  ...[
    '0',
    '5',
    '-5',
    '+5',
    '05',
    '5.0',
    '7.5',
    '-7.5',
    '0.5',
    '1e3',
    '1E-2',
    '.5',
    '5.',
    ' 5',
    '5 ',
    '0x10',
    '५',
    'NaN',
  ],
  ...['INF', '2147483647', '2147483648', '-2147483648', '9007199254740993', '9223372036854775807'],
  ...[
    '9223372036854775808',
    '-9223372036854775808',
    '1e400',
    '-1e400',
    '1e308',
    '0.49999999999999994',
    '2.5',
    '-2.5',
  ],
  ...['true', 'false', 'True', 'yes', 'null', 'administrator', 'user', 'Administrator', '4', '127', '99'],
  ...['2024-02-29', '2023-02-29', '2024-02-29T12:30:15.1234567Z', '2024-02-29T12:30Z', '2024-02-29T12:30:15'],
  ...[
    '2024-02-29T12:30:15.123456789+05:30',
    '2024-13-01T00:00:00Z',
    '0001-01-01',
    '9999-12-31',
    '12:30',
    '12:30:15.5',
  ],
  ...[
    '24:00',
    '23:59:59.9999999',
    '053c36a0-36a0-053c-a036-3c05a0363c05',
    '053C36A0-36A0-053C-A036-3C05A0363C05',
  ],
  ...['x'.repeat(300), `${'long text '.repeat(60)}end`, '😀'.repeat(70)],
];

/** The ends of the calendar, of eras, of days; both sides of a second. */
export const instants: readonly bigint[] = [
  '0001-01-01T00:00:00Z',
  '0001-01-01T00:00:00.0000001Z',
  '1582-10-15T12:00:00Z',
  '1899-12-31T23:59:59.9999999Z',
  '1969-12-31T23:59:59.9999999Z',
  '1970-01-01T00:00:00Z',
  '2000-02-29T23:59:59Z',
  '2023-12-31T23:59:59.9999999Z',
  '2024-01-01T00:00:00Z',
  '2024-02-29T12:30:15Z',
  '2024-02-29T12:30:15.0000001Z',
  '2024-02-29T12:30:15.1234567Z',
  '2024-02-29T12:30:15.5Z',
  '2024-03-01T00:00:00Z',
  '2026-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
].map(ticksFrom);

function ticksFrom(text: string): bigint {
  const [whole = '', fraction = '0'] = text.replace('Z', '').split('.');
  const ms = BigInt(Date.parse(`${whole}Z`));
  return 621_355_968_000_000_000n + ms * 10_000n + BigInt(fraction.padEnd(7, '0'));
}

/** An instant of the list, or one tick beside it, or any. */
export const anyInstant: fc.Arbitrary<bigint> = fc.oneof(
  { arbitrary: fc.constantFrom(...instants), weight: 6 },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...instants), fc.constantFrom(-1n, 1n))
      .map(([ticks, step]) => ticks + step)
      .filter((ticks) => ticks >= 0n && ticks <= maxTicks),
    weight: 2,
  },
  { arbitrary: fc.bigInt({ min: 0n, max: maxTicks }), weight: 1 },
);

/** A text of the list, mostly; else any that JSON and both engines carry. */
export const profileText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...texts), weight: 12 },
  {
    arbitrary: fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts)).map(([a, b]) => `${a} ${b}`),
    weight: 2,
  },
  {
    arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0')),
    weight: 1,
  },
);

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4, nil: null });

const vendor = fc.record(Object.fromEntries(vendorMembers.map((name) => [name, nullable(profileText)])));
const noVendorMember = fc.constant(Object.fromEntries(vendorMembers.map((name) => [name, null])));

/** Everything but the id. */
const profileBody = fc.record({
  ...Object.fromEntries(stringProperties.map((name) => [name, nullable(profileText)])),
  createdDateTime: anyInstant.map(formatTicks),
  isSigned: nullable(fc.boolean()),
  lastModifiedDateTime: anyInstant.map(formatTicks),
  permissionsRequired: nullable(fc.constantFrom(...permissionNames)),
  tags: fc.oneof(
    fc.constant([]),
    fc.array(fc.constantFrom(...texts.slice(0, 12), 'é', '😀', '5'), { maxLength: 4 }),
    fc.array(profileText, { maxLength: 4 }),
  ),
  vendorInformation: fc.oneof(fc.constant(null), noVendorMember, vendor, vendor),
});

/** As many profiles, the same for the same seed; ids are `p00`, `p01` …, in another order than they are stored in. */
export function randomProfiles(count: number, seed: number): readonly EntityValues[] {
  const bodies = fc.sample(profileBody, { numRuns: count, seed }) as unknown as readonly EntityValues[];
  const places = bodies.map((_, index) => (index * 37 + 11) % count);
  if (new Set(places).size !== count) throw new Error(`37 divides ${count}`);
  return bodies.map((body, index) => ({ ...body, id: `p${String(places[index]).padStart(2, '0')}` }));
}
