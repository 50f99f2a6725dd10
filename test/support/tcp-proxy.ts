/** A TCP proxy in front of a server, which can cut connections in the middle of something. */
import { connect as connectTcp, createServer, type Socket } from 'node:net';

/** Decides about bytes before they go on: `forward`, `cut` both sides instead, or `swallow` what the server answers and cut then. */
export type Judge = (chunk: Buffer) => 'forward' | 'cut' | 'swallow';

export interface TcpProxy {
  readonly port: number;
  /** Judges what clients send from now on; undefined forwards everything. */
  judge(judge: Judge | undefined): void;
  /** Refuses new connections and cuts those there are, or lets them in again. */
  block(blocked: boolean): void;
  /** Leads new connections to another port, and cuts those there are. */
  switchTo(port: number): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let current: Judge | undefined;
  let blocked = false;
  let port = targetPort;
  const server = createServer((client) => {
    if (blocked) {
      client.destroy();
      return;
    }
    const target = connectTcp(port, '127.0.0.1');
    let swallowing = false;
    const cut = () => {
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (chunk: Buffer) => {
      const verdict = current?.(chunk) ?? 'forward';
      if (verdict === 'cut') return cut();
      if (verdict === 'swallow') swallowing = true;
      target.write(chunk);
    });
    target.on('data', (chunk: Buffer) => {
      if (swallowing) cut();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    judge(judge) {
      current = judge;
    },
    block(value) {
      blocked = value;
      if (blocked) cutAll();
    },
    switchTo(next) {
      port = next;
      cutAll();
    },
    async close() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
