import { quoteForMessage, ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { JsonObject, JsonValue } from './odata-request.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Two halves of a pair that stand alone: no text can hold them. */
const loneSurrogatePattern = /\p{Cs}/u;
const blankPattern = /^[\t\n\r ]*$/;

/**
 * The bytes of a body → one JSON object (RFC 8259, stricter: no duplicate names, bounded depth and members, text that
 * every engine can store). Throws bodyMissing and bodyInvalid with line and column.
 */
export function parseBody(bytes: Uint8Array): JsonObject {
  const text = decodeBody(bytes);
  if (blankPattern.test(text)) throw bodyMissing();
  const value = new JsonReader(text).read();
  if (isObject(value)) return value;
  throw bodyFault(`The body must be a JSON object, but ${describeValue(value)} arrived.`);
}

/** What is said to a client that sent no body where one is needed; Graph's words. */
export const bodyMissing = (): ServiceError =>
  new ServiceError('bodyMissing', 'Empty Payload. JSON content expected.', { target: 'body' });

/** Any JSON value from text, under the rules of parseBody but for the object at the top; throws bodyInvalid. */
export function parseJsonText(text: string): JsonValue {
  const lone = text.search(loneSurrogatePattern);
  if (lone >= 0)
    throw bodyFault(`The JSON text holds half of a surrogate pair ${describePosition(text, lone)}.`);
  return new JsonReader(text).read();
}

/** UTF-8 without a byte order mark, which is accepted and dropped. */
function decodeBody(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    const offset = findInvalidByte(bytes);
    throw bodyFault(`The body is not valid UTF-8: the byte at offset ${offset} is part of no character.`, {
      cause,
    });
  }
}

/** The first byte that does not survive decoding and encoding again. */
function findInvalidByte(bytes: Uint8Array): number {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(lenient);
  return bytes.findIndex((byte, index) => byte !== again[index]);
}

const bodyFault = (
  message: string,
  options: { readonly target?: string; readonly cause?: unknown } = {},
): ServiceError => new ServiceError('bodyInvalid', message, { target: 'body', ...options });

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function describeValue(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** "at line 2, column 7", both from 1, columns in UTF-16 code units. */
function describePosition(text: string, position: number): string {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < position; end = text.indexOf('\n', lineStart)) {
    line += 1;
    lineStart = end + 1;
  }
  return `at line ${line}, column ${position - lineStart + 1}`;
}

const code = (character: string): number => character.charCodeAt(0);
const quote = code('"');
const backslash = code('\\');
const space = code(' ');
const tab = code('\t');
const lineFeed = code('\n');
const carriageReturn = code('\r');
const minus = code('-');
const zero = code('0');
const nine = code('9');
const comma = code(',');
const colon = code(':');
const openBrace = code('{');
const closeBrace = code('}');
const openBracket = code('[');
const closeBracket = code(']');

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const unicodeEscapePattern = /[0-9a-fA-F]{4}/y;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

type MutableObject = { [name: string]: JsonValue };

/**
 * One pass over a JSON text. Own code, because JSON.parse keeps the last of two equal names, tells no position
 * that can be relied on, and knows no bound of depth; its recursion ends at limits.bodyDepthMax.
 */
class JsonReader {
  private readonly text: string;
  private position = 0;
  private depth = 0;
  private members = 0;
  /** Member names and indices from the top to the value being read. */
  private readonly path: (string | number)[] = [];

  constructor(text: string) {
    this.text = text;
  }

  read(): JsonValue {
    const value = this.readValue();
    this.skipSpace();
    if (this.position < this.text.length) throw this.unexpected('the end of the body');
    return value;
  }

  private readValue(): JsonValue {
    this.skipSpace();
    const next = this.text.charCodeAt(this.position);
    if (next === quote) return this.readString();
    if (next === openBrace) return this.readNested(() => this.readObject());
    if (next === openBracket) return this.readNested(() => this.readArray());
    if (next === minus || (next >= zero && next <= nine)) return this.readNumber();
    if (this.skipWord('true')) return true;
    if (this.skipWord('false')) return false;
    if (this.skipWord('null')) return null;
    throw this.unexpected('a JSON value');
  }

  private readNested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > limits.bodyDepthMax) {
      throw this.refuse(`is nested more than ${limits.bodyDepthMax} levels deep, which is the limit`);
    }
    this.position += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  private readObject(): JsonObject {
    // Without a prototype, `__proto__` and `constructor` are names like any other.
    const object: MutableObject = Object.create(null);
    if (this.skipIf(closeBrace)) return object;
    do {
      this.readMember(object);
    } while (this.skipIf(comma));
    if (!this.skipIf(closeBrace)) throw this.unexpected("',' or '}'");
    return object;
  }

  private readMember(object: MutableObject): void {
    this.skipSpace();
    const start = this.position;
    if (this.text.charCodeAt(start) !== quote) throw this.unexpected('a member name in double quotes');
    const name = this.readString();
    this.path.push(name);
    if (Object.hasOwn(object, name)) throw this.refuse('appears twice; each name may appear once', start);
    this.members += 1;
    if (this.members > limits.bodyMembersMax) {
      throw this.refuse(`is one member too many; a body may have ${limits.bodyMembersMax}`, start);
    }
    if (!this.skipIf(colon)) throw this.unexpected("':'");
    object[name] = this.readValue();
    this.path.pop();
  }

  private readArray(): readonly JsonValue[] {
    const items: JsonValue[] = [];
    if (this.skipIf(closeBracket)) return items;
    const level = this.path.length;
    do {
      this.path[level] = items.length;
      items.push(this.readValue());
    } while (this.skipIf(comma));
    this.path.pop();
    if (!this.skipIf(closeBracket)) throw this.unexpected("',' or ']'");
    return items;
  }

  private readNumber(): number {
    numberPattern.lastIndex = this.position;
    if (!numberPattern.test(this.text)) throw this.unexpected('a number or another JSON value');
    const value = Number(this.text.slice(this.position, numberPattern.lastIndex));
    if (!Number.isFinite(value)) throw this.refuse('is a number beyond the range of a double');
    this.position = numberPattern.lastIndex;
    return value;
  }

  private readString(): string {
    const start = this.position + 1;
    const end = this.findStringStop(start);
    if (this.text.charCodeAt(end) === backslash) return this.readEscapedString(start, end);
    this.position = end + 1;
    return this.text.slice(start, end);
  }

  /** The next quote or backslash. */
  private findStringStop(start: number): number {
    for (let index = start; ; index += 1) {
      const next = this.text.charCodeAt(index);
      if (next === quote || next === backslash) return index;
      if (next >= space) continue;
      // A control character, or NaN behind the end.
      this.position = index;
      throw this.unexpected(index < this.text.length ? 'an escape such as \\n for it' : "a closing '\"'");
    }
  }

  private readEscapedString(start: number, firstEscape: number): string {
    let value = this.text.slice(start, firstEscape);
    let stop = firstEscape;
    while (this.text.charCodeAt(stop) === backslash) {
      this.position = stop + 1;
      value += this.readEscape();
      stop = this.findStringStop(this.position);
      value += this.text.slice(this.position, stop);
    }
    this.position = stop + 1;
    // Only escapes can bring these: raw, neither gets through UTF-8 and the rule on control characters.
    const opening = start - 1;
    if (value.includes('\0'))
      throw this.refuse('holds the character U+0000, which no text may hold', opening);
    if (loneSurrogatePattern.test(value))
      throw this.refuse('holds half of a surrogate pair, which is no character', opening);
    return value;
  }

  private readEscape(): string {
    const letter = this.text[this.position] ?? '';
    const simple = escapes.get(letter);
    if (simple !== undefined) {
      this.position += 1;
      return simple;
    }
    unicodeEscapePattern.lastIndex = this.position + 1;
    const digits = letter === 'u' ? unicodeEscapePattern.exec(this.text)?.[0] : undefined;
    if (digits === undefined)
      throw this.unexpected('an escape: \\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hexadecimal digits');
    this.position += 5;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  private skipSpace(): void {
    for (;;) {
      const next = this.text.charCodeAt(this.position);
      if (next !== space && next !== lineFeed && next !== carriageReturn && next !== tab) return;
      this.position += 1;
    }
  }

  private skipIf(expected: number): boolean {
    this.skipSpace();
    if (this.text.charCodeAt(this.position) !== expected) return false;
    this.position += 1;
    return true;
  }

  private skipWord(word: string): boolean {
    if (!this.text.startsWith(word, this.position)) return false;
    this.position += word.length;
    return true;
  }

  /** Broken syntax at the current position. */
  private unexpected(expected: string): ServiceError {
    const character = this.text.codePointAt(this.position);
    const found =
      character === undefined ? 'the end' : `'${quoteForMessage(String.fromCodePoint(character))}'`;
    const place = describePosition(this.text, this.position);
    return bodyFault(`The body is not valid JSON: found ${found} ${place}, expected ${expected}.`);
  }

  /** Sound syntax that is not taken, naming the member. */
  private refuse(fault: string, position = this.position): ServiceError {
    const place = describePosition(this.text, position);
    if (this.path.length === 0) return bodyFault(`The body ${fault} (${place}).`);
    const target = quoteForMessage(this.path.join('/'));
    return bodyFault(`Member '${target}' of the body ${fault} (${place}).`, { target });
  }
}
