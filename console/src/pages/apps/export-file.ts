/** An export, from the service's stream into a file: as it comes, without holding it, and never half as if whole. */
import type { Api, ExportFormat, ListQuery } from '../../api.ts';

/** Where the bytes go. */
export interface Sink {
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Makes the file; before this there is none. */
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** What the formats are called and how their files end. */
export const exportKinds: Readonly<
  Record<ExportFormat, { readonly extension: string; readonly mediaType: string; readonly headRows: number }>
> = {
  csv: { extension: 'csv', mediaType: 'text/csv', headRows: 1 },
  'csv-raw': { extension: 'csv', mediaType: 'text/csv', headRows: 1 },
  ndjson: { extension: 'ndjson', mediaType: 'application/x-ndjson', headRows: 0 },
};

const newline = 10;
const quote = 34;

/** Counts records: line ends outside of quotes; the quotes of JSON are always in pairs on a line. */
export function createRecordCounter(headRows: number): (chunk: Uint8Array) => number {
  let records = -headRows;
  let quoted = false;
  return (chunk) => {
    for (const byte of chunk) {
      if (byte === quote) quoted = !quoted;
      else if (byte === newline && !quoted) records += 1;
    }
    return Math.max(0, records);
  };
}

/** A line of NDJSON may hold an escaped quote, so only its line ends count: JSON has no others. */
export function createLineCounter(): (chunk: Uint8Array) => number {
  let lines = 0;
  return (chunk) => {
    for (const byte of chunk) if (byte === newline) lines += 1;
    return lines;
  };
}

/** Streams the export into the sink and resolves with its rows; a cut answer aborts the sink and rejects. */
export async function exportInto(
  sink: Sink,
  query: ListQuery,
  format: ExportFormat,
  api: Pick<Api, 'openExport'>,
  report: (rows: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const count = format === 'ndjson' ? createLineCounter() : createRecordCounter(exportKinds[format].headRows);
  let rows = 0;
  try {
    const response = await api.openExport(query, format, signal);
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error('The export came without a body.');
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rows = count(value);
      await sink.write(value);
      report(rows);
    }
    await sink.close();
    return rows;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
