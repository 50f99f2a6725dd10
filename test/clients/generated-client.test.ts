/** A client generated from our OpenAPI document by openapi-typescript, compiled by TypeScript, run over HTTPS. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleId } from '../support/conformance.ts';
import {
  addressedTo,
  clientEnvironment,
  openProgramFolder,
  type ProgramFolder,
  readRecipe,
  runProgram,
} from '../support/recipes.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const require = createRequire(import.meta.url);
const compiler = require.resolve('typescript/bin/tsc');
const generator = join(dirname(require.resolve('openapi-typescript/package.json')), 'bin/cli.js');

// The compiler takes seconds to start, and many where others work beside it.
describe('a client generated from /openapi.json', { timeout: 120_000 }, () => {
  let server: RunningServer;
  let folder: ProgramFolder;
  let env: NodeJS.ProcessEnv;
  let recipe = '';

  const node = (...parameters: string[]) =>
    runProgram(process.execPath, parameters, { cwd: folder.path, env });
  const compile = (...names: string[]) =>
    node(
      ...[
        compiler,
        '--strict',
        '--noUncheckedIndexedAccess',
        '--exactOptionalPropertyTypes',
        '--skipLibCheck',
      ],
      ...['--target', 'es2022', '--module', 'nodenext', '--rewriteRelativeImportExtensions'],
      ...['--types', 'node', ...names],
    );

  beforeAll(async () => {
    server = await startServer();
    folder = await openProgramFolder();
    env = clientEnvironment(server);
    recipe = addressedTo(server, await readRecipe('A client made from our OpenAPI document', 'ts'));
    const document = await fetch(`${server.httpUrl}/openapi.json`);
    await folder.write('openapi.json', await document.text());
    await node(generator, 'openapi.json', '--output', 'casp.ts');
    await folder.write('client.ts', recipe);
  }, 120_000);
  afterAll(async () => {
    await folder.remove();
    await server.stop();
  });

  it('is generated from https too', async () => {
    await node(generator, `${server.httpsUrl}/openapi.json`, '--output', 'again.ts');
    expect(
      await node('-e', "console.log(require('node:fs').readFileSync('again.ts', 'utf8').length > 1000)"),
    ).toBe('true\n');
  });

  it('compiles, reads, updates and is refused as its types say', async () => {
    await compile('client.ts');
    const lines = (await node('client.js')).trim().split('\n');
    expect(lines).toHaveLength(4);
    const [first = '', second = '', ...rest] = lines;
    expect(first < second).toBe(true);
    expect(rest).toEqual(['Contoso Expense 4 guest Contoso', 'versionMismatch']);
    const headers = { Authorization: `Bearer ${env.CASP_TOKEN}` };
    const answer = await fetch(`${server.httpUrl}/v1.0/security/cloudAppSecurityProfiles/${exampleId}`, {
      headers,
    });
    expect(await answer.json()).toMatchObject({
      riskScore: '4',
      permissionsRequired: 'guest',
      tags: ['Monitored'],
    });
  });

  it('does not compile with anything the service would refuse', async () => {
    // One run of the compiler for all: it takes seconds to start.
    const mistakes = [
      ['property', "riskScore: '4'", "riskScor: '4'"],
      ['computed', "riskScore: '4'", "createdDateTime: '2026-01-01T00:00:00Z'"],
      ['member', "'guest'", "'visitor'"],
      ['type', "tags: ['Monitored']", "tags: 'Monitored'"],
      ['option', '$top: 2', "$top: 'two'"],
      ['address', "'/security/cloudAppSecurityProfiles'", "'/security/profiles'"],
    ] as const;
    for (const [name, right, wrong] of mistakes) {
      expect(recipe).toContain(right);
      await folder.write(`${name}.ts`, recipe.replace(right, wrong));
    }
    const failure: unknown = await compile(...mistakes.map(([name]) => `${name}.ts`)).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { stdout } = failure as { readonly stdout: string };
    const faulty = [...stdout.matchAll(/^(\w+)\.ts\(\d+,\d+\): error TS/gm)].map(([, name]) => name);
    expect([...new Set(faulty)].sort(), stdout).toEqual(mistakes.map(([name]) => name).sort());
  });
});
