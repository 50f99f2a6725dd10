/** A hand-written client for multipart/mixed batches: writes them byte by byte and reads answers strictly. */
import { expect } from 'vitest';
import { guid } from './conformance.ts';
import type { Answer, Ask } from './exchange.ts';

/** One request of a batch. */
export interface MimeRequest {
  readonly contentId?: string;
  /** `GET security/cloudAppSecurityProfiles HTTP/1.1` */
  readonly line: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request, or a change set. */
export type MimePart = MimeRequest | readonly MimeRequest[];

/** One answer inside a batch. */
export interface MimeAnswer {
  /** Headers of the MIME part, names in lower case. */
  readonly mime: Readonly<Record<string, string>>;
  /** `HTTP/1.1 200 OK` */
  readonly line: string;
  /** Headers of the answer, names as they came. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const batchBoundary = 'batch_36522ad7-fc75-4b56-8c71-56071383e77b';
const changeSetBoundary = 'changeset_77162fcd-b8da-41ac-a9f8-9357efbbd621';

/** A part of a batch, without the line break before the next boundary. */
export function writeRequest({ contentId, line, headers = {}, body = '' }: MimeRequest): string {
  const id = contentId === undefined ? '' : `Content-ID: ${contentId}\r\n`;
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n${id}\r\n`;
  return `${head}${line}\r\n${fields.join('')}\r\n${body}`;
}

/** Parts between boundaries. */
export const joinParts = (parts: readonly string[], boundary: string): string =>
  `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;

/** A whole body. */
export function writeBatch(parts: readonly MimePart[]): string {
  const written = parts.map((part, index) => {
    if (!isChangeSet(part)) return writeRequest(part);
    const boundary = `${changeSetBoundary}_${index}`;
    return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${joinParts(part.map(writeRequest), boundary)}`;
  });
  return joinParts(written, batchBoundary);
}

const isChangeSet = (part: MimePart): part is readonly MimeRequest[] => Array.isArray(part);

/** The request that sends a body. */
export const askMultipart = (body: string, more: Partial<Ask> = {}): Ask => ({
  method: 'POST',
  path: '/v1.0/$batch',
  body,
  ...more,
  headers: { 'content-type': `multipart/mixed; boundary=${batchBoundary}`, ...more.headers },
});

/** The answers of a batch, change sets as lists; every line break and boundary is checked. */
export function readBatch(answer: Answer): readonly (MimeAnswer | readonly MimeAnswer[])[] {
  if (answer.status !== 200) throw new Error(`the envelope was refused: ${answer.status} ${answer.text}`);
  expect(answer.headers).toMatchObject({ 'odata-version': '4.0', 'request-id': guid });
  return splitParts(answer.text, boundaryOf(answer.headers['content-type'])).map((part) => {
    const { fields, rest } = readHead(part);
    const mime = lowerCased(fields);
    if (!(mime['content-type'] ?? '').startsWith('multipart/mixed')) return readAnswer(part);
    expect(Object.keys(mime)).toEqual(['content-type']);
    return splitParts(rest, boundaryOf(mime['content-type'])).map(readAnswer);
  });
}

function boundaryOf(type: string | undefined): string {
  const [, boundary] = /^multipart\/mixed; ?boundary=([\w-]{1,70})$/.exec(type ?? '') ?? [];
  if (boundary === undefined) throw new Error(`no boundary in ${type}`);
  return boundary;
}

/** What stands between delimiters; nothing before the first and nothing after the last. */
function splitParts(text: string, boundary: string): readonly string[] {
  const open = `--${boundary}\r\n`;
  const close = `\r\n--${boundary}--\r\n`;
  expect(text.startsWith(open), `begins with its delimiter: ${text.slice(0, 80)}`).toBe(true);
  expect(text.endsWith(close), 'ends with its closing delimiter').toBe(true);
  return text.slice(open.length, -close.length).split(`\r\n${open}`);
}

function readHead(text: string): { start: string; fields: Record<string, string>; rest: string } {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no empty line after the head: ${text}`);
  const lines = text.slice(0, end).split('\r\n');
  const start = /^[\w-]+:/.test(lines[0] ?? '') ? '' : (lines.shift() ?? '');
  const fields = lines.map((line) => {
    const [, name, value] = /^([\w-]+): (.+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no header: ${line}`);
    return [name, value] as const;
  });
  return { start, fields: Object.fromEntries(fields), rest: text.slice(end + 4) };
}

const lowerCased = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));

function readAnswer(part: string): MimeAnswer {
  const outer = readHead(part);
  const mime = lowerCased(outer.fields);
  expect(mime).toMatchObject({ 'content-type': 'application/http', 'content-transfer-encoding': 'binary' });
  const { start, fields, rest } = readHead(outer.rest);
  if (fields['Content-Length'] !== undefined) {
    expect(Buffer.byteLength(rest)).toBe(Number(fields['Content-Length']));
  }
  return { mime, line: start, headers: fields, body: rest };
}

/** The status in the first line of an answer. */
export const statusOf = ({ line }: MimeAnswer): number => Number(line.split(' ')[1]);

/** The one answer a batch has at a place, which must be no change set. */
export function single(answers: ReturnType<typeof readBatch>, index: number): MimeAnswer {
  const found = answers[index];
  if (found === undefined || Array.isArray(found)) throw new Error(`no single answer at ${index}`);
  return found as MimeAnswer;
}

/** The answers of a change set. */
export function changeSet(answers: ReturnType<typeof readBatch>, index: number): readonly MimeAnswer[] {
  const found = answers[index];
  if (!Array.isArray(found)) throw new Error(`no change set at ${index}`);
  return found as readonly MimeAnswer[];
}
