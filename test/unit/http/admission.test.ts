import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../../src/errors.ts';
import { createAdmission } from '../../../src/http/admission.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/message.ts';

const limits = {
  turnBudgetMs: 100,
  overloadTurnsMin: 3,
  overloadAfterMs: 500,
  overloadCalmMs: 1000,
  requestsUnderWayMax: 1000,
  endlessTurnUnderWayMax: 2,
};
const done: HttpResponse = { status: 204, headers: {}, body: undefined };

/** An event loop whose turns end when the test says so, under a clock that stands still. */
function createLoop(given: Partial<typeof limits> = {}) {
  let nowMs = 0;
  let callbacks: (() => void)[] = [];
  const admit = createAdmission({
    nowMs: () => nowMs,
    afterTurn: (callback) => callbacks.push(callback),
    limits: { ...limits, ...given },
  });
  const handle = admit(async () => done);
  const ask = async () => {
    try {
      return (await handle({} as HttpRequest)).status;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return `${error.status} ${error.code} ${error.headers['Retry-After']}`;
    }
  };
  return {
    admit,
    ask,
    pass: (ms: number) => {
      nowMs += ms;
    },
    endTurn() {
      const due = callbacks;
      callbacks = [];
      for (const callback of due) callback();
    },
    isWatched: () => callbacks.length > 0,
  };
}

/** Turns that each take so long, with a request at the start of each. */
async function turns(loop: ReturnType<typeof createLoop>, count: number, ms: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await loop.ask();
    loop.pass(ms);
    loop.endTurn();
  }
}

const refused = '503 serverOverloaded 1';

describe('admission', () => {
  it('lets everything pass while turns are short, however many there are', async () => {
    const loop = createLoop();
    await turns(loop, 100, 100);
    loop.pass(101);
    expect(await loop.ask()).toBe(204);
  });

  it('refuses what comes late in a turn once turns have been long for long enough', async () => {
    const loop = createLoop();
    await turns(loop, 5, 101);
    loop.pass(100);
    expect(await loop.ask()).toBe(204);
    loop.pass(1);
    expect(await loop.ask()).toBe(refused);
  });

  it('takes neither one long pause nor a few long turns for an overload', async () => {
    const pause = createLoop();
    await turns(pause, 2, 60_000);
    pause.pass(60_000);
    expect(await pause.ask()).toBe(204);
    const few = createLoop();
    await turns(few, 4, 125);
    few.pass(101);
    expect(await few.ask()).toBe(204);
  });

  it('begins anew after a short turn', async () => {
    const loop = createLoop();
    await turns(loop, 4, 101);
    await turns(loop, 1, 100);
    await turns(loop, 4, 101);
    loop.pass(101);
    expect(await loop.ask()).toBe(204);
  });

  it('accepts what comes early in a turn during an overload, and all again when it is over', async () => {
    const loop = createLoop();
    await turns(loop, 5, 101);
    expect(await loop.ask()).toBe(204);
    await turns(loop, 1, 0);
    loop.pass(400);
    expect(await loop.ask()).toBe(refused);
    loop.endTurn();
    await turns(loop, 1, 0);
    loop.pass(1000);
    expect(await loop.ask()).toBe(204);
  });

  it('refuses in a turn that does not end while many are under way, and accepts when they are answered', async () => {
    const loop = createLoop();
    const finish: ((response: HttpResponse) => void)[] = [];
    const handle = loop.admit(() => new Promise((resolve) => finish.push(resolve)));
    const asked = [handle({} as HttpRequest), handle({} as HttpRequest)];
    for (let passedMs = 0; passedMs < 500; passedMs += 100) {
      loop.pass(100);
      expect(await loop.ask()).toBe(204);
    }
    loop.pass(1);
    expect(await loop.ask()).toBe(refused);
    finish[0]?.(done);
    await asked[0];
    expect(await loop.ask()).toBe(204);
    finish[1]?.(done);
    await asked[1];
  });

  it('watches turns only while somebody asks', async () => {
    const loop = createLoop();
    await loop.ask();
    loop.endTurn();
    expect(loop.isWatched()).toBe(true);
    loop.endTurn();
    expect(loop.isWatched()).toBe(false);
  });

  it('answers so many requests at once and not one more', async () => {
    const loop = createLoop({ requestsUnderWayMax: 2 });
    const finish: ((response: HttpResponse) => void)[] = [];
    const handle = loop.admit(() => new Promise((resolve) => finish.push(resolve)));
    const first = handle({} as HttpRequest);
    const second = handle({} as HttpRequest);
    expect(await loop.ask()).toBe(refused);
    finish[0]?.(done);
    await first;
    expect(await loop.ask()).toBe(204);
    finish[1]?.(done);
    await second;
  });

  it('counts a request that fails as answered', async () => {
    const loop = createLoop({ requestsUnderWayMax: 1 });
    const handle = loop.admit(() => Promise.reject(new Error('fault')));
    await expect(handle({} as HttpRequest)).rejects.toThrow('fault');
    expect(await loop.ask()).toBe(204);
  });
});
