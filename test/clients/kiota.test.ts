/** Microsoft's Kiota client for TypeScript, as it comes from npm, driven by the recipe of docs/clients.md. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChangeRecords, openChangeRecords } from '../support/change-records.ts';
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

type Entity = Readonly<Record<string, unknown>>;

// The models alone take seconds to load.
describe('the Kiota client', { timeout: 60_000 }, () => {
  let server: RunningServer;
  let folder: ProgramFolder;
  let changes: ChangeRecords;
  let env: NodeJS.ProcessEnv;
  let recipe = '';

  async function read(): Promise<Entity> {
    const headers = { Authorization: `Bearer ${env.CASP_TOKEN}` };
    const answer = await fetch(`${server.httpUrl}/beta/security/cloudAppSecurityProfiles/${exampleId}`, {
      headers,
    });
    return (await answer.json()) as Entity;
  }

  /** Runs the recipe up to where it has its request builder, then these lines. */
  async function runAfterSetup(lines: string): Promise<string> {
    const [setup = ''] = recipe.split('const profile = await');
    const path = await folder.write('program.mjs', setup + lines);
    return (await runProgram(process.execPath, [path], { cwd: folder.path, env })).trim();
  }

  beforeAll(async () => {
    server = await startServer();
    folder = await openProgramFolder();
    changes = openChangeRecords(server.data);
    env = clientEnvironment(server);
    recipe = addressedTo(server, await readRecipe('Kiota TypeScript', 'js'));
  });
  afterAll(async () => {
    changes.close();
    await folder.remove();
    await server.stop();
  });

  it('reads a profile into its model', async () => {
    const printed = await runAfterSetup('console.log(JSON.stringify(await item.get()));');
    const { vendorInformation, createdDateTime, lastModifiedDateTime, ...texts } = await read();
    const model = JSON.parse(printed) as Entity;
    const own = Object.entries(texts).filter(([name]) => !name.startsWith('@'));
    expect(model).toMatchObject(Object.fromEntries(own));
    // The model keeps milliseconds.
    expect(model.createdDateTime).toBe(new Date(String(createdDateTime)).toISOString());
    expect(model.lastModifiedDateTime).toBe(new Date(String(lastModifiedDateTime)).toISOString());
    const { '@odata.type': type, ...members } = vendorInformation as Entity;
    expect(type).toBe('#microsoft.graph.securityVendorInformation');
    expect(model.vendorInformation).toMatchObject(members);
  });

  it('sends a whole model back, and only the member that changed is changed', async () => {
    const before = await read();
    const count = changes.count();
    const path = await folder.write('recipe.mjs', recipe);
    expect(await runProgram(process.execPath, [path], { cwd: folder.path, env })).toBe('Contoso Expense 3\n');
    const after = await read();
    expect(after).toEqual({
      ...before,
      '@odata.etag': 'W/"2"',
      lastModifiedDateTime: after.lastModifiedDateTime,
      riskScore: '3',
    });
    expect(before.riskScore).not.toBe('3');
    expect(changes.count()).toBe(count + 1);
    const record = changes.of(exampleId).at(-1);
    expect(record).toMatchObject({ kind: 'updated', version: 2 });
  });

  it('sends an unchanged model back, and nothing changes', async () => {
    const before = await read();
    const count = changes.count();
    const printed = await runAfterSetup(
      'const same = await item.patch(await item.get()); console.log(same.id);',
    );
    expect(printed).toBe(exampleId);
    expect(await read()).toEqual(before);
    expect(changes.count()).toBe(count);
  });

  it('gets a refusal as its own error type', async () => {
    const printed = await runAfterSetup(`
      const error = await profiles('00000000-0000-4000-8000-0000000000aa').get().catch((thrown) => thrown);
      console.log(JSON.stringify([error.responseStatusCode, error.errorEscaped?.code]));
    `);
    expect(JSON.parse(printed)).toEqual([404, 'ResourceNotFound']);
  });
});
