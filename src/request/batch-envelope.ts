/** A $batch body → its parts, in either format; syntax only (JSON Format 19, Protocol 11.7). */
import { quoteForMessage, ServiceError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import { limits } from '../limits.ts';
import { parseMultipartBatch } from './batch-multipart.ts';
import { type BatchBase, type BatchPart, batchInvalid, partInvalid, resolveTarget } from './batch-part.ts';
import { bodyMissing, parseJsonText } from './body.ts';
import { parseContentType } from './headers.ts';
import type { JsonObject, JsonValue } from './odata-request.ts';

/** A whole batch, sound as an envelope. */
export interface BatchEnvelope {
  readonly format: 'json' | 'multipart';
  readonly parts: readonly BatchPart[];
}

/** Reads the envelope; throws 400 and 415 for what makes the whole batch unreadable. */
export async function parseBatch(http: HttpRequest, base: BatchBase): Promise<BatchEnvelope> {
  if (http.body === undefined || http.body.length === 0) throw bodyMissing();
  const contentType = http.headers['content-type'];
  if (/^\s*multipart\/mixed\b/i.test(contentType ?? '')) {
    const parts = await parseMultipartBatch(http.body, contentType ?? '', base);
    checkEnvelope(parts);
    return { format: 'multipart', parts };
  }
  parseContentType(contentType, ['application/json', 'multipart/mixed']);
  const parts = parseJsonBatch(http.body, base);
  checkEnvelope(parts);
  return { format: 'json', parts };
}

function parseJsonBatch(bytes: Uint8Array, base: BatchBase): readonly BatchPart[] {
  const body = parseJsonText(decodeUtf8(bytes));
  const requests = isObject(body) ? body.requests : undefined;
  if (!Array.isArray(requests)) {
    throw batchInvalid('The body of $batch must be an object with an array "requests".');
  }
  return requests.map((item: JsonValue, index) => parseItem(item, index, base));
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ServiceError('bodyInvalid', 'The body is not valid UTF-8.', { target: 'body' });
  }
}

function parseItem(item: JsonValue, index: number, base: BatchBase): BatchPart {
  if (!isObject(item)) throw batchInvalid(`requests/${index} must be an object.`, `requests/${index}`);
  const id = item.id;
  if (typeof id !== 'string' || id === '') {
    throw batchInvalid(`requests/${index} needs an "id" that is a string.`, `requests/${index}/id`);
  }
  const common = {
    id,
    named: true,
    dependsOn: parseDependsOn(item.dependsOn, index),
    atomicityGroup: parseGroup(item.atomicityGroup, index),
  };
  const nothing = { method: '', target: '', headers: {}, body: undefined };
  try {
    return { ...common, ...parseItemRequest(item, base), fault: undefined };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { ...common, ...nothing, fault: error };
  }
}

function parseDependsOn(value: JsonValue | undefined, index: number): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value as readonly string[];
  throw batchInvalid(`requests/${index}/dependsOn must be an array of ids.`, `requests/${index}/dependsOn`);
}

function parseGroup(value: JsonValue | undefined, index: number): string | undefined {
  if (value === undefined || value === null) return undefined;
  // Compared without case, as ids are.
  if (typeof value === 'string' && value !== '') return value.toLowerCase();
  throw batchInvalid(
    `requests/${index}/atomicityGroup must be a string.`,
    `requests/${index}/atomicityGroup`,
  );
}

function parseItemRequest(
  item: JsonObject,
  base: BatchBase,
): Pick<BatchPart, 'method' | 'target' | 'headers' | 'body'> {
  const { method, url } = item;
  // A condition that is not judged must not be taken as met.
  if ('if' in item) throw partInvalid('has an "if", which this service does not judge', 'if');
  if (typeof method !== 'string' || method === '')
    throw partInvalid('needs a "method", such as "PATCH"', 'method');
  if (typeof url !== 'string' || url === '')
    throw partInvalid('needs a "url", relative to the service root', 'url');
  const headers = parseItemHeaders(item.headers);
  return {
    method: method.toUpperCase(),
    target: resolveTarget(url, base),
    headers,
    body: parseItemBody(item.body, headers),
  };
}

function parseItemHeaders(value: JsonValue | undefined): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw partInvalid('has "headers" that are no object', 'headers');
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw partInvalid(`has a header '${quoteForMessage(name)}' that is no string`, 'headers');
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

/** JSON stands inline; anything else is base64url, `text/*` plain text (JSON Format 19.1). */
function parseItemBody(
  value: JsonValue | undefined,
  headers: Readonly<Record<string, string>>,
): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined;
  const type = headers['content-type'] ?? '';
  if (typeof value !== 'string' || /^\s*application\/json\b/i.test(type) || type === '') {
    return Buffer.from(JSON.stringify(value));
  }
  return /^\s*text\//i.test(type) ? Buffer.from(value) : Buffer.from(value, 'base64url');
}

function checkEnvelope(parts: readonly BatchPart[]): void {
  if (parts.length > limits.batchPartsMax) {
    throw batchInvalid(
      `Number of batch request steps exceeds the maximum value of ${limits.batchPartsMax}: ${parts.length}.`,
    );
  }
  if (parts.length === 0) throw batchInvalid('The batch holds no request.');
  checkIds(parts);
  checkGroups(parts);
  checkDependencies(parts);
}

function checkIds(parts: readonly BatchPart[]): void {
  const seen = new Set<string>();
  const groups = new Set(parts.map(({ atomicityGroup }) => atomicityGroup));
  for (const { id } of parts) {
    if (seen.has(id.toLowerCase()))
      throw batchInvalid(`The id '${quoteForMessage(id)}' stands twice in the batch.`, 'id');
    seen.add(id.toLowerCase());
    if (groups.has(id.toLowerCase())) {
      throw batchInvalid(`'${quoteForMessage(id)}' names a request and an atomicityGroup.`, 'atomicityGroup');
    }
  }
}

/** Requests of one group stand next to each other (JSON Format 19.1). */
function checkGroups(parts: readonly BatchPart[]): void {
  const ended = new Set<string>();
  parts.forEach(({ atomicityGroup }, index) => {
    const previous = parts[index - 1]?.atomicityGroup;
    if (previous !== undefined && previous !== atomicityGroup) ended.add(previous);
    if (atomicityGroup !== undefined && ended.has(atomicityGroup)) {
      throw batchInvalid(
        `The requests of the atomicityGroup '${quoteForMessage(atomicityGroup)}' must stand together.`,
        'atomicityGroup',
      );
    }
  });
}

/** A request may wait only for earlier ones: so there is no circle. */
function checkDependencies(parts: readonly BatchPart[]): void {
  const earlier = new Set<string>();
  parts.forEach((part, index) => {
    const { id, dependsOn, atomicityGroup } = part;
    for (const wanted of dependsOn) {
      if (earlier.has(wanted.toLowerCase())) continue;
      throw batchInvalid(
        `'${quoteForMessage(id)}' depends on '${quoteForMessage(wanted)}', which is no earlier request of the batch.`,
        'dependsOn',
      );
    }
    earlier.add(id.toLowerCase());
    // A group can be waited for once it is complete.
    if (atomicityGroup !== undefined && parts[index + 1]?.atomicityGroup !== atomicityGroup) {
      earlier.add(atomicityGroup);
    }
  });
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
