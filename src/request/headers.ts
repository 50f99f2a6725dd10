import { quoteForMessage, ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import type {
  EntityTagCondition,
  MediaRange,
  Preferences,
  Repeatability,
  RequestHeaders,
} from './odata-request.ts';

type HttpHeaders = Readonly<Record<string, string | undefined>>;

/** The headers that change what a request asks for; throws headerInvalid and versionNotSupported. */
export function parseHeaders(headers: HttpHeaders): RequestHeaders {
  const version = headers['odata-version'];
  const maxVersion = headers['odata-maxversion'];
  if (maxVersion !== undefined) requireMaxVersion(maxVersion);
  return {
    ifMatch: parseEntityTags('If-Match', headers['if-match']),
    ifNoneMatch: parseEntityTags('If-None-Match', headers['if-none-match']),
    prefer: parsePrefer(headers.prefer ?? ''),
    accept: parseAccept(headers.accept ?? ''),
    genericClient: version !== undefined || maxVersion !== undefined,
    bodyVersion: version === undefined ? '4.0' : parseBodyVersion(version),
    repeatability: undefined,
  };
}

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const httpDatePattern = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Both headers or none; a refusal says that the request was not carried out (Repeatable Requests 3). */
export function parseRepeatability(headers: HttpHeaders): Repeatability | undefined {
  const id = headers['repeatability-request-id'];
  const firstSent = headers['repeatability-first-sent'];
  if (id === undefined && firstSent === undefined) return undefined;
  if (id === undefined || !guidPattern.test(id)) {
    throw repeatabilityFault('Repeatability-Request-ID', 'a GUID is expected');
  }
  const firstSentMs =
    firstSent !== undefined && httpDatePattern.test(firstSent) ? Date.parse(firstSent) : Number.NaN;
  if (Number.isNaN(firstSentMs)) {
    throw repeatabilityFault(
      'Repeatability-First-Sent',
      'a date such as Mon, 23 Nov 2026 09:14:05 GMT is expected',
    );
  }
  return { requestId: id.toLowerCase(), firstSentMs };
}

const repeatabilityFault = (header: string, expected: string): ServiceError =>
  new ServiceError(
    'headerInvalid',
    `The ${header} header contains an invalid value or is missing: ${expected}; send both headers or none.`,
    { target: header, headers: { 'Repeatability-Result': 'rejected' } },
  );

/** Entity tags may hold commas, so the list is read tag by tag (RFC 9110 8.8.3). */
const entityTagPattern = /[\t ]*(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[\t ]*(?:,|$)/y;
const emptyElementPattern = /[\t ]*(?:,|$)/y;

/**
 * `*` or tags without `W/` and quotes, because comparison ignores both (Protocol digest 2.6); undefined without the header.
 * Throws headerInvalid with the position of what is no tag.
 */
export function parseEntityTags(header: string, text: string | undefined): EntityTagCondition | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === '*') return '*';
  const tags: string[] = [];
  let position = 0;
  while (position < text.length) {
    emptyElementPattern.lastIndex = position;
    if (emptyElementPattern.test(text)) {
      position = emptyElementPattern.lastIndex;
      continue;
    }
    entityTagPattern.lastIndex = position;
    const tag = entityTagPattern.exec(text)?.[1];
    if (tag === undefined) throw entityTagFault(header, text, position);
    position = entityTagPattern.lastIndex;
    tags.push(tag);
  }
  requireTagCount(header, tags.length);
  return tags;
}

const entityTagFault = (header: string, text: string, position: number): ServiceError =>
  headerFault(
    header,
    `'${quoteForMessage(text.slice(position).trim(), 40)}' at position ${position} is not an entity tag; write W/"…" or "…", several separated by commas, or * alone`,
  );

function requireTagCount(header: string, count: number): void {
  if (count === 0) throw headerFault(header, 'it is empty; entity tags such as W/"1" or * are expected');
  if (count > limits.entityTagsMax) {
    throw headerFault(header, `it has ${count} entity tags; at most ${limits.entityTagsMax} are allowed`);
  }
}

const headerFault = (header: string, fault: string): ServiceError =>
  new ServiceError('headerInvalid', `The ${header} header contains an invalid value: ${fault}.`, {
    target: header,
  });

/** Splits at a separator outside quoted strings; an unclosed quote reaches to the end. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === '\\') index += 1;
    else if (!quoted && character === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** `name = "value"` → name in lower case and value without quotes; the value is empty where there is none. */
function splitParameter(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  if (equals < 0) return [text.trim().toLowerCase(), ''];
  const value = text.slice(equals + 1).trim();
  const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return [
    text.slice(0, equals).trim().toLowerCase(),
    quoted ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value,
  ];
}

const noPreferences: Preferences = {
  return: undefined,
  maxPageSize: undefined,
  omitNulls: false,
  includeUnknownEnumMembers: false,
  continueOnError: false,
};

/** Every Prefer of the request, joined; what is unknown or unreadable is ignored, never an error (RFC 7240 2). */
export function parsePrefer(text: string): Preferences {
  if (text === '') return noPreferences;
  const values = new Map<string, string>();
  for (const preference of splitOutsideQuotes(text, ',')) {
    const [prefixed, value] = splitParameter(splitOutsideQuotes(preference, ';')[0] ?? '');
    const name = prefixed.replace(/^odata\./, '');
    // Of a preference given twice only the first counts (RFC 7240 2).
    if (!values.has(name)) values.set(name, value.toLowerCase());
  }
  const returned = values.get('return');
  return {
    return: returned === 'minimal' || returned === 'representation' ? returned : undefined,
    maxPageSize: parsePageSize(values.get('maxpagesize') ?? ''),
    omitNulls: values.get('omit-values') === 'nulls',
    includeUnknownEnumMembers: isSet(values.get('include-unknown-enum-members')),
    continueOnError: isSet(values.get('continue-on-error')),
  };
}

/** A preference without a value means true. */
const isSet = (value: string | undefined): boolean => value === '' || value === 'true';

function parsePageSize(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const size = Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  return size > 0 ? size : undefined;
}

const mediaTypePattern = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/;
const qualityPattern = /^(?:0|1|[01]?\.[0-9]{0,9}|[01]\.)$/;

/** One element of Accept, or a media type; undefined when it cannot be read. */
function parseMediaRange(text: string): MediaRange | undefined {
  const [first = '', ...rest] = splitOutsideQuotes(text, ';');
  const name = first.trim().toLowerCase();
  // Java's URLConnection still sends a lone asterisk.
  const type = name === '*' ? '*/*' : name;
  if (!mediaTypePattern.test(type)) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [parameterName, value] = splitParameter(parameter);
    if (parameterName !== '' && !parameters.has(parameterName))
      parameters.set(parameterName, value.toLowerCase());
  }
  const quality = parameters.get('q') ?? '1';
  parameters.delete('q');
  return qualityPattern.test(quality)
    ? { type, parameters, quality: Math.min(Number(quality), 1) }
    : undefined;
}

const noRanges: readonly MediaRange[] = [];

/**
 * Accept → media ranges, best first. A range that cannot be read is passed over like one that cannot be served
 * (Protocol digest 2.8); throws headerInvalid when nothing else is left.
 */
export function parseAccept(text: string): readonly MediaRange[] {
  if (text === '') return noRanges;
  const elements = splitOutsideQuotes(text, ',').filter((element) => element.trim() !== '');
  const ranges = elements.map(parseMediaRange).filter((range) => range !== undefined);
  if (elements.length > 0 && ranges.length === 0) {
    throw headerFault(
      'Accept',
      `'${quoteForMessage(text)}' names no media type; one such as application/json is expected`,
    );
  }
  return ranges.sort((left, right) => right.quality - left.quality);
}

const formatAbbreviations: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['atom', 'application/atom+xml'],
  ['csv', 'text/csv'],
  ['ndjson', 'application/x-ndjson'],
]);

/** $format → the one media range it asks for (URL Conventions 5.1.9); throws optionInvalid and notAcceptable. */
export function parseFormat(text: string): readonly MediaRange[] {
  const lower = text.trim().toLowerCase();
  // A plus sign of the query arrived as a space (Protocol digest 3.2).
  const range = parseMediaRange(
    formatAbbreviations.get(lower) ?? lower.replace(/^([^; ]+) ([^; ]+)/, '$1+$2'),
  );
  if (range !== undefined) return [{ ...range, quality: 1 }];
  const allowed =
    'allowed are json, xml, csv, ndjson and a media type such as application/json;odata.metadata=minimal';
  throw lower.includes('/') || lower === ''
    ? new ServiceError('optionInvalid', `Invalid value '${quoteForMessage(text)}' for $format; ${allowed}.`, {
        target: '$format',
      })
    : new ServiceError('notAcceptable', `The format '${quoteForMessage(text)}' is not offered; ${allowed}.`, {
        target: '$format',
      });
}

/** `4.0;NetFx`: early .NET clients name themselves behind the version. */
const versionNumber = (text: string): string => (text.split(';', 1)[0] ?? '').trim();

function parseBodyVersion(text: string): '4.0' | '4.01' {
  const version = versionNumber(text);
  if (version === '4.0' || version === '4.01') return version;
  throw new ServiceError(
    'versionNotSupported',
    `OData-Version '${quoteForMessage(text)}' is not supported; allowed are 4.0 and 4.01.`,
    { target: 'OData-Version' },
  );
}

function requireMaxVersion(text: string): void {
  const [, major] = /^([0-9]{1,9})\.[0-9]{1,9}$/.exec(versionNumber(text)) ?? [];
  if (major !== undefined && Number(major) >= 4) return;
  throw new ServiceError(
    'versionNotSupported',
    `OData-MaxVersion '${quoteForMessage(text)}' is not supported; 4.0 or higher is expected, as answers are in 4.0.`,
    { target: 'OData-MaxVersion' },
  );
}

/**
 * The media type of a body, in lower case; the charset must be UTF-8 (Protocol digest 2.8).
 * Throws contentTypeMissing, and mediaTypeUnsupported for a type not in `allowed`.
 */
export function parseContentType(text: string | undefined, allowed: readonly string[]): string {
  // As most clients write it: nothing to take apart.
  if (text === 'application/json' && allowed.includes(text)) return text;
  if (text === undefined || text.trim() === '') {
    throw new ServiceError(
      'contentTypeMissing',
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
      { target: 'Content-Type' },
    );
  }
  const media = parseMediaRange(text);
  if (media === undefined || !allowed.includes(media.type)) {
    throw unsupported(
      `The Content-Type '${quoteForMessage(text)}' is not supported; allowed: ${allowed.join(', ')}.`,
    );
  }
  const charset = media.parameters.get('charset') ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw unsupported(`The charset '${quoteForMessage(charset)}' is not supported; utf-8 is expected.`);
  }
  return media.type;
}

const unsupported = (message: string): ServiceError =>
  new ServiceError('mediaTypeUnsupported', message, { target: 'Content-Type' });
