/**
 * The console in a real Chromium: one server and one browser for a test file, pages that are signed in, axe, pictures.
 *
 *     const console = await startConsole();              // in beforeAll; console.stop() in afterAll
 *     const page = await console.open('/apps', { person: 'analyst' });
 *     expect(await axe(page)).toEqual([]);
 *     await screenshot(page, 'apps');                    // docs/images/apps-1440.png, apps-390.png … when asked
 *     expect(console.faults()).toEqual([]);              // page errors, broken policies, requests to other hosts
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axeCore from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';
import { type RunningServer, startServer } from './running-server.ts';

/** Roles of the local issuer's test people (see its sign-in page). */
export type Person = 'reader' | 'analyst' | 'engineer' | 'admin' | 'no-access';

/** How a page is opened; the defaults are a laptop's: 1440 × 900, light. */
export interface PageOptions {
  /** Signs in as this person; nobody unless given. */
  readonly person?: Person;
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly forcedColors?: 'active' | 'none';
}

/** A server with the built console and a browser that looks at it. */
export interface ConsoleUnderTest {
  readonly server: RunningServer;
  readonly browser: Browser;
  /** Where the console is: `${url}/apps`, without a slash at the end. */
  readonly url: string;
  /** Opens a path of the console in a browser context of its own, signed in if a person is named. */
  open(path: string, options?: PageOptions): Promise<Page>;
  /** What no page may do, seen so far; `forget` empties it after a test provoked something. */
  faults(): readonly string[];
  forget(): void;
  /** Asks the API as a person, past the console: to prepare, to interfere and to compare. */
  api<Body = unknown>(path: string, request?: ApiRequest): Promise<ApiAnswer<Body>>;
  stop(): Promise<void>;
}

/** A request to the API; `path` of `api` starts after the version, such as `/security/…`. */
export interface ApiRequest {
  readonly person?: Person;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** An answer of the API; `body` is the parsed JSON, or the text if it is not JSON, of the shape the test knows. */
export interface ApiAnswer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

/** Longest wait for anything on a page: two slow cores shared with the rest of the suite. */
export const patienceMs = Number(process.env.CASP_PATIENCE_MS ?? 30_000);

const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
];

/** Starts a browser; most tests want `startConsole`. */
export async function launchBrowser(): Promise<Browser> {
  const { executablePath, environment } = await findChromium();
  return chromium.launch({
    executablePath,
    args: browserFlags,
    env: { ...definedEnvironment(), ...environment },
    timeout: patienceMs,
  });
}

const definedEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** One server and one browser; stop it in `afterAll`. */
export async function startConsole(
  options: { readonly flags?: readonly string[]; readonly data?: string } = {},
): Promise<ConsoleUnderTest> {
  const [server, browser] = await Promise.all([startServer(options), launchBrowser()]);
  const url = `${server.httpUrl}/console`;
  const faults: string[] = [];
  const contexts: BrowserContext[] = [];
  const tokens = new Map<Person, string>();
  const tokenOf = (person: Person): string => {
    const token = tokens.get(person) ?? server.token('--role', person);
    tokens.set(person, token);
    return token;
  };
  return {
    server,
    browser,
    url,
    async open(path, pageOptions = {}) {
      const context = await browser.newContext({
        viewport: { width: pageOptions.width ?? 1440, height: pageOptions.height ?? 900 },
        colorScheme: pageOptions.colorScheme ?? 'light',
        forcedColors: pageOptions.forcedColors ?? 'none',
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'Europe/Stockholm',
        ignoreHTTPSErrors: true,
        acceptDownloads: true,
      });
      contexts.push(context);
      context.setDefaultTimeout(patienceMs);
      const page = await context.newPage();
      watch(page, server, faults);
      await page.goto(`${url}${path}`);
      if (pageOptions.person !== undefined) await signIn(page, pageOptions.person);
      return page;
    },
    faults: () => [...faults],
    forget: () => faults.splice(0),
    async api<Body>(
      path: string,
      { person = 'engineer', method = 'GET', headers = {}, body }: ApiRequest = {},
    ) {
      const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await fetch(`${server.httpUrl}/v1.0${path}`, {
        method,
        headers: { authorization: `Bearer ${tokenOf(person)}`, ...json, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, body: parsedOrText(text) as Body };
    },
    async stop() {
      for (const context of contexts) await context.close();
      await browser.close();
      await server.stop();
    },
  };
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Notes what no page may do: throw, break its policy, ask another host. */
function watch(page: Page, server: RunningServer, faults: string[]): void {
  const allowed = new Set([new URL(server.httpUrl).host, new URL(server.httpsUrl).host]);
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // A refused answer is no fault of the page: the tests provoke many.
    if (message.type() !== 'error' || text.startsWith('Failed to load resource')) return;
    faults.push(`console: ${text}`);
  });
  page.on('request', (request) => {
    const address = new URL(request.url());
    if (/^https?:$/.test(address.protocol) && !allowed.has(address.host)) {
      faults.push(`foreign request: ${request.url()}`);
    }
  });
}

/** From the console's sign-in page, or the issuer's, back to where the person wanted to go. */
export async function signIn(page: Page, person: Person): Promise<void> {
  const pick = page.getByRole('heading', { name: 'Pick a test person' });
  const start = page.getByRole('main').getByRole('button', { name: /^Sign in/ });
  await pick.or(start).first().waitFor();
  if (await start.isVisible()) await start.click();
  await pick.waitFor();
  await page.locator(`button[name="person"][value="${person}"]`).click();
  await page.waitForURL(
    (address) => /\/console(\/|$)/.test(address.pathname) && !/signed-in/.test(address.pathname),
  );
  await start.waitFor({ state: 'detached' });
}

/** Goes to another path of the console without loading it anew: a load would mean to sign in again. */
export async function navigate(page: Page, path: string): Promise<void> {
  // The router listens to the history it runs on.
  await page.evaluate(`history.pushState({}, '', ${JSON.stringify(`/console${path}`)})`);
  // Until the page stands, what is looked for might be found on the page before.
  const settled = await page.evaluate<boolean>(`(${routerSettles})(${patienceMs})`);
  if (!settled) throw new Error(`the page of ${path} did not come`);
}

/** What axe finds, in light and in dark, as one line each; an empty list is the only good answer. */
export async function axe(page: Page): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const finding of await axeOnce(page)) findings.push(`${colorScheme}: ${finding}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return findings;
}

/** One look with axe at the page as it is. */
export async function axeOnce(page: Page): Promise<readonly string[]> {
  await page.evaluate(fadesEnd);
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axeCore.source);
  return page.evaluate<readonly string[]>(lookWithAxe);
}

// What runs in the page is text: the tests are compiled without the DOM.

/** Whether what the router shows is what the address says, in time; the router sets `resolvedLocation` once it has drawn. */
const routerSettles = `async (timeoutMs) => {
  const router = window.__TSR_ROUTER__;
  const isSettled = ({ status, location, resolvedLocation }) =>
    status === 'idle' && resolvedLocation?.href === location.href;
  for (const startMs = performance.now(); performance.now() - startMs < timeoutMs; ) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (router === undefined || isSettled(router.state)) return true;
  }
  return false;
}`;

/** Colours that are still fading would be judged half-way; a new theme takes a frame or two to begin. */
const fadesEnd = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let quiet = 0; quiet < 3; ) {
    await frame();
    const fading = document.getAnimations()
      .filter((animation) => animation.playState === 'running')
      .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity);
    quiet = fading.length === 0 ? quiet + 1 : 0;
    await Promise.all(fading.map((animation) => animation.finished.catch(() => undefined)));
  }
})()`;

/** Tabster's dummies catch the focus at the ends of a dialog; nothing of them reaches a reader. */
const lookWithAxe = `axe.run(
  { include: [['html']], exclude: [['[data-tabster-dummy]']] },
  { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
  id + ' at ' + target.join(' ') + ': ' + (failureSummary ?? '').replaceAll('\\n', ' '))))`;

const findSideways = `(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
    .slice(0, 5)
    .map((element) => element.outerHTML.slice(0, 200) + ' ends at ' + element.getBoundingClientRect().right);
})()`;

/** Whether pictures are written: a plain test run leaves the tree as it is. */
export const writesImages = process.env.CASP_WRITE_IMAGES === '1';

/**
 * Pictures of the page for the documentation, when `CASP_WRITE_IMAGES=1`: `docs/images/<name>-1440.png`,
 * `<name>-1440-dark.png` and the same at 390 pixels. `settled` waits for whatever a new width loads.
 */
export async function screenshot(
  page: Page,
  name: string,
  settled: () => Promise<unknown> = () => page.waitForLoadState('networkidle'),
): Promise<void> {
  if (!writesImages) return;
  const folder = process.env.CASP_IMAGES ?? fileURLToPath(new URL('../../docs/images', import.meta.url));
  await mkdir(folder, { recursive: true });
  const before = page.viewportSize() ?? { width: 1440, height: 900 };
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled();
      const suffix = colorScheme === 'dark' ? '-dark' : '';
      await page.screenshot({ path: join(folder, `${name}-${width}${suffix}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(before);
  await settled();
}

/** The part of Chromium's trace events that is looked at. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the thread's own processor time. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * The longest task of the page's main thread while `work` ran, in milliseconds of its own processor time: what else
 * runs on the machine lengthens tasks by the clock.
 */
export async function longestTaskMs(page: Page, work: () => Promise<void>): Promise<number> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser');
  await browser.startTracing(page, { categories: ['toplevel'] });
  let trace: Buffer | undefined;
  try {
    await work();
  } finally {
    trace = await browser.stopTracing();
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const mainThreads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(threadOf),
  );
  const taskTimes = traceEvents
    .filter((event) => event.name === 'ThreadControllerImpl::RunTask' && mainThreads.has(threadOf(event)))
    // The task that ends the trace has no time yet.
    .flatMap(({ tdur }) => (tdur === undefined ? [] : [tdur / 1000]));
  if (taskTimes.length === 0) throw new Error('the trace shows no task of a page');
  return taskTimes.reduce((longest, time) => Math.max(longest, time), 0);
}

/** What makes the page scroll sideways at its present width; empty if nothing does. */
export const sidewaysScroll = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(findSideways);
