/** Which change records are asked for: choices in an address ↔ the $filter of `casp.changes()`. */
import type { ChangeRecord } from '../api.ts';
import { writeText } from '../odata.ts';

/** Choices; each member stands in the address under its name. */
export interface ChangeChoices {
  /** A property of the profile. */
  readonly field?: string;
  /** Id of an author, or `system`. */
  readonly by?: string;
  readonly kind?: ChangeRecord['kind'];
  /** Days back from now. */
  readonly days?: number;
}

/** Kinds in the order menus show them. */
export const changeKinds: readonly ChangeRecord['kind'][] = ['created', 'updated', 'deleted'];
/** Ranges offered, in days. */
export const dayRanges: readonly number[] = [1, 7, 30, 90];
/** Names in the place of an author's id: changes nobody asked for have none. */
const systemAuthor = 'system';

type Raw = Readonly<Record<string, unknown>>;

/** Reads the choices of an address; what makes no sense is dropped. */
export function parseChangeChoices(raw: Raw): ChangeChoices {
  const kind = changeKinds.find((each) => each === raw.kind);
  const days = dayRanges.find((each) => String(each) === String(raw.days));
  const field = shortText(raw.field, /^[A-Za-z_]\w*$/);
  const by = shortText(raw.by, /\S/);
  return {
    ...(field === undefined ? {} : { field }),
    ...(by === undefined ? {} : { by }),
    ...(kind === undefined ? {} : { kind }),
    ...(days === undefined ? {} : { days }),
  };
}

const shortText = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && value.length <= 200 && pattern.test(value) ? value : undefined;

/** The $filter; undefined where nothing is chosen. `now` is in milliseconds. */
export function changeFilter({ field, by, kind, days }: ChangeChoices, now: number): string | undefined {
  const terms = [
    ...(kind === undefined ? [] : [`kind eq ${writeText(kind)}`]),
    ...(by === undefined
      ? []
      : [by === systemAuthor ? `author/kind eq 'system'` : `author/id eq ${writeText(by)}`]),
    ...(field === undefined ? [] : [`changed/any(c:c eq ${writeText(field)})`]),
    ...(days === undefined ? [] : [`at ge ${new Date(now - days * 86_400_000).toISOString()}`]),
  ];
  return terms.length === 0 ? undefined : terms.join(' and ');
}

/** An author as choices name them. */
export interface AuthorChoice {
  readonly by: string;
  readonly label: string;
}

/** What a record says of its author; lists of people need no more of it. */
export type Authored = Pick<ChangeRecord, 'author'>;

/** The name of an author, or what there is in its place. */
export const authorName = ({ name, id, kind }: ChangeRecord['author']): string =>
  name ?? (kind === 'system' ? 'System' : (id ?? 'Unknown'));

/** The authors of the records, each once, by name. */
export function authorsOf(records: readonly Authored[]): readonly AuthorChoice[] {
  const labels = new Map<string, string>();
  for (const { author } of records) {
    const by = author.kind === 'system' ? systemAuthor : author.id;
    if (by !== null && !labels.has(by)) labels.set(by, authorName(author));
  }
  return [...labels]
    .map(([by, label]) => ({ by, label }))
    .sort((one, other) => (one.label < other.label ? -1 : 1));
}
