import { quoteForMessage, ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { KeyPredicate, PathSegment, ServiceRoot } from './odata-request.ts';
import { percentDecode } from './percent-decoding.ts';

/** The path of a request: where the service begins, and what is addressed below it. */
export interface ResourcePath {
  readonly root: ServiceRoot;
  readonly segments: readonly PathSegment[];
}

/** Splits a raw request target at its first question mark; nothing is decoded. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

const pathFault = (fault: string, position: number): ServiceError =>
  new ServiceError('pathInvalid', `The path is malformed: ${fault} at position ${position}.`, {
    target: 'path',
  });

/**
 * Raw path → service root and segments, each decoded once, so that `%2F` stays inside its segment (URL Conventions 2.1).
 * Throws versionUnknown for an unknown service root and pathInvalid for everything else, with a 0-based position.
 */
export function parseResourcePath(path: string): ResourcePath {
  const texts = decodeSegments(path);
  const { root, length } = parseServiceRoot(texts);
  return { root, segments: texts.slice(length).map(parseSegment) };
}

/** Visible ASCII without a percent sign: nothing to decode, and no control characters. */
const plainPathPattern = /^[\x20-\x24\x26-\x7e]*$/;

function decodeSegments(path: string): string[] {
  if (!path.startsWith('/')) throw pathFault("the path does not begin with '/'", 0);
  if (path === '/') return [];
  // One trailing slash is ignored on every resource (Protocol digest 3.4).
  const raw = (path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/');
  if (plainPathPattern.test(path) && !raw.includes('')) return raw;
  let position = 1;
  return raw.map((segment) => {
    const text = decodeSegment(segment, position);
    position += segment.length + 1;
    return text;
  });
}

function decodeSegment(raw: string, start: number): string {
  if (raw === '') throw pathFault("an empty segment, '//',", start);
  const text = percentDecode(raw, (fault, position) => pathFault(fault, start + position));
  if (/\p{Cc}/u.test(text)) throw pathFault('a control character in the segment', start);
  return text;
}

function parseServiceRoot(texts: readonly string[]): { readonly root: ServiceRoot; readonly length: number } {
  const first = texts[0]?.toLowerCase();
  if (first === 'v1.0' || first === 'beta') return { root: first, length: 1 };
  if (first === 'odata' && texts[1]?.toLowerCase() === 'v4') return { root: 'odata/v4', length: 2 };
  const found =
    texts[0] === undefined ? 'The path is empty' : `'${quoteForMessage(texts[0])}' is not a service root`;
  throw new ServiceError(
    'versionUnknown',
    `Invalid version. ${found}; the path must begin with /v1.0, /beta or /odata/v4.`,
    { target: 'path' },
  );
}

const identifier = '[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{Nd}\\p{Mn}\\p{Mc}\\p{Pc}\\p{Cf}]*';
/** A name, possibly qualified, and what follows it in parentheses. */
const parenthesesPattern = new RegExp(`^(${identifier}(?:\\.${identifier})*)\\((.*)\\)$`, 'su');
const keyNamePattern = new RegExp(`^\\s*(${identifier})\\s*=`, 'u');

/** One decoded segment → its text and, where it has that form, its name with a key or empty parentheses. */
export function parseSegment(text: string): PathSegment {
  if (!text.endsWith(')')) return plainSegment(text, undefined);
  const [, name, content] = parenthesesPattern.exec(text) ?? [];
  if (name === undefined || content === undefined) return plainSegment(text, undefined);
  refuseLongKey(name);
  if (content.trim() === '') return { text, name, key: undefined, call: true, keyFault: undefined };
  const key = parseKeyPredicate(content);
  if (key === undefined) return plainSegment(text, describeKeyFault(text, name));
  refuseLongKey(key.value);
  return { text, name, key, call: false, keyFault: undefined };
}

function plainSegment(text: string, keyFault: string | undefined): PathSegment {
  refuseLongKey(text);
  return { text, name: text, key: undefined, call: false, keyFault };
}

const describeKeyFault = (text: string, name: string): string =>
  `The key in '${quoteForMessage(text)}' must be one string in single quotes, a quote inside it doubled: ${name}('…') or ${name}(id='…').`;

/** `'x'` or `id='x'` → the key; undefined for any other form. */
function parseKeyPredicate(content: string): KeyPredicate | undefined {
  const named = keyNamePattern.exec(content);
  const literal = content.slice(named?.[0].length ?? 0).trim();
  if (literal.length < 2 || !literal.startsWith("'") || !literal.endsWith("'")) return undefined;
  const quoted = literal.slice(1, -1);
  if (quoted.replaceAll("''", '').includes("'")) return undefined;
  return { name: named?.[1], value: quoted.replaceAll("''", "'") };
}

/** Any segment may turn out to be a key, so all of them have its bound. */
function refuseLongKey(key: string): void {
  // Counting characters costs an array: only keys that may be too long pay for it.
  if (key.length <= limits.keyCharactersMax) return;
  const characters = [...key].length;
  if (characters <= limits.keyCharactersMax) return;
  throw new ServiceError(
    'pathInvalid',
    `The path segment '${quoteForMessage(key)}' has ${characters} characters; a key or name may have ${limits.keyCharactersMax}.`,
    { target: 'path' },
  );
}
