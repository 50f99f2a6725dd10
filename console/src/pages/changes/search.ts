/** What the address of this page holds: which changes are shown. */
import { type ChangeChoices, parseChangeChoices } from '../../merge/change-query.ts';

/** The search parameters. */
export type ChangesSearch = ChangeChoices;

/** Reads the search parameters; what it does not know is dropped. */
export const parseChangesSearch = (raw: Readonly<Record<string, unknown>>): ChangesSearch =>
  parseChangeChoices(raw);
