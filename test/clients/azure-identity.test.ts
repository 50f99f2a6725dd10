/** @azure/msal-node, @azure/identity and the Graph JavaScript client, unmodified, against the running dev server. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testTenant } from '../support/conformance.ts';
import { plainEnvironment, type RunningServer, startServer } from '../support/running-server.ts';

/** The profile of the reference page's example; the sample holds it. */
const profileId = '053c36a0-36a0-053c-a036-3c05a0363c05';
const clientId = 'c1c1c1c1-0000-4000-8000-000000000001';
const script = fileURLToPath(new URL('./azure-identity.mjs', import.meta.url));

/** A profile in an answer, as far as these tests look at it. */
interface Profile {
  readonly id: string;
  readonly riskScore: string;
  readonly tags: readonly string[];
}

/** What the script reports. */
interface Report {
  readonly msal: {
    readonly lifetimeS: number;
    readonly fromCache: boolean;
    readonly read: { readonly status: number; readonly body: Profile };
    readonly patched: { readonly status: number; readonly body: Profile };
  };
  readonly graph: readonly {
    readonly before: Profile;
    readonly patched: Profile;
    readonly after: Profile;
    readonly page: { readonly items: number; readonly nextLink: string };
  }[];
  readonly refusals: Readonly<Record<'missing' | 'hostless', unknown>>;
}

let server: RunningServer;
let report: Report;

beforeAll(async () => {
  server = await startServer();
  const authorityPath = server.casp('cert', 'path').stdout.trim();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [script, server.httpsUrl, testTenant, clientId, profileId],
    { env: { ...plainEnvironment(), NODE_EXTRA_CA_CERTS: authorityPath } },
  );
  report = JSON.parse(stdout) as Report;
});
afterAll(() => server.stop());

describe('@azure/msal-node', () => {
  it('gets a token by client credentials, keeps it, reads and changes a profile', () => {
    const { lifetimeS, fromCache, read, patched } = report.msal;
    expect({ fromCache, read: read.status, patched: patched.status }).toEqual({
      fromCache: true,
      read: 200,
      patched: 200,
    });
    expect(lifetimeS).toBeGreaterThan(3500);
    expect(read.body.id).toBe(profileId);
    expect(patched.body).toMatchObject({ id: profileId, riskScore: 'msal' });
  });
});

describe('@azure/identity with @microsoft/microsoft-graph-client', () => {
  it.each([0, 1])('reads, changes and lists profiles (service root %i)', (index) => {
    const version = ['v1.0', 'beta'][index];
    const run = report.graph[index];
    expect(run?.before.id).toBe(profileId);
    expect(run?.patched).toMatchObject({ id: profileId, riskScore: `7-${version}`, tags: ['Monitored'] });
    expect(run?.after).toMatchObject({ id: profileId, riskScore: `7-${version}`, tags: ['Monitored'] });
    expect(run?.page.items).toBe(2);
    expect(run?.page.nextLink).toContain(`${server.httpsUrl}/${version}/security/cloudAppSecurityProfiles?`);
  });

  it('tells a refusal by status, code and message', () => {
    expect(report.refusals.missing).toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
  });

  it('without customHosts sends no token, and is told so', () => {
    expect(report.refusals.hostless).toEqual({
      statusCode: 401,
      code: 'InvalidAuthenticationToken',
      message:
        'No bearer token arrived. Get one: casp token. The Graph JavaScript SDK sends its token only over https, to hosts named in customHosts.',
    });
  });
});
