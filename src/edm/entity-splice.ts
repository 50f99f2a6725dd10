/**
 * Single values of a stored text, read and replaced where they stand: a PATCH of one property of twenty need not take the
 * other nineteen apart. Only for properties that stand before the first complex one, because behind it a member of
 * a complex value may have the same name.
 */
import type { EntityType, EntityValues, PropertyValue } from './types.ts';

/** The values of some properties; undefined where they must be read with all others. */
export function readSomeValues(
  type: EntityType,
  text: string,
  names: readonly string[],
): EntityValues | undefined {
  const values: Record<string, PropertyValue> = {};
  for (const name of names) {
    const span = spanOf(type, text, name);
    if (span === undefined) return undefined;
    values[name] = JSON.parse(text.slice(span.from, span.to)) as PropertyValue;
  }
  return values;
}

/** The text with other values for some properties, which `readSomeValues` could read. */
export function replaceValues(
  type: EntityType,
  text: string,
  values: EntityValues,
  names: readonly string[],
): string {
  let replaced = text;
  for (const name of names) {
    const span = spanOf(type, replaced, name);
    const value = values[name];
    if (span === undefined || value === undefined) throw new Error(`no place or no value for ${name}`);
    replaced = replaced.slice(0, span.from) + JSON.stringify(value) + replaced.slice(span.to);
  }
  return replaced;
}

/** Where a value stands in a text: from its first character to the one behind its last. */
interface Span {
  readonly from: number;
  readonly to: number;
}

function spanOf(type: EntityType, text: string, name: string): Span | undefined {
  const start = startsOf(type).get(name);
  const at = start === undefined ? -1 : text.indexOf(start);
  if (start === undefined || at < 0) return undefined;
  const from = at + start.length;
  const to = endOfValue(text, from);
  return to === undefined ? undefined : { from, to };
}

const starts = new WeakMap<EntityType, ReadonlyMap<string, string>>();

/** `,"name":` by name; quotes inside strings are escaped, so that it is found nowhere but before its value. */
function startsOf(type: EntityType): ReadonlyMap<string, string> {
  let known = starts.get(type);
  if (known === undefined) {
    const firstComplex = type.properties.findIndex((property) => property.type.kind === 'complex');
    const before = firstComplex < 0 ? type.properties : type.properties.slice(0, firstComplex);
    const entries = before.map(({ name }, index) => {
      return [name, `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`] as const;
    });
    known = new Map(entries);
    starts.set(type, known);
  }
  return known;
}

/** The place behind a string, a number, a literal or a list of such; undefined of an object, which is not spliced. */
function endOfValue(text: string, from: number): number | undefined {
  switch (text[from]) {
    case '"':
      return endOfString(text, from);
    case '[':
      return endOfList(text, from);
    case '{':
    case undefined:
      return undefined;
    default: {
      const [end] = /[,}\]]/.exec(text.slice(from, from + plainCharactersMax)) ?? [];
      return end === undefined ? undefined : text.indexOf(end, from);
    }
  }
}

/** More than any number, `true`, `false` or `null` has. */
const plainCharactersMax = 64;

/** Behind the quote that ends a string: one that no odd number of backslashes stands before. */
function endOfString(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return undefined;
}

function endOfList(text: string, from: number): number | undefined {
  let at = from + 1;
  while (text[at] !== ']') {
    if (text[at] === ',') at += 1;
    const end = text[at] === '[' ? undefined : endOfValue(text, at);
    if (end === undefined) return undefined;
    at = end;
  }
  return at + 1;
}
