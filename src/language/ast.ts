/** The syntax trees of query options. They hold names and offsets, never what a name means: binding is a later stage. */

/** Where a node stands in the decoded option text, in UTF-16 units: `offset` is its first, `end` one past its last. */
export interface Span {
  readonly offset: number;
  readonly end: number;
}

/** The literal `null`. */
export interface NullLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'null';
}

/** `true` or `false`. */
export interface BooleanLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'boolean';
  readonly value: boolean;
}

/** Digits that fit Edm.Int64; longer ones are a DecimalLiteral. */
export interface IntegerLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'integer';
  readonly value: bigint;
}

/** A number with a fraction, or more digits than Edm.Int64 holds; `text` has an optional '-', never a '+'. */
export interface DecimalLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'decimal';
  readonly text: string;
}

/** A number with an exponent, or INF, -INF, NaN. */
export interface DoubleLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'double';
  readonly text: string;
  readonly value: number;
}

/** A string in single quotes; `value` has the doubled quotes undone. */
export interface StringLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'string';
  readonly value: string;
}

/** A calendar date between the years 0001 and 9999. */
export interface DateLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'date';
  /** Canonical text, `YYYY-MM-DD`. */
  readonly text: string;
  /** 100 ns ticks from 0001-01-01T00:00Z to midnight UTC of the date. */
  readonly ticks: bigint;
}

/** A point in time; the exact value is `ticks` × 100 ns plus `picoseconds`. */
export interface DateTimeOffsetLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'dateTimeOffset';
  /** Canonical text: upper-case T and Z, the sign of the zone restored where a client's '+' arrived as a space. */
  readonly text: string;
  /** 100 ns ticks since 0001-01-01T00:00Z, in UTC; negative within a day of it. */
  readonly ticks: bigint;
  /** What fractional digits 8 to 12 add: 0 to 99,999. */
  readonly picoseconds: number;
  /** The zone as written, east positive. */
  readonly zoneMinutes: number;
}

/** A time of day; the exact value is `ticks` × 100 ns plus `picoseconds` after midnight. */
export interface TimeOfDayLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'timeOfDay';
  readonly text: string;
  readonly ticks: bigint;
  /** What fractional digits 8 to 12 add: 0 to 99,999. */
  readonly picoseconds: number;
}

/** A GUID, in lower case. */
export interface GuidLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'guid';
  readonly value: string;
}

/** A duration'…'; `ticks` and `picoseconds` carry its sign both. */
export interface DurationLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'duration';
  /** The text between the quotes, in upper case, without a '+'. */
  readonly text: string;
  readonly ticks: bigint;
  readonly picoseconds: number;
}

/** A Qualified.Name'Member,Member'; a member is a name or an integer as text. */
export interface EnumLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'enum';
  readonly typeName: string;
  readonly members: readonly string[];
}

/** A binary'…'; `text` is base64url without padding. */
export interface BinaryLiteral extends Span {
  readonly kind: 'literal';
  readonly type: 'binary';
  readonly text: string;
}

/** A primitive value written in the text; `type` tells which. */
export type Literal =
  | NullLiteral
  | BooleanLiteral
  | IntegerLiteral
  | DecimalLiteral
  | DoubleLiteral
  | StringLiteral
  | DateLiteral
  | DateTimeOffsetLiteral
  | TimeOfDayLiteral
  | GuidLiteral
  | DurationLiteral
  | EnumLiteral
  | BinaryLiteral;

/** What a list in parentheses or in brackets may hold. */
export type ListItem = Literal | AliasExpression;

/** A JSON array such as ["a","b"]: a collection of primitive values. */
export interface ArrayExpression extends Span {
  readonly kind: 'array';
  readonly items: readonly ListItem[];
}

/** One name of a path; it holds dots where it is qualified (a type cast). */
export interface PathSegment extends Span {
  readonly name: string;
}

/**
 * `a/b`, `$it/a` or `$it`; only with `fromIt` may `segments` be empty. Outside nested options `$this` is `$it`.
 * The first name may be a lambda variable.
 */
export interface PathExpression extends Span {
  readonly kind: 'path';
  readonly fromIt: boolean;
  readonly segments: readonly PathSegment[];
}

/** `path/$count`. */
export interface CountExpression extends Span {
  readonly kind: 'count';
  readonly path: PathExpression;
}

/** What stands in the parentheses of `any` and `all`. */
export interface LambdaBody {
  readonly variable: PathSegment;
  readonly predicate: Expression;
}

/** `path/any(v:predicate)`, `path/all(v:predicate)`; only `any` may come without a body. */
export interface LambdaExpression extends Span {
  readonly kind: 'lambda';
  readonly operator: 'any' | 'all';
  readonly path: PathExpression;
  readonly body: LambdaBody | undefined;
}

/** A function call; `name` is as written, functions are compared without regard to case. */
export interface CallExpression extends Span {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Expression[];
}

/** A type name as an argument; `isCollection` for Collection(name). */
export interface TypeReference extends Span {
  readonly name: string;
  readonly isCollection: boolean;
}

/** `cast(operand,type)`; without an operand it means `$it`. */
export interface CastExpression extends Span {
  readonly kind: 'cast';
  readonly operand: Expression | undefined;
  readonly type: TypeReference;
}

/** `isof(operand,type)`; without an operand it means `$it`. */
export interface IsOfExpression extends Span {
  readonly kind: 'isOf';
  readonly operand: Expression | undefined;
  readonly type: TypeReference;
}

/** One `condition:value` of a case. */
export interface CaseBranch {
  readonly condition: Expression;
  readonly value: Expression;
}

/** `case(condition:value,…)`: the value of the first true condition, else null. */
export interface CaseExpression extends Span {
  readonly kind: 'case';
  readonly branches: readonly CaseBranch[];
}

/** `@name`: the value of a query option of that name; `name` is without the '@'. */
export interface AliasExpression extends Span {
  readonly kind: 'alias';
  readonly name: string;
}

/** What stands on its own, without an operator or parentheses. */
export type PrimaryExpression =
  | Literal
  | ArrayExpression
  | PathExpression
  | CountExpression
  | LambdaExpression
  | CallExpression
  | CastExpression
  | IsOfExpression
  | CaseExpression
  | AliasExpression;

/** `left has right`. */
export interface HasExpression extends Span {
  readonly kind: 'has';
  readonly left: Expression;
  readonly right: PrimaryExpression;
}

/** `operand in (item,…)`; the list may be empty. */
export interface InListExpression extends Span {
  readonly kind: 'inList';
  readonly operand: Expression;
  readonly items: readonly ListItem[];
}

/** `operand in collection`. */
export interface InCollectionExpression extends Span {
  readonly kind: 'inCollection';
  readonly operand: Expression;
  readonly collection: PrimaryExpression;
}

/** `not operand`; it binds tighter than a comparison. */
export interface NotExpression extends Span {
  readonly kind: 'not';
  readonly operand: Expression;
}

/** `-operand`; a minus directly before digits or INF belongs to the literal instead. */
export interface NegateExpression extends Span {
  readonly kind: 'negate';
  readonly operand: Expression;
}

/** The arithmetic operators. */
export type ArithmeticOperator = 'add' | 'sub' | 'mul' | 'div' | 'divby' | 'mod';

/** `left operator right` on numbers, dates and durations. */
export interface ArithmeticExpression extends Span {
  readonly kind: 'arithmetic';
  readonly operator: ArithmeticOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** The comparison operators. */
export type ComparisonOperator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';

/** `left operator right`, true or false. */
export interface ComparisonExpression extends Span {
  readonly kind: 'comparison';
  readonly operator: ComparisonOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `a and b and …`: two operands or more, as written; a chain in parentheses stays an operand of its own. */
export interface AndExpression extends Span {
  readonly kind: 'and';
  readonly operands: readonly Expression[];
}

/** `a or b or …`: two operands or more, as written; a chain in parentheses stays an operand of its own. */
export interface OrExpression extends Span {
  readonly kind: 'or';
  readonly operands: readonly Expression[];
}

/** $filter and every part of another option that is an expression. Parentheses leave no node. */
export type Expression =
  | PrimaryExpression
  | HasExpression
  | InListExpression
  | InCollectionExpression
  | NotExpression
  | NegateExpression
  | ArithmeticExpression
  | ComparisonExpression
  | AndExpression
  | OrExpression;

/** One key of $orderby. */
export interface OrderByItem extends Span {
  readonly expression: Expression;
  readonly direction: 'asc' | 'desc';
}

/** `*` in $select. */
export interface SelectAll extends Span {
  readonly kind: 'all';
}

/** A property or a path in $select; `nested` is what stands in `path($select=…)`. */
export interface SelectProperty extends Span {
  readonly kind: 'property';
  readonly path: readonly PathSegment[];
  readonly nested: readonly SelectItem[] | undefined;
}

/** A qualified operation or `namespace.*` in $select; `parameters` are those of one overload. */
export interface SelectOperation extends Span {
  readonly kind: 'operation';
  readonly name: string;
  readonly parameters: readonly string[] | undefined;
}

/** One item of $select. */
export type SelectItem = SelectAll | SelectProperty | SelectOperation;

/** One item of $expand: `*` or a path, what follows it unread. */
export interface ExpandItem extends Span {
  readonly kind: 'all' | 'property';
  readonly path: readonly PathSegment[];
  /** The text between the parentheses, or undefined without them. */
  readonly optionsText: string | undefined;
}

/** One `expression as alias` of $compute. */
export interface ComputeItem extends Span {
  readonly expression: Expression;
  readonly alias: PathSegment;
}

/** A word of $search. */
export interface SearchWord extends Span {
  readonly kind: 'word';
  readonly text: string;
}

/** A "phrase" of $search; `text` has the escapes undone. */
export interface SearchPhrase extends Span {
  readonly kind: 'phrase';
  readonly text: string;
}

/** `NOT operand`. */
export interface SearchNot extends Span {
  readonly kind: 'not';
  readonly operand: SearchExpression;
}

/** `a AND b`, or `a b`: two operands or more, as written. */
export interface SearchAnd extends Span {
  readonly kind: 'and';
  readonly operands: readonly SearchExpression[];
}

/** `a OR b`: two operands or more, as written. */
export interface SearchOr extends Span {
  readonly kind: 'or';
  readonly operands: readonly SearchExpression[];
}

/** $search as a tree. */
export type SearchExpression = SearchWord | SearchPhrase | SearchNot | SearchAnd | SearchOr;

/** The aggregation methods of the specification. */
export type AggregateMethod = 'sum' | 'min' | 'max' | 'average' | 'countdistinct';

/** `$count as alias` or `path/$count as alias`. */
export interface AggregateCount extends Span {
  readonly kind: 'count';
  readonly path: PathExpression | undefined;
  readonly alias: PathSegment;
}

/** `expression with method as alias`. */
export interface AggregateValue extends Span {
  readonly kind: 'value';
  readonly expression: Expression;
  readonly method: AggregateMethod;
  readonly alias: PathSegment;
}

/** One item of aggregate(…). */
export type AggregateItem = AggregateCount | AggregateValue;

/** `filter(expression)`. */
export interface FilterTransformation extends Span {
  readonly kind: 'filter';
  readonly expression: Expression;
}

/** `search(expression)`. */
export interface SearchTransformation extends Span {
  readonly kind: 'search';
  readonly expression: SearchExpression;
}

/** `groupby((path,…))` or `groupby((path,…),transformations)`. */
export interface GroupByTransformation extends Span {
  readonly kind: 'groupBy';
  readonly paths: readonly PathExpression[];
  readonly transformations: readonly Transformation[] | undefined;
}

/** `aggregate(item,…)`. */
export interface AggregateTransformation extends Span {
  readonly kind: 'aggregate';
  readonly items: readonly AggregateItem[];
}

/** `compute(expression as alias,…)`. */
export interface ComputeTransformation extends Span {
  readonly kind: 'compute';
  readonly items: readonly ComputeItem[];
}

/** `orderby(expression asc,…)`. */
export interface OrderByTransformation extends Span {
  readonly kind: 'orderBy';
  readonly items: readonly OrderByItem[];
}

/** `top(count)`. */
export interface TopTransformation extends Span {
  readonly kind: 'top';
  readonly count: number;
}

/** `skip(count)`. */
export interface SkipTransformation extends Span {
  readonly kind: 'skip';
  readonly count: number;
}

/** `identity`. */
export interface IdentityTransformation extends Span {
  readonly kind: 'identity';
}

/** `concat(transformations,transformations,…)`: two branches or more. */
export interface ConcatTransformation extends Span {
  readonly kind: 'concat';
  readonly branches: readonly (readonly Transformation[])[];
}

/** One step of $apply. */
export type Transformation =
  | FilterTransformation
  | SearchTransformation
  | GroupByTransformation
  | AggregateTransformation
  | ComputeTransformation
  | OrderByTransformation
  | TopTransformation
  | SkipTransformation
  | IdentityTransformation
  | ConcatTransformation;
