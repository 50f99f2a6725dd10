/** Random syntax trees: every kind of node the parser makes, within the limits, positions all zero. */

import fc from 'fast-check';
import type {
  AliasExpression,
  Expression,
  LambdaBody,
  ListItem,
  Literal,
  PathExpression,
  PathSegment,
  PrimaryExpression,
  SearchExpression,
  TypeReference,
} from '../../src/language/ast.ts';
import { limits } from '../../src/limits.ts';

const nowhere = { offset: 0, end: 0 } as const;
const secondsPerDay = 86_400;
const daysToUnixEpoch = 719_162;
const lastDay = 3_652_058;

const two = (value: number): string => String(value).padStart(2, '0');
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** Names that mean something to the grammar somewhere are among them where they may stand. */
const name = fc.oneof(
  {
    arbitrary: fc.constantFrom('name', 'tags', 'a', 'été', '_x1', 'asc', 'as', 'any', 'INFx', 'nulls'),
    weight: 4,
  },
  {
    arbitrary: fc
      .stringMatching(/^[g-zG-Z_][A-Za-z0-9_]{0,8}$/)
      .filter((text) => !reserved.has(text.toLowerCase())),
    weight: 1,
  },
);
const reserved = new Set(
  'and or not eq ne gt ge lt le has in add sub mul div divby mod null true false inf nan'.split(' '),
);
const segment: fc.Arbitrary<PathSegment> = name.map((text) => ({ name: text, ...nowhere }));
const typeName = fc.constantFrom('Edm.String', 'Edm.Int32', 'microsoft.graph.x', 'Customer');

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom("'", "''", "a'b", '"', '\\', ''),
);

interface Fraction {
  readonly text: string;
  readonly ticks: bigint;
  readonly picoseconds: number;
}

const fraction: fc.Arbitrary<Fraction> = fc.stringMatching(/^\d{0,12}$/).map((digits) => {
  const value = BigInt(digits.padEnd(12, '0'));
  return {
    text: digits === '' ? '' : `.${digits}`,
    ticks: value / 100_000n,
    picoseconds: Number(value % 100_000n),
  };
});

const time = fc
  .tuple(fc.nat(23), fc.nat(59), maybe(fc.tuple(fc.nat(59), fraction)))
  .map(([hour, minute, rest]) => {
    const [second, part] = rest ?? [0, { text: '', ticks: 0n, picoseconds: 0 }];
    const seconds = rest === undefined ? '' : `:${two(second)}${part.text}`;
    const whole = BigInt(hour * 3600 + minute * 60 + second) * 10_000_000n;
    return {
      text: `${two(hour)}:${two(minute)}${seconds}`,
      ticks: whole + part.ticks,
      picoseconds: part.picoseconds,
    };
  });

const day = fc.integer({ min: 0, max: lastDay }).map((days) => ({
  // JavaScript's calendar is the oracle for ours.
  text: new Date((days - daysToUnixEpoch) * secondsPerDay * 1000).toISOString().slice(0, 10),
  ticks: BigInt(days) * BigInt(secondsPerDay) * 10_000_000n,
  days,
}));

const zone = fc.oneof(
  fc.constant({ text: 'Z', minutes: 0 }),
  fc.integer({ min: -899, max: 899 }).map((minutes) => {
    const distance = Math.abs(minutes);
    return {
      text: `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`,
      minutes,
    };
  }),
);

const dateTimeOffset: fc.Arbitrary<Literal> = fc
  .tuple(day, time, zone)
  .filter(([date]) => date.days > 0 && date.days < lastDay)
  .map(([date, clock, { text: zoneText, minutes }]) => ({
    kind: 'literal',
    type: 'dateTimeOffset',
    text: `${date.text}T${clock.text}${zoneText}`,
    ticks: date.ticks + clock.ticks - BigInt(minutes) * 600_000_000n,
    picoseconds: clock.picoseconds,
    zoneMinutes: minutes,
    ...nowhere,
  }));

const duration: fc.Arbitrary<Literal> = fc
  .tuple(fc.boolean(), fc.nat(9999), maybe(fc.tuple(fc.nat(99), fraction)))
  .map(([isNegative, days, rest]) => {
    const [seconds, part] = rest ?? [0, { text: '', ticks: 0n, picoseconds: 0 }];
    const ticks = BigInt(days * secondsPerDay + seconds) * 10_000_000n + part.ticks;
    return {
      kind: 'literal',
      type: 'duration',
      text: `${isNegative ? '-' : ''}P${days}D${rest === undefined ? '' : `T${seconds}${part.text}S`}`,
      ticks: isNegative ? -ticks : ticks,
      picoseconds: isNegative && part.picoseconds !== 0 ? -part.picoseconds : part.picoseconds,
      ...nowhere,
    };
  });

const doubleTexts = fc.oneof(
  fc.constantFrom('INF', '-INF', 'NaN'),
  fc.stringMatching(/^-?[0-9]{1,3}(\.[0-9]{1,4})?[eE][-+]?[0-9]{1,2}$/),
);

function toNumber(digits: string): number {
  return digits.endsWith('INF') ? Number(digits.replace('INF', 'Infinity')) : Number(digits);
}

/** A primitive literal of any type. */
export const literalArbitrary: fc.Arbitrary<Literal> = fc.oneof(
  fc.constant<Literal>({ kind: 'literal', type: 'null', ...nowhere }),
  fc.boolean().map((value): Literal => ({ kind: 'literal', type: 'boolean', value, ...nowhere })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value): Literal => ({ kind: 'literal', type: 'integer', value, ...nowhere })),
  fc
    .stringMatching(/^-?[0-9]{1,20}\.[0-9]{1,8}$/)
    .map((digits): Literal => ({ kind: 'literal', type: 'decimal', text: digits, ...nowhere })),
  doubleTexts.map(
    (digits): Literal => ({
      kind: 'literal',
      type: 'double',
      text: digits,
      value: toNumber(digits),
      ...nowhere,
    }),
  ),
  text.map((value): Literal => ({ kind: 'literal', type: 'string', value, ...nowhere })),
  day.map(
    (date): Literal => ({ kind: 'literal', type: 'date', text: date.text, ticks: date.ticks, ...nowhere }),
  ),
  dateTimeOffset,
  time.map((clock): Literal => ({ kind: 'literal', type: 'timeOfDay', ...clock, ...nowhere })),
  fc.uuid().map((value): Literal => ({ kind: 'literal', type: 'guid', value, ...nowhere })),
  duration,
  fc
    .array(fc.oneof(name, fc.integer().map(String)), { minLength: 1, maxLength: 3 })
    .map((members): Literal => ({ kind: 'literal', type: 'enum', typeName: 'ns.Enum', members, ...nowhere })),
  fc.uint8Array().map(
    (bytes): Literal => ({
      kind: 'literal',
      type: 'binary',
      text: Buffer.from(bytes).toString('base64url'),
      ...nowhere,
    }),
  ),
);

const alias: fc.Arbitrary<AliasExpression> = name.map((text) => ({ kind: 'alias', name: text, ...nowhere }));
const listItem: fc.Arbitrary<ListItem> = fc.oneof({ arbitrary: literalArbitrary, weight: 4 }, alias);
const items = fc.array(listItem, { maxLength: 4 });

const path: fc.Arbitrary<PathExpression> = fc
  .tuple(fc.boolean(), fc.array(segment, { minLength: 1, maxLength: 3 }))
  .map(([fromIt, segments]) => ({ kind: 'path', fromIt, segments, ...nowhere }));
const anyPath = fc.oneof(
  { arbitrary: path, weight: 6 },
  fc.constant<PathExpression>({ kind: 'path', fromIt: true, segments: [], ...nowhere }),
);

const type: fc.Arbitrary<TypeReference> = fc
  .tuple(typeName, fc.boolean())
  .map(([text, isCollection]) => ({ name: text, isCollection, ...nowhere }));

const functionName = fc.constantFrom('tolower', 'contains', 'now', 'Concat', 'geo.length', 'anyOf');

interface Tied {
  readonly expression: Expression;
  readonly primary: PrimaryExpression;
}

const { expression: unlimited } = fc.letrec<Tied>((tie: fc.LetrecTypedTie<Tied>) => {
  const inner = tie('expression');
  const operands = fc.array(inner, { minLength: 2, maxLength: 3 });
  const body: fc.Arbitrary<LambdaBody> = fc
    .tuple(segment, inner)
    .map(([variable, predicate]) => ({ variable, predicate }));
  const leaf: fc.Arbitrary<PrimaryExpression> = fc.oneof(
    literalArbitrary,
    anyPath,
    alias,
    anyPath.map((counted): PrimaryExpression => ({ kind: 'count', path: counted, ...nowhere })),
    items.map((listed): PrimaryExpression => ({ kind: 'array', items: listed, ...nowhere })),
  );
  const compound: fc.Arbitrary<PrimaryExpression> = fc.oneof(
    fc.tuple(functionName, fc.array(inner, { maxLength: 3 })).map(
      ([called, parts]): PrimaryExpression => ({
        kind: 'call',
        name: called,
        arguments: parts,
        ...nowhere,
      }),
    ),
    fc.tuple(anyPath, body).map(
      ([over, inside]): PrimaryExpression => ({
        kind: 'lambda',
        operator: 'all',
        path: over,
        body: inside,
        ...nowhere,
      }),
    ),
    fc.tuple(anyPath, maybe(body)).map(
      ([over, inside]): PrimaryExpression => ({
        kind: 'lambda',
        operator: 'any',
        path: over,
        body: inside,
        ...nowhere,
      }),
    ),
    fc
      .tuple(fc.constantFrom('cast', 'isOf'), maybe(inner), type)
      .map(([kind, operand, target]): PrimaryExpression => ({ kind, operand, type: target, ...nowhere })),
    fc
      .array(fc.record({ condition: inner, value: inner }), { minLength: 1, maxLength: 2 })
      .map((branches): PrimaryExpression => ({ kind: 'case', branches, ...nowhere })),
  );
  const operation: fc.Arbitrary<Expression> = fc.oneof(
    fc
      .tuple(fc.constantFrom('and', 'or'), operands)
      .map(([kind, parts]): Expression => ({ kind, operands: parts, ...nowhere })),
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'), inner, inner)
      .map(
        ([operator, left, right]): Expression => ({ kind: 'comparison', operator, left, right, ...nowhere }),
      ),
    fc
      .tuple(fc.constantFrom('add', 'sub', 'mul', 'div', 'divby', 'mod'), inner, inner)
      .map(
        ([operator, left, right]): Expression => ({ kind: 'arithmetic', operator, left, right, ...nowhere }),
      ),
    fc
      .tuple(fc.constantFrom('not', 'negate'), inner)
      .map(([kind, operand]): Expression => ({ kind, operand, ...nowhere })),
    fc
      .tuple(inner, tie('primary'))
      .map(([left, right]): Expression => ({ kind: 'has', left, right, ...nowhere })),
    fc
      .tuple(inner, items)
      .map(([operand, listed]): Expression => ({ kind: 'inList', operand, items: listed, ...nowhere })),
    fc
      .tuple(inner, tie('primary'))
      .filter(([, collection]) => collection.kind !== 'literal')
      .map(
        ([operand, collection]): Expression => ({ kind: 'inCollection', operand, collection, ...nowhere }),
      ),
  );
  return {
    primary: fc.oneof({ depthIdentifier: 'expression', maxDepth: 5 }, leaf, compound),
    expression: fc.oneof({ depthIdentifier: 'expression', maxDepth: 5 }, leaf, compound, operation),
  };
});

/** Counts the nodes of a tree as the parser does: items of lists and names apart. */
function countNodes(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countNodes(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  const members = Object.entries(value).filter(([member]) => member !== 'items');
  const own = 'kind' in value ? 1 : 0;
  return members.reduce((sum, [, member]) => sum + countNodes(member), own);
}

/** Any expression the parser can return. */
export const expressionArbitrary: fc.Arbitrary<Expression> = unlimited.filter(
  (expression) => countNodes(expression) <= limits.expressionNodesMax,
);

const word = fc.constantFrom('blue', 'and', 'AND1', "it's", '3.14', 'a:b', 'Δ', '$x', '-');

/** Any search the parser can return. */
export const { search: searchArbitrary } = fc.letrec<{ search: SearchExpression }>((tie) => ({
  search: fc.oneof(
    { maxDepth: 4 },
    word.map((found): SearchExpression => ({ kind: 'word', text: found, ...nowhere })),
    fc
      .oneof(fc.string({ minLength: 1 }), fc.constantFrom('AND', 'a "b"', '\\', '\\"'))
      .map((found): SearchExpression => ({ kind: 'phrase', text: found, ...nowhere })),
    tie('search').map((operand): SearchExpression => ({ kind: 'not', operand, ...nowhere })),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('search'), { minLength: 2, maxLength: 3 }))
      .map(([kind, operands]): SearchExpression => ({ kind, operands, ...nowhere })),
  ),
}));
