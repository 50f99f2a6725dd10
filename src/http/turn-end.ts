/** Answers of one turn of the event loop, written together. */

/** Answers that wait for one another at most. */
export const answersTogetherMax = 32;

/**
 * Makes a place to wait until the present turn of the event loop ends, so that the answers to all requests of one turn
 * are written one after the other: a client that sleeps is woken once, not for each of them, which costs as much as a
 * small answer. Whoever makes it too many releases all.
 *
 * @param afterTurn calls back when the turn ends: `setImmediate`. What waits is called in its order and must not throw.
 */
export function createTurnEnd(
  afterTurn: (callback: () => void) => void,
): (continueAfterTurn: () => void) => void {
  let waiting: (() => void)[] = [];
  const release = () => {
    const released = waiting;
    waiting = [];
    for (const continueAfterTurn of released) continueAfterTurn();
  };
  return (continueAfterTurn) => {
    waiting.push(continueAfterTurn);
    if (waiting.length === answersTogetherMax) release();
    else if (waiting.length === 1) afterTurn(release);
  };
}
