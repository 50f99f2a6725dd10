/** Recipes of docs/clients.md as programs: what a reader copies is what the tests run. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { plainEnvironment, type RunningServer } from './running-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The code of one language under a heading of docs/clients.md; throws when there is none. */
export async function readRecipe(heading: string, language: string): Promise<string> {
  const page = await readFile(join(root, 'docs/clients.md'), 'utf8');
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const [, code] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(section) ?? [];
  if (code === undefined) throw new Error(`no ${language} under ${heading}`);
  return code;
}

/** A folder a program can live in: our packages are its packages. */
export interface ProgramFolder {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

/** Makes an empty folder beside nothing of ours. */
export async function openProgramFolder(): Promise<ProgramFolder> {
  const path = await mkdtemp(join(tmpdir(), 'casp-client-'));
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
  await writeFile(join(path, 'package.json'), '{"type":"module"}');
  return {
    path,
    async write(name, text) {
      await writeFile(join(path, name), text);
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** A recipe with the address of a server in the place of the documented one. */
export const addressedTo = (server: RunningServer, recipe: string): string =>
  recipe.replaceAll('https://localhost:7443', server.httpsUrl);

/** What a client of the server finds in its environment when it has followed the page. */
export function clientEnvironment(server: RunningServer): NodeJS.ProcessEnv {
  return {
    ...plainEnvironment(),
    CASP_TOKEN: server.token(),
    NODE_EXTRA_CA_CERTS: server.casp('cert', 'path').stdout.trim(),
  };
}

/** Runs a program to its end and yields what it printed; rejects when it fails. */
export async function runProgram(
  command: string,
  parameters: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<string> {
  const { stdout } = await run(command, parameters, { ...options, encoding: 'utf8' });
  return stdout;
}
