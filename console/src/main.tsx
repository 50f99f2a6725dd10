/** Starts the console: configuration, model, sign-in, page. */
import { createRoot } from 'react-dom/client';
import { createApi } from './api.ts';
import { App } from './app.tsx';
import { type ConsoleConfig, loadConfig } from './config.ts';
import type { ConsoleParts } from './context.tsx';
import { createDrafts } from './drafts.ts';
import { createJobs } from './jobs.ts';
import { type Metadata, parseMetadata } from './metadata.ts';
import { createPreferences } from './preferences.ts';
import { createSession, isWindowAnswer, type Session, wasSignedIn } from './session.ts';
import { answerFromWindow } from './shell/sign-in-window.ts';
import { showStartFailure } from './shell/start-failure.ts';
import { createStore } from './store.ts';
import { wait } from './wait.ts';

const { origin, pathname, search } = location;
const signedInPath = '/console/signed-in';
const newId = () => crypto.randomUUID();

async function loadMetadata({ apiRoot }: ConsoleConfig): Promise<Metadata> {
  const address = `${apiRoot}/$metadata`;
  const response = await fetch(address, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`The server answered ${response.status} to ${address}.`);
  return parseMetadata(await response.json());
}

function createParts(config: ConsoleConfig, metadata: Metadata, session: Session): ConsoleParts {
  const connection: ConsoleParts['connection'] = createStore({ kind: 'online' });
  const api = createApi({
    root: origin + config.apiRoot,
    collectionPath: metadata.collectionPath,
    // Profiles change under us: what a cache kept is of no use, and secrets do not belong there.
    fetch: (input, init) => fetch(input, { ...init, cache: 'no-store' }),
    getToken: session.getToken,
    endSession: session.endSession,
    connection,
    newId,
    now: () => performance.now(),
    wait,
  });
  return {
    config,
    metadata,
    api,
    session,
    connection,
    preferences: createPreferences(localStorage),
    drafts: createDrafts(sessionStorage),
    jobs: createJobs(newId),
    shortcuts: createStore(new Map()),
    commands: createStore(new Map()),
    announcements: createStore(''),
    notifications: createStore([]),
    nonce: document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '',
    newId,
  };
}

const newSession = (config: ConsoleConfig): Session =>
  createSession({
    config,
    origin,
    storage: sessionStorage,
    now: Date.now,
    leaveTo: (url) => location.assign(url),
    openWindow: (url) => window.open(url, '_blank', 'popup,width=520,height=680') ?? undefined,
  });

/** Where the page is first: back from the issuer, reloaded, or new. */
async function enter(session: Session): Promise<void> {
  if (pathname === signedInPath && search !== '') {
    const returnTo = await session.complete(location.href);
    history.replaceState(null, '', returnTo);
  } else if (pathname === signedInPath) {
    history.replaceState(null, '', '/console/');
  } else if (wasSignedIn(sessionStorage)) {
    await session.signIn(pathname + search);
  }
}

async function start(container: HTMLElement): Promise<void> {
  if (pathname === signedInPath && isWindowAnswer(location.href)) {
    answerFromWindow(container, location.href);
    return;
  }
  const config = await loadConfig(fetch, '/console/config.json');
  const session = newSession(config);
  const [metadata] = await Promise.all([loadMetadata(config), enter(session)]);
  createRoot(container).render(<App parts={createParts(config, metadata, session)} />);
}

const container = document.getElementById('root');
if (container === null) throw new Error('index.html has no element root');
start(container).catch((error: unknown) => showStartFailure(container, error));
