/** What can only be built once the database answers: tried at the start, and again until it succeeds. */
import { ServiceError } from './errors.ts';

export interface StartupParts<Value> {
  readonly build: () => Promise<Value>;
  /** Whether waiting may help after this error. */
  readonly mayPass: (error: unknown) => boolean;
  readonly retryMs: number;
  /** Called when the start goes on without the value, and when the value is there at last. */
  readonly onDelayed: (error: unknown) => void;
  readonly onBuilt: (value: Value) => void;
}

export interface Startup<Value> {
  /** The first attempt: rejects with an error that waiting does not help against. */
  begin(): Promise<void>;
  /** The value; throws why there is none yet. */
  require(): Value;
  value(): Value | undefined;
  /** Makes no further attempts; resolves when the last one is over. */
  stop(): Promise<void>;
}

/** Creates a startup that has not begun. */
export function createStartup<Value>(parts: StartupParts<Value>): Startup<Value> {
  const { build, mayPass, retryMs, onDelayed, onBuilt } = parts;
  let built: { readonly value: Value } | undefined;
  let reason: unknown = new ServiceError('storageUnavailable', 'The service is starting.', {
    headers: { 'Retry-After': '1' },
  });
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function attempt(): Promise<void> {
    const value = await build();
    built = { value };
    onBuilt(value);
  }

  function tryAgainLater(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = attempt().catch((error: unknown) => {
        reason = error;
        tryAgainLater();
      });
    }, retryMs);
  }

  return {
    async begin() {
      try {
        await attempt();
      } catch (error) {
        if (!mayPass(error)) throw error;
        reason = error;
        onDelayed(error);
        tryAgainLater();
      }
    },
    require() {
      if (built === undefined) throw reason;
      return built.value;
    },
    value: () => built?.value,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
