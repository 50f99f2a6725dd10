/** What is typed → what is sent, and the requests kept in this browser; pure. */
import { sendableAddress } from '../../completion.ts';
import { display } from '../../data-text.ts';
import type { TextStorage } from '../../preferences.ts';
import type { RequestDescription } from '../../request-description.ts';
import { type Method, methods } from './search.ts';

/** The request as it stands in the fields. */
export interface Typed {
  readonly method: Method;
  /** As people read it. */
  readonly address: string;
  readonly body: string;
  /** Lines of `name: value`. */
  readonly headers: string;
}

/** A method from text, GET where it is none. */
export const methodOf = (text: string | undefined): Method =>
  methods.find((each) => each === text?.toUpperCase()) ?? 'GET';

/** Whether a request of this method has a body. */
export const takesBody = (method: string): boolean =>
  method === 'POST' || method === 'PATCH' || method === 'PUT';

/** Lines read as headers, and the first line that is none; a token of one's own is left out. */
export function readHeaders(text: string): {
  readonly headers: Readonly<Record<string, string>>;
  readonly wrong: string | undefined;
} {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const pairs = lines.map((line) => /^\s*([!#$%&'*+.^_`|~\w-]+)\s*:\s*([\x20-\x7e]*?)\s*$/.exec(line));
  const wrong = lines.find((_, index) => pairs[index] === null);
  const headers = pairs.flatMap((pair) => {
    const [, name = '', value = ''] = pair ?? [];
    return pair === null || name.toLowerCase() === 'authorization' ? [] : [[name, value] as const];
  });
  return {
    headers: Object.fromEntries(headers),
    wrong: wrong === undefined ? undefined : display(wrong, 60),
  };
}

/** Whether the address can be sent: a path on this service, nowhere else. */
export const isAddress = (address: string): boolean => /^\s*\/(?![/\\])/.test(address);

/** The request to send, show and copy. */
export function describeRequest({ method, address, body, headers }: Typed): RequestDescription {
  return {
    method,
    path: sendableAddress(address),
    headers: readHeaders(headers).headers,
    ...(takesBody(method) && body.trim() !== '' ? { body } : {}),
  };
}

/** A request somebody ran. */
export interface Entry extends Typed {
  readonly id: string;
  readonly at: string;
  readonly status: number;
}

const entriesMax = 60;
const keptMs = 30 * 24 * 60 * 60 * 1000;
/** All entries together; a browser gives a page about five million. */
const charactersMax = 500_000;

/** One list for each person: what one ran is not the next one's business. */
const keyOf = (person: string): string => `casp.query.${person}`;

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' &&
  value !== null &&
  ['id', 'at', 'method', 'address', 'body', 'headers'].every(
    (name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'string',
  ) &&
  typeof (value as Readonly<Record<string, unknown>>).status === 'number';

/** The history, newest first, without what is older than 30 days; `now` in milliseconds. */
export function readHistory(
  storage: Pick<TextStorage, 'getItem'>,
  person: string,
  now: number,
): readonly Entry[] {
  let stored: unknown;
  try {
    stored = JSON.parse(storage.getItem(keyOf(person)) ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored
    .filter(isEntry)
    .map((entry) => ({ ...entry, method: methodOf(entry.method) }))
    .filter(({ at }) => now - new Date(at).getTime() < keptMs);
}

/** Lines that hold a secret are not kept. */
const withoutSecrets = (headers: string): string =>
  headers
    .split('\n')
    .filter((line) => !/^\s*(?:authorization|cookie|proxy-authorization)\s*:/i.test(line))
    .join('\n');

/** The history with one more; the same request run again moves to the front. */
export function addToHistory(history: readonly Entry[], entry: Entry): readonly Entry[] {
  const kept = { ...entry, headers: withoutSecrets(entry.headers) };
  const same = ({ method, address, body, headers }: Entry) =>
    method === kept.method && address === kept.address && body === kept.body && headers === kept.headers;
  const all = [kept, ...history.filter((each) => !same(each))].slice(0, entriesMax);
  let characters = 0;
  return all.filter(({ address, body, headers }) => {
    const size = address.length + body.length + headers.length;
    if (characters + size > charactersMax) return false;
    characters += size;
    return true;
  });
}

/** Keeps the history; a browser that refuses keeps none. */
export function writeHistory(
  storage: Pick<TextStorage, 'setItem' | 'removeItem'>,
  person: string,
  history: readonly Entry[],
): void {
  try {
    if (history.length === 0) storage.removeItem(keyOf(person));
    else storage.setItem(keyOf(person), JSON.stringify(history));
  } catch {
    // Full or forbidden: the history is a convenience.
  }
}
