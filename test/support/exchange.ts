/** One HTTP request exactly as written and its whole answer: no client library between the test and the wire. */
import { randomUUID } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { testInstances } from './test-engine.ts';

/** A request; what is left out is as an ordinary client would send it. */
export interface Ask {
  /** Default GET, or PATCH with a body. */
  readonly method?: string;
  /** Sent as it is: neither encoded nor normalised. */
  readonly path: string;
  /** Bearer token; undefined sends no Authorization. */
  readonly token?: string | undefined;
  /** Added to the usual ones; undefined takes a usual one away. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Text and bytes go as they are, anything else as JSON; with a body comes Content-Type: application/json. */
  readonly body?: unknown;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The text read as JSON; undefined where it is none. */
  readonly body: unknown;
  /** The client-request-id that was sent. */
  readonly clientRequestId: string | undefined;
}

export type Send = (ask: Ask) => Promise<Answer>;

/** Sends to one server over kept-alive connections, so many at most. */
export function createExchange(baseUrl: string, connections = 16): { readonly send: Send; close(): void } {
  const { hostname, port } = new URL(baseUrl);
  // Several servers behind one address: no connection is used twice, so that requests are spread over all.
  const unspread = testInstances === 1 ? {} : { maxFreeSockets: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ...unspread });
  const send: Send = (ask) =>
    new Promise((resolve, reject) => {
      const content = contentOf(ask.body);
      const headers = headersOf(ask, content);
      const method = ask.method ?? (content === undefined ? 'GET' : 'PATCH');
      const outgoing = request({ agent, hostname, port, method, path: ask.path, headers }, (incoming) => {
        readAnswer(incoming, headers['client-request-id']).then(resolve, reject);
      });
      outgoing.on('error', reject);
      outgoing.end(content);
    });
  return { send, close: () => agent.destroy() };
}

function contentOf(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function headersOf(ask: Ask, content: string | Uint8Array | undefined): Record<string, string | string[]> {
  const usual: Record<string, string | readonly string[] | undefined> = {
    'client-request-id': randomUUID(),
    authorization: ask.token === undefined ? undefined : `Bearer ${ask.token}`,
    'content-type': content === undefined ? undefined : 'application/json',
    'content-length': content === undefined ? undefined : String(Buffer.byteLength(content)),
  };
  for (const [name, value] of Object.entries(ask.headers ?? {})) usual[name.toLowerCase()] = value;
  const present = Object.entries(usual).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : [...value]] as const],
  );
  return Object.fromEntries(present);
}

async function readAnswer(incoming: IncomingMessage, sentId: string | string[] | undefined): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const),
  );
  return answerOf(incoming.statusCode ?? 0, headers, Buffer.concat(chunks), sentId);
}

function answerOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
  sentId: string | string[] | undefined,
): Answer {
  const text = bytes.toString('utf8');
  const clientRequestId = typeof sentId === 'string' ? sentId : undefined;
  return { status, headers, bytes, text, body: readJson(text), clientRequestId };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes raw bytes to the server's port and reads one answer, for requests no HTTP client would send. */
export function sendRaw(baseUrl: string, text: string): Promise<Answer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text, 'latin1'));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const answer = readRawAnswer(Buffer.concat(chunks));
      if (answer === undefined) return;
      socket.destroy();
      resolve(answer);
    });
    socket.on('end', () => reject(new Error(`half an answer: ${Buffer.concat(chunks).toString('latin1')}`)));
    socket.on('error', reject);
  });
}

/** The answer in these bytes; undefined until its head and Content-Length bytes are there. */
function readRawAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const content = bytes.subarray(end + 4);
  if (content.length < Number(headers['content-length'] ?? 0)) return undefined;
  return answerOf(Number(statusLine.split(' ')[1]), headers, Buffer.from(content), undefined);
}
