/** A value that changes, and who wants to know: the shape React's useSyncExternalStore reads. */

/** A value with subscribers; `set` with the same value tells nobody. */
export interface Store<Value> {
  get(): Value;
  set(next: Value): void;
  update(change: (old: Value) => Value): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void;
}

/** Creates a store. */
export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  const set = (next: Value) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener();
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
