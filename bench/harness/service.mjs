/** The service under test: the built casp, started from its command line like anybody's. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { distFolder } from './dist.mjs';
import { cores, startNode, stop } from './processes.mjs';
import { collectionPath, profileBodies } from './profiles.mjs';

const entryPoint = `${distFolder}/cli/main.js`;
const readyTimeoutMs = 30_000;
const readyPollMs = 5;
const writersMax = 32;
const pageSize = 1000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The service refuses options it does not know, such as the bench's own. */
const { CASP_DIST: _, ...environment } = process.env;

/** A bearer token for the local issuer whose key lies in the data folder. */
async function readToken(dataFolder) {
  const parameters = [entryPoint, 'token', '--role', 'engineer', '--data', dataFolder];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { env: environment });
  return stdout.trim();
}

async function waitUntilReady(url, child, output) {
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}:\n${output()}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await answer?.body?.cancel();
    await wait(readyPollMs);
  }
  throw new Error(`the service was not ready after ${readyTimeoutMs} ms:\n${output()}`);
}

/** The body of an answer as JSON; any answer but 2xx ends the bench with its body shown. */
async function request(target, path, { method = 'GET', body } = {}) {
  const headers = { authorization: `Bearer ${target.token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const url = path.startsWith('http') ? path : `${target.url}${path}`;
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}:\n${text}`);
  return JSON.parse(text);
}

/** Creates `count` rows through POST, some at a time. */
async function fill(target, count, seed) {
  const bodies = profileBodies(count, seed);
  const writer = async () => {
    for (const body of bodies) await request(target, collectionPath, { method: 'POST', body });
  };
  await Promise.all(Array.from({ length: writersMax }, writer));
}

/** Every row as the service shows it, annotations of the answer itself left out. */
async function readAll(target) {
  const rows = [];
  let path = `${collectionPath}?$top=${pageSize}`;
  for (let page = 0; path !== undefined; page += 1) {
    const answer = await request(target, path);
    rows.push(...answer.value);
    path = answer['@odata.nextLink'];
    if (page > rows.length) throw new Error('nextLink goes on without rows');
  }
  return rows;
}

/**
 * Starts the service on a data folder, empty or filled.
 * Resolves with the target (name, url, token), the id of its process and a function that stops it.
 */
export async function launchService({ fixture, dataFolder, profileFolder }) {
  mkdirSync(dataFolder, { recursive: true });
  const ports = ['--http-port', await freePort(), '--https-port', await freePort()];
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const serve = ['serve', '--dev', '--no-sample', '--data', dataFolder, ...ports.map(String)];
  const program = fixture.program === undefined ? entryPoint : `${distFolder}/${fixture.program}`;
  const parameters = [...profiling, program, ...serve, ...(fixture.serviceArguments ?? [])];
  const launchedMs = performance.now();
  const child = startNode(parameters, {
    core: cores.server,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, ...fixture.environment },
  });
  const output = collectOutput(child);
  try {
    const url = `http://127.0.0.1:${ports[1]}`;
    await waitUntilReady(url, child, output);
    const startMs = performance.now() - launchedMs;
    const target = { name: 'service', url, token: await readToken(dataFolder) };
    return { target, startMs, processId: child.pid, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** Starts the service on an empty folder and creates `fixture.rows` rows; resolves with them besides. */
export async function startService({ fixture, dataFolder, seed, profileFolder }) {
  const service = await launchService({ fixture, dataFolder, profileFolder });
  try {
    await fill(service.target, fixture.rows, seed);
    return { ...service, rows: await readAll(service.target) };
  } catch (error) {
    await service.stop();
    throw error;
  }
}

/** Keeps the last of what a child says, for the message when it fails. */
function collectOutput(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-4000);
    });
  }
  return () => text;
}
