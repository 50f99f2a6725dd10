/** Pages of a list → one CSV file (RFC 4180) or one JSON object a line, written while they are read. */
import { stringify } from 'csv-stringify/sync';
import { formatTicks } from '../edm/date-time-offset.ts';
import { readEntityText } from '../edm/entity-text.ts';
import type { ComplexValue, EntityValues, PropertyValue } from '../edm/types.ts';
import type { ExportForm, ExportPlan, RequestContext } from '../plan/plan.ts';
import type { PageResult } from '../storage/result.ts';
import { writeEntity } from './entity.ts';

/** The media type, as Content-Type says it. */
export function exportType(form: ExportForm): string {
  if (form.kind === 'ndjson') return 'application/x-ndjson';
  return `text/csv;charset=utf-8;header=present${form.raw ? ';raw=true' : ''}`;
}

/** `cloudAppSecurityProfiles-20260131T120000Z.csv`: a name any file system takes. */
export function exportName({ entitySet, atTicks, form }: ExportPlan): string {
  const at = formatTicks(atTicks).replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  return `${entitySet.name}-${at}.${form.kind}`;
}

/** The file, one piece for each page. */
export function writeExport(
  pages: AsyncIterable<PageResult>,
  plan: ExportPlan,
  context: RequestContext,
): AsyncIterable<string> {
  return plan.form.kind === 'ndjson'
    ? writeLines(pages, plan, context)
    : writeTable(pages, plan, plan.form.raw);
}

async function* writeLines(
  pages: AsyncIterable<PageResult>,
  { root, entitySet, format, list: { projection } }: ExportPlan,
  context: RequestContext,
): AsyncGenerator<string> {
  const how = { root, entitySet, format, context, projection };
  for await (const { rows } of pages) {
    yield rows.map(({ entity }) => `${writeEntity(entity, [], undefined, how)}\n`).join('');
  }
}

/** Without it spreadsheets take UTF-8 for the local character set. */
const byteOrderMark = '\uFEFF';

async function* writeTable(
  pages: AsyncIterable<PageResult>,
  plan: ExportPlan,
  raw: boolean,
): AsyncGenerator<string> {
  const columns = columnsOf(plan);
  const { type } = plan.entitySet;
  yield (raw ? '' : byteOrderMark) + writeRows([columns.map(({ path }) => path)]);
  for await (const { rows } of pages) {
    yield writeRows(
      rows.map(({ entity }) => {
        const values = readEntityText(type, entity.json);
        return columns.map((column) => writeCell(valueAt(values, column), raw));
      }),
    );
  }
}

interface Column {
  /** As $select names it. */
  readonly path: string;
  readonly property: string;
  readonly member: string | undefined;
}

/** In the order of the model; a complex value has a column for each member. */
function columnsOf({ entitySet, list: { projection } }: ExportPlan): readonly Column[] {
  const chosen =
    projection?.properties ?? entitySet.type.properties.map((property) => ({ property, members: undefined }));
  return chosen.flatMap(({ property, members }): Column[] => {
    const { name, type } = property;
    if (type.kind !== 'complex') return [{ path: name, property: name, member: undefined }];
    return (members ?? type.properties).map((member) => ({
      path: `${name}/${member.name}`,
      property: name,
      member: member.name,
    }));
  });
}

function valueAt(values: EntityValues, { property, member }: Column): PropertyValue {
  const value = values[property] ?? null;
  if (member === undefined || value === null) return value;
  return (value as ComplexValue)[member] ?? null;
}

/** Null is nothing, an empty text is a pair of quotes, a collection is a JSON array. */
function writeCell(value: PropertyValue, raw: boolean): string | null {
  if (value === null) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return raw ? text : disarm(text);
}

/** What spreadsheets take for the beginning of a formula, in full width too; the apostrophes before it are ours or look so. */
const formula = /^'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
const plainNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** An apostrophe in front makes a spreadsheet show the text as it is; who reads the file takes one off again. */
const disarm = (text: string): string => (formula.test(text) && !plainNumber.test(text) ? `'${text}` : text);

const writeRows = (rows: readonly (readonly (string | null)[])[]): string =>
  stringify(
    rows.map((row) => [...row]),
    {
      record_delimiter: '\r\n',
      // Told apart from null, which has none.
      cast: { string: (text) => (text === '' ? { value: text, quoted_empty: true } : text) },
      // Where the list separator is another, an unquoted one would begin a cell of its own, and perhaps a formula.
      quoted_match: /[;\t\r\n|]/,
    },
  );
