/**
 * Regular expressions in RE2's syntax → PostgreSQL's, made only of what means the same there: characters become
 * explicit ranges, anchors and word boundaries are spelled out, and nothing depends on the server's locale. Only
 * whether there is a match is asked, so greed does not matter.
 */
import { RE2JS } from 're2js';
import { bracketOf, type CodePointRanges, escapeCodePoint } from './code-points.ts';

/** The flags in force: letters of any case, lines instead of the text, `.` for line feeds too. */
interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

/** A PostgreSQL regular expression that is found in the same texts; the pattern must be one RE2 accepts. */
export function translatePattern(pattern: string): string {
  const source = { pattern, position: 0 };
  const noFlags: Flags = { ignoreCase: false, multiline: false, dotAll: false };
  const translated = translateAlternatives(source, noFlags);
  if (source.position < pattern.length) throw new Error(`RE2 takes no such pattern: ${pattern}`);
  return `(?:${translated})`;
}

interface Source {
  readonly pattern: string;
  position: number;
}

const startsWith = ({ pattern, position }: Source, text: string): boolean =>
  pattern.startsWith(text, position);

/** Takes what a sticky expression matches here. */
function take(source: Source, expression: RegExp): RegExpExecArray | undefined {
  const sticky = new RegExp(expression.source, 'yu');
  sticky.lastIndex = source.position;
  const found = sticky.exec(source.pattern);
  if (found === null) return undefined;
  source.position = sticky.lastIndex;
  return found;
}

/** Up to the end of the group or of the pattern. */
function translateAlternatives(source: Source, outer: Flags): string {
  let flags = outer;
  const alternatives: string[] = [''];
  while (source.position < source.pattern.length && !startsWith(source, ')')) {
    if (take(source, /\|/) !== undefined) {
      alternatives.push('');
      continue;
    }
    const change = take(source, /\(\?([imsU]*)(?:-([imsU]*))?\)/);
    if (change !== undefined) {
      flags = changeFlags(flags, change);
      continue;
    }
    const atom = translateQuoted(source, flags) ?? translateAtom(source, flags);
    alternatives.push(`${alternatives.pop() ?? ''}${atom}`);
  }
  return alternatives.map((each) => (each === '' ? '(?:)' : each)).join('|');
}

function changeFlags(flags: Flags, [, on = '', off = '']: RegExpExecArray): Flags {
  const changed = (letter: string, before: boolean) =>
    off.includes(letter) ? false : on.includes(letter) || before;
  return {
    ignoreCase: changed('i', flags.ignoreCase),
    multiline: changed('m', flags.multiline),
    dotAll: changed('s', flags.dotAll),
  };
}

/** `\Q…\E`: characters; a quantifier after it is of the last alone. */
function translateQuoted(source: Source, flags: Flags): string | undefined {
  const quoted = take(source, /\\Q(.*?)(?:\\E|$)/s);
  if (quoted === undefined) return undefined;
  const letters = [...(quoted[1] ?? '')].map((letter) => translateCharacter(letter, flags));
  const last = letters.pop();
  return last === undefined ? '' : `${letters.join('')}${repeat(source, last)}`;
}

function translateAtom(source: Source, flags: Flags): string {
  const group = take(source, /\((?:\?P?<[^>]*>|\?([imsU]*)(?:-([imsU]*))?:)?/);
  if (group !== undefined) {
    const inner = translateAlternatives(source, changeFlags(flags, group));
    if (take(source, /\)/) === undefined) throw new Error(`a group without end: ${source.pattern}`);
    return repeat(source, `(?:${inner})`);
  }
  const assertion = take(source, /[$^]|\\[AzbB]/);
  if (assertion !== undefined) return repeat(source, assertions(flags)[assertion[0]] ?? '');
  if (take(source, /\./) !== undefined) return repeat(source, flags.dotAll ? anyCharacter : notLineFeed);
  const characters =
    take(source, /\[\^?\]?(?:\[:\^?\w+:\]|\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|[^\]\\])*\]/s) ??
    take(source, /\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[^}]*\}|..)|[0-7]{1,3}|.)/s);
  if (characters !== undefined) return repeat(source, translateSet(characters[0], flags));
  const literal = take(source, /./s);
  if (literal === undefined) throw new Error(`a pattern without end: ${source.pattern}`);
  return repeat(source, translateCharacter(literal[0], flags));
}

const anyCharacter = '(?:.|\\n)';
const notLineFeed = '[^\\n]';
const word = '[0-9A-Za-z_]';

const assertions = ({ multiline }: Flags): Readonly<Record<string, string>> => ({
  '^': multiline ? '(?:^|(?<=\\n))' : '(?:^)',
  $: multiline ? '(?:$|(?=\\n))' : '(?:$)',
  '\\A': '(?:^)',
  '\\z': '(?:$)',
  '\\b': `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
  '\\B': `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`,
});

function translateCharacter(letter: string, flags: Flags): string {
  const codePoint = letter.codePointAt(0) ?? 0;
  if (!flags.ignoreCase) return codePoint === 0 ? bracketOf([]) : escapeCodePoint(codePoint);
  return translateSet(`\\x{${codePoint.toString(16)}}`, flags);
}

/** A class or an escaped character, as its code points. */
function translateSet(token: string, { ignoreCase }: Flags): string {
  // U+0000, which no text has, keeps RE2 from making a single letter of it.
  const set = token.startsWith('[') ? token : `[${token}]`;
  const wide = set.startsWith('[^') ? set : `${set.slice(0, -1)}\\x00]`;
  return bracketOf(rangesOf(ignoreCase ? `(?i)${wide}` : wide));
}

/** What of a compiled pattern tells the code points of its only class. */
interface CompiledSet {
  readonly re2Input: { readonly prog: { readonly inst: readonly { op: number; runes: Int32Array }[] } };
}

/** RE2's instructions about characters, by number: those from here on. */
const firstCharacterInstruction = 8;

/** Asked of RE2 itself, so that both engines have the same Unicode. */
function rangesOf(set: string): CodePointRanges {
  const { re2Input } = RE2JS.compile(set) as unknown as CompiledSet;
  const instructions = re2Input.prog.inst.filter(({ op }) => op >= firstCharacterInstruction);
  const [only] = instructions;
  if (only === undefined) return [];
  if (instructions.length > 1) throw new Error(`more than a class: ${set}`);
  const { runes } = only;
  if (runes.length === 1) return [[runes[0] ?? 0, runes[0] ?? 0]];
  return Array.from({ length: runes.length / 2 }, (_, index) => [
    runes[2 * index] ?? 0,
    runes[2 * index + 1] ?? 0,
  ]);
}

/** PostgreSQL counts no further in one quantifier. */
const countMax = 255;

/** The atom with the quantifiers that follow it. */
function repeat(source: Source, atom: string): string {
  let repeated = atom;
  for (;;) {
    const quantifier = take(source, /(?:([*+?])|\{([0-9]+)(?:(,)([0-9]*))?\})\??/);
    if (quantifier === undefined) return repeated;
    const [, sign, least, comma, most] = quantifier;
    if (sign !== undefined) repeated = `(?:${repeated}${sign})`;
    else repeated = counted(repeated, Number(least), comma === undefined ? least : most);
  }
}

function counted(atom: string, least: number, most: string | undefined): string {
  const always = times(atom, least, (count) => `{${count}}`);
  if (most === '' || most === undefined) return `(?:${always}${atom}*)`;
  return `(?:${always}${times(atom, Number(most) - least, (count) => `{0,${count}}`)})`;
}

function times(atom: string, count: number, quantifier: (count: number) => string): string {
  const whole = `${atom}${quantifier(countMax)}`.repeat(Math.floor(count / countMax));
  const rest = count % countMax;
  return rest === 0 ? whole : `${whole}${atom}${quantifier(rest)}`;
}
