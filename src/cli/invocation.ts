/** How the user started casp, so that the commands it prints can be pasted. */
import { basename, delimiter, dirname, isAbsolute, relative, resolve } from 'node:path';
import { shellWord } from './style.ts';

/** `casp` from the PATH, `npx casp` under npx, else `node` and the path of the script. */
export function findInvocation(
  script: string,
  workingFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (env.npm_command === 'exec') return 'npx casp';
  const folders = (env.PATH ?? '').split(delimiter);
  // npm puts its own folders on the PATH for the length of a script; the user's shell does not have them.
  const installed = env.npm_lifecycle_event === undefined && basename(script).startsWith('casp');
  if (installed && folders.includes(dirname(script))) return 'casp';
  const below = relative(workingFolder, resolve(workingFolder, script));
  return `node ${shellWord(below.startsWith('..') || isAbsolute(below) ? script : below)}`;
}
