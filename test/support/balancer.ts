/** A plain TCP balancer: each connection goes to a server drawn at random, from a seed that is printed. */
import { connect, createServer, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  /** Connections each target has had. */
  readonly counts: () => readonly number[];
  close(): Promise<void>;
}

/** Spreads over ports of 127.0.0.1; `CASP_SEED` draws the same again, as far as connections come in the same order. */
export async function startBalancer(targetPorts: readonly number[], port = 0): Promise<Balancer> {
  const seed = Number(process.env.CASP_SEED ?? Date.now() % 1_000_000);
  console.log(`balancer over ${targetPorts.length} servers, CASP_SEED=${seed}`);
  const random = createRandom(seed);
  const counts = targetPorts.map(() => 0);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const chosen = Math.floor(random() * targetPorts.length);
    counts[chosen] = (counts[chosen] ?? 0) + 1;
    const target = connect(targetPorts[chosen] ?? 0, '127.0.0.1');
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.end();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    counts: () => counts,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Numbers from 0 to below 1 (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
