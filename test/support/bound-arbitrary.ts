/** Random bound expressions, well typed as the binder makes them; constants come from the same pools as the rows. */
import fc from 'fast-check';
import {
  type EnumType,
  type Leaf,
  leavesOf,
  type PrimitiveType,
  type Property,
} from '../../src/edm/types.ts';
import {
  applicationPermissionsRequired,
  cloudAppSecurityProfile,
  cloudAppSecurityProfiles,
} from '../../src/model/cloud-app-security-profile.ts';
import {
  type BoundExpression,
  type BoundSearch,
  booleanType,
  type Constant,
  dateTimeOffsetType,
  dateType,
  doubleType,
  durationType,
  int64Type,
  keyOrder,
  type LeafReference,
  type OrderKey,
  stringType,
  timeOfDayType,
  type ValueType,
} from '../../src/plan/bound.ts';
import { type CanonicalFunction, functionSignatures } from '../../src/plan/functions.ts';
import { anyInstant, profileText, texts } from './profile-arbitrary.ts';
import { wordsOf } from './reference-query.ts';

/** What an expression yields; Edm.Int32 counts as `integer`, Edm.Decimal as `double`. */
export type Sort =
  | 'boolean'
  | 'string'
  | 'integer'
  | 'double'
  | 'dateTimeOffset'
  | 'date'
  | 'timeOfDay'
  | 'duration'
  | 'enum';

const enumType: EnumType = applicationPermissionsRequired;

/** The type the values of each sort have. */
export const typeOfSort: Readonly<Record<Sort, PrimitiveType | EnumType>> = {
  boolean: booleanType,
  string: stringType,
  integer: int64Type,
  double: doubleType,
  dateTimeOffset: dateTimeOffsetType,
  date: dateType,
  timeOfDay: timeOfDayType,
  duration: durationType,
  enum: enumType,
};

const ticksPerDay = 864_000_000_000n;
const lastDay = 3_652_058n;

// Leaves and constants.

const leaves = leavesOf(cloudAppSecurityProfile);

function reference(leaf: Leaf): LeafReference {
  if (leaf.type.kind === 'collection') throw new Error(`${leaf.path} is a collection`);
  return { kind: 'leaf', type: leaf.type, leaf };
}

/** Every scalar leaf of the type, the key among them. */
export const leafReferences: readonly LeafReference[] = leaves
  .filter(({ type }) => type.kind !== 'collection')
  .map(reference);

const propertyOf = (name: string): Property => {
  const property = cloudAppSecurityProfile.properties.find((candidate) => candidate.name === name);
  if (property === undefined) throw new Error(`no property ${name}`);
  return property;
};
const tags = propertyOf('tags');
const vendorInformation = propertyOf('vendorInformation');

const leavesOfType = (type: ValueType): readonly LeafReference[] =>
  leafReferences.filter((leaf) => JSON.stringify(leaf.type) === JSON.stringify(type));

const constant = (type: ValueType, value: Constant['value']): Constant => ({ kind: 'constant', type, value });
const nullConstant = constant({ kind: 'null' }, null);

const wholeNumbers: readonly bigint[] = [
  ...[0n, 1n, -1n, 2n, 3n, 4n, 5n, -5n, 7n, 10n, 12n, 29n, 100n, 127n, 2024n, 2n ** 31n, -(2n ** 31n)],
  ...[2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n],
];
const realNumbers: readonly number[] = [
  ...[0, 0.5, -0.5, 1, 1.5, -1.5, 2.5, 5, 7.5, -7.5, 0.1, 0.2, 0.3, 15, 1000, 1e15 + 0.5, 2 ** 53, 2 ** 63],
  ...[1e300, -1e300, 1e-300, 0.49999999999999994],
];
const durations: readonly bigint[] = [
  ...[0n, 1n, -1n, 5_000_000n, 10_000_000n, 36_000_000_000n, ticksPerDay, -ticksPerDay, ticksPerDay - 1n],
  ...[366n * ticksPerDay, -366n * ticksPerDay, 4_000_000n * ticksPerDay],
];
const times: readonly bigint[] = [
  ...[0n, 1n, 45_000n * 10_000_000n, 45_015n * 10_000_000n, 45_015n * 10_000_000n + 1_234_567n],
  ticksPerDay - 1n,
];

const constantValues: Readonly<Record<Sort, fc.Arbitrary<Constant['value']>>> = {
  boolean: fc.boolean(),
  string: fc.oneof(
    { arbitrary: profileText, weight: 4 },
    { arbitrary: fc.constantFrom(...texts).map((text) => [...text].slice(0, 3).join('')), weight: 1 },
    {
      arbitrary: fc.integer({ min: 0, max: 59 }).map((index) => `p${String(index).padStart(2, '0')}`),
      weight: 1,
    },
  ),
  integer: fc.oneof(fc.constantFrom(...wholeNumbers), fc.bigInt({ min: -20n, max: 400n })),
  double: fc.oneof(
    fc.constantFrom(...realNumbers),
    fc.integer({ min: -40, max: 40 }).map((half) => half / 2),
  ),
  dateTimeOffset: anyInstant,
  date: fc.oneof(
    anyInstant.map((ticks) => ticks / ticksPerDay),
    fc.constantFrom(0n, lastDay),
  ),
  timeOfDay: fc.oneof(
    fc.constantFrom(...times),
    anyInstant.map((ticks) => ticks % ticksPerDay),
  ),
  duration: fc.constantFrom(...durations),
  enum: fc.constantFrom(...enumType.members.map(({ value }) => BigInt(value)), 6n),
};

/** A constant of a sort, never null. */
export const constantOf = (sort: Sort): fc.Arbitrary<Constant> =>
  constantValues[sort].map((value) => constant(typeOfSort[sort], value));

// Expressions.

/** Patterns that mean the same to RE2 and to ECMAScript. */
const patterns: readonly string[] = [
  ...[
    '^a',
    'c$',
    '^A.*2$',
    '[0-9]+',
    '^[0-9]{1,3}$',
    'a|b',
    '^(ab|Co)',
    'é',
    '😀',
    '^.$',
    '\\.',
    '[^a-z]',
    '^$',
    '',
  ],
  ...['o{2}', '(?:a)b?', 'x{10,}', '\\$', '[%_]', 'ß|SS', '^..$'],
];

/** Places where a random expression may stand: how deep it may still grow, how many lambdas are around it. */
interface Place {
  readonly depth: number;
  readonly lambdas: number;
}

type Expressions = fc.Arbitrary<BoundExpression>;
type Weighted = fc.WeightedArbitrary<BoundExpression>;

const weighted = (weight: number, arbitrary: Expressions): Weighted => ({ weight, arbitrary });

const known = new Map<string, Expressions>();

/** A random expression of a sort; at depth 0 a leaf, a constant or the item of the lambda around it. */
export function expressionOf(sort: Sort, place: Place = { depth: 3, lambdas: 0 }): Expressions {
  const name = `${sort} ${place.depth} ${place.lambdas}`;
  const existing = known.get(name);
  if (existing !== undefined) return existing;
  const made = fc.oneof(...simple(sort, place), ...(place.depth === 0 ? [] : composed(sort, place)));
  known.set(name, made);
  return made;
}

function simple(sort: Sort, { lambdas }: Place): readonly Weighted[] {
  const type = typeOfSort[sort];
  const references = leavesOfType(type);
  return [
    weighted(3, constantOf(sort)),
    weighted(1, fc.constant(nullConstant)),
    ...(references.length === 0
      ? []
      : [weighted(sort === 'boolean' ? 3 : 12, fc.constantFrom(...references))]),
    ...(sort === 'boolean'
      ? [
          weighted(2, fc.constant({ kind: 'complexIsNull', property: vendorInformation } as const)),
          weighted(1, fc.constant(quantifier('any', lambdas, undefined))),
        ]
      : []),
    ...(sort === 'integer' ? [weighted(6, fc.constant({ kind: 'itemCount', property: tags } as const))] : []),
    ...(sort === 'string' && lambdas > 0
      ? [
          weighted(
            16,
            fc.nat(lambdas - 1).map((depth) => ({ kind: 'item', type: stringType, depth }) as const),
          ),
        ]
      : []),
  ];
}

function quantifier(
  operator: 'any' | 'all',
  depth: number,
  predicate: BoundExpression | undefined,
): BoundExpression {
  return { kind: 'quantifier', operator, property: tags, depth, predicate };
}

function composed(sort: Sort, place: Place): readonly Weighted[] {
  const below = { ...place, depth: place.depth - 1 };
  const make = (child: Sort): Expressions => expressionOf(child, below);
  return [...composers[sort](make, place), ...casesOf(sort, make), ...callsOf(sort, make)];
}

function casesOf(sort: Sort, make: (sort: Sort) => Expressions): readonly Weighted[] {
  const branch = fc.record({ condition: make('boolean'), value: make(sort) });
  const branches = fc.array(branch, { minLength: 1, maxLength: 3 });
  const whole = branches.map(
    (all): BoundExpression => ({ kind: 'case', type: typeOfSort[sort], branches: all }),
  );
  return [weighted(1, whole)];
}

const sortsByType: ReadonlyMap<string, Sort> = new Map(
  (Object.entries(typeOfSort) as [Sort, PrimitiveType | EnumType][]).map(([sort, type]) => [type.name, sort]),
);

function sortOf({ name }: PrimitiveType): Sort {
  const sort = sortsByType.get(name);
  if (sort === undefined) throw new Error(`no sort for ${name}`);
  return sort;
}

/** Every canonical function whose value is of this sort, each overload of it on its own. */
function callsOf(sort: Sort, make: (sort: Sort) => Expressions): readonly Weighted[] {
  return (Object.keys(functionSignatures) as CanonicalFunction[])
    .filter((name) => sortOf(functionSignatures[name].result) === sort)
    .flatMap((name) => overloads(name).map((sorts) => weighted(2, callOf(name, sorts, make))));
}

function overloads(name: CanonicalFunction): readonly (readonly Sort[])[] {
  const { parameters, optional } = functionSignatures[name];
  const all = parameters.reduce<readonly (readonly Sort[])[]>(
    (lists, types) => lists.flatMap((list) => types.map((type) => [...list, sortOf(type)])),
    [[]],
  );
  const shorter = optional === 0 ? [] : all.map((sorts) => sorts.slice(0, -optional));
  return [...all, ...shorter];
}

function callOf(
  name: CanonicalFunction,
  sorts: readonly Sort[],
  make: (sort: Sort) => Expressions,
): Expressions {
  const parameters = sorts.map((sort, index) => parameterOf(name, index, sort, make));
  return fc.tuple(...parameters).map((values) => ({
    kind: 'call',
    function: name,
    type: functionSignatures[name].result,
    arguments: values,
  }));
}

function parameterOf(
  name: CanonicalFunction,
  index: number,
  sort: Sort,
  make: (sort: Sort) => Expressions,
): Expressions {
  if (name === 'matchespattern' && index === 1)
    return fc.constantFrom(...patterns).map((pattern) => constant(stringType, pattern));
  // A negative length is refused where it is written down.
  if (name === 'substring' && index > 0)
    return fc.oneof(positions(index === 2 ? 0 : -6), make('integer').filter(isComputed));
  return make(sort);
}

const isComputed = (expression: BoundExpression): boolean =>
  expression.kind !== 'constant' && expression.kind !== 'negate';
const positions = (min: number): Expressions =>
  fc.integer({ min, max: 12 }).map((value) => constant(int64Type, BigInt(value)));

type Composer = (make: (sort: Sort) => Expressions, place: Place) => readonly Weighted[];

const pairOf = (arbitrary: Expressions) => fc.tuple(arbitrary, arbitrary);

function arithmetic(
  sort: 'integer' | 'double' | 'dateTimeOffset' | 'date' | 'duration',
  operators: readonly ('add' | 'sub' | 'mul' | 'div' | 'mod')[],
  left: Expressions,
  right: Expressions,
): Expressions {
  const type = typeOfSort[sort];
  if (type.kind !== 'primitive') throw new Error('no arithmetic on enumerations');
  return fc
    .tuple(fc.constantFrom(...operators), left, right)
    .filter(([operator, , divisor]) => sort !== 'integer' || !divides(operator) || !isWrittenZero(divisor))
    .filter(
      ([, a, b]) =>
        !(a.kind === 'constant' && a.value === null) && !(b.kind === 'constant' && b.value === null),
    )
    .map(([operator, a, b]) => ({ kind: 'arithmetic', operator, type, left: a, right: b }));
}

const divides = (operator: string): boolean => operator === 'div' || operator === 'mod';
const isWrittenZero = (expression: BoundExpression): boolean =>
  expression.kind === 'constant' && (expression.value === 0n || expression.value === null);

const cast = (type: PrimitiveType | EnumType, operand: Expressions): Expressions =>
  operand.map((value) => ({ kind: 'cast', type, operand: value }));
const negate = (sort: Sort, operand: Expressions): Expressions => {
  const type = typeOfSort[sort];
  if (type.kind !== 'primitive') throw new Error('enumerations have no sign');
  // A minus before a written number belongs to the number.
  return operand.map((value) =>
    value.kind === 'constant' ? value : { kind: 'negate', type, operand: value },
  );
};
const primitive = (name: PrimitiveType['name']): PrimitiveType => ({ kind: 'primitive', name });

const castable: readonly Sort[] = [
  'boolean',
  'string',
  'integer',
  'double',
  'dateTimeOffset',
  'date',
  'timeOfDay',
  'enum',
];
const comparable: readonly Sort[] = [...castable, 'duration'];

const composers: Readonly<Record<Sort, Composer>> = {
  boolean: (make, place) => [
    weighted(16, fc.oneof(...comparable.map((sort) => comparisonOf(make(sort))))),
    weighted(8, comparisonOf(make('string'))),
    weighted(3, inListOf('string', make)),
    weighted(1, inListOf('integer', make)),
    weighted(2, inListOf('enum', make)),
    weighted(1, inListOf('dateTimeOffset', make)),
    weighted(
      3,
      make('string').map((operand) => ({ kind: 'inCollection', operand, property: tags })),
    ),
    weighted(
      2,
      fc
        .tuple(make('enum'), fc.constantFrom(0n, 1n, 2n, 4n, 5n, 127n))
        .map(([operand, mask]) => ({ kind: 'has', operand, mask })),
    ),
    weighted(
      4,
      make('boolean').map((operand) => ({ kind: 'not', operand })),
    ),
    weighted(
      12,
      fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(make('boolean'), { minLength: 2, maxLength: 4 }))
        .map(([kind, operands]): BoundExpression => ({ kind, operands })),
    ),
    ...(place.lambdas < 2 ? [weighted(8, lambdaOf(place))] : []),
    weighted(1, cast(booleanType, make('string'))),
  ],
  string: (make) => [
    ...castable.filter((sort) => sort !== 'string').map((sort) => weighted(1, cast(stringType, make(sort)))),
  ],
  integer: (make) => [
    weighted(4, arithmetic('integer', ['add', 'sub', 'mul', 'div', 'mod'], make('integer'), make('integer'))),
    weighted(1, negate('integer', make('integer'))),
    weighted(2, cast(int64Type, make('string'))),
    weighted(2, cast(primitive('Edm.Int32'), make('string'))),
    weighted(1, cast(int64Type, make('double'))),
    weighted(1, cast(primitive('Edm.Int32'), make('integer'))),
    weighted(1, cast(int64Type, make('enum'))),
  ],
  double: (make) => [
    weighted(4, arithmetic('double', ['add', 'sub', 'mul', 'div', 'mod'], make('double'), make('double'))),
    weighted(1, negate('double', make('double'))),
    weighted(3, cast(doubleType, make('string'))),
    weighted(1, cast(primitive('Edm.Decimal'), make('string'))),
    weighted(3, cast(doubleType, make('integer'))),
  ],
  dateTimeOffset: (make) => [
    weighted(2, arithmetic('dateTimeOffset', ['add', 'sub'], make('dateTimeOffset'), make('duration'))),
    weighted(1, cast(dateTimeOffsetType, make('date'))),
    weighted(2, cast(dateTimeOffsetType, make('string'))),
  ],
  date: (make) => [
    weighted(2, arithmetic('date', ['add', 'sub'], make('date'), make('duration'))),
    weighted(2, cast(dateType, make('string'))),
  ],
  timeOfDay: (make) => [weighted(2, cast(timeOfDayType, make('string')))],
  duration: (make) => [
    weighted(3, arithmetic('duration', ['sub'], make('dateTimeOffset'), make('dateTimeOffset'))),
    weighted(1, arithmetic('duration', ['sub'], make('date'), make('date'))),
    weighted(2, arithmetic('duration', ['add', 'sub'], make('duration'), make('duration'))),
    weighted(1, negate('duration', make('duration'))),
  ],
  enum: (make) => [weighted(2, cast(enumType, make('string'))), weighted(1, cast(enumType, make('integer')))],
};

function comparisonOf(operand: Expressions): Expressions {
  return fc
    .tuple(fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'), pairOf(operand))
    .map(([operator, [left, right]]) => ({ kind: 'comparison', operator, left, right }));
}

function inListOf(sort: Sort, make: (sort: Sort) => Expressions): Expressions {
  const item = fc.oneof(
    { weight: 6, arbitrary: constantOf(sort) },
    { weight: 1, arbitrary: fc.constant(nullConstant) },
  );
  return fc
    .tuple(make(sort), fc.array(item, { maxLength: 5 }))
    .map(([operand, items]) => ({ kind: 'inList', operand, items }));
}

function lambdaOf({ depth, lambdas }: Place): Expressions {
  const predicate = expressionOf('boolean', { depth: depth - 1, lambdas: lambdas + 1 });
  return fc
    .tuple(fc.constantFrom('any', 'all'), predicate)
    .map(([operator, body]) => quantifier(operator, lambdas, body));
}

/** A random filter. */
export const filters: Expressions = expressionOf('boolean', { depth: 4, lambdas: 0 });

/** The key ascending: what makes every order total. */
export const byKey: OrderKey = keyOrder(cloudAppSecurityProfiles);

/** A random order, total because it ends with the key; the binder leaves out constants. */
export const orders: fc.Arbitrary<readonly OrderKey[]> = fc
  .array(
    fc.record({
      expression: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom<BoundExpression>(...leafReferences) },
        {
          weight: 4,
          arbitrary: fc.oneof(...comparable.map((sort) => expressionOf(sort, { depth: 2, lambdas: 0 }))),
        },
      ),
      descending: fc.boolean(),
    }),
    { maxLength: 4 },
  )
  .map((keys) => [...keys.filter(({ expression }) => expression.kind !== 'constant'), byKey]);

// $search.

const words = fc.constantFrom(...texts).filter((text) => wordsOf(text).length > 0);
/** Words as the binder leaves them: split, composed, in lower case. */
const searchWords = fc
  .oneof(
    words.map(wordsOf),
    words.map((text) => wordsOf(text).slice(0, 1)),
    fc.tuple(words, words).map(([first, second]) => [...wordsOf(first), ...wordsOf(second)]),
    // The beginning of a word; a mark cut off from its letter is composed no more.
    words.map((text) => wordsOf([...text].slice(0, 2).join(''))).filter((found) => found.length > 0),
  )
  // Long texts would go beyond what one search may hold.
  .map((found) => found.slice(0, 5));

const searchLeaves = leaves.filter(
  ({ type }) => (type.kind === 'collection' ? type.item : type).name === 'Edm.String',
);

/** A random $search. */
export const searches: fc.Arbitrary<BoundSearch> = fc.letrec<{ tree: BoundSearch; term: BoundSearch }>(
  (tie) => ({
    term: fc.record({
      kind: fc.constant('term' as const),
      words: searchWords,
      leaf: fc.option(fc.constantFrom(...searchLeaves), { nil: undefined, freq: 2 }),
    }),
    tree: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      { weight: 3, arbitrary: tie('term') },
      { weight: 1, arbitrary: tie('tree').map((operand): BoundSearch => ({ kind: 'not', operand })) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('and', 'or'), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
          .map(([kind, operands]): BoundSearch => ({ kind, operands })),
      },
    ),
  }),
).tree;
