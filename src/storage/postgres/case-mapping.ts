/**
 * Letters in lower and upper case as the running Node has them, in SQL: the server's own tables may be of another
 * Unicode, and then `tolower` would say another thing here than in the rest of the service.
 */
import { bracketOf, type CodePointRanges, invertRanges, rangesWhere, uniteRanges } from './code-points.ts';

/** Instances on another Unicode have functions of their own. */
const unicode = (process.versions.unicode ?? 'unknown').replaceAll('.', '_');

/** The function behind `tolower`. */
export const lowerName = `casp_lower_${unicode}`;
/** The function behind `toupper`. */
export const upperName = `casp_upper_${unicode}`;

/** `create or replace function …` for both; texts of ASCII alone never reach the tables. */
export function caseMappingStatements(): readonly string[] {
  return [
    functionOf(
      lowerName,
      'lower',
      mappingOf((letter) => letter.toLowerCase()),
      finalSigma(),
    ),
    functionOf(
      upperName,
      'upper',
      mappingOf((letter) => letter.toUpperCase()),
      '',
    ),
  ];
}

/** Characters that change, each with what it changes to. */
function mappingOf(change: (letter: string) => string): Readonly<Record<string, string>> {
  const mapping: Record<string, string> = {};
  for (const [first, last] of rangesWhere((letter) => letter > '\x7f' && change(letter) !== letter)) {
    for (let codePoint = first; codePoint <= last; codePoint += 1) {
      const letter = String.fromCodePoint(codePoint);
      mapping[letter] = change(letter);
    }
  }
  return mapping;
}

/** Replaces one distinct letter after the other, which is right because no replacement is a letter that changes. */
function functionOf(
  name: string,
  ascii: 'lower' | 'upper',
  mapping: Readonly<Record<string, string>>,
  first: string,
): string {
  const changed = Object.values(mapping).find((text) =>
    [...text].some((letter) => Object.hasOwn(mapping, letter)),
  );
  if (changed !== undefined) throw new Error(`${name} would change ${changed} twice`);
  return `create or replace function ${name}(value text) returns text language plpgsql immutable strict parallel safe as $casp$
declare
  result text := ${ascii}(value collate "C");
  rest text;
  letter text;
  replacement text;
begin
  if octet_length(value) = char_length(value) then return result; end if;
  ${first}
  rest := regexp_replace(result, '${bracketOf(invertRanges(codePointsOf(mapping)))}+', '', 'g');
  while rest <> '' loop
    letter := left(rest, 1);
    rest := replace(rest, letter, '');
    replacement := '${JSON.stringify(mapping).replaceAll("'", "''")}'::jsonb ->> letter;
    result := replace(result, letter, replacement);
  end loop;
  return result;
end $casp$`;
}

const codePointsOf = (mapping: Readonly<Record<string, string>>): CodePointRanges =>
  Object.keys(mapping).map((letter) => [letter.codePointAt(0) ?? 0, letter.codePointAt(0) ?? 0]);

/** Unicode 3.13, Final_Sigma: after a cased letter and before none, ignorable characters between them passed over. */
function finalSigma(): string {
  const ignorable = rangesWhere((letter) => /\p{Case_Ignorable}/u.test(letter));
  const cased = rangesWhere((letter) => /\p{Cased}/u.test(letter));
  // What is both is passed over.
  const onlyCased = bracketOf(invertRanges(uniteRanges([...invertRanges(cased), ...ignorable])));
  const passed = `${bracketOf(ignorable)}*`;
  return `if strpos(result, '\u03a3') > 0 then
    result := regexp_replace(result, '(?<=${onlyCased}${passed})\\u03a3(?!${passed}${onlyCased})', '\u03c2', 'g');
  end if;`;
}
