/** The answers of a batch → one answer, in the format of its envelope (JSON Format 19.2, Protocol 11.7.7.5). */
import type { HttpResponse } from '../http/message.ts';

/** One part's answer under the id of its request. */
export interface PartAnswer {
  readonly id: string;
  /** Whether the client gave the id; one made here is not sent back. */
  readonly named: boolean;
  readonly response: HttpResponse;
  /** Multipart only: answers of one change set stand in a part of their own. */
  readonly atomicityGroup: string | undefined;
}

const jsonMediaType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';

/** `{"responses":[…]}` in the order of the requests. */
export function respondJsonBatch(answers: readonly PartAnswer[]): HttpResponse {
  return {
    status: 200,
    headers: { 'Content-Type': jsonMediaType, 'OData-Version': '4.0' },
    body: `{"responses":[${answers.map(writeJsonPart).join(',')}]}`,
  };
}

function writeJsonPart({ id, response }: PartAnswer): string {
  const { status, headers, body } = response;
  const start = `{"id":${JSON.stringify(id)},"status":${status},"headers":${JSON.stringify(headers)}`;
  if (body === undefined) return `${start}}`;
  return `${start},"body":${writeJsonBody(headers['Content-Type'] ?? '', body)}}`;
}

/** JSON inline, text as a string, all else base64url (JSON Format 19.1). */
function writeJsonBody(type: string, body: string | Uint8Array): string {
  if (/^application\/json\b/i.test(type))
    return typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  if (/^text\//i.test(type))
    return JSON.stringify(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  return JSON.stringify(Buffer.from(body).toString('base64url'));
}

/** multipart/mixed; `newBoundary` yields a text that occurs in no body. */
export function respondMultipartBatch(
  answers: readonly PartAnswer[],
  newBoundary: () => string,
): HttpResponse {
  const boundary = `batchresponse_${newBoundary()}`;
  const parts: string[] = [];
  for (let index = 0; index < answers.length; ) {
    const group = answers[index]?.atomicityGroup;
    const members = group === undefined ? answers.slice(index, index + 1) : takeGroup(answers, index, group);
    parts.push(
      group === undefined ? members.map(writeHttpPart).join('') : writeChangeSet(members, newBoundary()),
    );
    index += members.length;
  }
  return {
    status: 200,
    headers: { 'Content-Type': `multipart/mixed; boundary=${boundary}`, 'OData-Version': '4.0' },
    body: joinParts(parts, boundary),
  };
}

function takeGroup(answers: readonly PartAnswer[], start: number, group: string): readonly PartAnswer[] {
  const following = answers.slice(start).findIndex((answer) => answer.atomicityGroup !== group);
  return following < 0 ? answers.slice(start) : answers.slice(start, start + following);
}

/** A change set that failed answers with its one failure, outside any nested multipart (Protocol 11.7.7.5). */
function writeChangeSet(members: readonly PartAnswer[], boundaryText: string): string {
  const failed = members.find(({ response }) => response.status >= 400 && response.status !== 424);
  if (failed !== undefined) return writeHttpPart(failed);
  const boundary = `changesetresponse_${boundaryText}`;
  return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${joinParts(members.map(writeHttpPart), boundary)}`;
}

function joinParts(parts: readonly string[], boundary: string): string {
  return `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
}

function writeHttpPart({ id, named, response }: PartAnswer): string {
  const { status, headers, body } = response;
  const text = body === undefined ? '' : typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  const fields = {
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n${named ? `Content-ID: ${id}\r\n` : ''}\r\n` +
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Status'}\r\n${lines.join('')}\r\n${text}`
  );
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  424: 'Failed Dependency',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};
