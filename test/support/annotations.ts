/** Annotations of a CSDL JSON document, each with what it is about. */

/** One annotation: `Capabilities.TopSupported` of `graph.security/cloudAppSecurityProfiles`. */
export interface FoundAnnotation {
  /** Below the alias, such as `cloudAppSecurityProfile/id`; the container by its name. */
  readonly target: string;
  /** With the vocabulary's alias. */
  readonly term: string;
  readonly value: unknown;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every annotation of a document, inline ones and those on targets; targets of further schemas begin with their name. */
export function findAnnotations(document: unknown): readonly FoundAnnotation[] {
  if (!isObject(document)) throw new Error('no CSDL document');
  const schemas = Object.entries(document).filter(([name]) => !name.startsWith('$'));
  if (schemas.length === 0) throw new Error('no schema');
  return schemas.flatMap(([name, schema]) => {
    if (!isObject(schema)) throw new Error(`${name} is no schema`);
    const { $Annotations: targets, $Alias: alias, ...elements } = schema;
    const outside = Object.entries(isObject(targets) ? targets : {}).flatMap(([target, annotations]) =>
      inline(target.replace(`${String(alias)}.`, ''), annotations),
    );
    return [...inline(alias === undefined ? name : '', elements), ...outside];
  });
}

/** `@Term` members of an element and of the elements in it. */
function inline(target: string, element: unknown): FoundAnnotation[] {
  // The overloads of a function.
  if (Array.isArray(element)) return element.flatMap((each) => inline(target, each));
  if (!isObject(element)) return [];
  return Object.entries(element).flatMap(([name, value]) => {
    if (name.startsWith('@')) return [{ target, term: name.slice(1), value }];
    if (name.startsWith('$')) return [];
    return inline(target === '' ? name : `${target}/${name}`, value);
  });
}
