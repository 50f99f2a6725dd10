/** Snippets of the console, tried as a reader would try them: in a shell, through the compiler, against a server. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestDescription } from '../../console/src/request-description.ts';
import { type SnippetLanguage, type SnippetServer, writeSnippet } from '../../console/src/snippets.ts';
import { clientEnvironment, openProgramFolder, type ProgramFolder } from '../support/recipes.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const run = promisify(execFile);
const scope = 'openid profile offline_access api://casp/SecurityEvents.ReadWrite.All';
const dev: SnippetServer = { apiRoot: 'https://localhost:7443/v1.0', dev: true, scope };
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

describe('against a server', () => {
  let server: RunningServer;
  let folder: ProgramFolder;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    [server, folder] = await Promise.all([startServer(), openProgramFolder()]);
    env = clientEnvironment(server);
  });
  afterAll(async () => {
    await server?.stop();
    await folder?.remove();
  });

  const serverAt = (url: string): SnippetServer => ({ apiRoot: `${url}/v1.0`, dev: true, scope });
  const roots = () => [serverAt(server.httpsUrl), serverAt(server.httpUrl)];

  /** Runs a snippet in its language; yields what it printed. */
  async function play(
    language: SnippetLanguage,
    request: RequestDescription,
    at: SnippetServer,
  ): Promise<string> {
    const text = writeSnippet(language, request, at);
    if (language === 'curl') return (await run('bash', ['-euc', text], { env })).stdout;
    const program = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const path = await folder.write('snippet.mjs', program.outputText);
    return (await run(process.execPath, [path], { env })).stdout;
  }

  it.each(['curl', 'typescript'] as const)('%s reads, over https and http', async (language) => {
    for (const at of roots()) {
      const page = JSON.parse(
        await play(
          language,
          { ...read, path: `${collection}?$filter=tags/any(t:t%20eq%20'Finance')&$top=2&$select=name` },
          at,
        ),
      );
      expect(page.value).toHaveLength(2);
    }
  });

  it.each(['curl', 'typescript'] as const)('%s writes hostile values letter by letter', async (language) => {
    for (const at of roots()) {
      const changed = JSON.parse(await play(language, change, at));
      expect([changed.publisher, changed.tags]).toEqual([hostileText, ["'; rm -rf / #", '$(id)']]);
    }
  });

  it('fails where the service refuses', async () => {
    const refused = { method: 'GET', path: `${collection}/nobody` };
    for (const language of ['curl', 'typescript'] as const) {
      await expect(play(language, refused, serverAt(server.httpsUrl))).rejects.toThrow();
    }
  });

  it('TypeScript compiles under strict', { timeout: 60_000 }, async () => {
    const requests: readonly RequestDescription[] = [
      read,
      change,
      { method: 'DELETE', path: change.path, headers: { 'If-Match': 'W/"1"' } },
      { method: 'POST', path: collection, body: '{"name":"x","__proto__":{"a":1}}' },
    ];
    const files = await Promise.all(
      requests.map((request, index) =>
        folder.write(`check${index}.ts`, writeSnippet('typescript', request, roots()[index % 2] ?? dev)),
      ),
    );
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: ['node'],
      typeRoots: [join(fileURLToPath(new URL('../..', import.meta.url)), 'node_modules', '@types')],
      skipLibCheck: true,
    });
    const faults = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(faults).toEqual([]);
  });
});
