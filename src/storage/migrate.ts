/** What both engines say about their schema: which steps are missing, which were applied, and who may serve it. */
import { createHash } from 'node:crypto';

/** A database that cannot be served as it is; the message and the advice are for whoever starts the program. */
export class SchemaError extends Error {
  /** Lines that follow the message: what to do. */
  readonly advice: readonly string[];

  constructor(message: string, advice: readonly string[] = [], cause?: unknown) {
    super(message, { cause });
    this.name = 'SchemaError';
    this.advice = advice;
  }
}

/** One addition to a schema. */
export interface SchemaStep {
  /** What it adds, in a few words. */
  readonly summary: string;
  readonly statements: readonly string[];
  /** Applied on its own after all others, because it may take long and must not hold up writers. */
  readonly alone: boolean;
}

/** A row of `schema_version`: something that was applied. */
export interface SchemaRecord {
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
  /** The version of the program that applied it. */
  readonly program: string;
  /** The oldest version that can serve the schema since then. */
  readonly oldestProgram: string;
  /** Of what is not seen in the catalogue, such as the text of functions; empty where there is nothing of the kind. */
  readonly fingerprint: string;
  /** Summaries of the steps, one a line. */
  readonly applied: string;
}

/** Where a database stands. */
export interface SchemaState {
  readonly records: readonly SchemaRecord[];
  readonly missing: readonly SchemaStep[];
}

/** A database whose schema is looked at or brought up to date; close it at the end. */
export interface Migration {
  state(): Promise<SchemaState>;
  /** Applies what is missing, one process at a time. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The oldest version that can serve the schema this program makes. Additions leave it as it is, because a program
 * passes over columns and members it does not know; any other change of the schema raises it.
 */
export const oldestServingProgram = '0.1.0';

/** The table of records; the columns of `SchemaRecord` behind `position`, which numbers them. */
export const versionTable = 'schema_version';

/** Throws where a record says that this program is too old for the schema. */
export function assertServable(records: readonly SchemaRecord[], program: string): void {
  const newest = records
    .map(({ oldestProgram }) => oldestProgram)
    .reduce((least, each) => (compareVersions(each, least) > 0 ? each : least), '0');
  if (compareVersions(program, newest) >= 0) return;
  throw new SchemaError(`the database was brought up to date by a newer casp than this one (${program})`, [
    `Install casp ${newest} or newer.`,
  ]);
}

/** The table that holds the progress of a copy into the database. */
export const progressTable = 'copy_progress';

/** Throws where the database is the half-filled target of a copy. */
export function assertComplete(tables: { has(name: string): boolean }): void {
  if (!tables.has(progressTable)) return;
  throw new SchemaError('the database holds an unfinished copy', [
    'Run the same casp copy again: it goes on where it ended.',
  ]);
}

/** Below zero where the first version is older; a pre-release is older than its release (semver.org §11). */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.preRelease === b.preRelease) return 0;
  if (a.preRelease === '' || b.preRelease === '') return a.preRelease === '' ? 1 : -1;
  return a.preRelease < b.preRelease ? -1 : 1;
}

function parseVersion(text: string): { readonly numbers: readonly number[]; readonly preRelease: string } {
  const [version = ''] = text.split('+');
  const dash = version.indexOf('-');
  const numbers = dash < 0 ? version : version.slice(0, dash);
  return {
    numbers: numbers.split('.').map((part) => Number.parseInt(part, 10) || 0),
    preRelease: dash < 0 ? '' : version.slice(dash + 1),
  };
}

/** A row of `schema_version` as either engine returns it → the record. */
export function readRecord(row: Readonly<Record<string, unknown>>): SchemaRecord {
  return {
    appliedAt: String(row.applied_at),
    program: String(row.program),
    oldestProgram: String(row.oldest_program),
    fingerprint: String(row.fingerprint),
    applied: String(row.applied),
  };
}

/** The record of these steps. */
export function recordOf(
  steps: readonly SchemaStep[],
  { program, fingerprint, nowMs }: { program: string; fingerprint: string; nowMs: number },
): SchemaRecord {
  return {
    appliedAt: new Date(nowMs).toISOString(),
    program,
    oldestProgram: oldestServingProgram,
    fingerprint,
    applied: steps.map(({ summary }) => summary).join('\n'),
  };
}

/** A short name for a list of texts: another list has another. */
export function fingerprintOf(texts: readonly string[]): string {
  if (texts.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32);
}
