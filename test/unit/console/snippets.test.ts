import { describe, expect, it } from 'vitest';
import type { RequestDescription } from '../../../console/src/request-description.ts';
import { type SnippetServer, snippetLanguages, writeSnippet } from '../../../console/src/snippets.ts';

const scope = 'openid profile offline_access api://casp/SecurityEvents.ReadWrite.All';
const dev: SnippetServer = { apiRoot: 'https://localhost:7443/v1.0', dev: true, scope };
const production: SnippetServer = { apiRoot: 'https://casp.contoso.example/v1.0', dev: false, scope };
const collection = '/security/cloudAppSecurityProfiles';
const read: RequestDescription = {
  method: 'GET',
  path: `${collection}?$filter=name%20eq%20'O''Neil'&$top=1`,
};
const hostileText = 'it\'s "quoted" $HOME `id` \\ ‘typographic’ %41 \u202e 😀\nnew line @file';
const change: RequestDescription = {
  method: 'PATCH',
  path: `${collection}/053c36a0-36a0-053c-a036-3c05a0363c05`,
  headers: { 'If-Match': '*', Prefer: 'return=representation' },
  body: { publisher: hostileText, tags: ["'; rm -rf / #", '$(id)'] },
};

const everywhere = snippetLanguages.map(({ id }) => id);

describe('a snippet', () => {
  it.each(everywhere)('of %s names this server, the whole path and no token', (language) => {
    const text = writeSnippet(language, read, production);
    expect(text).toContain('casp.contoso.example');
    expect(text).toContain('CloudAppSecurityProfiles'.replace('C', 'c'));
    expect(text).not.toContain('dist/cli/main.js');
    expect(text).toMatch(/CASP_TOKEN|get_token/);
  });

  it.each(everywhere)(
    'of %s says how a test person gets a token and trusts the local certificate',
    (language) => {
      const text = writeSnippet(language, read, dev);
      expect(text).toContain('node dist/cli/main.js token');
      expect(text).toContain('node dist/cli/main.js cert path');
      const plain = writeSnippet(language, read, { ...dev, apiRoot: 'http://localhost:7080/v1.0' });
      expect(plain).not.toContain('cert path');
    },
  );

  it.each(everywhere)('of %s holds nothing that turns or hides a line', (language) => {
    const hostile = { ...change, path: `${collection}?$search=\u202e"x"\ud800\u0000` };
    expect(writeSnippet(language, hostile, dev)).not.toMatch(/[\p{Cs}\p{Zl}\p{Zp}\u202e]/u);
  });

  it.each(everywhere)('of %s leaves a given token and broken headers out', (language) => {
    const headers = { Authorization: 'Bearer secret', 'bad name': 'x', 'X-Test': 'a\r\nInjected: b' };
    const text = writeSnippet(language, { ...read, headers }, dev);
    expect(text).not.toContain('secret');
    expect(text).not.toContain('bad name');
    expect(text).toContain('a Injected: b');
  });
});

describe('PowerShell', () => {
  it('connects to this server before it asks', () => {
    expect(
      writeSnippet('powershell', { ...change, body: { name: 'O’Neil' } }, production).split('\n'),
    ).toEqual([
      '# Install-Module Microsoft.Graph.Authentication',
      '# CASP_TOKEN: an access token of your identity provider for api://casp/SecurityEvents.ReadWrite.All',
      '# The token needs the scope api://casp/SecurityEvents.ReadWrite.All',
      "Add-MgEnvironment -Name casp -GraphEndpoint 'https://casp.contoso.example' -AzureADEndpoint 'https://casp.contoso.example'",
      'Connect-MgGraph -Environment casp -AccessToken (ConvertTo-SecureString $env:CASP_TOKEN -AsPlainText -Force)',
      'Invoke-MgGraphRequest -Method PATCH `',
      `  -Uri 'v1.0${change.path}' \``,
      "  -Headers @{ 'If-Match' = '*'; 'Prefer' = 'return=representation' } `",
      "  -ContentType 'application/json' `",
      "  -Body '{",
      '  "name": "O’’Neil"',
      "}' `",
      '  -OutputType Json',
    ]);
  });
});

describe('Python', () => {
  it('writes texts that are the same in Python as in JSON: no halves of letters', () => {
    const text = writeSnippet('python', change, dev);
    const literal = /^ {4}data=("(?:[^"\\]|\\.)*")\.encode\(\),$/m.exec(text)?.[1] ?? '';
    expect(JSON.parse(JSON.parse(literal))).toEqual(change.body);
    expect(literal).not.toMatch(/\\u[dD][89a-fA-F]/);
  });
});
