import { describe, expect, it } from 'vitest';
import { answersTogetherMax, createTurnEnd } from '../../../src/http/turn-end.ts';

/** A turn that ends when told to. */
function createTurn() {
  const callbacks: (() => void)[] = [];
  const end = () => {
    for (const callback of callbacks.splice(0)) callback();
  };
  return { afterTurn: createTurnEnd((callback) => callbacks.push(callback)), asked: callbacks, end };
}

/** Lets `count` answers wait, named by their numbers, and returns those that went on. */
function wait(afterTurn: ReturnType<typeof createTurn>['afterTurn'], count: number, done: number[] = []) {
  for (let number = 0; number < count; number += 1) afterTurn(() => done.push(number));
  return done;
}

describe('answers of one turn of the event loop', () => {
  it('wait for its end, and go on in their order', () => {
    const { afterTurn, end } = createTurn();
    const done = wait(afterTurn, 3);
    expect(done).toEqual([]);
    end();
    expect(done).toEqual([0, 1, 2]);
  });

  it('ask once for the end of a turn, however many they are', () => {
    const { afterTurn, asked } = createTurn();
    wait(afterTurn, answersTogetherMax - 1);
    expect(asked).toHaveLength(1);
  });

  it('wait for one another up to the bound, and no longer', () => {
    const { afterTurn } = createTurn();
    const done = wait(afterTurn, answersTogetherMax - 1);
    expect(done).toEqual([]);
    afterTurn(() => done.push(answersTogetherMax - 1));
    expect(done).toEqual(Array.from({ length: answersTogetherMax }, (_, index) => index));
  });

  it('beyond the bound wait again, and each goes on once', () => {
    const { afterTurn, end } = createTurn();
    const done = wait(afterTurn, answersTogetherMax + 2);
    expect(done).toHaveLength(answersTogetherMax);
    end();
    expect(done).toEqual(Array.from({ length: answersTogetherMax + 2 }, (_, index) => index));
    end();
    expect(done).toHaveLength(answersTogetherMax + 2);
  });

  it('of a later turn wait for their own', () => {
    const { afterTurn, end } = createTurn();
    const done: string[] = [];
    afterTurn(() => {
      done.push('first');
      afterTurn(() => done.push('second'));
    });
    end();
    expect(done).toEqual(['first']);
    end();
    expect(done).toEqual(['first', 'second']);
  });

  it('go on after all that came in the turn, by setImmediate', async () => {
    const afterTurn = createTurnEnd(setImmediate);
    const order: string[] = [];
    const answered = new Promise<void>((resolve) => {
      afterTurn(() => {
        order.push('answer');
        resolve();
      });
    });
    queueMicrotask(() => order.push('microtask'));
    process.nextTick(() => order.push('tick'));
    await answered;
    expect(order.toSorted()).toEqual(['answer', 'microtask', 'tick']);
    expect(order.at(-1)).toBe('answer');
  });
});
