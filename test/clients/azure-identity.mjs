/**
 * Microsoft's own libraries as they come from npm, against a running server, in a process of its own because Node reads
 * NODE_EXTRA_CA_CERTS once, at its start. Arguments: address of the server, tenant, client id, id of a profile.
 * Writes one JSON object to stdout.
 */
import { ClientSecretCredential } from '@azure/identity';
import { ConfidentialClientApplication } from '@azure/msal-node';
import { Client } from '@microsoft/microsoft-graph-client';
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';

const [origin, tenant, clientId, profileId] = process.argv.slice(2);
const { host, hostname } = new URL(origin);
const scope = 'api://casp/.default';
const path = `/security/cloudAppSecurityProfiles/${profileId}`;

const credential = new ClientSecretCredential(tenant, clientId, 'any', {
  authorityHost: origin,
  disableInstanceDiscovery: true,
});

/** The Graph client over @azure/identity, as its documentation shows it; only the hosts are ours. */
function graphClient(version) {
  const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes: [scope] });
  return Client.initWithMiddleware({
    authProvider,
    baseUrl: `${origin}/`,
    defaultVersion: version,
    customHosts: new Set([hostname]),
  });
}

async function throughGraphClient(version) {
  const client = graphClient(version);
  const before = await client.api(path).get();
  const patched = await client
    .api(path)
    .header('Prefer', 'return=representation')
    .patch({ riskScore: `7-${version}`, tags: ['Monitored'] });
  const after = await client.api(path).select('id,riskScore,tags').get();
  const page = await client.api('/security/cloudAppSecurityProfiles').top(2).get();
  return { before, patched, after, page: { items: page.value.length, nextLink: page['@odata.nextLink'] } };
}

async function throughMsal() {
  const client = new ConfidentialClientApplication({
    auth: { clientId, authority: `${origin}/${tenant}`, knownAuthorities: [host], clientSecret: 'any' },
  });
  const { accessToken, tokenType, expiresOn } = await client.acquireTokenByClientCredential({
    scopes: [scope],
  });
  const again = await client.acquireTokenByClientCredential({ scopes: [scope] });
  const send = async (init) => {
    const headers = { Authorization: `${tokenType} ${accessToken}`, ...init?.headers };
    const response = await fetch(`${origin}/v1.0${path}`, { ...init, headers });
    return { status: response.status, body: await response.json() };
  };
  return {
    lifetimeS: Math.round((expiresOn.getTime() - Date.now()) / 1000),
    fromCache: again.fromCache,
    read: await send(),
    patched: await send({
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ riskScore: 'msal' }),
    }),
  };
}

/** A refusal as each library reports it. */
async function refusals() {
  const missing = await graphClient('v1.0')
    .api('/security/cloudAppSecurityProfiles/nobody')
    .get()
    .then(
      () => 'answered',
      ({ statusCode, code, message }) => ({ statusCode, code, message }),
    );
  // Without customHosts the Graph client keeps its token to itself: the 401 must say so.
  const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes: [scope] });
  const hostless = await Client.initWithMiddleware({ authProvider, baseUrl: `${origin}/` })
    .api(path)
    .get()
    .then(
      () => 'answered',
      ({ statusCode, code, message }) => ({ statusCode, code, message }),
    );
  return { missing, hostless };
}

const result = {
  msal: await throughMsal(),
  graph: [await throughGraphClient('v1.0'), await throughGraphClient('beta')],
  refusals: await refusals(),
};
process.stdout.write(JSON.stringify(result));
