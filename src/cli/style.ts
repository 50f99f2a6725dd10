/** The few ways in which text is made to stand out, and made safe to paste. */
import { isAbsolute, join, relative } from 'node:path';
import { styleText } from 'node:util';

/** Bold on a terminal with colour, plain elsewhere. */
export const heading = (text: string, colour: boolean): string =>
  colour ? styleText('bold', text, { validateStream: false }) : text;

/** `error: …`, the prefix in red on a terminal with colour. */
export const errorText = (prefix: string, message: string, colour: boolean): string =>
  `${colour ? styleText('red', prefix, { validateStream: false }) : prefix} ${message}`;

/** Quotes a word for a POSIX shell where it needs quoting. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A path as people here would write it: `./x` below the working folder, else absolute. */
export function showFolder(path: string, workingFolder: string): string {
  const below = relative(workingFolder, path);
  if (below === '') return '.';
  return below.startsWith('..') || isAbsolute(below) ? path : `.${path.includes('\\') ? '\\' : '/'}${below}`;
}

/** ` --data DIR` for commands to paste, empty where the folder is found without it. */
export const dataFlag = (data: string, workingFolder: string): string =>
  data === join(workingFolder, '.casp') ? '' : ` --data ${shellWord(showFolder(data, workingFolder))}`;

/** Rows in columns, two spaces between, no trailing space. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, index) => Math.max(known[index] ?? 0, cell.length)),
    [],
  );
  const line = (row: readonly string[]) =>
    row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
