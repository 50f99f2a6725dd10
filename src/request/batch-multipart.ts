/** multipart/mixed batches with change sets, as older OData clients send them (Protocol 11.7.7). */
import { Dicer } from '@fastify/busboy';
import { quoteForMessage, ServiceError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type BatchBase, type BatchPart, batchInvalid, partInvalid, resolveTarget } from './batch-part.ts';

interface MimePart {
  /** Names in lower case, as the parser gives them. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Reads the parts; a change set becomes an atomicity group. */
export async function parseMultipartBatch(
  bytes: Uint8Array,
  contentType: string,
  base: BatchBase,
): Promise<readonly BatchPart[]> {
  const parts = await readMimeParts(bytes, boundaryOf(contentType));
  const read: BatchPart[] = [];
  for (const [index, part] of parts.entries()) {
    const type = part.headers.get('content-type') ?? '';
    if (/^\s*multipart\/mixed\b/i.test(type)) {
      read.push(...(await readChangeSet(part, type, `changeset_${index}`, base)));
    } else {
      read.push(readHttpPart(part, `part_${index}`, undefined, base));
    }
  }
  return read;
}

async function readChangeSet(
  part: MimePart,
  type: string,
  group: string,
  base: BatchBase,
): Promise<BatchPart[]> {
  const members = await readMimeParts(part.body, boundaryOf(type));
  return members.map((member, index) => {
    const read = readHttpPart(member, `${group}_${index}`, group, base);
    if (read.fault !== undefined || !['GET', 'HEAD'].includes(read.method)) return read;
    return { ...read, fault: partInvalid('reads inside a change set, which holds changes only', 'method') };
  });
}

function boundaryOf(contentType: string): string {
  const [, quoted, plain] =
    /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) {
    throw batchInvalid(
      'multipart/mixed needs a boundary of 1 to 70 characters in Content-Type.',
      'Content-Type',
    );
  }
  return boundary;
}

/** Splits by boundary; a body that does not end with the closing boundary is refused. */
function readMimeParts(bytes: Uint8Array, boundary: string): Promise<MimePart[]> {
  const text = withNetworkLineEnds(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const malformed = () => batchInvalid('The multipart body breaks off or is malformed.', 'boundary');
  // A delimiter stands at the start of a line (RFC 2046 5.1.1).
  const closing = `--${boundary}--`;
  if (!text.includes(`\r\n${closing}`) && text.indexOf(closing) !== 0) {
    throw batchInvalid(`The closing boundary '${quoteForMessage(closing)}' is missing.`, 'boundary');
  }
  return new Promise((resolve, reject) => {
    const parts: Promise<MimePart>[] = [];
    const dicer = new Dicer({ boundary, maxHeaderPairs: limits.batchPartHeadersMax });
    dicer.on('part', (stream) => {
      // Without a listener an error of the part would end the process.
      stream.on('error', () => reject(malformed()));
      if (parts.length > limits.batchPartsMax) {
        stream.resume();
        return;
      }
      parts.push(
        new Promise((done) => {
          const headers = new Map<string, string>();
          const chunks: Buffer[] = [];
          stream.on('header', (given: object) => {
            for (const [name, values] of Object.entries(given))
              headers.set(name.toLowerCase(), String(values));
          });
          stream.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)));
          stream.on('end', () => done({ headers, body: Buffer.concat(chunks) }));
        }),
      );
    });
    dicer.on('error', () => reject(malformed()));
    dicer.on('finish', () => resolve(Promise.all(parts)));
    // The grammar puts a line break before the first boundary; clients leave it out.
    dicer.write(Buffer.from('\r\n'));
    dicer.end(text);
  });
}

/** Scripts write lines that end in LF alone; where no line ends in CRLF, all are read so. */
function withNetworkLineEnds(text: Buffer): Buffer {
  return text.includes('\r\n')
    ? text
    : Buffer.from(text.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

const requestLine = /^([A-Z]+) (\S+)(?: HTTP\/1\.[01])?$/i;

/** `application/http`: a request line, headers, an empty line, a body. */
function readHttpPart(
  part: MimePart,
  madeId: string,
  atomicityGroup: string | undefined,
  base: BatchBase,
): BatchPart {
  const contentId = part.headers.get('content-id');
  const common = { id: contentId ?? madeId, named: contentId !== undefined, atomicityGroup, dependsOn: [] };
  try {
    const type = part.headers.get('content-type') ?? '';
    if (!/^\s*application\/http\b/i.test(type))
      throw partInvalid('must have the Content-Type application/http', 'Content-Type');
    return { ...common, ...readHttpMessage(part.body, base), fault: undefined };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { ...common, method: '', target: '', headers: {}, body: undefined, fault: error };
  }
}

function readHttpMessage(
  bytes: Buffer,
  base: BatchBase,
): Pick<BatchPart, 'method' | 'target' | 'headers' | 'body'> {
  const { head, body } = splitMessage(bytes);
  const [line = '', ...fields] = head.split(/\r?\n/);
  const [, method, url] = requestLine.exec(line.trim()) ?? [];
  if (method === undefined || url === undefined) {
    throw partInvalid(
      `must begin with a line such as 'PATCH address HTTP/1.1', not '${quoteForMessage(line)}'`,
      'method',
    );
  }
  const headers = Object.fromEntries(fields.filter((field) => field.trim() !== '').map(readField));
  return {
    method: method.toUpperCase(),
    target: resolveTarget(url, base),
    headers,
    body: body.length === 0 ? undefined : body,
  };
}

function splitMessage(bytes: Buffer): { readonly head: string; readonly body: Buffer } {
  const start = bytes.findIndex((byte) => byte !== 0x0d && byte !== 0x0a);
  const message = bytes.subarray(Math.max(start, 0));
  for (const blank of ['\r\n\r\n', '\n\n']) {
    const at = message.indexOf(blank);
    if (at >= 0)
      return { head: message.toString('utf8', 0, at), body: trimEnd(message.subarray(at + blank.length)) };
  }
  return { head: message.toString('utf8'), body: Buffer.alloc(0) };
}

/** The line break before the next boundary may stand twice; white space after a JSON body means nothing. */
function trimEnd(body: Buffer): Buffer {
  let end = body.length;
  while (end > 0 && (body[end - 1] === 0x0d || body[end - 1] === 0x0a)) end -= 1;
  return body.subarray(0, end);
}

function readField(field: string): [string, string] {
  const colon = field.indexOf(':');
  if (colon < 1) throw partInvalid(`has a malformed header '${quoteForMessage(field)}'`, 'headers');
  return [field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim()];
}
