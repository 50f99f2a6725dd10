/** docs/compatibility.md says what test/support/compatibility.ts says, and every proof it names is a test there is. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { areas, writeCompatibilityPage } from './support/compatibility.ts';
import { parseSourceFile } from './support/source-file.ts';
import { testTitles } from './support/test-titles.ts';

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');

const behaviours = areas.flatMap((area) => area.behaviours.map((each) => ({ area: area.title, ...each })));

const titlesByFile = new Map<string, ReadonlySet<string>>();
function titlesOf(path: string): ReadonlySet<string> {
  const known = titlesByFile.get(path);
  if (known !== undefined) return known;
  const titles = testTitles(parseSourceFile(path, read(path)));
  titlesByFile.set(path, titles);
  return titles;
}

describe('the compatibility page', () => {
  it('is up to date: node scripts/compatibility.mjs', () => {
    expect(read('docs/compatibility.md')).toBe(writeCompatibilityPage());
  });

  it.each(behaviours)('$area: $graph', ({ test }) => {
    const [file = '', ...titles] = test.split(' > ');
    expect([...titlesOf(`test/${file}.test.ts`)]).toContain(titles.join(' > '));
  });

  it('says how what differs differs, and no more', () => {
    for (const { graph, status, here } of behaviours) {
      expect([graph, here !== '']).toEqual([graph, status !== 'same']);
      for (const text of [graph, here].filter((each) => each !== '')) expect(text).toMatch(/\.$/);
    }
  });

  it('names no behaviour twice', () => {
    const names = behaviours.map(({ graph }) => graph);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
