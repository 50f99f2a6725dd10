/** Who is signed in: OpenID Connect, code with PKCE; tokens live in this memory and nowhere else. */
import type { OidcClient, RefreshState, SigninResponse } from 'oidc-client-ts';
import type { ConsoleConfig } from './config.ts';
import { type Person, readPerson, readReturnTo } from './person.ts';
import { createStore, type Store } from './store.ts';
import { strings } from './strings.ts';

/** Where the sign-in stands. */
export type SessionState =
  | { readonly kind: 'signedOut'; readonly error: string | undefined }
  | { readonly kind: 'signingIn' }
  | { readonly kind: 'signedIn'; readonly person: Person }
  /** The token is no longer good; the page stays, a dialog over it offers to go on. */
  | { readonly kind: 'ended'; readonly person: Person; readonly error: string | undefined };

/** The session. */
export interface Session {
  readonly state: Store<SessionState>;
  /** Leaves the page for the issuer; comes back to `returnTo`, a path of this console. */
  signIn(returnTo: string): Promise<void>;
  /** In a window of its own, so that the page and its edits stay. */
  signInAgain(): Promise<void>;
  /** Reads the issuer's answer at `/console/signed-in`; resolves with the path to return to. */
  complete(url: string): Promise<string>;
  signOut(): Promise<void>;
  /** Waits for a sign-in where there is no token. */
  getToken(signal?: AbortSignal): Promise<string>;
  endSession(token: string): void;
}

/** What the session needs from the browser. */
export interface SessionParts {
  readonly config: ConsoleConfig;
  readonly origin: string;
  readonly storage: Storage;
  readonly now: () => number;
  readonly leaveTo: (url: string) => void;
  /** Undefined when the browser blocks windows. */
  readonly openWindow: (url: string) => { readonly closed: boolean; close(): void } | undefined;
}

/** Where the answer of the issuer's window arrives; a channel, because COOP separates the windows. */
export const signInChannelName = 'casp.sign-in';
/** Marks requests made by the window of `signInAgain` in the `state` parameter. */
export const windowMark = 'window';
/** Says that somebody signed in within this tab: after a reload the issuer is asked at once. No token. */
const signedInBeforeKey = 'casp.signed-in-before';
/** Tokens are renewed this long before they expire, so that no request meets an expired one. */
const renewBeforeMs = 60_000;
/** setTimeout counts in 32 bits. */
const timerMaxMs = 2 ** 31 - 1;

/** Whether the answer belongs to the window of `signInAgain`, not to this page. */
export const isWindowAnswer = (url: string): boolean =>
  new URL(url).searchParams.get('state')?.endsWith(`;${windowMark}`) ?? false;

/** The library's words where they help; that a state is missing says nothing to people. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith('No matching state') ? strings.signInStale : message;
}

/** The library's name for this looks like a hook of React, and is none. */
function redeemRefreshToken(client: OidcClient, state: RefreshState): Promise<SigninResponse> {
  const { useRefreshToken: redeem } = client;
  return redeem.call(client, { state });
}

/** Creates the session; nobody is signed in at first. */
export function createSession(parts: SessionParts): Session {
  const { config, origin, storage, now } = parts;
  const state = createStore<SessionState>({ kind: 'signedOut', error: undefined });
  let client: Promise<OidcClient> | undefined;
  let tokens: SigninResponse | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;

  /** Loaded when it is needed: the first page of a signed-out visitor shows without it. */
  function getClient(): Promise<OidcClient> {
    client ??= import('oidc-client-ts').then(
      ({ OidcClient, WebStorageStateStore }) =>
        new OidcClient({
          authority: new URL(config.authority, origin).href,
          client_id: config.clientId ?? '',
          redirect_uri: `${origin}/console/signed-in`,
          post_logout_redirect_uri: `${origin}/console/`,
          response_type: 'code',
          scope: config.scope,
          // State and verifier have to outlive the way to the issuer and back; tokens never come here.
          stateStore: new WebStorageStateStore({ store: storage, prefix: 'casp.oidc.' }),
        }),
    );
    return client;
  }

  function accept(response: SigninResponse): void {
    tokens = response;
    const expiresAtMs = (response.expires_at ?? now() / 1000 + 3600) * 1000;
    storage.setItem(signedInBeforeKey, 'yes');
    state.set({ kind: 'signedIn', person: readPerson(response.profile, response.access_token, expiresAtMs) });
    clearTimeout(renewal);
    const early = response.refresh_token === undefined ? 0 : renewBeforeMs;
    renewal = setTimeout(() => void renew(), Math.min(timerMaxMs, Math.max(0, expiresAtMs - early - now())));
  }

  async function renew(): Promise<void> {
    const current = tokens;
    if (current === undefined) return;
    if (current.refresh_token === undefined) return end(undefined);
    try {
      const { refresh_token, id_token, session_state, scope, profile } = current;
      const optional = {
        ...(id_token === undefined ? {} : { id_token }),
        ...(scope === undefined ? {} : { scope }),
      };
      const oidc = await getClient();
      const renewed = await redeemRefreshToken(oidc, {
        refresh_token,
        session_state,
        profile,
        ...optional,
      });
      if (tokens !== current) return;
      // An answer without these means that the old ones stay (OpenID Connect Core 12.2).
      renewed.refresh_token ??= refresh_token;
      if (renewed.id_token === undefined) renewed.profile = profile;
      accept(renewed);
    } catch (error) {
      if (tokens === current) end(messageOf(error));
    }
  }

  function end(error: string | undefined): void {
    const current = state.get();
    tokens = undefined;
    clearTimeout(renewal);
    if (current.kind === 'signedIn' || current.kind === 'ended') {
      state.set({ kind: 'ended', person: current.person, error });
    }
  }

  /** The issuer's answer to the window, received by whichever way it took. */
  function awaitWindowAnswer(opened: { readonly closed: boolean } | undefined): Promise<string | undefined> {
    return new Promise((resolve) => {
      const channel = new BroadcastChannel(signInChannelName);
      const settle = (url: string | undefined) => {
        clearInterval(watch);
        channel.close();
        resolve(url);
      };
      // A closed window cannot be told from one that COOP took away: it may still answer for a minute.
      let closedFor = 0;
      const watch = setInterval(() => {
        closedFor = opened?.closed === false ? 0 : closedFor + 1;
        if (closedFor > 60) settle(undefined);
      }, 1000);
      channel.onmessage = ({ data }) => {
        if (typeof data !== 'string' || !isWindowAnswer(data)) return;
        channel.postMessage('received');
        settle(data);
      };
    });
  }

  return {
    state,
    async signIn(returnTo) {
      state.set({ kind: 'signingIn' });
      try {
        const request = await (await getClient()).createSigninRequest({ state: returnTo });
        parts.leaveTo(request.url);
      } catch (error) {
        state.set({ kind: 'signedOut', error: messageOf(error) });
      }
    },
    async signInAgain() {
      const before = state.get();
      if (before.kind !== 'ended') return;
      try {
        const request = await (await getClient()).createSigninRequest({ url_state: windowMark });
        const opened = parts.openWindow(request.url);
        const url = await awaitWindowAnswer(opened);
        if (url === undefined) return;
        const response = await (await getClient()).processSigninResponse(url);
        if (response.profile.sub !== before.person.claims.sub) {
          // Somebody else must not find this person's page and edits.
          parts.leaveTo('/console/');
          return;
        }
        accept(response);
      } catch (error) {
        state.set({ ...before, error: messageOf(error) });
      }
    },
    async complete(url) {
      state.set({ kind: 'signingIn' });
      try {
        const response = await (await getClient()).processSigninResponse(url);
        accept(response);
        return readReturnTo(response.userState);
      } catch (error) {
        state.set({ kind: 'signedOut', error: messageOf(error) });
        return '/console/';
      }
    },
    async signOut() {
      const idToken = tokens?.id_token;
      tokens = undefined;
      clearTimeout(renewal);
      storage.removeItem(signedInBeforeKey);
      for (const key of Object.keys(storage)) if (key.startsWith('casp.draft.')) storage.removeItem(key);
      state.set({ kind: 'signedOut', error: undefined });
      try {
        const hint = idToken === undefined ? {} : { id_token_hint: idToken };
        const request = await (await getClient()).createSignoutRequest({
          ...hint,
          post_logout_redirect_uri: `${origin}/console/`,
        });
        parts.leaveTo(request.url);
      } catch {
        // An issuer without an end of session: this tab has forgotten its tokens all the same.
      }
    },
    getToken(signal) {
      if (tokens !== undefined) return Promise.resolve(tokens.access_token);
      return new Promise((resolve, reject) => {
        const abort = () => {
          unsubscribe();
          reject(new DOMException('The request was cancelled.', 'AbortError'));
        };
        const unsubscribe = state.subscribe(() => {
          if (tokens === undefined) return;
          unsubscribe();
          signal?.removeEventListener('abort', abort);
          resolve(tokens.access_token);
        });
        if (signal?.aborted === true) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      });
    },
    endSession(token) {
      if (tokens?.access_token === token) end(undefined);
    },
  };
}

/** Whether somebody signed in earlier in this tab, so that a reload goes straight to the issuer. */
export const wasSignedIn = (storage: Storage): boolean => storage.getItem(signedInBeforeKey) !== null;
