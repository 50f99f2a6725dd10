/**
 * The unmodified @microsoft/microsoft-graph-client against a server, in a process of its own: the certificate authority
 * is read from NODE_EXTRA_CA_CERTS at start. Takes its orders from the environment, prints one JSON object on stdout.
 */
import { Client, GraphError, PageIterator } from '@microsoft/microsoft-graph-client';

const { GRAPH_BASE_URL: baseUrl, GRAPH_TOKEN: token, GRAPH_SCENARIO: scenario } = process.env;
const collection = '/security/cloudAppSecurityProfiles';
const exampleId = '053c36a0-36a0-053c-a036-3c05a0363c05';

const client = Client.init({
  baseUrl,
  customHosts: new Set(['localhost']),
  authProvider: (done) => done(null, token),
});

/** What a GraphError tells its catcher. */
async function refusal(request) {
  try {
    return { answered: await request };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const { statusCode, code, message, requestId, date } = error;
    return { statusCode, code, message, requestId, date: date.toISOString(), body: JSON.parse(error.body) };
  }
}

/** Reads all pages of a collection with the library's own iterator. */
async function readAll(first) {
  const ids = [];
  const iterator = new PageIterator(client, await first, ({ id }) => {
    ids.push(id);
    return true;
  });
  await iterator.iterate();
  return { ids, complete: iterator.isComplete() };
}

const scenarios = {
  async read() {
    return { entity: await client.api(`${collection}/${exampleId}`).get() };
  },

  async update() {
    const api = client.api(`${collection}/${exampleId}`);
    const before = await api.get();
    const after = await client
      .api(`${collection}/${exampleId}`)
      .header('If-Match', before['@odata.etag'])
      .patch({
        riskScore: '9',
        tags: ['Reviewed'],
        policyName: null,
        vendorInformation: { subProvider: 'eu-2' },
      });
    const stale = await refusal(
      client
        .api(`${collection}/${exampleId}`)
        .header('If-Match', before['@odata.etag'])
        .patch({ riskScore: '1' }),
    );
    const read = await client.api(`${collection}/${exampleId}`).get();
    return { before, after, stale, read };
  },

  /** Get, change one member, send the whole model back. */
  async wholeModel() {
    const before = await client.api(`${collection}/${exampleId}`).get();
    const after = await client.api(`${collection}/${exampleId}`).patch({ ...before, platform: 'Elsewhere' });
    const again = await client.api(`${collection}/${exampleId}`).patch(after);
    return { before, after, again };
  },

  async minimal() {
    const answer = await client
      .api(`${collection}/${exampleId}`)
      .header('Prefer', 'return=minimal')
      .patch({ type: 'Library' });
    return { answer: answer ?? null, read: await client.api(`${collection}/${exampleId}`).get() };
  },

  async pages() {
    const links = [];
    let page = await client.api(collection).top(100).get();
    const sizes = [page.value.length];
    while (page['@odata.nextLink'] !== undefined) {
      links.push(page['@odata.nextLink']);
      page = await client.api(page['@odata.nextLink']).get();
      sizes.push(page.value.length);
    }
    return { sizes, links, ...(await readAll(client.api(collection).top(100).get())) };
  },

  async pausedPages() {
    const ids = [];
    const iterator = new PageIterator(client, await client.api(collection).top(40).get(), ({ id }) => {
      ids.push(id);
      return ids.length % 60 !== 0;
    });
    await iterator.iterate();
    let pauses = 0;
    while (!iterator.isComplete()) {
      pauses += 1;
      await iterator.resume();
    }
    return { ids, pauses };
  },

  async lifetime() {
    const made = await client.api(collection).post({
      '@odata.type': '#microsoft.graph.cloudAppSecurityProfile',
      name: 'Made by the SDK ✓',
      tags: ['sdk'],
    });
    const read = await client.api(`${collection}/${made.id}`).get();
    const deleted = (await client.api(`${collection}/${made.id}`).delete()) ?? null;
    const gone = await refusal(client.api(`${collection}/${made.id}`).get());
    return { made, read, deleted, gone };
  },

  async badValue() {
    return refusal(client.api(`${collection}/${exampleId}`).patch({ permissionsRequired: 'String' }));
  },

  async versions() {
    const contexts = {};
    for (const version of ['v1.0', 'beta']) {
      const entity = await client.api(`${collection}/${exampleId}`).version(version).get();
      const page = await client.api(collection).version(version).top(1).get();
      contexts[version] = [entity['@odata.context'], page['@odata.context'], page['@odata.nextLink']];
    }
    return contexts;
  },

  async refused() {
    return refusal(client.api(`${collection}/${exampleId}`).get());
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
