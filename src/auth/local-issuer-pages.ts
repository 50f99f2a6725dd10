/** The pages of the local issuer: plain HTML forms without a script, readable by any browser and screen reader. */
import { createHash } from 'node:crypto';
import type { Parameters } from './local-issuer-grants.ts';
import { type TestPerson, testPeople } from './test-people.ts';

/** A page and the policy a browser must hold it to. */
export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh;
  background: light-dark(#f3f4f6, #15171b); color: light-dark(#1b1d21, #eceef2); }
main { box-sizing: border-box; width: min(30rem, 100vw); padding: 2rem; background: light-dark(#fff, #1e2126);
  border: 1px solid light-dark(#d5d8de, #3a3f47); border-radius: .75rem; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
.note { color: light-dark(#555b66, #aab1bd); font-size: .875rem; }
.fault { border-left: .25rem solid light-dark(#b42318, #ff8a80); padding-left: .75rem; }
ul { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .5rem; }
button, input { box-sizing: border-box; width: 100%; font: inherit; padding: .625rem .875rem; border-radius: .5rem;
  border: 1px solid light-dark(#8a919e, #737b88); background: transparent; color: inherit; text-align: left; }
button { cursor: pointer; }
button:hover { background: light-dark(#eef2fb, #2a3040); }
button strong, button span { display: block; }
input { margin: .25rem 0 1rem; letter-spacing: .125em; }
:focus-visible { outline: 3px solid light-dark(#1f5fd0, #8ab4ff); outline-offset: 2px; }
`;

const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and in quoted attributes. */
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

/** Where a form may lead: browsers hold redirects after a form to this as well. */
function formAction(redirectUri: string | undefined): string {
  if (redirectUri === undefined) return "'self'";
  const { origin, protocol, hostname } = new URL(redirectUri);
  // A policy cannot name an IPv6 address; the scheme has to do.
  return `'self' ${hostname.startsWith('[') ? protocol : origin}`;
}

function writePage(title: string, content: string, redirectUri?: string): Page {
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · casp</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`,
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src ${styleSource}`,
      `form-action ${formAction(redirectUri)}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

const hiddenFields = (fields: Parameters): string =>
  [...fields]
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('\n');

const personButton = ({ role, name, purpose }: TestPerson): string =>
  `<li><button name="person" value="${role}"><strong>${escapeHtml(name)}</strong>` +
  `<span class="note">${role}: ${escapeHtml(purpose)}</span></button></li>`;

const peopleForm = (
  action: string,
  fields: Parameters,
): string => `<form method="post" action="${escapeHtml(action)}">
${hiddenFields(fields)}
<ul>
${testPeople.map(personButton).join('\n')}
</ul>
<button name="person" value="cancel">Cancel</button>
</form>
<p class="note">Development only: these people are fictional and have no passwords.</p>`;

/** Asks who signs in to an application; the form carries the application's request along. */
export const writeSignInPage = (
  action: string,
  request: Parameters,
  clientId: string,
  redirectUri: string,
): Page =>
  writePage(
    'Pick a test person',
    `<p>to sign in to the application <strong>${escapeHtml(clientId)}</strong> at ${escapeHtml(new URL(redirectUri).origin)}</p>
${peopleForm(action, request)}`,
    redirectUri,
  );

/** Asks for the code a device shows; `fault` says why the last one did not do. */
export const writeDeviceCodePage = (action: string, fault: string | undefined): Page =>
  writePage(
    'Sign in on another device',
    `${fault === undefined ? '' : `<p class="fault" role="alert">${escapeHtml(fault)}</p>\n`}<form method="post" action="${escapeHtml(action)}">
<label for="user_code">Code shown by the device</label>
<input id="user_code" name="user_code" required autofocus autocomplete="off" autocapitalize="characters" spellcheck="false">
<button>Next</button>
</form>`,
  );

/** Asks who signs in on the device. */
export const writeDevicePersonPage = (action: string, userCode: string, clientId: string): Page =>
  writePage(
    'Pick a test person',
    `<p>to let in the device that shows the code <strong>${escapeHtml(userCode)}</strong> for the application <strong>${escapeHtml(clientId)}</strong></p>
${peopleForm(action, new Map([['user_code', userCode]]))}`,
  );

/** Hands the answer to the application as a form (response_mode=form_post), sent by a button: no script runs here. */
export const writeFormPostPage = (redirectUri: string, answer: Parameters): Page =>
  writePage(
    'Back to the application',
    `<form method="post" action="${escapeHtml(redirectUri)}">
${hiddenFields(answer)}
<button autofocus>Continue to ${escapeHtml(new URL(redirectUri).origin)}</button>
</form>`,
    redirectUri,
  );

/** Says one thing, such as that the person may go back to the device. */
export const writeMessagePage = (title: string, message: string): Page =>
  writePage(title, `<p role="status">${escapeHtml(message)}</p>`);
