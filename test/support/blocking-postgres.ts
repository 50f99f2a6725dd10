/** PostgreSQL asked without awaiting, as better-sqlite3 asks SQLite: a thread asks, this one sleeps meanwhile. */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';

export interface BlockingConnection {
  /** Rows by column name; 64-bit integers as text. */
  ask(text: string, parameters?: readonly unknown[]): readonly Readonly<Record<string, string | null>>[];
  close(): void;
}

/** Runs in the thread. */
const program = `
import { workerData } from 'node:worker_threads';
import pg from 'pg';
const { url, port, signal } = workerData;
const client = new pg.Client({ connectionString: url });
// What ends the connection also rejects the question.
client.on('error', () => {});
const connected = client.connect();
port.on('message', async ({ text, parameters }) => {
  const answer = await connected
    .then(() => client.query(text, parameters))
    .then(({ rows }) => ({ rows }), (error) => ({ message: String(error) }));
  port.postMessage(answer);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
});
`;

const patienceMs = 20_000;

/** Opens a connection of its own. */
export function openBlockingConnection(url: string): BlockingConnection {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const code = new URL(`data:text/javascript,${encodeURIComponent(resolved)}`);
  const worker = new Worker(code, { workerData: { url, port: port2, signal }, transferList: [port2] });
  worker.unref();
  port1.unref();
  return {
    ask(text, parameters = []) {
      const before = Atomics.load(signal, 0);
      port1.postMessage({ text, parameters });
      if (Atomics.wait(signal, 0, before, patienceMs) === 'timed-out') throw new Error(`no answer: ${text}`);
      const answer = receiveMessageOnPort(port1)?.message as { rows?: []; message?: string } | undefined;
      if (answer?.rows === undefined) throw new Error(answer?.message ?? `no answer: ${text}`);
      return answer.rows;
    },
    close() {
      void worker.terminate();
    },
  };
}

/** A module made of text has no folder to look for packages in. */
const resolved = program.replace("'pg'", JSON.stringify(import.meta.resolve('pg')));
