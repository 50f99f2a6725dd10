/** How a query option is refused: the reason, and where in the option's text. */

import { quoteForMessage, ServiceError } from '../errors.ts';

/** The option a text came from, named as messages name it. */
export type Clause =
  | 'filter'
  | 'orderby'
  | 'select'
  | 'expand'
  | 'compute'
  | 'search'
  | 'apply'
  | 'parameter alias';

/** A decoded option value and what it is the value of. */
export interface Source {
  readonly text: string;
  readonly clause: Clause;
  /** The option, as errors name it: `$filter`, `@p`. */
  readonly target: string;
}

const excerptCharactersMax = 60;
const charactersBefore = 20;

/** The text around a fault, cut to a line. */
function excerpt(text: string, offset: number): string {
  if (text.length <= excerptCharactersMax) return quoteForMessage(text);
  const start = Math.max(0, Math.min(offset - charactersBefore, text.length - excerptCharactersMax));
  const end = start + excerptCharactersMax;
  const shown = quoteForMessage(text.slice(start, end));
  return `${start > 0 ? '…' : ''}${shown}${end < text.length ? '…' : ''}`;
}

const quotedCharactersMax = 40;

/** A piece of a client's text as a reason shows it: short, control characters escaped. */
export function quoteText(text: string): string {
  return quoteForMessage(text.slice(0, 3 * quotedCharactersMax), quotedCharactersMax);
}

function locate(source: Source, offset: number, reason: string): string {
  return `Invalid ${source.clause} clause: ${reason} at position ${offset} in '${excerpt(source.text, offset)}'.`;
}

/** The error for a text that breaks the grammar at `offset`; the reason says what was expected and what was found. */
export function syntaxError(source: Source, offset: number, reason: string): ServiceError {
  return new ServiceError('expressionSyntax', locate(source, offset, reason), { target: source.target });
}

/** The error for a text that passes a limit at `offset`. */
export function tooComplex(source: Source, offset: number, reason: string): ServiceError {
  return new ServiceError('queryTooComplex', locate(source, offset, reason), { target: source.target });
}

/** The error for a part of the specification that is not built, found at `offset`. */
export function unsupported(source: Source, offset: number, reason: string): ServiceError {
  return new ServiceError('optionUnsupported', locate(source, offset, reason), { target: source.target });
}
