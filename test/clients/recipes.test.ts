/** The short recipes of docs/clients.md, each as it stands there. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addressedTo,
  clientEnvironment,
  openProgramFolder,
  type ProgramFolder,
  readRecipe,
  runProgram,
} from '../support/recipes.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

describe('recipes', { timeout: 60_000 }, () => {
  let server: RunningServer;
  let folder: ProgramFolder;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    server = await startServer();
    folder = await openProgramFolder();
    env = clientEnvironment(server);
  });
  afterAll(async () => {
    await folder.remove();
    await server.stop();
  });

  it('curl', async () => {
    const recipe = addressedTo(server, await readRecipe('curl', 'sh'));
    const printed = await runProgram('sh', ['-c', recipe], { cwd: folder.path, env });
    const { value } = JSON.parse(printed) as { value: readonly Readonly<Record<string, unknown>>[] };
    expect(value).toHaveLength(1);
    expect(Object.keys(value[0] ?? {})).toContain('name');
  });

  it('@azure/identity', async () => {
    const recipe = addressedTo(server, await readRecipe('A token with @azure/identity', 'js'));
    const path = await folder.write('identity.mjs', recipe);
    expect(await runProgram(process.execPath, [path], { cwd: folder.path, env })).toBe('200\n');
  });

  it('Graph JavaScript SDK', async () => {
    const recipe = addressedTo(server, await readRecipe('Graph JavaScript SDK', 'js'));
    const path = await folder.write('graph.mjs', `${recipe}console.log(page.value.length);\n`);
    expect(await runProgram(process.execPath, [path], { cwd: folder.path, env })).toBe('5\n');
  });
});

describe('the page', () => {
  it('says of every recipe whether it is run', async () => {
    const page = await readFile(fileURLToPath(new URL('../../docs/clients.md', import.meta.url)), 'utf8');
    const rows = [...page.matchAll(/^\| \[([^\]]+)\]\(#[^)]+\) \| (run|not run) here/gm)];
    const sections = page
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [title = '', ...lines] = section.split('\n');
        return [title, /(^Run here|^Not run here|\bRun here by\b)/m.exec(lines.join('\n'))?.[1]] as const;
      })
      .filter(([title]) => !['What every client needs', 'Others'].includes(title));
    expect(rows.map(([, title, status]) => [title, status])).toEqual(
      sections.map(([title, said]) => [title, said?.startsWith('Not') ? 'not run' : said && 'run']),
    );
  });
});
