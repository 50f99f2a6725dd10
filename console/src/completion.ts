/** What can be typed next into the address of a request, from $metadata; and where in it an error stands. */
import type { Metadata, PropertyInfo } from './metadata.ts';

/** One suggestion; `apply` is inserted in the place of `label` where they differ. */
export interface Suggestion {
  readonly label: string;
  readonly apply: string;
  readonly detail: string | undefined;
  readonly kind: 'path' | 'option' | 'property' | 'function' | 'operator' | 'value';
}

/** Suggestions for the text from `from` to the cursor. */
export interface Completion {
  readonly from: number;
  readonly options: readonly Suggestion[];
}

/** The part of the model that suggestions are made from. */
export type CompletionModel = Pick<
  Metadata,
  'collectionPath' | 'properties' | 'leaves' | 'find' | 'filterFunctions' | 'transformations'
>;

const suggest = (
  kind: Suggestion['kind'],
  label: string,
  detail?: string,
  apply: string = label,
): Suggestion => ({ label, apply, detail, kind });

const operators: Readonly<Record<string, string>> = {
  eq: 'equals',
  ne: 'does not equal',
  gt: 'greater than',
  ge: 'at least',
  lt: 'less than',
  le: 'at most',
  in: 'one of a list',
  has: 'has the flag',
  and: 'both',
  or: 'either',
  add: 'plus',
  sub: 'minus',
  mul: 'times',
  div: 'divided by',
  divby: 'divided by, with a fraction',
  mod: 'remainder',
};
const isOperator = (name: string): boolean => Object.hasOwn(operators, name);
/** These are written behind a collection, not before a bracket of their own. */
const lambdas = ['any', 'all'];
/** These take no argument. */
const constants = ['now', 'mindatetime', 'maxdatetime'];

const optionNames: readonly (readonly [string, string])[] = [
  ['$filter', 'which rows'],
  ['$search', 'words anywhere in the texts'],
  ['$orderby', 'in which order'],
  ['$select', 'which properties'],
  ['$top', 'how many rows'],
  ['$skip', 'how many to pass over'],
  ['$count', 'with the number of all'],
  ['$compute', 'computed members'],
  ['$apply', 'groups and sums'],
  ['$format', 'csv, ndjson'],
];

const transformationTemplates: Readonly<Record<string, string>> = {
  aggregate: 'aggregate($count as n)',
  groupby: 'groupby((publisher),aggregate($count as n))',
  filter: 'filter(',
  search: 'search(',
  compute: 'compute(',
  orderby: 'orderby(',
  top: 'top(',
  skip: 'skip(',
  concat: 'concat(',
  identity: 'identity',
};

/** What may be typed at `position` of an address below the service root; undefined where nothing is known. */
export function completeAddress(
  text: string,
  position: number,
  model: CompletionModel,
): Completion | undefined {
  const before = text.slice(0, position);
  const query = before.indexOf('?');
  if (query < 0) return completePath(before, model);
  const start = Math.max(query, before.lastIndexOf('&')) + 1;
  const option = before.slice(start);
  const equals = option.indexOf('=');
  if (equals < 0) return completeOptionName(option, start);
  const name = option.slice(0, equals).replace(/^\$/, '').toLowerCase();
  const found = completeValue(name, option.slice(equals + 1), model);
  if (found === undefined || found.options.length === 0) return undefined;
  return { ...found, from: start + equals + 1 + found.from };
}

function completePath(before: string, { collectionPath, properties }: CompletionModel): Completion {
  const entity = new RegExp(`^${escapePattern(collectionPath)}/[^/?]+/`, 'i').exec(before)?.[0];
  if (entity !== undefined) {
    const options = [
      suggest('function', 'casp.changes()', 'who changed what'),
      ...properties.map(({ name, description }) => suggest('property', name, description)),
      suggest('path', '$value', 'the text itself'),
    ];
    return { from: before.lastIndexOf('/') + 1, options };
  }
  const paths: readonly (readonly [string, string])[] = [
    [collectionPath, 'all profiles'],
    [`${collectionPath}/$count`, 'how many'],
    [`${collectionPath}/casp.changes()`, 'who changed what'],
    ['/$batch', 'several requests at once'],
    ['/$metadata', 'the model'],
  ];
  const options = paths
    .filter(([path]) => path.toLowerCase().startsWith(before.toLowerCase()))
    .map(([path, detail]) => suggest('path', path, detail));
  return { from: 0, options };
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const completeOptionName = (typed: string, from: number): Completion => ({
  from,
  options: optionNames
    .filter(([name]) => name.startsWith(typed.toLowerCase()) || name.slice(1).startsWith(typed.toLowerCase()))
    .map(([name, detail]) => suggest('option', name, detail, `${name}=`)),
});

function completeValue(option: string, value: string, model: CompletionModel): Completion | undefined {
  const wordAt = /[$\w/.]*$/.exec(value)?.index ?? value.length;
  const fixed = (...values: readonly string[]): Completion => ({
    from: 0,
    options: values.filter((each) => each.startsWith(value)).map((each) => suggest('value', each)),
  });
  switch (option) {
    case 'select':
      return narrow(value, wordAt, selectable(model));
    case 'orderby':
      return /[\w)]\s+\w*$/.test(value)
        ? narrow(value, wordAt, [
            suggest('operator', 'asc', 'smallest first'),
            suggest('operator', 'desc', 'largest first'),
          ])
        : narrow(value, wordAt, [...sortable(model), ...functions(model)]);
    case 'filter':
      return completeExpression(value, model);
    case 'compute':
      return completeExpression(value, model, [suggest('operator', 'as', 'names the member')]);
    case 'apply':
      return completeApply(value, model);
    case 'count':
      return fixed('true', 'false');
    case 'format':
      return fixed('csv', 'ndjson', 'json');
    case 'top':
      return fixed('5', '20', '100', '1000');
    default:
      return undefined;
  }
}

/** Keeps what begins with the word at the cursor, then what contains it. */
function narrow(value: string, from: number, options: readonly Suggestion[]): Completion {
  const word = value.slice(from).toLowerCase();
  const starts = options.filter(({ label }) => label.toLowerCase().startsWith(word));
  const contains = options.filter(
    (each) => !starts.includes(each) && each.label.toLowerCase().includes(word),
  );
  return { from, options: [...starts, ...contains] };
}

const ofProperty = ({ path, description, label }: PropertyInfo): Suggestion =>
  suggest('property', path, description ?? label);
const selectable = ({ properties, leaves }: CompletionModel): readonly Suggestion[] => [
  ...properties.map(ofProperty),
  ...leaves.filter((leaf) => !properties.includes(leaf)).map(ofProperty),
];
const sortable = ({ leaves }: CompletionModel): readonly Suggestion[] =>
  leaves.filter((leaf) => leaf.sortable).map(ofProperty);
const functions = ({ filterFunctions }: CompletionModel): readonly Suggestion[] =>
  filterFunctions
    .filter((name) => !isOperator(name) && name !== 'not' && !lambdas.includes(name))
    .map((name) => suggest('function', name, undefined, constants.includes(name) ? `${name}()` : `${name}(`));

/** Names an operand can begin with. */
const operands = (model: CompletionModel): readonly Suggestion[] => [
  ...model.leaves
    .filter(({ filterable }) => filterable)
    .map((leaf) =>
      leaf.collection
        ? suggest('property', leaf.path, leaf.description ?? leaf.label, `${leaf.path}/any(t:t eq '')`)
        : ofProperty(leaf),
    ),
  ...functions(model),
  suggest('operator', 'not', 'the opposite'),
];

/** Whether `text` ends inside a string: quotes inside strings are doubled, so an odd number is an open one. */
const endsInString = (text: string): boolean => (text.match(/'/g)?.length ?? 0) % 2 === 1;

function completeExpression(
  value: string,
  model: CompletionModel,
  more: readonly Suggestion[] = [],
): Completion | undefined {
  const comparison = /([A-Za-z_][\w/]*)\s+(?:eq|ne|gt|ge|lt|le|has|in\s*\((?:[^()]*,)?)\s*('?[\w]*)$/.exec(
    value,
  );
  const compared = comparison === null ? undefined : model.find(comparison[1] ?? '');
  const typed = comparison?.[2] ?? '';
  if (endsInString(value) && !typed.startsWith("'")) return undefined;
  if (compared !== undefined) {
    const values = valuesOf(compared);
    if (values.length > 0 || typed.startsWith("'")) return narrow(value, value.length - typed.length, values);
  }
  const from = /[$\w/.]*$/.exec(value)?.index ?? value.length;
  const rest = value.slice(0, from);
  const last = /(\w+)\s+$/.exec(rest)?.[1] ?? '';
  const begins = /(^|[(,:])\s*$/.test(rest) || isOperator(last) || last === 'not';
  if (begins) return narrow(value, from, operands(model));
  if (!/\s$/.test(rest)) return undefined;
  const known = model.filterFunctions
    .filter(isOperator)
    .map((name) => suggest('operator', name, operators[name]));
  return narrow(value, from, [...known, ...more]);
}

function valuesOf({ kind, members, nullable }: PropertyInfo): readonly Suggestion[] {
  const values =
    kind === 'enum'
      ? members.map(({ name, label }) => suggest('value', `'${name}'`, label))
      : kind === 'boolean'
        ? [suggest('value', 'true'), suggest('value', 'false')]
        : [];
  return values.length > 0 && nullable ? [...values, suggest('value', 'null', 'not set')] : values;
}

/** At the start, or behind the end of a transformation, another one; inside its brackets an expression. */
function completeApply(value: string, model: CompletionModel): Completion | undefined {
  const outer = /(?:^|\)\/|identity\/)(\w*)$/.exec(value);
  if (outer !== null && bracketDepth(value) === 0) {
    const typed = outer[1] ?? '';
    const options = model.transformations.map((name) =>
      suggest('function', name, undefined, transformationTemplates[name] ?? `${name}(`),
    );
    return narrow(value, value.length - typed.length, options);
  }
  return completeExpression(value, model, [suggest('operator', 'as', 'names the member')]);
}

function bracketDepth(text: string): number {
  const bare = text.replace(/'(?:[^']|'')*'?/g, '');
  return [...bare].reduce((depth, letter) => depth + (letter === '(' ? 1 : letter === ')' ? -1 : 0), 0);
}

// Addresses as people read them, and as they are sent.

/** Letters that mean something else, or nothing visible, once they are no longer escaped. */
const keptEscaped = /[%&#+?/\\\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/u;

/** Unescapes what can be read without changing the meaning: `name%20eq%20'a%26b'` → `name eq 'a%26b'`. */
export function readableAddress(path: string): string {
  const query = path.indexOf('?');
  return path.replace(/(?:%[\da-f]{2})+/gi, (run, offset: number) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(run);
    } catch {
      return run;
    }
    const behind = query >= 0 && offset > query;
    return [...decoded]
      .map((letter) => {
        const plain = behind && (letter === ' ' || letter === '/' || letter === '?');
        return plain || !keptEscaped.test(letter) ? letter : encodeURIComponent(letter);
      })
      .join('');
  });
}

/** Escapes what may not stand in an address; what is escaped already stays. */
export const sendableAddress = (text: string): string =>
  text
    .trim()
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/%(?![\da-f]{2})/gi, '%25')
    .replace(/[^\x21-\x7e]|["<>\\^`{|}#]/gu, (letter) => encodeURIComponent(letter));

// Errors with a position.

/** A part of the typed address. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The position a message of the service names, counted in its target's value; undefined where it names none. */
export function readPosition(message: string): number | undefined {
  const found = /\bat position (\d+)(?: in '|\.?$)/.exec(message)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Where in the address a position of an option's value is: the word there, or the last letter where it is the end. */
export function locateFault(address: string, target: string, position: number): Span | undefined {
  const name = target.replace(/^\$/, '').toLowerCase();
  const query = address.indexOf('?');
  if (query < 0) return undefined;
  let start = query + 1;
  for (const option of address.slice(start).split('&')) {
    const equals = option.indexOf('=');
    if (equals >= 0 && option.slice(0, equals).replace(/^\$/, '').toLowerCase() === name) {
      const from = start + equals + 1;
      return wordAt(address, from, start + option.length, position);
    }
    start += option.length + 1;
  }
  return undefined;
}

function wordAt(address: string, start: number, end: number, position: number): Span | undefined {
  if (start === end) return undefined;
  let from = start;
  let passed = 0;
  while (from < end && passed < position) {
    const run = /^(?:%[\da-f]{2})+/i.exec(address.slice(from, end))?.[0];
    const step = run === undefined ? undefined : firstEscape(run);
    from += step?.written ?? 1;
    passed += step?.meant ?? 1;
  }
  if (from >= end) return { from: end - 1, to: end };
  const word = /^(?:'(?:[^']|'')*'?|[\w$./-]+|.)/su.exec(address.slice(from, end))?.[0] ?? '';
  return { from, to: from + Math.max(1, word.length) };
}

/** The first letter of a run of escapes: how long it is as written, and as the service counts it. */
function firstEscape(run: string): { readonly written: number; readonly meant: number } {
  for (const length of [3, 6, 9, 12]) {
    if (run.length < length) break;
    try {
      return { written: length, meant: decodeURIComponent(run.slice(0, length)).length };
    } catch {
      // A letter of more bytes.
    }
  }
  return { written: 3, meant: 1 };
}
