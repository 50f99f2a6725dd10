/** Overview in a real browser: each number is what its link shows. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axe,
  type ConsoleUnderTest,
  navigate,
  patienceMs,
  screenshot,
  sidewaysScroll,
  startConsole,
} from '../support/browser.ts';

let tested: ConsoleUnderTest;
let page: Page;

beforeAll(async () => {
  tested = await startConsole();
  page = await tested.open('/', { person: 'analyst' });
}, 120_000);
afterAll(() => tested?.stop());

const ready = () => page.locator('[data-state=ready]').waitFor();
const card = (title: string) => page.getByRole('region', { name: title });
const numbersOf = (text: string | null): readonly number[] =>
  (text?.match(/\d[\d,]*/g) ?? []).map((digits) => Number(digits.replaceAll(',', '')));

/** How many apps the API finds by the filter of a link into Apps. */
async function countBehind(link: Locator): Promise<number> {
  const href = (await link.getAttribute('href')) ?? '';
  const filter = new URL(href, tested.url).searchParams.get('filter');
  const query = filter === null ? '' : `?$filter=${encodeURIComponent(filter)}`;
  const { text } = await tested.api(`/security/cloudAppSecurityProfiles/$count${query}`);
  return Number(text);
}

describe('the numbers', () => {
  it('of the tiles are what their links show in the grid', { timeout: 4 * patienceMs }, async () => {
    await ready();
    const tiles = page.getByRole('list', { name: 'Key numbers' }).getByRole('link');
    await expect
      .poll(async () => (await tiles.allTextContents()).some((text) => text.includes('…')), {
        timeout: patienceMs,
      })
      .toBe(false);
    expect(await tiles.count()).toBe(5);
    for (const index of [1, 2]) {
      const [shown] = numbersOf(await tiles.nth(index).textContent());
      await tiles.nth(index).click();
      await page.locator('[role=grid][data-state=ready]').waitFor();
      const rows = () => page.getByRole('grid', { name: 'Apps' }).getAttribute('aria-rowcount');
      await expect.poll(rows, { timeout: patienceMs }).toBe(String((shown ?? 0) + 1));
      await page.goBack();
      await ready();
    }
  });

  it('of every bar, cell and tile are what the API counts', { timeout: 4 * patienceMs }, async () => {
    await navigate(page, '/');
    await ready();
    for (const title of ['Risk by source', 'Publishers', 'Platforms', 'Last changed']) {
      await card(title).getByRole('link').first().waitFor();
    }
    const links = page.locator('main a[href*="/console/apps?filter="]');
    const seen: string[] = [];
    for (const link of await links.all()) {
      const text = (await link.textContent()) ?? '';
      // The number stands last in bars, behind the label in tiles; "All of them" has none.
      const found = numbersOf(text);
      if (found.length === 0) continue;
      const count = await countBehind(link);
      expect(found, text).toContain(count);
      seen.push(text);
    }
    expect(seen.length).toBeGreaterThan(40);
  });
});

describe('the charts', () => {
  it('are without a finding of axe, in both themes, and fit a phone', {
    timeout: 4 * patienceMs,
  }, async () => {
    await navigate(page, '/');
    await ready();
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'overview');
    await page.setViewportSize({ width: 320, height: 720 });
    expect(await sidewaysScroll(page)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('turn into tables, by keyboard, and the address keeps it', { timeout: 2 * patienceMs }, async () => {
    const toggle = card('Platforms').getByRole('button', { name: 'View as table: Platforms' });
    await toggle.focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('table', { name: 'Platforms' });
    await table.waitFor();
    expect(await table.getByRole('row').count()).toBeGreaterThan(4);
    await expect.poll(() => new URL(page.url()).search, { timeout: patienceMs }).toBe('?tables=platforms');
    await card('Publishers').getByRole('radio', { name: 'High risk only' }).click();
    await expect
      .poll(() => new URL(page.url()).searchParams.get('publishers'), { timeout: patienceMs })
      .toBe('high');
    await card('Risk by source').getByRole('button', { name: 'View as table: Risk by source' }).click();
    await page.getByRole('table', { name: 'Risk bands of each source' }).waitFor();
    // A tooltip stands outside of all landmarks while it is shown.
    await page.mouse.move(5, 400);
    await page.getByRole('tooltip').waitFor({ state: 'hidden' });
    expect(await axe(page)).toEqual([]);
  });

  it('give their request away', { timeout: 2 * patienceMs }, async () => {
    await card('Platforms').getByRole('button', { name: 'Copy as request: Platforms' }).click();
    await page.getByRole('menuitem', { name: 'Open in Query' }).click();
    await page.getByRole('heading', { name: 'Query', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('Status 200').first().waitFor();
    expect(await page.getByText('"platform"').count()).toBeGreaterThan(0);
  });

  it('leave no fault behind', () => {
    expect(tested.faults()).toEqual([]);
  });
});
