/** Requests at a rate that does not depend on the answers, as many clients that know nothing of each other send them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One request and what became of it. */
export interface Outcome {
  /** 0 where the connection broke. */
  readonly status: number;
  /** From the moment it was due to its complete answer. */
  readonly latencyMs: number;
  /** Milliseconds since the start of the load when it was due. */
  readonly dueMs: number;
  readonly retryAfter: string | undefined;
}

export interface LoadOptions {
  readonly port: number;
  /** The bytes of the next request. */
  readonly next: () => string;
  readonly durationMs: number;
  /** Requests a second; undefined sends on each connection as soon as the last answer is there. */
  readonly perSecond: number | undefined;
  /** Connections, all open before the first request; a request that finds none free waits, and its waiting counts. */
  readonly connections: number;
}

interface Pending {
  readonly dueMs: number;
  readonly bytes: string;
}

/** A connection that carries one request at a time. */
interface Carrier {
  send(request: Pending): void;
  readonly socket: Socket;
}

const headEnd = '\r\n\r\n';

/** Status and length of the answer these bytes begin with; undefined until its head is there. */
function readHead(text: string) {
  const end = text.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  const [, retryAfter] = /\r\nretry-after: (\S+)/i.exec(head) ?? [];
  const bytes = end + headEnd.length + Number(length);
  return {
    status: Number(head.slice(9, 12)),
    bytes,
    retryAfter,
    closes: /\r\nconnection: close/i.test(head),
  };
}

/** Sends the load and resolves once every request has its answer or its connection has ended. */
export async function runLoad({
  port,
  next,
  durationMs,
  perSecond,
  connections,
}: LoadOptions): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting: Pending[] = [];
  const free: Carrier[] = [];
  let startMs = performance.now();
  const elapsed = () => performance.now() - startMs;
  let open = 0;
  let due = 0;
  let underWay = 0;
  let finish: () => void = () => undefined;

  function createCarrier(): Carrier {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let current: Pending | undefined;
    let text = '';
    const settle = (status: number, retryAfter?: string) => {
      if (current === undefined) return;
      const { dueMs } = current;
      current = undefined;
      text = '';
      underWay -= 1;
      outcomes.push({ status, latencyMs: elapsed() - dueMs, dueMs, retryAfter });
    };
    const carrier: Carrier = {
      socket,
      send(request) {
        current = request;
        underWay += 1;
        socket.write(request.bytes);
      },
    };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const head = readHead(text);
      if (head === undefined || text.length < head.bytes) return;
      settle(head.status, head.retryAfter);
      if (head.closes) socket.destroy();
      else free.push(carrier);
      pump();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open -= 1;
      settle(0);
      const index = free.indexOf(carrier);
      if (index >= 0) free.splice(index, 1);
      pump();
    });
    open += 1;
    return carrier;
  }

  function plan(): void {
    if (elapsed() >= durationMs) return;
    if (perSecond === undefined) {
      while (waiting.length + underWay < connections) waiting.push({ dueMs: elapsed(), bytes: next() });
      return;
    }
    for (; due < (elapsed() / 1000) * perSecond; due += 1) {
      waiting.push({ dueMs: (due / perSecond) * 1000, bytes: next() });
    }
  }

  function pump(): void {
    plan();
    while (waiting.length > 0) {
      const carrier = free.pop() ?? (open < connections ? createCarrier() : undefined);
      const request = carrier === undefined ? undefined : waiting.shift();
      if (carrier === undefined || request === undefined) break;
      carrier.send(request);
    }
    if (elapsed() >= durationMs && waiting.length === 0 && underWay === 0) finish();
  }

  while (open < connections) {
    const group = Array.from({ length: Math.min(100, connections - open) }, createCarrier);
    await Promise.all(group.map(({ socket }) => once(socket, 'connect')));
    free.push(...group);
  }
  startMs = performance.now();
  const timer = setInterval(pump, 2);
  return new Promise<readonly Outcome[]>((resolve) => {
    finish = () => {
      clearInterval(timer);
      for (const { socket } of free.splice(0)) socket.destroy();
      resolve(outcomes);
    };
    pump();
  });
}
