/** docs/requests.http, sent from top to bottom: what a reader tries first has to work. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillIn, type NamedAnswer, parseHttpFile } from '../support/http-file.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const path = fileURLToPath(new URL('../../docs/requests.http', import.meta.url));
const file = parseHttpFile(readFileSync(path, 'utf8'));

describe('requests.http', () => {
  const answers = new Map<string, NamedAnswer>();
  let server: RunningServer;
  let variables: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    server = await startServer();
    variables = { ...file.variables, baseUrl: server.httpUrl, token: server.token() };
  });
  afterAll(() => server.stop());

  it('starts with the address and the profile of the README', () => {
    expect(file.variables).toEqual({
      baseUrl: 'http://localhost:7080',
      token: 'paste-a-token-here',
      id: '053c36a0-36a0-053c-a036-3c05a0363c05',
    });
  });

  it('uses every method of the service', () => {
    expect([...new Set(file.requests.map(({ method }) => method))].sort()).toEqual([
      'DELETE',
      'GET',
      'PATCH',
      'POST',
    ]);
  });

  it('has no two requests of one title', () => {
    expect(new Set(file.requests.map(({ title }) => title)).size).toBe(file.requests.length);
  });

  it.each(file.requests.map((request) => [request.title, request.expectedStatus, request] as const))(
    '%s → %i',
    async (_, expectedStatus, { name, method, url, headers, body }) => {
      const fill = (text: string) => fillIn(text, variables, answers);
      const response = await fetch(fill(url), {
        method,
        headers: Object.entries(headers).map(([header, value]): [string, string] => [header, fill(value)]),
        ...(body === undefined ? {} : { body: fill(body) }),
      });
      const text = await response.text();
      expect({ status: response.status, ...(response.status === expectedStatus ? {} : { text }) }).toEqual({
        status: expectedStatus,
      });
      if (name !== undefined) answers.set(name, { headers: response.headers, body: JSON.parse(text) });
      // An envelope succeeds whatever is in it.
      if (url.endsWith('/$batch')) {
        const { responses } = JSON.parse(text) as { responses: { status: number }[] };
        expect(responses.map(({ status }) => status)).toEqual([200, 200]);
      }
    },
  );
});
