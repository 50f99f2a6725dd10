import { describe, expect, it } from 'vitest';
import type { Session } from '../../../../src/storage/database.ts';
import { createWriteGroups, type Job, takeTogether } from '../../../../src/storage/postgres/write-groups.ts';

const jobOn = (row: string | undefined): Job => ({
  work: async () => row,
  row,
  resolve: () => {},
  reject: () => {},
});
const rowsOf = (jobs: readonly Job[]) => jobs.map(({ row }) => row);

describe('takeTogether', () => {
  it('orders those that lock by their rows, and takes makers last', () => {
    const { taken, left } = takeTogether(['c', undefined, 'a', 'b', undefined].map(jobOn), 10);
    expect(rowsOf(taken)).toEqual(['a', 'b', 'c', undefined, undefined]);
    expect(left).toEqual([]);
  });

  it('takes one for each row, and leaves the others in their order', () => {
    const { taken, left } = takeTogether(['b', 'a', 'b', 'a', 'b'].map(jobOn), 10);
    expect(rowsOf(taken)).toEqual(['a', 'b']);
    expect(rowsOf(left)).toEqual(['b', 'a', 'b']);
  });

  it('takes the limit and not one more', () => {
    const jobs = ['a', 'b', 'c', 'd'].map(jobOn);
    expect(rowsOf(takeTogether(jobs, 4).taken)).toHaveLength(4);
    expect(rowsOf(takeTogether(jobs, 3).left)).toEqual(['d']);
  });
});

/** Groups whose transactions end when the test says so. */
function openGroups(groupsMax = 1, patienceMs = 10_000) {
  const transactions: { readonly rows: readonly (string | undefined)[]; end(left?: readonly Job[]): void }[] =
    [];
  const session: Session = { run: async () => [] };
  const groups = createWriteGroups({
    together: (jobs) =>
      new Promise((resolve) => {
        transactions.push({
          rows: rowsOf(jobs),
          end(left = []) {
            for (const job of jobs) if (!left.includes(job)) job.work(session).then(job.resolve, job.reject);
            resolve(left);
          },
        });
      }),
    alone: (work) =>
      new Promise((resolve, reject) => {
        transactions.push({ rows: ['alone'], end: () => work(session).then(resolve, reject) });
      }),
    sizeMax: 10,
    groupsMax,
    patienceMs,
  });
  const write = (row: string, group = 'g') => groups.write(async () => `wrote ${row}`, { group, row });
  /** All that can begin has begun. */
  const turn = async () => {
    for (let count = 0; count < 3; count += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { transactions, write, turn };
}

describe('writes of one group', () => {
  it('of one turn share a transaction; later ones wait for it and share the next', async () => {
    const { transactions, write, turn } = openGroups();
    const first = [write('a'), write('b')];
    await turn();
    const second = [write('c'), write('a')];
    await turn();
    expect(transactions.map(({ rows }) => rows)).toEqual([['a', 'b']]);
    transactions[0]?.end();
    expect(await Promise.all(first)).toEqual(['wrote a', 'wrote b']);
    await expect
      .poll(() => transactions.map(({ rows }) => rows))
      .toEqual([
        ['a', 'b'],
        ['a', 'c'],
      ]);
    transactions[1]?.end();
    expect(await Promise.all(second)).toEqual(['wrote c', 'wrote a']);
  });

  it('run alone when nobody else waits, and beside those of other groups', async () => {
    const { transactions, write, turn } = openGroups();
    const works = [write('a', 'g'), write('b', 'h')];
    await turn();
    expect(transactions.map(({ rows }) => rows)).toEqual([['alone'], ['alone']]);
    for (const { end } of transactions) end();
    expect(await Promise.all(works)).toEqual(['wrote a', 'wrote b']);
  });

  it('start while others are under way, up to a number, but never with a row of theirs', async () => {
    const { transactions, write, turn } = openGroups(2);
    const works = [write('a'), write('b')];
    await turn();
    works.push(write('a'), write('c'), write('d'));
    await turn();
    works.push(write('e'), write('f'));
    await turn();
    expect(transactions.map(({ rows }) => rows)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    transactions[0]?.end();
    await Promise.all(works.slice(0, 2));
    await expect.poll(() => transactions[2]?.rows).toEqual(['a', 'e', 'f']);
    transactions[1]?.end();
    transactions[2]?.end();
    expect(await Promise.all(works)).toHaveLength(7);
  });

  it('do not wait longer than they must for a transaction that hangs', async () => {
    const { transactions, write, turn } = openGroups(1, 1);
    const hanging = [write('a'), write('b')];
    await turn();
    const next = write('c');
    await expect.poll(() => transactions.length).toBe(2);
    transactions[1]?.end();
    expect(await next).toBe('wrote c');
    transactions[0]?.end();
    expect(await Promise.all(hanging)).toEqual(['wrote a', 'wrote b']);
  });
});
