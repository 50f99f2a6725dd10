/** Microsoft's clients as they come from npm, against the local issuer: run as a process that trusts its authority. */
import { createHash, randomBytes } from 'node:crypto';
import { ClientSecretCredential } from '@azure/identity';
import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node';

const [origin, tenant, clientId] = process.argv.slice(2);
const knownAuthorities = [new URL(origin).host];
const scopes = ['api://casp/SecurityEvents.Read.All'];
const redirectUri = 'http://localhost:9/callback';

const publicClient = (segment) =>
  new PublicClientApplication({ auth: { clientId, authority: `${origin}/${segment}`, knownAuthorities } });

async function clientCredentials() {
  const client = new ConfidentialClientApplication({
    auth: { clientId, authority: `${origin}/${tenant}`, knownAuthorities, clientSecret: 'any' },
  });
  const { accessToken, expiresOn } = await client.acquireTokenByClientCredential({
    scopes: [`${origin}/.default`],
  });
  return { accessToken, lifetimeS: Math.round((expiresOn - Date.now()) / 1000) };
}

async function azureIdentity() {
  const credential = new ClientSecretCredential(tenant, clientId, 'any', {
    authorityHost: origin,
    disableInstanceDiscovery: true,
  });
  return (await credential.getToken('api://casp/.default')).token;
}

/** What a person does in the browser: opens the page, presses the button of the reader. */
async function signIn(url) {
  const html = await (await fetch(url)).text();
  const form = new URLSearchParams({ person: 'reader' });
  for (const [, name, value] of html.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
    form.append(name, value.replaceAll('&amp;', '&'));
  }
  const action = new URL(/action="([^"]*)"/.exec(html)[1], url);
  return fetch(action, { method: 'POST', body: form, redirect: 'manual' });
}

async function authorizationCode(segment) {
  const client = publicClient(segment);
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const url = await client.getAuthCodeUrl({
    scopes,
    redirectUri,
    codeChallenge,
    codeChallengeMethod: 'S256',
    state: 's',
  });
  const location = new URL((await signIn(url)).headers.get('location'));
  const first = await client.acquireTokenByCode({
    code: location.searchParams.get('code'),
    scopes,
    redirectUri,
    codeVerifier,
  });
  const cached = await client.acquireTokenSilent({ account: first.account, scopes });
  const renewed = await client.acquireTokenSilent({ account: first.account, scopes, forceRefresh: true });
  return {
    state: location.searchParams.get('state'),
    account: first.account.homeAccountId,
    username: first.account.username,
    fromCache: cached.accessToken === first.accessToken,
    accessTokens: [first.accessToken, renewed.accessToken],
  };
}

async function deviceCode() {
  const { accessToken, account } = await publicClient(tenant).acquireTokenByDeviceCode({
    scopes,
    deviceCodeCallback: ({ verificationUri, userCode }) => signIn(`${verificationUri}?user_code=${userCode}`),
  });
  return { accessToken, username: account.username };
}

const result = {
  clientCredentials: await clientCredentials(),
  azureIdentity: await azureIdentity(),
  authorizationCode: await authorizationCode(tenant),
  common: await authorizationCode('common'),
  deviceCode: await deviceCode(),
};
process.stdout.write(JSON.stringify(result));
