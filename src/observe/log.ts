/** Observations as JSON lines: who asked what and how it went; never a token, a query, a body or a client's text. */
import { destination as openDestination, pino } from 'pino';
import type { Observation, Observe } from './observation.ts';

/** How much is written; each level includes those after it. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Where the lines go and which ones. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Default: standard error, buffered while the last write is under way. */
  readonly destination?: { write(line: string): void } | undefined;
  /** Now, in milliseconds since 1970; a parameter for the tests. */
  readonly now?: (() => number) | undefined;
}

/** Longer paths are cut: a line is to be read, not to be filled by a client. */
const pathCharactersMax = 512;

const tokenPattern = /\beyJ[\w-]+(\.[\w-]*)*|\bBearer\s+\S+/gi;

/** Text of our own faults, without anything that looks like a token. */
const scrub = (text: string) => text.replace(tokenPattern, '[token]');

const cut = (path: string) =>
  path.length > pathCharactersMax ? `${path.slice(0, pathCharactersMax)}…` : path;

/** An expected failure as `errors.ts` makes it; told by shape because this folder imports nothing. */
interface ExpectedFailure extends Error {
  readonly code: string;
  readonly status: number;
}

function isExpected(error: unknown): error is ExpectedFailure {
  return error instanceof Error && error.name === 'ServiceError' && 'code' in error && 'status' in error;
}

/** Stack and causes of a fault; what is not an Error shows its type only, because it may be anything. */
function describeFault(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: `thrown ${typeof error}` };
  const causes =
    error.cause === undefined || depth === 3 ? {} : { cause: describeFault(error.cause, depth + 1) };
  return { error: scrub(error.message), stack: scrub(error.stack ?? ''), ...causes };
}

interface Line {
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

function describeFailure(requestId: string, error: unknown): Line {
  if (!isExpected(error)) {
    return {
      level: 'error',
      message: 'request failed',
      fields: { request_id: requestId, ...describeFault(error) },
    };
  }
  const fields = { request_id: requestId, code: error.code, status: error.status };
  // The message of a refusal quotes what the client sent: it stays out.
  // 501 is a refusal too: the client asked for what is not built.
  if (error.status < 500 || error.status === 501)
    return { level: 'info', message: 'request refused', fields };
  const cause = error.cause === undefined ? {} : { cause: describeFault(error.cause) };
  return { level: 'error', message: 'request failed', fields: { ...fields, ...cause } };
}

const roundMs = (durationMs: number) => Math.round(durationMs * 1000) / 1000;

type Completed = Extract<Observation, { readonly kind: 'requestCompleted' }>;

/** The line the library would write, at a quarter of its price: this one comes with every request. */
function writeCompleted(
  { requestId, clientRequestId, method, path, status, durationMs }: Completed,
  time: string,
): string {
  const ids = `"request_id":${JSON.stringify(requestId)},"client_request_id":${JSON.stringify(clientRequestId)}`;
  const asked = `"method":${JSON.stringify(method)},"path":${JSON.stringify(cut(path))}`;
  const answered = `"status":${status},"dur_ms":${roundMs(durationMs)}`;
  return `{"level":"info"${time},${ids},${asked},${answered},"msg":"request"}\n`;
}

function describe(observation: Exclude<Observation, Completed>): Line {
  switch (observation.kind) {
    case 'serverListening':
      return { level: 'info', message: 'listening', fields: { url: observation.url } };
    case 'serverStopping':
      return { level: 'info', message: 'stopping', fields: { reason: observation.reason } };
    case 'requestAborted': {
      const { requestId, clientRequestId, method, path, durationMs } = observation;
      const ids = { request_id: requestId, client_request_id: clientRequestId };
      const fields = { ...ids, method, path: cut(path), dur_ms: roundMs(durationMs) };
      return { level: 'info', message: 'request aborted', fields };
    }
    case 'requestFailed':
      return describeFailure(observation.requestId, observation.error);
    case 'connectionRefused': {
      const { requestId, status, code } = observation;
      return {
        level: 'info',
        message: 'connection refused',
        fields: { request_id: requestId, status, code },
      };
    }
    case 'transactionRetried':
      return {
        level: 'warn',
        message: 'transaction retried',
        fields: { attempt: observation.attempt, reason: observation.reason },
      };
    case 'issuerKeysFetched':
      return {
        level: 'info',
        message: 'issuer keys fetched',
        fields: { issuer: observation.issuer, keys: observation.keys },
      };
    case 'issuerKeysFailed':
      return {
        level: 'warn',
        message: 'issuer keys failed',
        fields: { issuer: observation.issuer, ...describeFault(observation.error) },
      };
    case 'databaseAwaited':
      return {
        level: 'error',
        message: 'waiting for the database',
        fields: describeFault(observation.error),
      };
    case 'checkpointFailed':
      return { level: 'error', message: 'checkpoint failed', fields: describeFault(observation.error) };
  }
}

/** Creates a reader of observations that writes one JSON line for each: `time level msg request_id …`. */
export function createLog({ level, destination, now = Date.now }: LogOptions): Observe {
  const output = destination ?? openDestination({ dest: 2, sync: false });
  const timestamp = () => `,"time":"${new Date(now()).toISOString()}"`;
  const logger = pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  // Known once: most observations are requests, and most services log none of them.
  const logsRequests = logger.isLevelEnabled('info');
  return (observation) => {
    if (observation.kind === 'requestCompleted') {
      if (logsRequests) output.write(writeCompleted(observation, timestamp()));
      return;
    }
    const line = describe(observation);
    logger[line.level](line.fields, line.message);
  };
}
