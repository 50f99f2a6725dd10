/** Values of expressions as they come back from an engine: as text, so that none loses digits on the way. */
import type { ConstantValue, ValueType } from '../plan/bound.ts';

/** Reads what `Dialect.asText` wrote; throws on anything else, because only we can get it wrong. */
export function readValue(text: unknown, type: ValueType): ConstantValue {
  if (text === null) return null;
  if (typeof text !== 'string') throw new Error(`not a value as text: ${typeof text}`);
  if (type.kind === 'null') throw new Error('a value of no type');
  if (type.kind === 'enum') return BigInt(text);
  switch (type.name) {
    case 'Edm.String':
    case 'Edm.Guid':
      return text;
    case 'Edm.Boolean':
      return readBoolean(text);
    case 'Edm.Double':
    case 'Edm.Decimal':
      return Number(text);
    default:
      return BigInt(text);
  }
}

function readBoolean(text: string): boolean {
  if (text !== '1' && text !== '0') throw new Error(`not a Boolean as text: ${text}`);
  return text === '1';
}
