/** The canonical functions: what they take and what they return (URL Conventions 5.1.1.5 to 5.1.1.9). */
import type { PrimitiveType } from '../edm/types.ts';

const primitive = <Name extends PrimitiveType['name']>(name: Name): PrimitiveType => ({
  kind: 'primitive',
  name,
});
const text = primitive('Edm.String');
const boolean = primitive('Edm.Boolean');
const integer = primitive('Edm.Int64');
const double = primitive('Edm.Double');
const instant = primitive('Edm.DateTimeOffset');
const date = primitive('Edm.Date');
const time = primitive('Edm.TimeOfDay');
const duration = primitive('Edm.Duration');

/** What a function is: its parameters in order, each with the types it takes, and the type of its value. */
export interface FunctionSignature {
  /** The types each parameter takes, the one preferred in messages first. */
  readonly parameters: readonly (readonly PrimitiveType[])[];
  /** How many of the last parameters may be left out. */
  readonly optional: number;
  readonly result: PrimitiveType;
  /** Whether the value depends on the time zone, which is not kept: a literal must then be in UTC (5.1.1.8). */
  readonly readsZone: boolean;
}

const signature = (
  parameters: FunctionSignature['parameters'],
  result: PrimitiveType,
  options: Partial<Pick<FunctionSignature, 'optional' | 'readsZone'>> = {},
): FunctionSignature => ({ parameters, result, optional: 0, readsZone: false, ...options });

const ofDate = signature([[instant, date]], integer, { readsZone: true });
const ofTime = signature([[instant, time]], integer, { readsZone: true });
const ofTexts = signature([[text], [text]], boolean);
const ofNumber = signature([[double]], double);

const signatures = {
  contains: ofTexts,
  startswith: ofTexts,
  endswith: ofTexts,
  /** The pattern is a constant in RE2 syntax; found anywhere in the text. */
  matchespattern: ofTexts,
  tolower: signature([[text]], text),
  toupper: signature([[text]], text),
  trim: signature([[text]], text),
  concat: signature([[text], [text]], text),
  /** Code points. */
  length: signature([[text]], integer),
  /** Zero-based, in code points; -1 where absent. */
  indexof: signature([[text], [text]], integer),
  /** Zero-based, in code points; a negative start counts from the end. */
  substring: signature([[text], [integer], [integer]], text, { optional: 1 }),
  year: ofDate,
  month: ofDate,
  day: ofDate,
  hour: ofTime,
  minute: ofTime,
  second: ofTime,
  fractionalseconds: signature([[instant, time]], double),
  totalseconds: signature([[duration]], double),
  totaloffsetminutes: signature([[instant]], integer, { readsZone: true }),
  date: signature([[instant]], date, { readsZone: true }),
  time: signature([[instant]], time, { readsZone: true }),
  /** Half away from zero; of whole numbers, none of the three is called. */
  round: ofNumber,
  floor: ofNumber,
  ceiling: ofNumber,
} as const satisfies Readonly<Record<string, FunctionSignature>>;

/** The functions a bound expression may call; others are bound to constants or to other expressions. */
export type CanonicalFunction = keyof typeof signatures;

/** A record over the union, so that an engine's translations can be one too. */
export const functionSignatures: Readonly<Record<CanonicalFunction, FunctionSignature>> = signatures;

/** Whether a name in lower case is that of a canonical function. */
export function isCanonicalFunction(name: string): name is CanonicalFunction {
  return Object.hasOwn(signatures, name);
}

/** Functions that become constants or other expressions when bound. */
export const expandedFunctions = ['now', 'mindatetime', 'maxdatetime', 'hassubset'] as const;

/** Functions with a syntax of their own; named here for suggestions only. */
export const syntacticFunctions = ['cast', 'isof', 'case'] as const;
