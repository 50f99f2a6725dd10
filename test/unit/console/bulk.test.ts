import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError, type BatchAnswer, type BatchPart } from '../../../console/src/api.ts';
import {
  type BulkEdit,
  type BulkTarget,
  bodyOf,
  describeEdit,
  nextValue,
  targetOf,
} from '../../../console/src/bulk/bulk-edit.ts';
import {
  type BulkOutcome,
  countOutcomes,
  failedTargets,
  runBulk,
  undoOf,
  writeOutcomes,
} from '../../../console/src/bulk/run-bulk.ts';

type Trouble = 429 | 'race' | 'lostAfter';

interface Stored {
  version: number;
  tags: readonly string[];
  platform: string | null;
}

/** The part of the service a bulk edit meets: versions, If-Match, and whatever `disturb` does before a request. */
function serviceOf(count: number) {
  const rows = new Map<string, Stored>();
  for (let index = 0; index < count; index += 1) {
    rows.set(`app${index}`, { version: 1, tags: [`t${index}`], platform: 'Web' });
  }
  const waitsMs: number[] = [];
  const sizes: number[] = [];
  let disturb: (part: BatchPart) => number | 'lostAfter' | undefined = () => undefined;
  const etagOf = ({ version }: Stored) => `W/"${version}"`;

  function answer(part: BatchPart): BatchAnswer {
    const refuse = (status: number, retryAfterS?: number): BatchAnswer => ({
      id: part.id,
      status,
      headers: {},
      body: undefined,
      error: new ApiError({ status, code: `code${status}`, message: `refused with ${status}`, retryAfterS }),
    });
    const disturbance = disturb(part);
    if (typeof disturbance === 'number') return refuse(disturbance, disturbance === 429 ? 7 : undefined);
    const id = decodeURIComponent(part.path.split('?')[0]?.split('/').at(-1) ?? '');
    const row = rows.get(id);
    if (row === undefined) return refuse(404);
    if (part.method === 'PATCH') {
      if (part.headers?.['If-Match'] !== etagOf(row)) return refuse(412);
      Object.assign(row, part.body, { version: row.version + 1 });
    }
    const body = part.method === 'GET' ? { id, name: id, '@odata.etag': etagOf(row), ...row } : undefined;
    return {
      id: part.id,
      status: body === undefined ? 204 : 200,
      headers: { etag: etagOf(row) },
      body,
      error: undefined,
    };
  }

  const api = {
    entityPath: (id: string) => `/security/cloudAppSecurityProfiles/${encodeURIComponent(id)}`,
    async batch(parts: readonly BatchPart[]) {
      sizes.push(parts.length);
      const lost = new ApiError({ status: 0, code: 'offline', message: 'no answer' });
      const answers = parts.map(answer);
      if (parts.some((part) => disturb(part) === 'lostAfter')) throw lost;
      return answers;
    },
  };
  const targets = (path: 'tags' | 'platform'): readonly BulkTarget[] =>
    [...rows].map(([id, row]) => targetOf({ id, name: id, '@odata.etag': etagOf(row), ...row }, path));
  const run = (edit: BulkEdit, given: readonly BulkTarget[], signal = new AbortController().signal) =>
    runBulk(edit, given, {
      api,
      signal,
      report: () => undefined,
      wait: async (ms) => {
        waitsMs.push(ms);
      },
    });
  /** Somebody else writes. */
  const write = (id: string, change: Partial<Stored>) => {
    const row = rows.get(id);
    if (row !== undefined) Object.assign(row, change, { version: row.version + 1 });
  };
  return {
    rows,
    targets,
    run,
    write,
    waitsMs,
    sizes,
    set disturb(next: typeof disturb) {
      disturb = next;
    },
  };
}

const addFinance: BulkEdit = { kind: 'addTags', tags: ['Finance'] };
const setPlatform: BulkEdit = { kind: 'set', path: 'platform', label: 'Platform', value: 'iOS' };
const statuses = (outcomes: readonly BulkOutcome[]) =>
  Object.fromEntries(outcomes.map(({ target, status }) => [target.id, status]));

describe('what an edit does to one app', () => {
  const cases: readonly (readonly [BulkEdit, unknown, unknown])[] = [
    [{ kind: 'decide', decision: 'Sanctioned' }, ['a', 'Monitored'], ['a', 'Sanctioned']],
    [{ kind: 'decide', decision: 'undecided' }, ['Unsanctioned', 'a'], ['a']],
    [{ kind: 'addTags', tags: ['b', 'a'] }, ['a'], ['a', 'b']],
    [{ kind: 'removeTags', tags: ['a'] }, ['a', 'b'], ['b']],
    [setPlatform, null, 'iOS'],
    [{ kind: 'restore', path: 'tags', values: new Map([['x', ['old']]]) }, ['new'], ['old']],
  ];
  it.each(cases)('%j', (edit, value, wanted) => {
    expect(nextValue(edit, { id: 'x', value })).toEqual({ value: wanted });
    expect(nextValue(edit, { id: 'x', value: wanted })).toBeUndefined();
  });

  it('a member of a complex property is sent inside it', () => {
    expect(bodyOf('vendorInformation/provider', 'x')).toEqual({ vendorInformation: { provider: 'x' } });
  });

  it('has words', () => {
    expect([addFinance, setPlatform].map(describeEdit)).toEqual(['Add tag Finance', 'Set Platform']);
  });
});

describe('a run', () => {
  it('goes in groups of twenty and tells changed from unchanged', async () => {
    const service = serviceOf(45);
    service.write('app3', { tags: ['Finance'] });
    const outcomes = await service.run(addFinance, service.targets('tags'));
    expect(service.sizes).toEqual([19, 20, 5]);
    expect(countOutcomes(outcomes)).toEqual({ done: 44, unchanged: 1, conflict: 0, refused: 0, stopped: 0 });
    expect(service.rows.get('app44')?.tags).toEqual(['t44', 'Finance']);
  });

  it('repeats an edit that commutes after a lost race, keeping what the other person did', async () => {
    const service = serviceOf(3);
    const targets = service.targets('tags');
    service.write('app1', { tags: ['t1', 'theirs'] });
    const outcomes = await service.run(addFinance, targets);
    expect(countOutcomes(outcomes).done).toBe(3);
    expect(service.rows.get('app1')?.tags).toEqual(['t1', 'theirs', 'Finance']);
  });

  it('never overwrites after a lost race, and says what is there now', async () => {
    const service = serviceOf(3);
    const targets = service.targets('platform');
    service.write('app1', { platform: 'Linux' });
    service.write('app2', { tags: ['x'] });
    const outcomes = await service.run(setPlatform, targets);
    expect(statuses(outcomes)).toEqual({ app0: 'done', app1: 'conflict', app2: 'conflict' });
    expect(outcomes.find(({ target }) => target.id === 'app1')?.reason).toBe(
      'Somebody changed it to "Linux" after you selected it.',
    );
    expect(service.rows.get('app1')?.platform).toBe('Linux');
    // The person has seen the conflicts: another attempt starts from what is there now.
    const again = await service.run(setPlatform, failedTargets(outcomes));
    expect(statuses(again)).toEqual({ app1: 'done', app2: 'done' });
  });

  it('waits as long as the service asks and counts no attempt for it', async () => {
    const service = serviceOf(2);
    let refusals = 10;
    service.disturb = ({ method, id }) =>
      method === 'PATCH' && id === '0' && refusals-- > 0 ? 429 : undefined;
    const outcomes = await service.run(addFinance, service.targets('tags'));
    expect(countOutcomes(outcomes).done).toBe(2);
    expect(service.waitsMs.slice(0, 2)).toEqual([7000, 7000]);
  });

  it('gives up on an app others change without pause', async () => {
    const service = serviceOf(1);
    service.disturb = ({ method }) => {
      if (method === 'PATCH') service.write('app0', {});
      return undefined;
    };
    const [outcome] = await service.run(addFinance, service.targets('tags'));
    expect(outcome).toMatchObject({ status: 'conflict', reason: 'Others changed it again and again.' });
  });

  it('reports what the service refuses with its reason, and what is gone', async () => {
    const service = serviceOf(2);
    service.disturb = ({ id, method }) => (method === 'PATCH' && id === '0' ? 403 : undefined);
    const targets = service.targets('tags');
    service.rows.delete('app1');
    const outcomes = await service.run(addFinance, targets);
    expect(outcomes.map(({ status, reason, code }) => ({ status, reason, code }))).toEqual([
      { status: 'refused', reason: 'refused with 403', code: 'code403' },
      { status: 'refused', reason: 'refused with 404', code: 'code404' },
    ]);
  });

  it.each([addFinance, setPlatform])('knows after a lost answer what was done: %j', async (edit) => {
    const service = serviceOf(3);
    let lose = true;
    service.disturb = ({ method }) => (method === 'PATCH' && lose ? 'lostAfter' : undefined);
    const targets = service.targets(edit === addFinance ? 'tags' : 'platform');
    const running = service.run(edit, targets);
    lose = false;
    service.disturb = ({ method }) => {
      if (method !== 'GET') return undefined;
      lose = false;
      return undefined;
    };
    const outcomes = await running;
    expect(countOutcomes(outcomes).done).toBe(3);
    expect(outcomes.map(({ target }) => target.value)).toEqual(targets.map(({ value }) => value));
  });

  it('stops after the group under way and says what was not sent', async () => {
    const service = serviceOf(50);
    const controller = new AbortController();
    service.disturb = () => {
      controller.abort();
      return undefined;
    };
    const outcomes = await service.run(addFinance, service.targets('tags'), controller.signal);
    expect(countOutcomes(outcomes)).toEqual({ done: 20, unchanged: 0, conflict: 0, refused: 0, stopped: 30 });
  });
});

describe('undo', () => {
  it('puts back what was there, and leaves alone what somebody changed since', async () => {
    const service = serviceOf(3);
    const outcomes = await service.run({ kind: 'decide', decision: 'Monitored' }, service.targets('tags'));
    service.write('app2', { tags: ['theirs'] });
    const undo = undoOf({ kind: 'decide', decision: 'Monitored' }, outcomes);
    const undone = await service.run(undo.edit, undo.targets);
    expect(statuses(undone)).toEqual({ app0: 'done', app1: 'done', app2: 'conflict' });
    expect([...service.rows.values()].map(({ tags }) => tags)).toEqual([['t0'], ['t1'], ['theirs']]);
  });
});

describe('any mixture of races, refusals for load and lost answers', () => {
  it('ends with the tag on every app, and every other tag where it was', async () => {
    const trouble = fc.constantFrom<Trouble | undefined>(
      undefined,
      undefined,
      undefined,
      429,
      'race',
      'lostAfter',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(trouble, { maxLength: 40 }),
        fc.integer({ min: 1, max: 30 }),
        async (troubles, count) => {
          const service = serviceOf(count);
          const queue = [...troubles];
          const decided = new WeakMap<BatchPart, 'lostAfter' | 429 | undefined>();
          let races = 0;
          service.disturb = (part) => {
            if (decided.has(part)) return decided.get(part);
            const next = part.method === 'PATCH' ? queue.shift() : undefined;
            if (next === 'race') {
              const id = part.path.split('/').at(-1) ?? '';
              races += 1;
              service.write(id, { tags: [...(service.rows.get(id)?.tags ?? []), `race${races}`] });
            }
            const disturbance = next === 'race' ? undefined : next;
            decided.set(part, disturbance);
            return disturbance;
          };
          const outcomes = await service.run(addFinance, service.targets('tags'));
          const finished = outcomes.filter(({ status }) => status === 'done' || status === 'unchanged');
          for (const { target } of finished) {
            expect(service.rows.get(target.id)?.tags).toContain('Finance');
          }
          const all = [...service.rows.values()].flatMap(({ tags }) => tags);
          expect(all.filter((tag) => tag.startsWith('race'))).toHaveLength(races);
          expect(all.filter((tag) => /^t\d+$/.test(tag))).toHaveLength(count);
          expect(outcomes).toHaveLength(count);
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('outcomes as CSV are safe in a spreadsheet', () => {
  const target = { id: 'a1', name: '=HYPERLINK("x")', etag: 'W/"1"', value: ['a', 'b'] };
  expect(
    writeOutcomes([
      { status: 'done', target, after: { value: ['a'], etag: 'W/"2"' } },
      {
        status: 'conflict',
        target: { ...target, name: 'plain', value: '-5' },
        reason: 'x, y',
        code: 'versionMismatch',
      },
    ]),
  ).toBe(
    [
      'id,name,outcome,code,reason,before,after',
      `a1,"'=HYPERLINK(""x"")",done,,,"[""a"",""b""]","[""a""]"`,
      'a1,plain,conflict,versionMismatch,"x, y",-5,',
      '',
    ].join('\r\n'),
  );
});
