/** The query runner in a real browser. */
import type { Page } from 'playwright-core';
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
const collection = '/security/cloudAppSecurityProfiles';

beforeAll(async () => {
  tested = await startConsole();
  page = await tested.open(`/query?path=${encodeURIComponent(`${collection}?$top=2`)}`, {
    person: 'analyst',
  });
}, 120_000);
afterAll(() => tested?.stop());

const address = () => page.getByRole('textbox', { name: 'Address' });
const answer = () => page.getByRole('region', { name: 'Response' });
const status = (code: number) => answer().getByText(`Status ${code}`).waitFor();

/** Waits until something becomes true; what it saw last is in the failure. */
const eventually = <Value>(read: () => Promise<Value>) =>
  expect.poll(read, { timeout: patienceMs, interval: 100 });

/** Types an address anew, as a person would, and closes what completion offers. */
async function type(text: string): Promise<void> {
  await address().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

describe('the query runner', () => {
  it('runs what the address holds, and follows the next page', { timeout: 3 * patienceMs }, async () => {
    await page.getByRole('button', { name: 'Run' }).click();
    await status(200);
    await answer().getByText('2 rows').waitFor();
    await answer().getByRole('button', { name: 'Next page' }).click();
    await eventually(() => address().textContent()).toContain('$skiptoken=');
    await status(200);
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'query', () => status(200));
  });

  it('completes from the model, and runs by keyboard alone', { timeout: 3 * patienceMs }, async () => {
    await type(`${collection}?$top=1&$select=na`);
    await page.keyboard.type('m');
    const list = page.getByRole('listbox');
    await list.waitFor();
    // What was offered for the letters before goes first.
    await eventually(() => list.getByRole('option').first().textContent()).toMatch(/^name/);
    await page.keyboard.press('Escape');
    await page.keyboard.type('e');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Enter');
    await answer().getByText('1 row', { exact: true }).waitFor();
    await eventually(() => answer().getByText('"name"').count()).toBe(1);
  });

  it('marks where an error stands', { timeout: 2 * patienceMs }, async () => {
    await type(`${collection}?$filter=isSigned eq 5 and name ne 'x'`);
    await page.keyboard.press('Control+Enter');
    await status(400);
    await answer().getByRole('alert').waitFor();
    await eventually(() => page.locator('.casp-fault').allTextContents()).toEqual(['5']);
    expect(await axe(page)).toEqual([]);
  });

  it('shows snippets for this server and the permissions of this person', {
    timeout: 2 * patienceMs,
  }, async () => {
    await page.getByRole('tab', { name: 'Snippets' }).click();
    for (const [language, word] of [
      ['curl', 'curl --silent'],
      ['TypeScript', 'microsoft-graph-client'],
      ['PowerShell', 'Connect-MgGraph'],
      ['Python', 'import requests'],
    ] as const) {
      await page.getByRole('tab', { name: language }).click();
      const text = page.getByRole('textbox', { name: `The request in ${language}` });
      await text.waitFor();
      await eventually(() => text.textContent()).toContain(word);
      expect(await text.textContent()).toContain(new URL(tested.url).host);
    }
    await page.getByRole('tab', { name: 'Permissions' }).click();
    const request = page.getByRole('region', { name: 'Request' });
    await request.getByText('SecurityEvents.Read.All').waitFor();
    expect(await request.getByText('You have it').count()).toBeGreaterThan(0);
    expect(await axe(page)).toEqual([]);
  });

  it('writes, and keeps a history without tokens', { timeout: 3 * patienceMs }, async () => {
    await page.getByRole('button', { name: 'Change a score' }).click();
    await eventually(async () => page.url()).toContain('method=PATCH');
    await page.getByRole('button', { name: 'Run' }).click();
    await status(200);
    const { body } = await tested.api<{ readonly riskScore: string }>(
      `${collection}/053c36a0-36a0-053c-a036-3c05a0363c05`,
    );
    expect(body.riskScore).toBe('4');
    await page.getByRole('tab', { name: 'History' }).click();
    const library = page.getByRole('region', { name: 'Samples and history' });
    await eventually(() => library.getByRole('listitem').count()).toBe(5);
    const stored = await page.evaluate<string>('JSON.stringify({ ...localStorage })');
    expect(stored).toContain('riskScore');
    expect(stored).not.toMatch(/eyJ|Bearer/);
  });

  it('never sends a token to another host, whatever the link says', { timeout: 2 * patienceMs }, async () => {
    await navigate(page, `/query?path=${encodeURIComponent('//evil.example/x')}`);
    await type('https://evil.example/x');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Start with / and a path').waitFor();
    expect(tested.faults()).toEqual([]);
  });

  it('fits a phone', { timeout: 2 * patienceMs }, async () => {
    await page.setViewportSize({ width: 320, height: 720 });
    expect(await sidewaysScroll(page)).toEqual([]);
  });
});
