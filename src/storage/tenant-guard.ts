/**
 * The second wall between tenants: a statement reaches the engine only if each of a tenant's tables in it is bound to
 * one tenant by a parameter. It reads the SQL itself, so that a slip in the compiler is an error, not a leak; what it
 * does not understand it refuses.
 */
import { LRUCache } from 'lru-cache';
import type { TenantId } from '../auth/authenticator.ts';
import { limits } from '../limits.ts';
import type { Statement } from '../sql/statement.ts';
import type { Schema } from './schema.ts';
import { type Token, tokenize } from './sql-tokens.ts';

/** The tenant a statement is about; undefined where it touches no tenant's table. Throws where it is bound to none. */
export type TenantGuard = (statement: Statement) => TenantId | undefined;

/** Makes the guard of a schema; remembers the texts it has judged. */
export function createTenantGuard(schema: Schema): TenantGuard {
  const tables = new Set(
    schema.tables
      .filter(({ columns }) => columns.some(({ name }) => name === tenantColumn))
      .map(({ name }) => name),
  );
  const judged = new LRUCache<string, readonly number[]>({ max: limits.preparedStatementsMax * 4 });
  return ({ text, parameters }) => {
    let places = judged.get(text);
    if (places === undefined) {
      places = tenantParameters(text, tables);
      judged.set(text, places);
    }
    return tenantAmong(parameters, places);
  };
}

/** The column that says whose row it is. */
export const tenantColumn = 'tenant_id';

/** The one tenant that stands in these places among the parameters; throws where there are several, or no tenant. */
export function tenantAmong(parameters: readonly unknown[], places: readonly number[]): TenantId | undefined {
  const [first] = places;
  if (first === undefined) return undefined;
  const tenant = parameters[first];
  if (typeof tenant !== 'string' || tenant === '') throw new Error('a statement without its tenant');
  for (const place of places)
    if (parameters[place] !== tenant) throw new Error('a statement about several tenants');
  return tenant as TenantId;
}

/** Where among the parameters the tenant stands; empty where no table of `tables` is touched. */
export function tenantParameters(text: string, tables: ReadonlySet<string>): readonly number[] {
  const places = new Set<number>();
  const tokens = tokenize(text);
  judgeQuery(isWord(tokens[0], 'explain') ? explained(tokens) : tokens, { tables, places, bound: new Set() });
  return [...places];
}

/** The statement after `explain query plan` or `explain (format json)`. */
function explained(tokens: readonly Token[]): readonly Token[] {
  const isOption = (token: Token) =>
    token.kind === 'group' || isWord(token, 'explain', 'query', 'plan', 'analyze', 'verbose');
  return tokens.slice(tokens.findIndex((token) => !isOption(token)));
}

/** What is known where a part of the statement stands. */
interface Surroundings {
  readonly tables: ReadonlySet<string>;
  /** Collects the places of tenants among the parameters. */
  readonly places: Set<number>;
  /** Aliases of outer tables that are bound to the tenant. */
  readonly bound: ReadonlySet<string>;
}

/** A table, subquery or function that rows come from. */
interface Source {
  readonly alias: string;
  /** A tenant's table. */
  readonly guarded: boolean;
  /** Conditions of its own join, which bind it and nothing else. */
  readonly on: readonly Token[];
}

const isWord = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.kind === 'word' && texts.includes(token.text);

const isSymbol = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'symbol' && token.text === text;

/** A name as a table, column or alias has it, quoted or not. */
const nameOf = (token: Token | undefined): string | undefined =>
  token?.kind === 'name' || token?.kind === 'word' ? token.text : undefined;

const refuse = (what: string): Error => new Error(`tenant guard: ${what}`);

/** A whole statement, or what stands between parentheses. */
function judgeQuery(tokens: readonly Token[], around: Surroundings): void {
  const [first, second] = tokens;
  if (isWord(first, 'with')) judgeWith(tokens, around);
  else if (isWord(first, 'select', 'values')) judgeSelects(tokens, around);
  else if (isWord(first, 'insert')) judgeInsert(tokens, around);
  else if (isWord(first, 'update')) judgeUpdate(tokens, around);
  else if (isWord(first, 'delete')) judgeDelete(tokens, around);
  else if (first?.kind === 'group' && isWord(second, 'union', 'intersect', 'except'))
    judgeSelects(tokens, around);
  else judgeExpression(tokens, around);
}

/** `with "x" as [[not] materialized] (…), … select …` */
function judgeWith(tokens: readonly Token[], around: Surroundings): void {
  let at = isWord(tokens[1], 'recursive') ? 2 : 1;
  for (;;) {
    at += 1;
    if (tokens[at]?.kind === 'group') at += 1;
    if (!isWord(tokens[at], 'as')) throw refuse('a with clause of another form');
    at += 1;
    while (isWord(tokens[at], 'not', 'materialized')) at += 1;
    const query = tokens[at];
    if (query?.kind !== 'group') throw refuse('a with clause of another form');
    judgeQuery(query.tokens, around);
    at += 1;
    if (!isSymbol(tokens[at], ',')) break;
    at += 1;
  }
  judgeQuery(tokens.slice(at), around);
}

/** Queries side by side. */
function judgeSelects(tokens: readonly Token[], around: Surroundings): void {
  for (const query of splitAt(tokens, (token) => isWord(token, 'union', 'intersect', 'except'))) {
    const own = isWord(query[0], 'all', 'distinct') ? query.slice(1) : query;
    if (isWord(own[0], 'select')) judgeSelect(own, around);
    else judgeExpression(own, around);
  }
}

/** Splits at the tokens of this level for which `isSeparator` holds; these are left out. */
function splitAt(
  tokens: readonly Token[],
  isSeparator: (token: Token) => boolean,
): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (isSeparator(token)) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

const splitList = (tokens: readonly Token[]): readonly (readonly Token[])[] =>
  splitAt(tokens, (token) => isSymbol(token, ','));

/** The parts of a statement by the word that begins them; `''` is what stands before the first. */
type Clauses = ReadonlyMap<string, readonly Token[]>;

const clauseWords = [
  'from',
  'where',
  'group',
  'having',
  'window',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
];

function clausesOf(tokens: readonly Token[], words: readonly string[]): Clauses {
  const clauses = new Map<string, Token[]>();
  let current: Token[] = [];
  clauses.set('', current);
  tokens.forEach((token, index) => {
    const isOperator = isWord(token, 'from') && isWord(tokens[index - 1], 'distinct') && index > 1;
    if (token.kind !== 'word' || !words.includes(token.text) || isOperator) {
      current.push(token);
      return;
    }
    if (clauses.has(token.text)) throw refuse(`two clauses ${token.text}`);
    current = [];
    clauses.set(token.text, current);
  });
  return clauses;
}

function judgeSelect(tokens: readonly Token[], around: Surroundings): Surroundings {
  const clauses = clausesOf(tokens, clauseWords);
  const { sources, rest } = sourcesOf(clauses.get('from') ?? [], around);
  const inside = bind(sources, clauses.get('where') ?? [], around);
  judgeExpression(rest, inside);
  for (const [word, clause] of clauses) {
    const body = word === '' ? clause.slice(1) : clause;
    if (word !== 'from') judgeExpression(body, inside);
  }
  return inside;
}

/** `update "t" as "e" set … from … where … returning …` */
function judgeUpdate(tokens: readonly Token[], around: Surroundings): void {
  const clauses = clausesOf(tokens, ['set', 'from', 'where', 'returning']);
  const target = sourcesOf((clauses.get('') ?? []).slice(1), around);
  const others = sourcesOf(clauses.get('from') ?? [], around);
  assertTenantStays(clauses.get('set') ?? []);
  const inside = bind([...target.sources, ...others.sources], clauses.get('where') ?? [], around);
  for (const part of [others.rest, clauses.get('set'), clauses.get('where'), clauses.get('returning')])
    judgeExpression(part ?? [], inside);
}

/** `delete from "t" as "e" using … where … returning …` */
function judgeDelete(tokens: readonly Token[], around: Surroundings): void {
  const clauses = clausesOf(tokens, ['from', 'using', 'where', 'returning']);
  const target = sourcesOf(clauses.get('from') ?? [], around);
  const others = sourcesOf(clauses.get('using') ?? [], around);
  const inside = bind([...target.sources, ...others.sources], clauses.get('where') ?? [], around);
  for (const part of [others.rest, clauses.get('where'), clauses.get('returning')])
    judgeExpression(part ?? [], inside);
}

/** A row never moves to another tenant. */
function assertTenantStays(assignments: readonly Token[]): void {
  for (const [target] of splitList(assignments)) {
    const names = target?.kind === 'group' ? target.tokens.map(nameOf) : [nameOf(target)];
    if (names.includes(tenantColumn)) throw refuse('an update of the tenant');
  }
}

/** `insert into "t" as "e" (columns) values (…), … | select … on conflict … returning …` */
function judgeInsert(tokens: readonly Token[], around: Surroundings): void {
  const into = tokens.findIndex((token) => isWord(token, 'into'));
  const table = nameOf(tokens[into + 1]);
  if (into < 0 || table === undefined || isSymbol(tokens[into + 2], '.'))
    throw refuse('an insert of another form');
  let at = into + 2;
  let alias = table;
  if (isWord(tokens[at], 'as')) {
    alias = nameOf(tokens[at + 1]) ?? table;
    at += 2;
  }
  const columns = tokens[at];
  if (columns?.kind !== 'group') throw refuse('an insert that names no columns');
  const tail = tokens.findIndex((token, index) => index > at && isWord(token, 'on', 'returning'));
  // A join has an `on` as well, and no clause of ours follows a select with a join.
  const end = tail >= 0 && isTail(tokens, tail) ? tail : tokens.length;
  const given = tokens.slice(at + 1, end);
  const place = splitList(columns.tokens).findIndex(([name]) => nameOf(name) === tenantColumn);
  if (around.tables.has(table)) {
    if (place < 0) throw refuse(`an insert into ${table} without a tenant`);
    judgeRows(given, place, around);
  } else judgeQuery(given, around);
  const inside = { ...around, bound: new Set([...around.bound, alias, 'excluded']) };
  const rest = tokens.slice(end);
  const set = rest.findIndex((token) => isWord(token, 'set'));
  if (set >= 0) assertTenantStays(rest.slice(set + 1));
  judgeExpression(rest, inside);
}

const isTail = (tokens: readonly Token[], at: number): boolean =>
  isWord(tokens[at], 'returning') || isWord(tokens[at + 1], 'conflict');

/** Rows to insert: in each, the tenant is a parameter, or read from a row of the tenant. */
function judgeRows(given: readonly Token[], place: number, around: Surroundings): void {
  const [first] = given;
  if (isWord(first, 'values')) {
    for (const row of splitList(given.slice(1))) {
      const [cells, ...more] = row;
      if (cells?.kind !== 'group' || more.length > 0) throw refuse('rows of another form');
      const parameter = parameterOf(splitList(cells.tokens)[place] ?? []);
      if (parameter === undefined) throw refuse('a row without a tenant parameter');
      around.places.add(parameter);
      judgeExpression(cells.tokens, around);
    }
    return;
  }
  if (!isWord(first, 'select')) throw refuse('an insert of another form');
  if (given.some((token) => isWord(token, 'union', 'intersect', 'except')))
    throw refuse('an insert of several queries');
  const inside = judgeSelect(given, around);
  const items = splitList(clausesOf(given, clauseWords).get('')?.slice(1) ?? []);
  if (items.some(isEveryColumn)) throw refuse('an insert of all columns');
  const cell = items[place] ?? [];
  const parameter = parameterOf(cell);
  if (parameter !== undefined) around.places.add(parameter);
  else if (!isTenantOf(cell, inside.bound)) throw refuse('an insert of rows without a tenant');
}

/** `*` or `"e".*`, which shifts the places of what follows. */
const isEveryColumn = (item: readonly Token[]): boolean =>
  isSymbol(item.at(-1), '*') && (item.length === 1 || isSymbol(item.at(-2), '.'));

/** A parameter, perhaps with a cast: `$1`, `$1::text`, `?1`. */
function parameterOf(tokens: readonly Token[]): number | undefined {
  const [first, cast, type, ...more] = tokens;
  if (first?.kind !== 'parameter' || more.length > 0) return undefined;
  const plain = cast === undefined || (isSymbol(cast, '::') && type !== undefined && nameOf(type) === 'text');
  return plain ? first.index : undefined;
}

/** The alias of `"e"."tenant_id"`; empty for `"tenant_id"` alone; undefined for anything else. */
function tenantAlias(tokens: readonly Token[]): string | undefined {
  if (tokens.length === 1) return nameOf(tokens[0]) === tenantColumn ? '' : undefined;
  const [alias, dot, column, ...more] = tokens;
  if (more.length > 0 || !isSymbol(dot, '.') || nameOf(column) !== tenantColumn) return undefined;
  return nameOf(alias);
}

function isTenantOf(tokens: readonly Token[], bound: ReadonlySet<string>): boolean {
  const alias = tenantAlias(tokens);
  return alias !== undefined && bound.has(alias);
}

// Where rows come from.

const joinWords = ['natural', 'inner', 'left', 'right', 'full', 'cross', 'join'];

/** The sources of a `from`; `rest` is what must be judged with all of them known. */
function sourcesOf(
  tokens: readonly Token[],
  around: Surroundings,
): { readonly sources: readonly Source[]; readonly rest: readonly Token[] } {
  const sources: Source[] = [];
  const rest: Token[] = [];
  let at = 0;
  const aliasAt = (): string | undefined => {
    if (isWord(tokens[at], 'as')) at += 1;
    const token = tokens[at];
    if (
      token?.kind === 'name' ||
      (token?.kind === 'word' && !['on', 'using', ...joinWords].includes(token.text))
    ) {
      // `from only "t"` and its like: what looks like an alias is the table.
      if (around.tables.has(token.text)) throw refuse(`${token.text} as an alias`);
      at += 1;
      if (tokens[at]?.kind === 'group') at += 1;
      return token.text;
    }
    return undefined;
  };
  while (at < tokens.length) {
    if (isWord(tokens[at], 'lateral')) at += 1;
    let token = tokens[at];
    at += 1;
    if (token?.kind === 'group') {
      rest.push(token);
      sources.push({ alias: aliasAt() ?? '', guarded: false, on: [] });
    } else {
      let table = nameOf(token);
      if (table === undefined) throw refuse('a source of another form');
      while (isSymbol(tokens[at], '.')) {
        table = nameOf(tokens[at + 1]);
        at += 2;
      }
      token = tokens[at];
      if (token?.kind === 'group') {
        rest.push(token);
        at += 1;
        while (isWord(tokens[at], 'with', 'ordinality')) at += 1;
        sources.push({ alias: aliasAt() ?? table ?? '', guarded: false, on: [] });
      } else {
        const alias = aliasAt() ?? table ?? '';
        sources.push({ alias, guarded: around.tables.has(table ?? ''), on: [] });
      }
    }
    const from = at;
    while (at < tokens.length && !isSymbol(tokens[at], ',') && !isJoin(tokens, at)) at += 1;
    const condition = tokens.slice(from, at);
    if (condition.length > 0) {
      if (!isWord(condition[0], 'on')) throw refuse('a join of another form');
      const last = sources.pop();
      if (last !== undefined) sources.push({ ...last, on: condition.slice(1) });
      rest.push(...condition.slice(1));
    }
    if (isWord(tokens[at], 'right', 'full', 'natural')) throw refuse('a join of another form');
    while (at < tokens.length && (isSymbol(tokens[at], ',') || isWord(tokens[at], 'outer', ...joinWords)))
      at += 1;
  }
  return { sources, rest };
}

/** `left` may also be a function. */
const isJoin = (tokens: readonly Token[], at: number): boolean =>
  isWord(tokens[at], ...joinWords) && tokens[at + 1]?.kind !== 'group';

/** Which sources are bound to the tenant by the conditions; throws where a tenant's table is not among them. */
function bind(sources: readonly Source[], where: readonly Token[], around: Surroundings): Surroundings {
  const own = new Set(sources.map(({ alias }) => alias));
  // An inner name hides an outer one.
  const bound = new Set([...around.bound].filter((alias) => alias !== '' && !own.has(alias)));
  const guarded = sources.filter((source) => source.guarded);
  if (new Set(guarded.map(({ alias }) => alias)).size < guarded.length)
    throw refuse('one name for two tables');
  const [only] = guarded;
  const resolve = (alias: string | undefined) =>
    alias === '' ? (guarded.length === 1 ? only?.alias : undefined) : alias;
  const conditions = [
    ...conjunctsOf(where).map((condition) => ({ condition, binds: undefined })),
    ...sources.flatMap(({ alias, on }) => conjunctsOf(on).map((condition) => ({ condition, binds: alias }))),
  ];
  // Once more for each table, because one may be bound by way of another.
  for (const _ of [...guarded, undefined]) {
    for (const { condition, binds } of conditions) {
      const [left = [], right = [], ...more] = splitAt(condition, (token) => isSymbol(token, '='));
      if (more.length > 0) continue;
      for (const [side, other] of [
        [left, right],
        [right, left],
      ] as const) {
        const alias = resolve(tenantAlias(side));
        if (alias === undefined || !guarded.some((source) => source.alias === alias)) continue;
        if (binds !== undefined && binds !== alias) continue;
        const parameter = parameterOf(other);
        const otherAlias = resolve(tenantAlias(other));
        if (parameter !== undefined) around.places.add(parameter);
        if (parameter !== undefined || (otherAlias !== undefined && bound.has(otherAlias))) bound.add(alias);
      }
    }
  }
  for (const { alias } of guarded) if (!bound.has(alias)) throw refuse(`${alias} is bound to no tenant`);
  // A name without an alias means the only table there is.
  if (guarded.length === 1 && sources.length === 1) bound.add('');
  return { ...around, bound };
}

/** The conditions all of which hold; none where there is an `or` among them. */
function conjunctsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  if (tokens.some((token) => isWord(token, 'or', 'between'))) return [];
  return splitAt(tokens, (token) => isWord(token, 'and')).flatMap((condition) => {
    const [only, ...more] = condition;
    if (only?.kind !== 'group' || more.length > 0) return [condition];
    return isWord(only.tokens[0], 'select', 'with', 'case', 'values') ? [] : conjunctsOf(only.tokens);
  });
}

/** An expression: subqueries are judged, and a tenant's table has no business here. */
function judgeExpression(tokens: readonly Token[], around: Surroundings): void {
  tokens.forEach((token, index) => {
    if (token.kind === 'group') judgeQuery(token.tokens, around);
    const name = token.kind === 'name' || token.kind === 'word' ? token.text : undefined;
    if (name === undefined || !around.tables.has(name)) return;
    if (isSymbol(tokens[index + 1], '.') || isSymbol(tokens[index - 1], '.')) return;
    throw refuse(`${name} where no table is expected`);
  });
}
