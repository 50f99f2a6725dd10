/** Asserts a model at start: what only its author can get wrong. */
import { assert } from '../errors.ts';
import { type EntitySet, type EntityType, leavesOf, type Model } from './types.ts';

const simpleIdentifier = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Throws when names repeat, a key is missing, or an index names no leaf. */
export function validateModel(model: Model): void {
  assert(model.entitySets.length > 0, 'the model has no entity set');
  assertDistinct(
    model.entitySets.map((set) => `${set.singleton}/${set.name}`.toLowerCase()),
    'entity sets',
  );
  for (const entitySet of model.entitySets) validateEntitySet(entitySet);
}

function validateEntitySet(entitySet: EntitySet): void {
  validateEntityType(entitySet.type);
  const paths = new Set(leavesOf(entitySet.type).map((leaf) => leaf.path));
  for (const index of entitySet.indexes) {
    for (const path of index.paths)
      assert(paths.has(path), `index of ${entitySet.name} names no leaf: ${path}`);
  }
}

function validateEntityType(type: EntityType): void {
  assert(!type.abstract, `${type.name} is abstract`);
  const keys = type.properties.filter((property) => property.access === 'key');
  assert(keys.length === 1, `${type.name} needs exactly one key`);
  assertDistinct(
    type.properties.map((property) => property.name.toLowerCase()),
    `properties of ${type.name}`,
  );
  for (const property of type.properties)
    assert(simpleIdentifier.test(property.name), `bad name ${property.name}`);
  for (const { added, nullable, name, type: kind } of type.properties)
    assert(
      added === undefined || nullable || kind.kind === 'collection',
      `${name} was added and is neither nullable nor a collection`,
    );
}

function assertDistinct(names: readonly string[], what: string): void {
  assert(new Set(names).size === names.length, `${what} repeat a name`);
}
