/** Entity type → table and columns: snake case, shown to be one-to-one. */
import {
  type CollectionType,
  type EntitySet,
  type EnumType,
  type Leaf,
  leavesOf,
  type PrimitiveType,
  type Property,
} from '../edm/types.ts';

/** How a column's values are kept: the dialect says which SQL type and encoding. */
export type ColumnType = PrimitiveType | EnumType;

export interface Column {
  readonly name: string;
  /** The path in the model, such as `vendorInformation/provider`. */
  readonly path: string;
  readonly type: ColumnType;
  /** Whether it is null in some row: instants the service sets itself always have a value. */
  readonly nullable: boolean;
}

/** Whether a complex property has a value at all; its members alone cannot tell null from all-null. */
export interface PresenceColumn {
  readonly name: string;
  readonly property: Property;
}

/** The items of a collection property, one row each. */
export interface CollectionTable {
  readonly name: string;
  readonly property: Property;
  readonly type: CollectionType;
  /** Whether the model has an index of the values. */
  readonly indexed: boolean;
}

/** A declared index with texts among its columns. */
export interface TextIndex {
  /** The path of its first column. */
  readonly first: string;
  /** The paths of its texts. */
  readonly texts: readonly string[];
}

/** A text of an entity that can be searched; its place numbers the text within its row. */
export interface TextLeaf {
  readonly place: number;
  readonly leaf: Leaf;
  /** The property of the entity whose change changes the text. */
  readonly property: string;
}

export interface EntityTable {
  readonly name: string;
  /** Columns to ask questions with; the key is not among them. */
  readonly columns: readonly Column[];
  readonly presences: readonly PresenceColumn[];
  readonly collections: readonly CollectionTable[];
  /** What $search looks at: every string property and every collection of strings, the key included. */
  readonly texts: readonly TextLeaf[];
  /** Those whose substrings are indexed: string properties that have an index of the model to themselves. */
  readonly substrings: readonly TextLeaf[];
  /** The orders that an index serves, each as the paths of its keys; the entity's own key ends them all. */
  readonly orders: readonly (readonly string[])[];
  readonly textIndexes: readonly TextIndex[];
}

const tables = new WeakMap<EntitySet, EntityTable>();

/** The table of an entity set; the same object every time. */
export function tableOf(entitySet: EntitySet): EntityTable {
  let table = tables.get(entitySet);
  if (table === undefined) {
    table = describeTable(entitySet);
    tables.set(entitySet, table);
  }
  return table;
}

function describeTable(entitySet: EntitySet): EntityTable {
  const name = snakeCase(entitySet.type.name);
  const leaves = leavesOf(entitySet.type).filter((leaf) => leaf.property.access !== 'key');
  const collections: CollectionTable[] = [];
  const columns: Column[] = [];
  for (const leaf of leaves) {
    const { type } = leaf;
    if (type.kind === 'collection') {
      const indexed = entitySet.indexes.some(({ paths }) => paths[0] === leaf.path);
      collections.push({ name: `${name}_${columnName(leaf)}`, property: leaf.property, type, indexed });
    } else {
      columns.push({ name: columnName(leaf), path: leaf.path, type, nullable: isNullableLeaf(leaf) });
    }
  }
  const presences = entitySet.type.properties
    .filter((property) => property.type.kind === 'complex')
    .map((property) => ({ name: `has_${snakeCase(property.name)}`, property }));
  assertOneToOne(entitySet, [...columns, ...presences]);
  const texts = textLeaves(entitySet);
  const aloneIndexed = entitySet.indexes
    .filter(({ paths }) => paths.length === 1)
    .flatMap(({ paths }) => paths);
  const keyPaths = leavesOf(entitySet.type)
    .filter(({ property }) => property.access === 'key')
    .map(({ path }) => path);
  return {
    name,
    columns,
    presences,
    collections,
    texts,
    substrings: texts.filter(
      ({ leaf }) => leaf.type.kind === 'primitive' && aloneIndexed.includes(leaf.path),
    ),
    orders: [[], ...entitySet.indexes.map(({ paths }) => paths)].map((paths) => [...paths, ...keyPaths]),
    textIndexes: entitySet.indexes.flatMap(({ paths }) => describeTextIndex(paths, leaves)),
  };
}

/** Keys and the instants the service sets itself always have a value. */
export const isNullableLeaf = ({ property, parent }: Leaf): boolean =>
  parent !== undefined || (property.nullable && property.stamp === undefined);

function describeTextIndex(paths: readonly string[], leaves: readonly Leaf[]): TextIndex[] {
  const isText = (path: string) =>
    leaves.some(
      (leaf) => leaf.path === path && leaf.type.kind === 'primitive' && leaf.type.name === 'Edm.String',
    );
  const texts = paths.filter(isText);
  const [first] = paths;
  return first === undefined || texts.length === 0 ? [] : [{ first, texts }];
}

function textLeaves(entitySet: EntitySet): TextLeaf[] {
  const texts = leavesOf(entitySet.type).filter(
    ({ type }) => (type.kind === 'collection' ? type.item : type).name === 'Edm.String',
  );
  // What was added comes last, so that a place means the same to the version before.
  const early = texts.filter((leaf) => versionOf(leaf) === undefined);
  const late = texts.filter((leaf) => versionOf(leaf) !== undefined).sort(byVersion);
  return [...early, ...late].map((leaf, place) => ({
    place,
    leaf,
    property: (leaf.parent ?? leaf.property).name,
  }));
}

const versionOf = ({ property, parent }: Leaf): string | undefined => property.added ?? parent?.added;

const byVersion = (left: Leaf, right: Leaf): number =>
  (versionOf(left) ?? '').localeCompare(versionOf(right) ?? '', 'en', { numeric: true });

/** Names the store adds to every table; no property may become one of them. */
const reservedColumns = ['tenant_id', 'row_id', 'id', 'version', 'oversized', 'json', 'ordinal', 'value'];

function assertOneToOne(entitySet: EntitySet, columns: readonly { readonly name: string }[]): void {
  const names = [...reservedColumns, ...columns.map((column) => column.name)];
  if (new Set(names).size !== names.length) throw new Error(`columns of ${entitySet.name} collide`);
}

function columnName(leaf: Leaf): string {
  return leaf.path.split('/').map(snakeCase).join('_');
}

/** `lastModifiedDateTime` → `last_modified_date_time`. */
export function snakeCase(name: string): string {
  return name.replace(
    /[A-Z]/g,
    (letter, offset: number) => `${offset === 0 ? '' : '_'}${letter.toLowerCase()}`,
  );
}
