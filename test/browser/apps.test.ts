/** Apps in a real browser: the jobs of an analyst, from the address to the row in the database. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProfileValues } from '../../src/model/sample-profiles.ts';
import {
  axe,
  type ConsoleUnderTest,
  longestTaskMs,
  navigate,
  patienceMs,
  screenshot,
  sidewaysScroll,
  startConsole,
} from '../support/browser.ts';
import { fillTenant } from '../support/tenant-data.ts';

/** `APPS_ROWS=1000000` looks at a tenant of that size. */
const rows = Number(process.env.APPS_ROWS ?? 20_000);
const bulkApps = 500;
const collection = '/security/cloudAppSecurityProfiles';
const longestTaskAllowedMs = 200;

const profile = (id: string, values: Partial<ProfileValues>): ProfileValues => ({
  id,
  azureSubscriptionId: null,
  azureTenantId: null,
  createdDateTime: '2026-01-01T00:00:00Z',
  deploymentPackageUrl: null,
  destinationServiceName: null,
  isSigned: null,
  lastModifiedDateTime: '2026-01-01T00:00:00Z',
  manifest: null,
  name: id,
  permissionsRequired: null,
  platform: null,
  policyName: null,
  publisher: null,
  riskScore: null,
  tags: [],
  type: null,
  vendorInformation: null,
  ...values,
});

const hostile: readonly ProfileValues[] = [
  profile('hostile-1', {
    name: '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>',
  }),
  profile('hostile-2', { name: '\u202Egnp.exe\u202C العربية', publisher: '\u202Eevil' }),
  profile('hostile-3', {
    name: 'x'.repeat(10_000),
    publisher: 'y'.repeat(10_000),
    riskScore: '9'.repeat(4_000),
  }),
  profile('hostile-4', {
    name: '👩‍👩‍👧‍👦'.repeat(200),
    tags: Array.from({ length: 200 }, (_, index) => `tag-${index}-${'t'.repeat(300)}`),
  }),
  profile('hostile-5', {
    name: '=HYPERLINK("http://x","y")',
    manifest: 'm'.repeat(200_000),
    riskScore: 'NaN',
  }),
].map((each) => ({ ...each, type: 'hostile' }));

const triaged = ['Ash', 'Birch', 'Cedar'].map((name, index) =>
  profile(`triage-${index}`, {
    name: `${name} Triage`,
    publisher: 'Triage Publisher',
    riskScore: String(1 + 4 * index),
    vendorInformation: {
      provider: 'Contoso Cloud Catalog',
      providerVersion: null,
      subProvider: null,
      vendor: null,
    },
    tags: ['Finance'],
  }),
);

const many = Array.from({ length: bulkApps }, (_, index) =>
  profile(`bulk-${String(index).padStart(3, '0')}`, {
    publisher: 'Bulk Publisher',
    platform: 'Web',
    tags: ['old'],
  }),
);

// Several things are waited for in each test, each with patience.
vi.setConfig({ testTimeout: 3 * patienceMs });

let data: string;
let tested: ConsoleUnderTest;
let page: Page;

beforeAll(
  async () => {
    data = await mkdtemp(join(tmpdir(), 'casp-apps-'));
    await fillTenant(data, rows, [...hostile, ...triaged, ...many]);
    tested = await startConsole({ data });
    page = await tested.open('/apps', { person: 'analyst' });
  },
  120_000 + rows / 5,
);

afterAll(async () => {
  await tested?.stop();
  await rm(data, { recursive: true, force: true });
});

beforeEach(async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  // Whatever a failed test left open would hide the page from the next.
  await page.keyboard.press('Escape');
});

const grid = () => page.getByRole('grid', { name: 'Apps' });
const search = (values: Readonly<Record<string, string>>) => `/apps?${new URLSearchParams(values)}`;

/** Goes to an address of Apps and waits until its rows are there. */
async function show(values: Readonly<Record<string, string>>): Promise<Locator> {
  await navigate(page, search(values));
  await page.locator('[role=grid][data-state=ready]').waitFor();
  return grid();
}

/** Waits until something becomes true; what it saw last is in the failure. */
const eventually = <Value>(read: () => Promise<Value>) =>
  expect.poll(read, { timeout: patienceMs, interval: 100 });

const rowNames = () => grid().getByRole('row').locator('a').allTextContents();
const tagsOf = async (id: string): Promise<readonly string[]> =>
  (await tested.api<ProfileValues>(`${collection}/${id}`)).body.tags;
const triageFilter =
  "publisher eq 'Triage Publisher' and not tags/any(t:t in ('Unsanctioned','Monitored','Sanctioned'))";
const bulkFilter = "publisher eq 'Bulk Publisher'";
const result = () => page.getByRole('dialog');

describe('the grid', () => {
  it('shows a tenant with its size, and axe finds nothing', async () => {
    await page.locator('[role=grid][data-state=ready]').waitFor();
    const total = rows + hostile.length + triaged.length + bulkApps;
    await eventually(() => grid().getAttribute('aria-rowcount')).toBe(String(total + 1));
    expect(await axe(page)).toEqual([]);
    await show({ filter: "publisher ne 'Bulk Publisher' and type ne 'hostile'", sort: 'riskScore desc' });
    await screenshot(page, 'apps', () => page.locator('[data-state=ready]').waitFor());
  });

  it('ranks scores of different scales by their band', async () => {
    await show({ filter: "startswith(name,'Adatum')", sort: 'riskScore desc', size: '500' });
    const bands = await grid()
      .locator('[data-band]')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-band')));
    expect(new Set(bands)).toEqual(new Set(['high']));
    await show({ filter: "startswith(name,'Adatum')", sort: 'riskScore asc', size: '500' });
    await eventually(() => grid().locator('[data-band]').first().getAttribute('data-band')).not.toBe('high');
  });

  it('scrolls without a long task', async () => {
    await show({ size: '200' });
    const box = await grid().boundingBox();
    if (box === null) throw new Error('the grid is not there');
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const known = async () => Number(await grid().getAttribute('data-known'));
    const wanted = Math.min(4000, rows);
    await show({ size: '200', sort: 'name asc' });
    const longest = await longestTaskMs(page, async () => {
      for (let turn = 0; turn < 400 && (await known()) < wanted; turn += 1) await page.mouse.wheel(0, 2400);
      for (let turn = 0; turn < 20; turn += 1) await page.mouse.wheel(0, -6000);
    });
    expect(await known()).toBeGreaterThanOrEqual(wanted);
    console.log(`longest task while scrolling ${wanted} rows: ${longest.toFixed(0)} ms`);
    expect(longest).toBeLessThan(longestTaskAllowedMs);
  });

  it('shows hostile data inert, in rows of one height', async () => {
    await show({ filter: "type eq 'hostile'", columns: 'name,publisher,riskScore,tags,manifest' });
    await eventually(() => grid().getByRole('row').count()).toBe(hostile.length + 1);
    expect(await grid().locator('img, script').count()).toBe(0);
    expect(await page.title()).toBe('Apps · casp');
    const heights = await grid()
      .locator('[data-id]')
      .evaluateAll((each) => each.map((row) => row.getBoundingClientRect().height));
    expect(new Set(heights)).toEqual(new Set([42]));
    expect(await sidewaysScroll(page)).toEqual([]);
    expect(await axe(page)).toEqual([]);
  });

  it('fits 320 pixels: cards with the same actions, no sideways scrolling', {
    timeout: 2 * patienceMs,
  }, async () => {
    await show({ filter: "type eq 'hostile'" });
    await page.setViewportSize({ width: 320, height: 640 });
    const cards = page.getByRole('region', { name: 'Apps' });
    await cards.getByRole('listitem').nth(2).waitFor();
    expect(await sidewaysScroll(page)).toEqual([]);
    expect(await axe(page)).toEqual([]);
    await cards
      .getByRole('button', { name: /^Decision for/ })
      .first()
      .click();
    await page.getByRole('menuitemradio', { name: 'Monitored' }).waitFor();
    await page.keyboard.press('Escape');
  });
});

describe('finding', () => {
  it('a copied link shows the same screen to somebody else', async () => {
    const values = {
      filter: "publisher eq 'Triage Publisher'",
      sort: 'name desc',
      columns: 'name:300,riskScore,isSigned',
      density: 'compact',
    };
    const other = await tested.open(search(values), { person: 'reader' });
    await other.locator('[role=grid][data-state=ready]').waitFor();
    const shown = other.getByRole('grid', { name: 'Apps' });
    expect(await shown.getByRole('columnheader').allTextContents()).toEqual(['', 'Name', 'Risk', 'Signed']);
    expect(await shown.getByRole('row').locator('a').allTextContents()).toEqual([
      'Cedar Triage',
      'Birch Triage',
      'Ash Triage',
    ]);
    expect(Object.fromEntries(new URL(other.url()).searchParams)).toEqual(values);
    await other.context().close();
  });

  it('builds a filter from the model, and shows it as OData', async () => {
    await show({});
    await page.getByRole('button', { name: 'Add filter' }).click();
    const form = page.getByRole('dialog', { name: 'Add filter' });
    await form.getByRole('combobox', { name: 'Property' }).pressSequentially('publ');
    await page.getByRole('option', { name: 'Publisher', exact: true }).click();
    await form.getByRole('textbox', { name: 'Value' }).fill('Triage PUB');
    await form.getByRole('button', { name: 'Apply' }).click();
    await eventually(rowNames).toEqual(['Ash Triage', 'Birch Triage', 'Cedar Triage']);
    await page.getByRole('button', { name: 'OData' }).click();
    const text = page.getByRole('textbox', { name: 'Filter as OData text' });
    expect(await text.inputValue()).toBe("contains(tolower(publisher),'triage pub')");

    await text.fill("contains(publisher,'Triage') and naam eq 'x'");
    await text.press('Enter');
    await page.locator('mark').waitFor();
    expect(await page.locator('mark').textContent()).toBe('naam');
    // The rows of the last good filter stay.
    expect(await rowNames()).toEqual(['Ash Triage', 'Birch Triage', 'Cedar Triage']);
    await page
      .getByRole('button', { name: /^Remove the filter Name/ })
      .or(page.getByRole('button', { name: /^Remove the filter naam/ }))
      .click();
    await eventually(() => page.locator('mark').count()).toBe(0);
    await eventually(rowNames).toHaveLength(3);
    tested.forget();
  });

  it('says when nothing matches, with what to take away', async () => {
    await navigate(page, search({ filter: "publisher eq 'Triage Publisher' and name eq 'nobody'" }));
    await page.getByRole('heading', { name: 'No app matches' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page
      .getByRole('main')
      .getByRole('button', { name: 'Remove the filter Name: nobody' })
      .last()
      .click();
    await eventually(rowNames).toHaveLength(3);
  });
});

describe('triage', () => {
  it('filters, decides and goes on to the next app by keyboard alone', {
    timeout: 2 * patienceMs,
  }, async () => {
    await show({ filter: triageFilter, sort: 'riskScore desc', view: 'needs-decision' });
    await eventually(rowNames).toEqual(['Ash Triage', 'Birch Triage', 'Cedar Triage']);
    // From the head of the document to the grid, as somebody without a mouse goes.
    await page.getByRole('button', { name: 'OData' }).focus();
    for (let presses = 0; presses < 6; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await grid().locator('[data-cell]:focus').count()) > 0) break;
    }
    expect(await grid().locator('[data-cell]:focus').getAttribute('data-cell')).toBe('0:1');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('region', { name: 'App', exact: true });
    await panel.getByRole('heading', { name: 'Ash Triage' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'triage', () => panel.waitFor());
    await page.keyboard.press('3');
    await panel.getByRole('heading', { name: 'Birch Triage' }).waitFor();
    await eventually(() => tagsOf('triage-0')).toEqual(['Finance', 'Unsanctioned']);
    await page.keyboard.press('1');
    await panel.getByRole('heading', { name: 'Cedar Triage' }).waitFor();
    await eventually(() => tagsOf('triage-1')).toEqual(['Finance', 'Sanctioned']);
    await panel.getByText('Birch Triage: Sanctioned').waitFor();
    await page.keyboard.press('z');
    await eventually(() => tagsOf('triage-1')).toEqual(['Finance']);
    await page.keyboard.press('k');
    await panel.getByRole('heading', { name: 'Birch Triage' }).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });

  it('keeps what somebody else did meanwhile', async () => {
    await show({ filter: "publisher eq 'Triage Publisher'", sort: 'name desc' });
    await tested.api(`${collection}/triage-2`, { method: 'PATCH', body: { tags: ['Finance', 'theirs'] } });
    await grid()
      .getByRole('button', { name: /^Decision for Cedar/ })
      .click();
    await page.getByRole('menuitemradio', { name: 'Monitored' }).click();
    await eventually(() => tagsOf('triage-2')).toEqual(['Finance', 'theirs', 'Monitored']);
    await grid().getByRole('button', { name: 'Decision for Cedar Triage: Monitored' }).waitFor();
  });

  it('moves, selects and filters with keys', async () => {
    await show({ filter: "publisher eq 'Triage Publisher'", sort: 'name asc' });
    await grid().locator('[data-cell="0:1"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press(' ');
    await page.keyboard.press('End');
    await eventually(() => grid().locator('[data-cell]:focus').getAttribute('data-cell')).toBe('1:7');
    await page.getByRole('group', { name: '1 selected' }).waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Filter by this value' }).press('Enter');
    await eventually(rowNames).toEqual(['Birch Triage']);
    expect(new URL(page.url()).searchParams.get('filter')).toBe(
      "publisher eq 'Triage Publisher' and name eq 'Birch Triage'",
    );
  });
});

describe('many apps', () => {
  /** Three people are faster than the first group of the edit. */
  async function interfere(ids: readonly string[], body: unknown): Promise<void> {
    await page.route(
      '**/$batch',
      async (route) => {
        for (const id of ids) await tested.api(`${collection}/${id}`, { method: 'PATCH', body });
        await route.continue();
      },
      { times: 1 },
    );
  }

  async function selectAll(): Promise<void> {
    await show({ filter: bulkFilter });
    await eventually(() => grid().getAttribute('aria-rowcount')).toBe(String(bulkApps + 1));
    await grid().getByRole('checkbox').nth(1).check();
    await page.getByRole('button', { name: `Select all ${bulkApps} matching` }).click();
    await page.getByText(`All ${bulkApps} matching apps selected`).waitFor();
  }

  const counts = async () =>
    Object.fromEntries(
      (await result().getByRole('tab').allInnerTexts()).map((text) => [
        text.replace(/ [\d,]+$/, ''),
        Number(text.replace(/\D/g, '')),
      ]),
    );

  it('tags 500 of them, three of which others change meanwhile', async () => {
    await selectAll();
    expect(await axe(page)).toEqual([]);
    await interfere(['bulk-001', 'bulk-002', 'bulk-003'], { tags: ['theirs'] });
    await page.getByRole('button', { name: 'Tags', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Add tags …' }).click();
    await page.getByRole('textbox', { name: 'Tags, separated by commas' }).fill('Reviewed, 2026');
    await page.getByRole('button', { name: 'Start' }).click();
    await page
      .getByRole('dialog')
      .filter({ hasText: `for all ${bulkApps} matching apps?` })
      .getByRole('button', { name: 'Start' })
      .click();
    await page.locator('[role=dialog][data-state=done]').waitFor();
    expect(await counts()).toEqual({ Done: bulkApps, Unchanged: 0, Conflict: 0, Refused: 0, 'Not sent': 0 });
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'bulk-result', () => result().waitFor());
    expect(await tagsOf('bulk-002')).toEqual(['theirs', 'Reviewed', '2026']);
    const tagged = await tested.api(`${collection}/$count?$filter=tags/any(t:t eq 'Reviewed')`);
    expect(tagged.text).toBe(String(await reviewedAmong(bulkApps)));
    await result().getByRole('button', { name: 'Undo all' }).click();
    await result().filter({ hasText: 'Undo: Add tags' }).and(page.locator('[data-state=done]')).waitFor();
    expect(await counts()).toMatchObject({ Done: bulkApps });
    expect(await tagsOf('bulk-002')).toEqual(['theirs']);
    expect(await tagsOf('bulk-400')).toEqual(['old']);
    await result().getByRole('button', { name: 'Close' }).click();
  });

  /** The sample's series has the tag too. */
  async function reviewedAmong(added: number): Promise<number> {
    const others = await tested.api(
      `${collection}/$count?$filter=tags/any(t:t eq 'Reviewed') and publisher ne 'Bulk Publisher'`,
    );
    return Number(others.text) + added;
  }

  it('overwrites a field of 500, but not what others wrote meanwhile', {
    timeout: 3 * patienceMs,
  }, async () => {
    await selectAll();
    await interfere(['bulk-004', 'bulk-005', 'bulk-006'], { platform: 'Linux' });
    await page.getByRole('button', { name: 'Set field …' }).click();
    await page.getByRole('combobox', { name: 'Property' }).click();
    await page.getByRole('option', { name: 'Platform', exact: true }).click();
    await page.getByRole('textbox', { name: /^Platform/ }).fill('iOS');
    await page.getByRole('button', { name: 'Start' }).click();
    await page
      .getByRole('dialog')
      .filter({ hasText: `for all ${bulkApps} matching apps?` })
      .getByRole('button', { name: 'Start' })
      .click();
    await page.locator('[role=dialog][data-state=done]').waitFor();
    expect(await counts()).toEqual({
      Done: bulkApps - 3,
      Unchanged: 0,
      Conflict: 3,
      Refused: 0,
      'Not sent': 0,
    });
    expect(
      await result().getByRole('list', { name: 'Conflict' }).getByRole('listitem').allTextContents(),
    ).toEqual(
      ['bulk-004', 'bulk-005', 'bulk-006'].map(
        (id) => `${id}Somebody changed it to "Linux" after you selected it.`,
      ),
    );
    expect((await tested.api<ProfileValues>(`${collection}/bulk-005`)).body.platform).toBe('Linux');
    await result().getByRole('button', { name: 'Retry failed' }).click();
    await result().filter({ hasText: '(again)' }).and(page.locator('[data-state=done]')).waitFor();
    expect(await counts()).toMatchObject({ Done: 3, Conflict: 0 });
    expect((await tested.api<ProfileValues>(`${collection}/bulk-005`)).body.platform).toBe('iOS');
    await result().getByRole('button', { name: 'Close' }).click();
    // The header keeps the work in sight on other pages, too.
    await page.getByRole('button', { name: /^Background work/ }).waitFor();
  });
});

describe('export', () => {
  it.each([
    ['CSV for spreadsheets', '$format=csv'],
    ['NDJSON', '$format=ndjson'],
  ])('%s is the answer of the API, row by row', async (name, format) => {
    await page.evaluate('delete window.showSaveFilePicker; window.showSaveFilePicker = undefined');
    const filter = "publisher eq 'Bulk Publisher' or type eq 'hostile'";
    await show({ filter, sort: 'name desc', columns: 'name,publisher,tags' });
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name }).click();
    const file = await readFile(await (await download).path(), 'utf8');
    const query = `$filter=${encodeURIComponent(filter)}&$orderby=name desc&$select=id,name,publisher,tags&${format}`;
    const answer = await tested.api(`${collection}?${query}`);
    // The answer's own reader drops the mark at its beginning.
    expect(file.replace(/^\uFEFF/, '')).toBe(answer.text.replace(/^\uFEFF/, ''));
    if (name === 'NDJSON') expect(file.trim().split('\n')).toHaveLength(bulkApps + hostile.length);
  });
});

it('no page did what it must not', () => {
  expect(tested.faults()).toEqual([]);
});
