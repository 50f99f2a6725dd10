/** The states a screen can be in (experience 4.8), and Settings: signed out, denied, throttled, gone, expired, empty. */
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  axe,
  axeOnce,
  type ConsoleUnderTest,
  navigate,
  patienceMs,
  screenshot,
  sidewaysScroll,
  signIn,
  startConsole,
} from '../support/browser.ts';

let tested: ConsoleUnderTest;
let page: Page;
const calls = '**/v1.0/security/**';
const timeout = 3 * patienceMs;

beforeAll(async () => {
  tested = await startConsole();
  page = await tested.open('/', { person: 'engineer' });
  await page.locator('[data-state=ready]').waitFor();
}, 120_000);
afterAll(() => tested?.stop());

const heading = (name: string | RegExp) => page.getByRole('heading', { name });
const refresh = () => page.getByRole('button', { name: 'Refresh' }).click();

/** Answers the next call that reads profiles in another way, and lets all others through. */
async function answerOnce(answer: (route: Route) => Promise<void>): Promise<void> {
  await page.route(calls, answer, { times: 1 });
}

describe('signed out', () => {
  it('shows who may come in, where and how; and comes back to where one wanted to go', {
    timeout,
  }, async () => {
    const visitor = await tested.open('/settings?section=system');
    await visitor.getByRole('button', { name: /^Sign in/ }).waitFor();
    expect(await axe(visitor)).toEqual([]);
    await signIn(visitor, 'reader');
    await visitor.getByRole('heading', { name: 'This service' }).waitFor();
    expect(new URL(visitor.url()).search).toBe('?section=system');
    await visitor.context().close();
  });
});

describe('an address without a page', () => {
  it('says so and leads back', { timeout }, async () => {
    await navigate(page, '/nowhere');
    await heading('No page is at this address').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole('link', { name: 'Go to Overview' }).click();
    await page.locator('[data-state=ready]').waitFor();
  });
});

describe('a person without access', () => {
  it('learns what is missing and why', { timeout }, async () => {
    const stranger = await tested.open('/', { person: 'no-access' });
    await stranger.getByRole('heading', { name: 'You may not see this' }).waitFor();
    expect(await stranger.getByText('SecurityEvents.Read.All').count()).toBeGreaterThan(0);
    expect(await axe(stranger)).toEqual([]);
    await stranger.getByRole('link', { name: 'See what your token holds' }).click();
    await stranger.getByRole('heading', { name: 'What I may do' }).waitFor();
    expect(await stranger.getByText('Not allowed').count()).toBe(2);
    expect(await stranger.getByText('can give you').count()).toBe(1);
    expect(await axe(stranger)).toEqual([]);
    await stranger.context().close();
  });
});

describe('a service that asks for patience', () => {
  it('is waited for, with a countdown, and the page goes on by itself', { timeout }, async () => {
    await navigate(page, '/');
    await page.locator('[data-state=ready]').waitFor();
    await page.route(calls, (route) =>
      route.fulfill({ status: 429, headers: { 'retry-after': '3' }, body: '{}' }),
    );
    await refresh();
    await page.getByText('The service asked for a pause.').waitFor();
    expect(await axeOnce(page)).toEqual([]);
    await page.unroute(calls);
    await page.getByText('The service asked for a pause.').waitFor({ state: 'hidden' });
    await page.locator('[data-state=ready]').waitFor();
  });
});

describe('a server that is gone', () => {
  it('is announced, tried again, and nothing on the page is lost', { timeout }, async () => {
    await page.route(calls, (route) => route.abort('connectionrefused'));
    await refresh();
    await page.getByText('The server cannot be reached.').waitFor();
    expect(await page.locator('[data-state=ready]').isVisible()).toBe(true);
    expect(await axeOnce(page)).toEqual([]);
    await page.unroute(calls);
    await page.getByText('The server cannot be reached.').waitFor({ state: 'hidden' });
  });
});

describe('a fault of the service', () => {
  it('is a sentence with its code and request id, beside the data, and can be tried again', {
    timeout,
  }, async () => {
    const body = JSON.stringify({
      error: {
        code: 'InternalServerError',
        message: 'Something broke <b>here</b>.',
        innerError: { code: 'internalError', 'request-id': '00000000-0000-4000-8000-000000000042' },
      },
    });
    await answerOnce((route) => route.fulfill({ status: 500, contentType: 'application/json', body }));
    await refresh();
    const alert = page.getByRole('alert').filter({ hasText: 'That did not work' });
    await alert.waitFor();
    expect(await alert.textContent()).toContain('Something broke <b>here</b>.');
    expect(await alert.textContent()).toContain('00000000-0000-4000-8000-000000000042');
    expect(await axe(page)).toEqual([]);
    await alert.getByRole('button', { name: 'Try again' }).click();
    await alert.waitFor({ state: 'hidden' });
  });
});

describe('a session that ended', () => {
  it('is renewed in a window, and the waiting call goes on', { timeout }, async () => {
    await answerOnce((route) =>
      route.fulfill({
        status: 401,
        contentType: 'application/json',
        body: '{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}',
      }),
    );
    await refresh();
    const dialog = page.getByRole('alertdialog', { name: 'Your session ended' });
    await dialog.waitFor();
    expect(await axe(page)).toEqual([]);
    const opened = page.context().waitForEvent('page');
    await dialog.getByRole('button', { name: 'Sign in and continue' }).click();
    const popup = await opened;
    const closed = popup.waitForEvent('close');
    await popup.locator('button[name="person"][value="engineer"]').click();
    await closed;
    await dialog.waitFor({ state: 'hidden' });
    await page.locator('[data-state=ready]').waitFor();
  });
});

describe('an empty tenant', () => {
  it('says what this is and gives the first request', { timeout }, async () => {
    await page.route('**/v1.0/security/**apply**', (route) =>
      route.fulfill({ status: 200, contentType: 'application/json', body: '{"value":[]}' }),
    );
    await refresh();
    await heading('No apps yet').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.unroute('**/v1.0/security/**apply**');
    await page.getByRole('button', { name: 'Create the first app in Query' }).click();
    await heading('Query').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('Status 201', { exact: true }).waitFor();
  });
});

describe('settings', () => {
  it('say who one is, and what the service is, without a finding of axe', { timeout }, async () => {
    await navigate(page, '/settings');
    await heading('Who am I').waitFor();
    await page.getByText('because your token holds SecurityEvents.ReadWrite.All').first().waitFor();
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'settings');
    await page.getByRole('tab', { name: 'System' }).click();
    await page.getByText('Ready', { exact: true }).waitFor();
    await page.getByRole('table', { name: 'Risk scales' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.setViewportSize({ width: 320, height: 720 });
    expect(await sidewaysScroll(page)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('change how the console looks, at once and for the next time', { timeout }, async () => {
    await page.getByRole('tab', { name: 'Appearance' }).click();
    await page.getByRole('radio', { name: 'Dark' }).click();
    await page.getByRole('radio', { name: 'Compact' }).click();
    await page.getByRole('radio', { name: 'UTC' }).click();
    await page.getByRole('switch', { name: 'Shortcuts of one key' }).click();
    const root = await page.evaluate<string>('JSON.stringify({ ...document.documentElement.dataset })');
    expect(JSON.parse(root)).toMatchObject({ theme: 'dark', density: 'compact' });
    await page.getByText(/It is now .*UTC/).waitFor();
    const stored = await page.evaluate<string>("localStorage.getItem('casp.preferences')");
    expect(JSON.parse(stored)).toEqual({
      theme: 'dark',
      density: 'compact',
      timeZone: 'utc',
      singleKeys: false,
    });
    expect(await axeOnce(page)).toEqual([]);
  });
});

describe('forced colours and the keyboard alone', () => {
  it('lead through the pages', { timeout }, async () => {
    const forced = await tested.open('/', { person: 'reader', forcedColors: 'active' });
    await forced.locator('[data-state=ready]').waitFor();
    expect(await axeOnce(forced)).toEqual([]);
    await forced.keyboard.press('Tab');
    await forced.keyboard.press('Enter');
    expect(await forced.evaluate<string>('document.activeElement?.id')).toBe('main');
    await forced.keyboard.press('Tab');
    await forced.keyboard.press('Tab');
    await forced.keyboard.press('Enter');
    await forced.locator('[role=grid][data-state=ready]').waitFor();
    // A person presses again where the keys came before the page listened, or while an editor had the focus.
    const goTo = (key: string, title: string) =>
      expect
        .poll(
          async () => {
            await forced.getByRole('heading', { level: 1 }).focus();
            await forced.keyboard.press('g');
            await forced.keyboard.press(key);
            return forced.getByRole('heading', { level: 1 }).textContent();
          },
          { timeout: patienceMs, interval: 500 },
        )
        .toBe(title);
    await goTo('q', 'Query');
    expect(await axeOnce(forced)).toEqual([]);
    await goTo('s', 'Settings');
    expect(await axeOnce(forced)).toEqual([]);
    await forced.context().close();
  });

  it('leave no fault behind', () => {
    expect(tested.faults()).toEqual([]);
  });
});
