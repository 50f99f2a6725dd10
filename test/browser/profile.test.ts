/** The page of one app and the list of changes in a real browser: edit, merge with another writer, put back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProfileValues } from '../../src/model/sample-profiles.ts';
import {
  axe,
  axeOnce,
  type ConsoleUnderTest,
  longestTaskMs,
  navigate,
  patienceMs,
  screenshot,
  sidewaysScroll,
  signIn,
  startConsole,
} from '../support/browser.ts';
import { fillTenant } from '../support/tenant-data.ts';

const rows = 60;
const collection = '/security/cloudAppSecurityProfiles';
/** Two slow cores shared with the rest of the suite; the page itself needs a fraction of it. */
const longestTaskAllowedMs = 1500;

const vendor = {
  provider: 'Contoso Cloud Catalog',
  providerVersion: '3.1',
  subProvider: null,
  vendor: 'Contoso',
};

const profile = (id: string, values: Partial<ProfileValues> = {}): ProfileValues => ({
  id,
  azureSubscriptionId: null,
  azureTenantId: null,
  createdDateTime: '2026-01-01T00:00:00Z',
  deploymentPackageUrl: 'https://packages.example/app.zip',
  destinationServiceName: 'Fabrikam Mail',
  isSigned: true,
  lastModifiedDateTime: '2026-01-01T00:00:00Z',
  manifest: '{"name":"Fabrikam"}',
  name: `Fabrikam ${id}`,
  permissionsRequired: 'user',
  platform: 'Web',
  policyName: 'Default',
  publisher: 'Fabrikam Ltd',
  riskScore: '4',
  tags: ['Finance'],
  type: 'Business',
  vendorInformation: vendor,
  ...values,
});

const hostileName = `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`;
const profiles = [
  ...['edit', 'conflict', 'session', 'history', 'json', 'keys', 'leave', 'deleted', 'gone', 'reader'].map(
    (id) => profile(id),
  ),
  profile('hostile-script', { name: hostileName, publisher: hostileName, tags: [hostileName] }),
  profile('hostile-marks', {
    name: '\u202Egnp.exe\u202C العربية',
    publisher: '\u202Eevil',
    deploymentPackageUrl: 'javascript:document.title="pwned"',
  }),
  profile('hostile-long', {
    name: 'x'.repeat(10_000),
    manifest: 'm <b>'.repeat(40_000),
    riskScore: '9'.repeat(4_000),
    tags: ['👩‍👩‍👧‍👦'.repeat(200), 't'.repeat(5_000)],
  }),
];

// Several things are waited for in each test, each with patience.
vi.setConfig({ testTimeout: 4 * patienceMs });

let data: string;
let tested: ConsoleUnderTest;
let page: Page;

/** What the page asked the service to change, oldest first. */
interface SentPatch {
  readonly id: string | undefined;
  readonly ifMatch: string | undefined;
  readonly body: unknown;
}
const sent: SentPatch[] = [];

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'casp-profile-'));
  await fillTenant(data, rows, profiles);
  tested = await startConsole({ data });
  page = await tested.open('/apps/edit', { person: 'analyst' });
  page.on('request', (request) => {
    if (request.method() !== 'PATCH') return;
    const id = new URL(request.url()).pathname.split('/').pop();
    sent.push({ id, ifMatch: request.headers()['if-match'], body: request.postDataJSON() });
  });
  // Leaving a page with unsaved changes by a reload asks; the tests mean it.
  page.on('dialog', (dialog) => void dialog.accept());
}, 120_000);

afterAll(async () => {
  await tested?.stop();
  await rm(data, { recursive: true, force: true });
});

beforeEach(async () => {
  sent.length = 0;
  await page.setViewportSize({ width: 1440, height: 900 });
});

/** Waits until something becomes true; what it saw last is in the failure. */
const eventually = <Value>(read: () => Promise<Value> | Value) =>
  expect.poll(read, { timeout: patienceMs, interval: 100 });

const stored = async (id: string): Promise<ProfileValues> =>
  (await tested.api<ProfileValues>(`${collection}/${id}`)).body;
const change = (id: string, body: unknown) => tested.api(`${collection}/${id}`, { method: 'PATCH', body });

const form = () => page.getByRole('form', { name: 'Profile' });
const field = (label: string) => form().getByRole('textbox', { name: label, exact: true });
const bar = () => page.getByRole('region', { name: 'Unsaved changes' });
const save = () => bar().getByRole('button', { name: 'Save' });
const tab = (name: string) => page.getByRole('tab', { name });
const dialog = (name: string | RegExp) =>
  page.getByRole('dialog', { name }).or(page.getByRole('alertdialog', { name }));
const version = (number: number) => page.getByText(`W/"${number}"`, { exact: true });

/** Opens an app; the address may go on after its id. */
async function show(address: string): Promise<void> {
  await navigate(page, `/apps/${address}`);
  await page.getByRole('tablist').waitFor();
  const wanted = address.split('?')[0];
  await eventually(() => new URL(page.url()).pathname).toBe(`/console/apps/${wanted}`);
}

describe('the form', () => {
  it('shows every property of the model, grouped, and axe finds nothing', async () => {
    await form().waitFor();
    const { body } = await tested.api<Readonly<Record<string, unknown>>>(`${collection}/edit`);
    const paths = Object.entries(body)
      .filter(([name]) => !name.includes('@'))
      .flatMap(([name, value]) =>
        name === 'vendorInformation' && value !== null
          ? Object.keys(vendor).map((member) => `${name}/${member}`)
          : [name],
      );
    const shown = await form()
      .locator('[data-path]')
      .evaluateAll((fields) => fields.map((each) => each.getAttribute('data-path') ?? ''));
    expect(shown.toSorted()).toEqual(paths.toSorted());
    expect(await axe(page)).toEqual([]);
  });

  it('sends the one field that changed, under the ETag it was read with', async () => {
    await field('Publisher').fill('Fabrikam Inc');
    await bar().getByText('1 unsaved change', { exact: true }).waitFor();
    expect(await bar().getByRole('listitem').allTextContents()).toEqual([
      'Publisher: Fabrikam Ltd changed to Fabrikam Inc',
    ]);
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'profile-form', () => bar().waitFor());
    await save().click();
    await version(2).waitFor();
    expect(sent).toEqual([{ id: 'edit', ifMatch: 'W/"1"', body: { publisher: 'Fabrikam Inc' } }]);
    await bar().waitFor({ state: 'detached' });
    expect(await stored('edit')).toMatchObject({ publisher: 'Fabrikam Inc', name: 'Fabrikam edit' });
  });

  it('undoes what was saved', async () => {
    await page.getByRole('button', { name: 'Undo' }).first().click();
    await version(3).waitFor();
    expect(sent).toEqual([{ id: 'edit', ifMatch: 'W/"2"', body: { publisher: 'Fabrikam Ltd' } }]);
  });

  it('clears with null, leaves an emptied field alone, and sends parts of a complex value', async () => {
    await form().getByRole('button', { name: 'Clear Platform' }).click();
    await field('Provider').fill('Northwind App Watch');
    await field('Policy name').fill('');
    await page.getByText('Left empty: nothing is sent.').waitFor();
    await form().getByRole('textbox', { name: 'Add to Tags' }).fill('2026');
    await page.keyboard.press('Enter');
    await bar().getByText('3 unsaved changes', { exact: true }).waitFor();
    await bar().getByText('Tags is sent as a whole list.').waitFor();
    await bar().getByText('only the changed parts are sent').waitFor();
    await save().click();
    await version(4).waitFor();
    expect(sent.map(({ body }) => body)).toEqual([
      { platform: null, tags: ['Finance', '2026'], vendorInformation: { provider: 'Northwind App Watch' } },
    ]);
    expect(await stored('edit')).toMatchObject({
      platform: null,
      policyName: 'Default',
      vendorInformation: { ...vendor, provider: 'Northwind App Watch' },
    });
  });

  it('shows a refusal of the service at its field', async () => {
    const message = "The property 'publisher' is taken.";
    const body = JSON.stringify({ error: { code: 'BadRequest', message, target: 'publisher' } });
    await page.route(
      `**${collection}/edit`,
      (route) => route.fulfill({ status: 400, contentType: 'application/json', body }),
      { times: 1 },
    );
    await field('Publisher').fill('Refused');
    await tab('History').click();
    await save().click();
    await form().getByText(message).waitFor();
    await eventually(() => field('Publisher').evaluate((input) => input.matches(':focus'))).toBe(true);
    expect(await axeOnce(page)).toEqual([]);
    await bar().getByRole('button', { name: 'Discard' }).click();
    await bar().waitFor({ state: 'detached' });
    expect(await field('Publisher').inputValue()).toBe('Fabrikam Ltd');
  });

  it('decides at once, and opens a package only after a warning', async () => {
    await page.getByRole('button', { name: 'Decision: Undecided' }).click();
    await page.getByRole('menuitemradio', { name: 'Monitored' }).click();
    await page.getByRole('button', { name: 'Decision: Monitored' }).waitFor();
    expect(sent.map(({ body }) => body)).toEqual([{ tags: ['Finance', '2026', 'Monitored'] }]);
    await form().getByRole('button', { name: 'Open' }).click();
    await dialog('Open an address from the data?').getByText('https://packages.example/app.zip').waitFor();
    await page.keyboard.press('Escape');
  });

  it('is edited by keyboard alone', async () => {
    await show('keys');
    await tab('Profile').focus();
    const focused = () =>
      page.evaluate<string>('document.activeElement?.closest("[data-path]")?.dataset.path ?? ""');
    for (let presses = 0; presses < 8 && (await focused()) !== 'publisher'; presses += 1) {
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('publisher');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Typed Ltd');
    await page.keyboard.press('Control+s');
    await version(2).waitFor();
    expect(sent).toEqual([{ id: 'keys', ifMatch: 'W/"1"', body: { publisher: 'Typed Ltd' } }]);
    // From the field back to what is not typing, then a decision by its key.
    await tab('Profile').focus();
    await page.keyboard.press('3');
    await version(3).waitFor();
    expect((await stored('keys')).tags).toEqual(['Finance', 'Unsanctioned']);
  });
});

describe('another writer', () => {
  it('is merged with, field by field, and neither loses anything', async () => {
    await show('conflict');
    await field('Publisher').fill('Mine');
    await field('Policy name').fill('Strict');
    await field('Platform').fill('iOS');
    await form().getByRole('textbox', { name: 'Add to Tags' }).fill('mine');
    await page.keyboard.press('Enter');
    await change('conflict', { publisher: 'Theirs', policyName: 'Lenient', type: 'Games' });
    await change('conflict', { tags: ['Finance', 'theirs'] });
    await save().click();
    const merging = dialog('Somebody else changed this app');
    await merging.waitFor();
    expect(
      await merging.getByRole('group', { name: 'Somebody else' }).evaluate((it) => it.matches(':focus')),
    ).toBe(true);
    await merging.getByText('It is now W/"3".').waitFor();
    expect(await merging.getByText('Eni Okafor').count()).toBe(2);
    const outcomes = await merging
      .locator('[data-outcome]')
      .evaluateAll((each) => each.map((row) => row.getAttribute('data-outcome')));
    expect(outcomes).toEqual(['mine', 'conflict', 'conflict', 'conflict', 'theirs']);
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'profile-conflict', () => merging.waitFor());
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await sidewaysScroll(page)).toEqual([]);
    expect(await axeOnce(page)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
    await merging
      .getByRole('radiogroup', { name: 'Keep for Policy name' })
      .getByRole('radio', { name: 'Theirs' })
      .check();
    await merging.getByRole('button', { name: 'Save with W/"3"' }).click();
    await version(4).waitFor();
    expect(sent.map(({ id, ...each }) => each)).toEqual([
      {
        ifMatch: 'W/"1"',
        body: { publisher: 'Mine', policyName: 'Strict', platform: 'iOS', tags: ['Finance', 'mine'] },
      },
      {
        ifMatch: 'W/"3"',
        body: { publisher: 'Mine', platform: 'iOS', tags: ['Finance', 'theirs', 'mine'] },
      },
    ]);
    expect(await stored('conflict')).toMatchObject({
      publisher: 'Mine',
      policyName: 'Lenient',
      platform: 'iOS',
      type: 'Games',
      tags: ['Finance', 'theirs', 'mine'],
    });
  });

  it('can be given way to', async () => {
    await field('Publisher').fill('Mine again');
    await change('conflict', { publisher: 'Theirs again' });
    await save().click();
    await dialog('Somebody else changed this app').getByRole('button', { name: 'Discard mine' }).click();
    await bar().waitFor({ state: 'detached' });
    expect(await field('Publisher').inputValue()).toBe('Theirs again');
    expect(sent).toHaveLength(1);
  });

  it('is seen by whoever comes back to the app, before any edit', async () => {
    await show('keys');
    await change('conflict', { publisher: 'Theirs meanwhile' });
    await show('conflict');
    await eventually(() => field('Publisher').inputValue()).toBe('Theirs meanwhile');
    await bar().waitFor({ state: 'detached' });
  });
});

describe('an edit', () => {
  it('outlives the end of the session, and goes on after signing in', async () => {
    await show('session');
    await field('Publisher').fill('Kept');
    await page.route(
      `**${collection}/session`,
      (route) =>
        route.fulfill({
          status: 401,
          contentType: 'application/json',
          body: '{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}',
        }),
      { times: 1 },
    );
    await save().click();
    const ended = dialog('Your session ended');
    await ended.waitFor();
    const opened = page.context().waitForEvent('page');
    await ended.getByRole('button', { name: 'Sign in and continue' }).click();
    const popup = await opened;
    const closed = popup.waitForEvent('close');
    await popup.locator('button[name="person"][value="analyst"]').click();
    await closed;
    await version(2).waitFor();
    expect((await stored('session')).publisher).toBe('Kept');
  });

  it('outlives a reload', async () => {
    await field('Publisher').fill('Kept again');
    await bar().getByText('1 unsaved change', { exact: true }).waitFor();
    await page.reload();
    await signIn(page, 'analyst');
    await page.getByText('Your unsaved changes from before are back.').waitFor();
    expect(await field('Publisher').inputValue()).toBe('Kept again');
    expect(await bar().getByRole('listitem').allTextContents()).toEqual([
      'Publisher: Kept changed to Kept again',
    ]);
    expect(await axeOnce(page)).toEqual([]);
    await save().click();
    await version(3).waitFor();
    expect(sent.map(({ body }) => body)).toEqual([{ publisher: 'Kept again' }]);
  });

  it('is asked about once before it is left', async () => {
    await show('leave');
    await field('Publisher').fill('Left');
    await tab('History').click();
    await tab('Profile').click();
    expect(await field('Publisher').inputValue()).toBe('Left');
    await page.getByRole('link', { name: 'Changes' }).click();
    const leaving = dialog('Leave with unsaved changes?');
    await leaving.waitFor();
    expect(await axe(page)).toEqual([]);
    await leaving.getByRole('button', { name: 'Stay' }).click();
    await leaving.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Changes' }).click();
    await leaving.getByRole('button', { name: 'Discard and leave' }).click();
    await page.getByRole('heading', { name: 'Changes', level: 1 }).waitFor();
    await show('leave');
    expect(await field('Publisher').inputValue()).toBe('Fabrikam Ltd');
    expect(sent).toEqual([]);
  });
});

describe('the history', () => {
  const list = () => page.getByRole('list', { name: 'History' });
  const entries = () => list().locator(':scope > li');
  const choose = async (label: string, option: string) => {
    await page.getByRole('combobox', { name: label, exact: true }).click();
    await page.getByRole('option', { name: option, exact: true }).click();
  };

  it('tells who changed what, newest first, and can be narrowed', async () => {
    await change('history', { publisher: 'Second', riskScore: '7' });
    await change('history', { policyName: 'Strict' });
    await show('history?tab=history');
    await eventually(() => entries().count()).toBe(3);
    expect(await entries().first().getByRole('row').allTextContents()).toEqual([
      'FieldBeforeAfter',
      'Policy nameDefaultStrictRestore',
    ]);
    await entries().first().getByRole('button', { name: 'Details' }).click();
    await entries().first().getByText('Request id', { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'profile-history', () => entries().first().waitFor());
    await choose('Field', 'Publisher');
    await eventually(() => entries().count()).toBe(2);
    await choose('Author', 'Eni Okafor');
    await eventually(() => entries().count()).toBe(1);
    expect(new URL(page.url()).searchParams.get('field')).toBe('publisher');
    await choose('Kind', 'Deleted');
    await page.getByRole('heading', { name: 'No change matches' }).waitFor();
    await page.getByRole('button', { name: /^Clear/ }).click();
    await eventually(() => entries().count()).toBe(3);
  });

  it('puts a value back, as a new change', async () => {
    await list().getByRole('button', { name: 'Restore Risk score to 4' }).click();
    const restoring = dialog('Restore Risk score');
    await restoring.getByRole('row', { name: 'Risk score 7 4' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await restoring.getByRole('button', { name: 'Restore', exact: true }).click();
    await version(4).waitFor();
    expect(sent).toEqual([{ id: 'history', ifMatch: 'W/"3"', body: { riskScore: '4' } }]);
    await eventually(() => entries().count()).toBe(4);
  });

  it('puts a whole version back', async () => {
    await list().getByRole('button', { name: 'Restore this version … Version 1', exact: true }).click();
    const restoring = dialog('Version 1 compared with now');
    await restoring.getByRole('row', { name: 'Publisher Second Fabrikam Ltd' }).waitFor();
    await restoring.getByRole('button', { name: 'Restore', exact: true }).click();
    await version(5).waitFor();
    expect(sent.map(({ body }) => body)).toEqual([{ policyName: 'Default', publisher: 'Fabrikam Ltd' }]);
    expect(await stored('history')).toMatchObject({
      publisher: 'Fabrikam Ltd',
      policyName: 'Default',
      riskScore: '4',
    });
  });

  it('of a deleted app can still be read', async () => {
    await show('deleted');
    await field('Publisher').fill('Too late');
    await tested.api(`${collection}/deleted`, { method: 'DELETE' });
    await save().click();
    await page.getByText('This app was deleted').waitFor();
    await bar().getByText('Your unsaved changes cannot be saved any more:').waitFor();
    expect(await axe(page)).toEqual([]);
    await bar().getByRole('button', { name: 'Discard' }).click();
    await bar().waitFor({ state: 'detached' });
    await tested.api(`${collection}/gone`, { method: 'DELETE' });
    await navigate(page, '/apps/gone');
    await page.getByText(/^Eni Okafor deleted it/).waitFor();
    await eventually(() => entries().count()).toBe(2);
    expect(await axe(page)).toEqual([]);
    await navigate(page, '/apps/never-there');
    await page.getByRole('heading', { name: 'No such app' }).waitFor();
    expect(await axeOnce(page)).toEqual([]);
  });
});

describe('the JSON', () => {
  const editorText = () => page.getByRole('textbox', { name: 'The profile as JSON' });

  /** Replaces the whole text, as somebody pastes. */
  async function paste(text: string): Promise<void> {
    await editorText().focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  }

  it('is edited as a merge patch, and says what is wrong with it', async () => {
    await show('json?tab=json');
    await editorText().waitFor();
    expect(await axe(page)).toEqual([]);
    await paste('{ "naam": "x" }');
    await page.getByRole('alert').getByText('naam: no such property.').waitFor();
    await paste('{ "publisher": "From JSON", "vendorInformation": { "vendor": null } }');
    await bar().getByText('2 unsaved changes', { exact: true }).waitFor();
    expect(
      JSON.parse(await page.getByRole('region', { name: 'This is what Save sends' }).innerText()),
    ).toEqual({
      publisher: 'From JSON',
      vendorInformation: { vendor: null },
    });
    const { body } = await tested.api<ProfileValues>(`${collection}/json`);
    const edited = {
      ...body,
      publisher: 'From JSON',
      vendorInformation: { ...body.vendorInformation, vendor: null },
    };
    await paste(JSON.stringify(edited, null, 2));
    await page.getByRole('switch', { name: 'Show differences' }).click();
    await page.locator('.cm-changedLine, .cm-insertedLine').first().waitFor();
    expect(await axe(page)).toEqual([]);
    await screenshot(page, 'profile-json', () => editorText().waitFor());
    await save().click();
    await version(2).waitFor();
    expect(sent).toEqual([
      {
        id: 'json',
        ifMatch: 'W/"1"',
        body: { publisher: 'From JSON', vendorInformation: { vendor: null } },
      },
    ]);
  });
});

describe('hostile data', () => {
  const inert = async () => {
    expect(await page.getByRole('main').locator('img:not(.cm-widgetBuffer), script, b, iframe').count()).toBe(
      0,
    );
    expect(await page.title()).not.toBe('pwned');
    expect(await sidewaysScroll(page)).toEqual([]);
  };

  it.each(['hostile-script', 'hostile-marks', 'hostile-long'])('%s is inert on every tab', async (id) => {
    await show(id);
    await form().waitFor();
    await inert();
    expect(await axeOnce(page)).toEqual([]);
    await tab('History').click();
    await page.getByRole('list', { name: 'History' }).waitFor();
    await inert();
    await tab('JSON').click();
    await page.getByRole('textbox', { name: 'The profile as JSON' }).waitFor();
    await inert();
    await page.setViewportSize({ width: 320, height: 640 });
    await tab('Profile').click();
    await form().waitFor();
    await inert();
    expect(await axeOnce(page)).toEqual([]);
  });

  it('shows its direction marks, and offers to open only what is https', async () => {
    await show('hostile-marks');
    await page.getByRole('heading', { name: '\\u202egnp.exe', level: 1 }).waitFor();
    await field('Deployment package URL').waitFor();
    expect(await form().getByRole('button', { name: 'Open' }).count()).toBe(0);
  });

  it('opens a manifest of 200 000 characters at once, in a viewer that stays quick', async () => {
    await show('hostile-long');
    await form().getByText('200,000 characters').waitFor();
    const longest = await longestTaskMs(page, async () => {
      await form().getByRole('button', { name: 'View and edit: Manifest' }).click();
      const viewer = dialog('Manifest').getByRole('textbox', { name: 'Manifest' });
      await viewer.click();
      await page.keyboard.press('Control+Home');
      await page.keyboard.type('edited ');
    });
    expect(longest).toBeLessThan(longestTaskAllowedMs);
    expect(await axeOnce(page)).toEqual([]);
    await dialog('Manifest').getByRole('button', { name: 'Apply' }).click();
    await form().getByText('200,007 characters').waitFor();
    await bar().getByRole('button', { name: 'Discard' }).click();
    await form().getByText('200,000 characters').waitFor();
  });
});

describe('the changes of all apps', () => {
  const records = () => page.getByRole('region', { name: 'Changes' }).locator('tbody tr');

  it('are listed newest first, page by page, and lead to the app', async () => {
    await change('leave', { publisher: 'Latest Ltd' });
    await navigate(page, '/changes');
    await eventually(() => records().count()).toBe(50);
    await records().first().getByText('Latest Ltd').waitFor();
    await records().first().hover();
    expect(await axe(page)).toEqual([]);
    await page.mouse.move(0, 0);
    await screenshot(page, 'changes', () => page.waitForLoadState('networkidle'));
    await page.getByRole('button', { name: 'Show older changes' }).click();
    await eventually(() => records().count()).toBeGreaterThan(50);
    await records().first().getByRole('link', { name: 'Fabrikam leave' }).click();
    await page.getByRole('list', { name: 'History' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/console/apps/leave');
  });

  it('can be narrowed by an address, and fit 320 pixels', async () => {
    await navigate(page, '/changes?kind=deleted');
    await eventually(() => records().count()).toBe(2);
    await records().getByRole('link', { name: 'Fabrikam deleted' }).waitFor();
    await navigate(page, '/changes?kind=updated&field=tags');
    await eventually(() => records().count()).toBeGreaterThan(1);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.getByRole('list', { name: 'Changes' }).waitFor();
    expect(await sidewaysScroll(page)).toEqual([]);
    expect(await axeOnce(page)).toEqual([]);
    await navigate(page, '/changes?kind=deleted&field=tags&by=nobody');
    await page.getByRole('heading', { name: 'No change matches' }).waitFor();
    expect(await axeOnce(page)).toEqual([]);
  });
});

describe('a list', () => {
  it('leads from one app to the next, and back to itself', async () => {
    const filter = "startswith(name,'Fabrikam ') and type eq 'Business'";
    await show(`history?${new URLSearchParams({ from: 'apps', filter, sort: 'name asc' })}`);
    await page.getByText(/^No\. \d+ of this list$/).waitFor();
    await page.getByRole('button', { name: 'Next app' }).click();
    await page.getByRole('heading', { name: 'Fabrikam json', level: 1 }).waitFor();
    await page.getByRole('tab', { name: 'Profile' }).focus();
    await page.keyboard.press('k');
    await page.getByRole('heading', { name: 'Fabrikam history', level: 1 }).waitFor();
    await page.getByRole('navigation', { name: 'Where this is' }).getByRole('link', { name: 'Apps' }).click();
    await page.locator('[role=grid][data-state=ready]').waitFor();
    expect(new URL(page.url()).searchParams.get('filter')).toBe(filter);
  });
});

describe('a reader', () => {
  it('sees everything, Save disabled with the reason, and no way to change a field', async () => {
    const reader = await tested.open('/apps/reader', { person: 'reader' });
    const unsaved: Locator = reader.getByRole('region', { name: 'Unsaved changes' });
    await unsaved.getByText('Changing profiles needs the permission SecurityEvents.ReadWrite.All').waitFor();
    const button = unsaved.getByRole('button', { name: 'Save' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    expect(await reader.getByRole('textbox', { name: 'Publisher', exact: true }).isDisabled()).toBe(true);
    expect(await axe(reader)).toEqual([]);
    await reader.getByRole('tab', { name: 'JSON' }).click();
    await reader.getByText('Exactly what the API sends.').waitFor();
    expect(await axeOnce(reader)).toEqual([]);
    await reader.context().close();
  });
});

it('no page did what it must not', () => {
  expect(tested.faults()).toEqual([]);
});
