/** Accept and $format → how the answer is written (Protocol 8.2.1, JSON Format 3). */
import { quoteForMessage, ServiceError } from '../errors.ts';
import type { MediaRange, MetadataLevel, ODataRequest } from '../request/odata-request.ts';
import type { ResponseFormat } from './plan.ts';

const metadataLevels: readonly MetadataLevel[] = ['none', 'minimal', 'full'];
const booleans = ['true', 'false'];

/** Picks the first range that JSON satisfies; no Accept means minimal metadata. Throws 406 notAcceptable. */
export function negotiateJson(request: ODataRequest): ResponseFormat {
  const { prefer, accept } = request.headers;
  const format = request.options.system.get('$format');
  const ranges = format === undefined ? accept : [parseFormat(format)];
  const chosen = ranges.length === 0 ? anyRange : ranges.find((range) => range.quality > 0 && fits(range));
  if (chosen === undefined) {
    throw new ServiceError(
      'notAcceptable',
      'No acceptable representation. Available: application/json with odata.metadata=none, minimal or full.',
      { target: format === undefined ? 'Accept' : '$format' },
    );
  }
  return {
    metadata: (parameter(chosen, 'metadata') as MetadataLevel | undefined) ?? 'minimal',
    ieee754Compatible: chosen.parameters.get('ieee754compatible')?.toLowerCase() === 'true',
    omitNulls: prefer.omitNulls,
  };
}

const anyRange: MediaRange = { type: '*/*', parameters: new Map(), quality: 1 };

function parseFormat(format: string): MediaRange {
  const [type = '', ...parameters] = format.split(';').map((part) => part.trim());
  const name = type.toLowerCase();
  return {
    type: name === 'json' ? 'application/json' : name,
    parameters: new Map(parameters.map((text) => splitParameter(text))),
    quality: 1,
  };
}

function splitParameter(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new ServiceError('optionInvalid', `$format has a malformed parameter '${quoteForMessage(text)}'.`, {
      target: '$format',
    });
  }
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
}

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
