/** Writes the address of every module that is loaded to the file TEST_MODULES_FILE names. */
import { appendFileSync } from 'node:fs';

export async function load(url, context, nextLoad) {
  const file = process.env.TEST_MODULES_FILE;
  if (file) appendFileSync(file, `${url}\n`);
  return nextLoad(url, context);
}
