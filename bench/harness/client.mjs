/** One connection that asks one question after the other: for what a single client waits for. */
import { Agent, request as send } from 'node:http';
import { performance } from 'node:perf_hooks';
import { median } from './report.mjs';

/** A client of a target (`url`, and `token` where it wants one), with one connection of its own. */
export function createClient({ url, token }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };

  /** The answer and how long its last byte took; any answer but 2xx is thrown with its body. */
  function ask(path, { method = 'GET', headers = {}, body, signal } = {}) {
    const address = path.startsWith('http') ? path : url + path;
    return new Promise((resolve, reject) => {
      const startMs = performance.now();
      const options = { agent, method, headers: { ...authorization, ...headers }, signal };
      const request = send(address, options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const ms = performance.now() - startMs;
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode >= 200 && response.statusCode <= 299) resolve({ text, ms });
          else
            reject(new Error(`${method} ${path} answered ${response.statusCode}:\n${text.slice(0, 2000)}`));
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  return { ask, askJson: async (path) => JSON.parse((await ask(path)).text), close: () => agent.destroy() };
}

const warmUpRounds = 3;

/**
 * Median milliseconds of each ask, by name. They take turns, so that a slow moment hits all alike;
 * `asks` maps names to functions that resolve with `{ ms }`.
 */
export async function timeInTurns(asks, rounds) {
  const entries = Object.entries(asks);
  const times = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = -Math.min(warmUpRounds, rounds); round < rounds; round += 1) {
    for (const [name, ask] of entries) {
      const { ms } = await ask();
      if (round >= 0) times[name].push(ms);
    }
  }
  return Object.fromEntries(entries.map(([name]) => [name, median(times[name])]));
}
