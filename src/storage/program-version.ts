/** The version of the program these files belong to. */
import { readFileSync } from 'node:fs';

/** The version in the program's package.json, which is as far from the sources as from what they compile to. */
export const programVersion: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  }
).version;
