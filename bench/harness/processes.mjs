/** Child processes of the bench: started on a core of their own, stopped by their own handle. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

/** Servers run on the first core, the load generator on the second, so that neither takes the other's time. */
export const cores = { server: 0, load: 1 };

/** Whether processes can be bound to a core here: needs `taskset` (Linux) and two cores. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

const stopTimeoutMs = 20_000;

/** Starts Node with `parameters` on `core`, or on any core when there is none given. */
export function startNode(parameters, { core, ...options }) {
  const command =
    canPin && core !== undefined ? ['taskset', '-c', String(core), process.execPath] : [process.execPath];
  return spawn(command[0], [...command.slice(1), ...parameters], options);
}

/** Starts one of the bench's own modules and resolves with it and its first message. */
export async function startModule(path, parameters, core) {
  const child = startNode([path, ...parameters], { core, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const message = await firstMessage(child, path);
  return { child, message };
}

/** The first message of a child; throws when it ends without one. */
export async function firstMessage(child, name) {
  const abort = new AbortController();
  const ended = once(child, 'exit', { signal: abort.signal }).then(([code, signal]) => {
    throw new Error(`${name} ended with ${signal ?? `exit code ${code}`}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: abort.signal }), ended]);
    return message;
  } finally {
    abort.abort();
    ended.catch(() => undefined);
  }
}

/** Lets a process and its threads run on these cores from now on, where that can be said at all. */
export function pin(processId, ...allowed) {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', allowed.join(','), String(processId)]);
}

/** Ends a child the polite way, and after a while the other way. */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}
