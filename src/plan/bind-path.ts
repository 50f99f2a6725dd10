/** Segments → the resource they address. */
import { type BoundFunction, type EntitySet, type Model, qualifiedName } from '../edm/types.ts';
import { didYouMean, quoteForMessage, ServiceError } from '../errors.ts';
import type { ODataRequest, PathSegment } from '../request/odata-request.ts';

/** What an address means before any method is applied. */
export type Resource =
  | { readonly kind: 'serviceDocument' }
  | { readonly kind: 'metadata' }
  | { readonly kind: 'batch' }
  | { readonly kind: 'singleton'; readonly name: string }
  | { readonly kind: 'collection'; readonly entitySet: EntitySet }
  | { readonly kind: 'collectionPart'; readonly entitySet: EntitySet; readonly segment: string }
  | { readonly kind: 'entity'; readonly entitySet: EntitySet; readonly key: string }
  | {
      readonly kind: 'entityPart';
      readonly entitySet: EntitySet;
      readonly key: string;
      readonly segments: readonly string[];
    }
  /** A function of the model, bound to a set or, with a key, to an entity of it. */
  | {
      readonly kind: 'function';
      readonly entitySet: EntitySet;
      readonly key: string | undefined;
      readonly called: BoundFunction;
    };

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Binds the segments after the service root; fixed segments match in any letter case. */
export function bindPath(
  { segments, root }: Pick<ODataRequest, 'segments' | 'root'>,
  model: Model,
): Resource {
  const [first, second, ...rest] = segments;
  if (first === undefined) return { kind: 'serviceDocument' };
  if (first.key === undefined && segments.length === 1) {
    if (equalsIgnoringCase(first.text, '$metadata')) return { kind: 'metadata' };
    if (equalsIgnoringCase(first.text, '$batch')) return { kind: 'batch' };
  }
  if (root === 'odata/v4') {
    // Generic OData clients look for entity sets at the top (digest 5.7).
    const top = model.entitySets.find((set) => equalsIgnoringCase(set.name, first.name));
    if (top !== undefined && !first.call) return bindInCollection(top, first, segments.slice(1), model);
    refuseMalformedKey(first, model.entitySets);
  }
  const sets = model.entitySets.filter((set) => equalsIgnoringCase(set.singleton, first.text));
  if (sets[0] === undefined) throw unknownSegment(first, [...rootNames(model), '$metadata', '$batch']);
  if (second === undefined) return { kind: 'singleton', name: sets[0].singleton };
  const entitySet = sets.find((set) => equalsIgnoringCase(set.name, second.name));
  if (entitySet === undefined) refuseMalformedKey(second, sets);
  if (entitySet === undefined || second.call) {
    throw unknownSegment(
      second,
      sets.map((set) => set.name),
    );
  }
  return bindInCollection(entitySet, second, rest, model);
}

function bindInCollection(
  entitySet: EntitySet,
  collection: PathSegment,
  rest: readonly PathSegment[],
  model: Model,
): Resource {
  if (collection.key !== undefined) {
    checkKeyName(collection, entitySet);
    return bindInEntity(entitySet, normaliseKey(collection.key.value), rest, model);
  }
  const [next, ...further] = rest;
  if (next === undefined) return { kind: 'collection', entitySet };
  if (isOwnType(entitySet, next.text, model)) {
    return bindInCollection(entitySet, { ...collection, text: next.text }, further, model);
  }
  const called = findFunction(next, model);
  if (called !== undefined) return bindFunction(called, entitySet, undefined, further);
  if (next.name.toLowerCase() === 'delta' || isQualified(next.name, model)) {
    return { kind: 'collectionPart', entitySet, segment: next.text };
  }
  if (next.text.startsWith('$') && next.key === undefined) {
    if (further[0] !== undefined) throw unknownSegment(further[0], []);
    return { kind: 'collectionPart', entitySet, segment: next.text.toLowerCase() };
  }
  return bindInEntity(entitySet, normaliseKey(next.text), further, model);
}

function bindInEntity(
  entitySet: EntitySet,
  key: string,
  rest: readonly PathSegment[],
  model: Model,
): Resource {
  const [next, ...further] = rest;
  if (next === undefined) return { kind: 'entity', entitySet, key };
  const called = findFunction(next, model);
  if (called !== undefined) return bindFunction(called, entitySet, key, further);
  // A cast to the type it has anyway changes nothing (URL Conventions 4.11).
  if (isOwnType(entitySet, next.text, model)) return bindInEntity(entitySet, key, further, model);
  return { kind: 'entityPart', entitySet, key, segments: rest.map((segment) => segment.text) };
}

/** `casp.changes` or `casp.changes()`: a function comes before a key of the same text (URL Conventions 4.3.6). */
function findFunction({ name, key }: PathSegment, { functions = [] }: Model): BoundFunction | undefined {
  if (key !== undefined || !name.includes('.')) return undefined;
  return functions.find((each) => equalsIgnoringCase(qualifiedName(each), name));
}

function bindFunction(
  called: BoundFunction,
  entitySet: EntitySet,
  key: string | undefined,
  [unexpected]: readonly PathSegment[],
): Resource {
  // What it returns cannot be composed any further.
  if (unexpected !== undefined) throw unknownSegment(unexpected, []);
  return { kind: 'function', entitySet, key, called };
}

/** `microsoft.graph.delta`: a bound operation before it is a key (URL Conventions 4.3.6). */
const isQualified = (name: string, { namespace, alias }: Model): boolean =>
  name.includes('.') &&
  [namespace, alias].some((prefix) => name.toLowerCase().startsWith(`${prefix.toLowerCase()}.`));

/** The type of the set by its name or alias. */
function isOwnType({ type }: EntitySet, segment: string, { alias }: Model): boolean {
  // Keys come here too, and hardly any has a full stop.
  if (!segment.includes('.')) return false;
  return [qualifiedName(type), `${alias}.${type.name}`].some((name) => equalsIgnoringCase(name, segment));
}

/** `profiles(abc)`: the set is known, its key is written wrongly. */
function refuseMalformedKey({ text, keyFault }: PathSegment, sets: readonly EntitySet[]): void {
  const named = sets.some((set) => equalsIgnoringCase(set.name, text.slice(0, text.indexOf('('))));
  if (named && keyFault !== undefined)
    throw new ServiceError('pathInvalid', keyFault, { target: quoteForMessage(text) });
}

function checkKeyName(segment: PathSegment, entitySet: EntitySet): void {
  const name = segment.key?.name;
  if (name === undefined) return;
  const key = entitySet.type.properties.find((property) => property.access === 'key');
  if (name === key?.name) return;
  throw new ServiceError(
    'pathInvalid',
    `The key of '${entitySet.name}' is named '${key?.name}', not '${quoteForMessage(name)}'.`,
    { target: quoteForMessage(name) },
  );
}

/** Ids are issued as lower-case GUIDs; a GUID in another case means the same (Protocol digest 3.3). */
function normaliseKey(key: string): string {
  return guidPattern.test(key) ? key.toLowerCase() : key;
}

function rootNames(model: Model): string[] {
  return [...new Set(model.entitySets.map((set) => set.singleton))];
}

function unknownSegment(segment: PathSegment, candidates: readonly string[]): ServiceError {
  const text = quoteForMessage(segment.text);
  return new ServiceError(
    'segmentUnknown',
    `Resource not found for the segment '${text}'.${didYouMean(segment.name, candidates)}`,
    { target: text },
  );
}

function equalsIgnoringCase(left: string, right: string): boolean {
  return left === right || left.toLowerCase() === right.toLowerCase();
}
