/** Progress of long work on standard error: a bar on a terminal, else a line now and then. */
import { SingleBar } from 'cli-progress';
import type { CommandContext } from './context.ts';

/** Shows how far work has come. */
export interface Progress {
  update(done: number, total: number): void;
  /** Ends the display; `last` is what is left to read. */
  end(last?: string): void;
}

/** Without a terminal, a line at most this often. */
const lineIntervalMs = 10_000;

/** Begins to show work by this name. */
export function createProgress(name: string, context: CommandContext): Progress {
  return context.terminal === undefined
    ? createLines(name, context)
    : createBar(name, context.terminal, context);
}

function createBar(name: string, stream: NodeJS.WriteStream, context: CommandContext): Progress {
  const bar = new SingleBar({
    format: `${name} {bar} {percentage}% | {value} of {total} rows | {rate}/s | {eta_formatted} left`,
    stream,
    hideCursor: true,
    etaBuffer: 50,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
  const startedMs = context.now().getTime();
  let started = false;
  return {
    update(done, total) {
      const seconds = Math.max(0.001, (context.now().getTime() - startedMs) / 1000);
      const payload = { rate: Math.round(done / seconds) };
      if (!started) bar.start(total, done, payload);
      else {
        bar.setTotal(total);
        bar.update(done, payload);
      }
      started = true;
    },
    end(last) {
      if (started) bar.stop();
      if (last !== undefined) context.writeError(`${last}\n`);
    },
  };
}

function createLines(name: string, context: CommandContext): Progress {
  const startedMs = context.now().getTime();
  let shownMs = startedMs;
  return {
    update(done, total) {
      const nowMs = context.now().getTime();
      if (nowMs - shownMs < lineIntervalMs) return;
      shownMs = nowMs;
      const rate = Math.max(1, Math.round(done / ((nowMs - startedMs) / 1000)));
      const leftS = Math.ceil((total - done) / rate);
      context.writeError(`${name}: ${done} of ${total} rows, ${rate}/s, ${leftS} s left\n`);
    },
    end(last) {
      if (last !== undefined) context.writeError(`${last}\n`);
    },
  };
}
