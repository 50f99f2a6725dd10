/** Answers whose clients do not take them at once: each gets time by its size, all together get some memory. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The bounds of `limits.ts` for answers that wait for their readers. */
export interface SlowAnswerLimits {
  /** A reader that takes nothing gets this long whatever the size. */
  readonly socketTimeoutMs: number;
  readonly answerBytesUnderWayMax: number;
  readonly answerBytesPerSecondMin: number;
}

/** The answers under way of one listener. */
export interface SlowAnswers {
  /** Counts what a finished answer still has to send; cuts the connection that takes too long over it. */
  watch(reply: ServerResponse, socket: Socket): void;
}

interface Waiting {
  readonly bytes: number;
  cut(): void;
}

/** Creates the watch; a client that reads drop by drop is cut, and so is the oldest when memory runs out. */
export function createSlowAnswers(limits: SlowAnswerLimits): SlowAnswers {
  /** In the order of their arrival, the oldest first. */
  const waiting = new Set<Waiting>();
  let bytesUnderWay = 0;

  function makeRoom(): void {
    for (const oldest of waiting) {
      if (bytesUnderWay <= limits.answerBytesUnderWayMax) return;
      // The latest may yet be quick; a single answer is never larger than all the room.
      if (waiting.size > 1) oldest.cut();
    }
  }

  return {
    watch(reply, socket) {
      const bytes = reply.writableLength;
      const timeMs = limits.socketTimeoutMs + (bytes / limits.answerBytesPerSecondMin) * 1000;
      const answer: Waiting = {
        bytes,
        cut() {
          end();
          socket.destroy();
        },
      };
      const end = () => {
        clearTimeout(deadline);
        if (waiting.delete(answer)) bytesUnderWay -= bytes;
      };
      const deadline = setTimeout(answer.cut, timeMs);
      waiting.add(answer);
      bytesUnderWay += bytes;
      reply.once('close', end);
      makeRoom();
    },
  };
}
