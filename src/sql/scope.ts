/** What the names in an expression mean in SQL, where it stands. */
import type { TenantId } from '../auth/authenticator.ts';
import type { EntitySet, Leaf, Property } from '../edm/types.ts';
import type { Dialect } from './dialect.ts';
import { type Fragment, identifier, sql } from './statement.ts';
import { type CollectionTable, isNullableLeaf, tableOf } from './table.ts';

/** An entity among the rows an expression is asked about. */
export interface EntityScope {
  readonly entitySet: EntitySet;
  readonly tenantId: TenantId;
  /** What items and text indexes call the row. */
  readonly rowKey: Fragment;
  presence(property: Property): Fragment;
  items(property: Property): CollectionTable;
}

export interface Scope {
  readonly dialect: Dialect;
  leaf(leaf: Leaf): Fragment;
  /** Whether a leaf is null on some row. */
  isNullable(leaf: Leaf): boolean;
  /** A column that $apply made. */
  column(name: string): Fragment;
  /** Undefined once rows are grouped: then there are neither items nor texts to ask. */
  readonly entity: EntityScope | undefined;
  /**
   * Whether a condition may select rows by an index over texts or items. Without, it looks at the row at hand
   * alone, which is cheaper where few rows are looked at.
   */
  readonly usesSelections: boolean;
}

/** The scope of whole entities; `alias` names the table in the statement. */
export function entityScope(
  entitySet: EntitySet,
  tenantId: TenantId,
  dialect: Dialect,
  alias: string,
): Scope & { readonly entity: EntityScope } {
  const table = tableOf(entitySet);
  const columnOf = (name: string) => sql`${identifier(alias)}.${identifier(name)}`;
  const rowKey = columnOf(dialect.rowKey);
  return {
    dialect,
    usesSelections: true,
    leaf(leaf) {
      if (leaf.property.access === 'key') return columnOf('id');
      return columnOf(find(table.columns, (column) => column.path === leaf.path, leaf.path).name);
    },
    isNullable: isNullableLeaf,
    column(name) {
      throw new Error(`no column ${name} before $apply`);
    },
    entity: {
      entitySet,
      tenantId,
      rowKey,
      presence: (property) =>
        columnOf(find(table.presences, (presence) => presence.property === property, property.name).name),
      items: (property) =>
        find(table.collections, (collection) => collection.property === property, property.name),
    },
  };
}

/** The entity of a scope; throws after grouping, where binding lets no question about entities through. */
export function entityOf({ entity }: Scope): EntityScope {
  if (entity === undefined) throw new Error('a grouped row is no entity');
  return entity;
}

function find<T>(candidates: readonly T[], matches: (candidate: T) => boolean, what: string): T {
  const found = candidates.find(matches);
  if (found === undefined) throw new Error(`no column for ${what}`);
  return found;
}
