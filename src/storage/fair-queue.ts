/** First come, first served within a key; the keys take turns. */
export interface FairQueue<T> {
  readonly size: number;
  add(key: string, item: T): void;
  /** The next item; undefined when there is none. */
  take(): T | undefined;
  /** Takes an item out of the line; false when it is not in it. */
  remove(key: string, item: T): boolean;
}

/** Creates an empty queue. */
export function createFairQueue<T>(): FairQueue<T> {
  // A map keeps the order of insertion: its first key has waited longest for its turn.
  const lines = new Map<string, T[]>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(key, item) {
      const line = lines.get(key);
      if (line === undefined) lines.set(key, [item]);
      else line.push(item);
      size += 1;
    },
    take() {
      const [first] = lines;
      if (first === undefined) return undefined;
      const [key, line] = first;
      const item = line.shift();
      lines.delete(key);
      if (line.length > 0) lines.set(key, line);
      size -= 1;
      return item;
    },
    remove(key, item) {
      const line = lines.get(key);
      const place = line?.indexOf(item) ?? -1;
      if (line === undefined || place < 0) return false;
      line.splice(place, 1);
      if (line.length === 0) lines.delete(key);
      size -= 1;
      return true;
    },
  };
}
