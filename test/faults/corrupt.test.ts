/**
 * Pages of the file are overwritten with noise, one at a time: whatever the service still answers is true, all else is
 * 503, nobody sees the engine's words, and the process lives. SQLite keeps no checksums, so noise inside a value that
 * spans pages of its own cannot be told from the value (docs/security.md); pages of trees can.
 */
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLong, mulberry32, seed } from './support/form.ts';
import {
  collectionPath,
  type InProcessAsk,
  type InProcessService,
  memberOf,
  openInProcess,
  verdictOf,
} from './support/in-process.ts';

const random = mulberry32(seed);
const folder = mkdtempSync(join(tmpdir(), 'casp-corrupt-'));
const sound = join(folder, 'sound.db');
/** The file as the service finds it. */
const data = join(folder, 'data');
const file = join(data, 'casp.db');
let ids: readonly string[] = [];
/** What the sound file answers, by address. */
const truth = new Map<string, string>();
let pageBytes = 0;
/** Pages that are part of a tree, by the table or index they belong to; the first page is the file's head. */
let pages: readonly { readonly name: string; readonly pageno: number }[] = [];

beforeAll(async () => {
  const service = await openInProcess({ data: folder });
  const made = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      service.ask({
        method: 'POST',
        target: collectionPath,
        body: {
          name: `profile ${index}`,
          publisher: 'p'.repeat(300),
          riskScore: String(index % 7),
          tags: ['a'],
        },
      }),
    ),
  );
  ids = made.map((answer) => String(memberOf(answer, 'id')));
  for (const ask of asked().slice(0, -1)) truth.set(ask.target, (await service.ask(ask)).text);
  await service.close();
  const handle = new Sqlite(join(folder, 'casp.db'));
  handle.pragma('journal_mode = delete');
  pageBytes = Number(handle.pragma('page_size', { simple: true }));
  pages = handle
    .prepare("select name, pageno from dbstat where pagetype in ('leaf', 'internal') and pageno > 1")
    .all() as typeof pages;
  handle.close();
  copyFileSync(join(folder, 'casp.db'), sound);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts the sound file back and noise on one of its pages. */
function spoil(pageNumber: number): void {
  rmSync(data, { recursive: true, force: true });
  const noise = Buffer.from(Array.from({ length: pageBytes }, () => Math.floor(random() * 256)));
  // The first byte says what kind of page it is: 0 is none, so the engine sees the fault at the first look.
  if (random() < 0.5) noise[0] = 0;
  mkdirSync(data);
  copyFileSync(sound, file);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, noise, 0, noise.length, (pageNumber - 1) * pageBytes);
  closeSync(descriptor);
}

const questions: readonly InProcessAsk[] = [
  { target: `${collectionPath}?$count=true&$top=1000` },
  { target: `${collectionPath}?$filter=riskScore eq '3'&$orderby=name desc` },
  { target: `${collectionPath}?$filter=contains(name,'profile 1')` },
  { target: `${collectionPath}?$search=profile` },
  { target: `${collectionPath}?$filter=tags/any(t:t eq 'a')` },
  { method: 'POST', target: collectionPath, body: { name: 'new', tags: ['b'] } },
];

/** The last question changes something. */
const asked = (): readonly InProcessAsk[] => [
  ...ids.slice(0, 20).map((id) => ({ target: `${collectionPath}/${id}` })),
  ...questions,
];

async function openSpoilt(): Promise<InProcessService | undefined> {
  try {
    return await openInProcess({ data });
  } catch (error) {
    // At the start the engine's own words go to the operator; they are no bug of ours.
    expect(String(error)).toMatch(/SqliteError|malformed|not a database/);
    return undefined;
  }
}

describe(`a page of noise, seed ${seed}`, () => {
  it('everything is answered truly or with 503', async () => {
    const chosen = isLong ? pages : pages.filter((_, index) => index % Math.ceil(pages.length / 25) === 0);
    const tally = { refused: 0, answered: 0, 'would not start': 0 };
    for (const { name, pageno } of chosen) {
      spoil(pageno);
      const service = await openSpoilt();
      if (service === undefined) {
        tally['would not start'] += 1;
        continue;
      }
      for (const ask of asked()) {
        const answer = await service.ask(ask);
        const failure = service.observations.flatMap((seen) => ('error' in seen ? [String(seen.error)] : []));
        const where = `${ask.target} with page ${pageno} of ${name}: ${answer.text} ${failure.at(-1)}`;
        const verdict = verdictOf(answer);
        expect(['200', '201', '503 storageUnavailable'], where).toContain(verdict);
        if (verdict === '200') expect(answer.text, where).toBe(truth.get(ask.target));
        expect(answer.text, where).not.toMatch(/SQLITE|malformed|select /);
        tally[answer.status === 503 ? 'refused' : 'answered'] += 1;
      }
      await service.close();
    }
    console.log(
      `corrupt pages: seed ${seed}, ${chosen.length} of ${pages.length} pages, ${JSON.stringify(tally)}`,
    );
    expect(tally.refused).toBeGreaterThan(0);
  }, 600_000);

  it('a file whose head is noise is no database: the service does not start, and changes nothing', async () => {
    spoil(1);
    const before = readFileSync(file);
    expect(await openSpoilt()).toBeUndefined();
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});
