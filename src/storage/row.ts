/** Row → StoredEntity. */
import { completeEntityText } from '../edm/entity-text.ts';
import type { EntityType } from '../edm/types.ts';
import type { StoredEntity } from '../plan/plan.ts';
import type { Row } from './database.ts';

/** Reads the columns every entity row has; throws when the statement did not select them. */
export function readRow(row: Row, type: EntityType): StoredEntity {
  const { id, version, json } = row;
  if (typeof id !== 'string' || typeof json !== 'string') throw new Error('row without id or json');
  return { id, version: Number(version), json: completeEntityText(type, json) };
}
