/** What a refused query option says, taken apart. */

import { type ErrorCode, ServiceError } from '../../src/errors.ts';

/** The refusal of a text. */
export interface SyntaxFault {
  readonly code: ErrorCode;
  readonly target: string | undefined;
  /** The position the message states. */
  readonly offset: number;
  readonly message: string;
}

/** Runs a parser that must refuse, and returns how it did; anything but a refusal with a position throws. */
export function syntaxFault(parse: () => unknown): SyntaxFault {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const position = / at position (\d+) in '/.exec(error.message)?.[1];
    if (position === undefined) throw new Error(`no position in: ${error.message}`, { cause: error });
    return { code: error.code, target: error.target, offset: Number(position), message: error.message };
  }
  throw new Error('expected a refusal, but the text was read');
}
