/** Accept and $format → how the answer is written (Protocol 8.2.1, JSON Format 3). */
import { ServiceError } from '../errors.ts';
import type { MediaRange, MetadataLevel, ODataRequest } from '../request/odata-request.ts';
import type { ExportForm, ResponseFormat } from './plan.ts';

const metadataLevels: readonly MetadataLevel[] = ['none', 'minimal', 'full'];
const booleans = ['true', 'false'];

/** How JSON is written for a client that asks for nothing in particular; also for answers that are no JSON of entities. */
export const plainFormat: ResponseFormat = {
  metadata: 'minimal',
  ieee754Compatible: false,
  omitNulls: false,
  applied: [],
};

/** Picks the first range that JSON satisfies; no Accept means minimal metadata. Throws 406 notAcceptable. */
export function negotiateJson(request: ODataRequest): ResponseFormat {
  const { prefer, accept } = request.headers;
  if (accept.length === 0 && !prefer.omitNulls && !prefer.includeUnknownEnumMembers) return plainFormat;
  const chosen = accept.length === 0 ? anyRange : accept.find((range) => range.quality > 0 && fits(range));
  if (chosen === undefined) {
    throw new ServiceError(
      'notAcceptable',
      'No acceptable representation. Available: application/json with odata.metadata=none, minimal or full.',
      { target: request.options.system.has('$format') ? '$format' : 'Accept' },
    );
  }
  return {
    metadata: (parameter(chosen, 'metadata') as MetadataLevel | undefined) ?? 'minimal',
    ieee754Compatible: chosen.parameters.get('ieee754compatible')?.toLowerCase() === 'true',
    omitNulls: prefer.omitNulls,
    applied: [
      ...(prefer.omitNulls ? ['omit-values=nulls'] : []),
      ...(prefer.includeUnknownEnumMembers ? ['include-unknown-enum-members'] : []),
    ],
  };
}

/** The export a list is asked for, where one is preferred to JSON. */
export function negotiateExport({ headers }: ODataRequest): ExportForm | undefined {
  for (const range of headers.accept) {
    if (range.quality === 0) continue;
    const form = exportForm(range);
    if (form !== undefined || fits(range)) return form;
  }
  return undefined;
}

function exportForm({ type, parameters }: MediaRange): ExportForm | undefined {
  const raw = parameters.get('raw')?.toLowerCase();
  const others = [...parameters].filter(([name]) => name !== 'raw');
  if (!others.every(([name, value]) => exportParameters.get(name) === value.toLowerCase())) return undefined;
  if (type === 'application/x-ndjson') return raw === undefined ? { kind: 'ndjson' } : undefined;
  if (type !== 'text/csv' || (raw !== undefined && !booleans.includes(raw))) return undefined;
  return { kind: 'csv', raw: raw === 'true' };
}

/** What every export is anyway (RFC 4180 3, RFC 7111 2). */
const exportParameters: ReadonlyMap<string, string> = new Map([
  ['charset', 'utf-8'],
  ['header', 'present'],
]);

/** XML unless JSON is preferred (Protocol 11.1.2); throws 406 notAcceptable. */
export function negotiateMetadata(request: ODataRequest): 'xml' | 'json' {
  const { accept } = request.headers;
  for (const { type, quality } of accept.length === 0 ? [anyRange] : accept) {
    if (quality === 0) continue;
    if (['application/xml', '*/*', 'application/*', 'text/*', 'text/xml'].includes(type)) return 'xml';
    if (type === 'application/json') return 'json';
  }
  throw new ServiceError(
    'notAcceptable',
    'No acceptable representation. Available: application/xml, application/json.',
    {
      target: request.options.system.has('$format') ? '$format' : 'Accept',
    },
  );
}

const anyRange: MediaRange = { type: '*/*', parameters: new Map(), quality: 1 };

function fits(range: MediaRange): boolean {
  if (!['application/json', 'application/*', '*/*'].includes(range.type)) return false;
  return [...range.parameters].every(([name, value]) => parameterFits(name, value.toLowerCase()));
}

/** A range with a parameter we do not know is not acceptable, so that we never promise what we do not do. */
function parameterFits(name: string, value: string): boolean {
  switch (name) {
    case 'odata.metadata':
    case 'metadata':
      return metadataLevels.includes(value as MetadataLevel);
    case 'odata.streaming':
    case 'streaming':
    case 'ieee754compatible':
      return booleans.includes(value);
    case 'charset':
      return value === 'utf-8';
    default:
      return false;
  }
}

function parameter(range: MediaRange, name: string): string | undefined {
  return (range.parameters.get(`odata.${name}`) ?? range.parameters.get(name))?.toLowerCase();
}
