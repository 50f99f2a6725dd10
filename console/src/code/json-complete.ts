/** Completion for the JSON of an entity, from $metadata: names of properties, members of enumerations, true and false. */
import type { CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';
import type { PropertyInfo } from '../metadata.ts';

/** Enough of the text before the cursor to know which object it stands in. */
const lookBackMax = 4000;

const optionsOf = (property: PropertyInfo): readonly string[] => {
  if (property.kind === 'enum') return property.members.map(({ name }) => JSON.stringify(name));
  return property.kind === 'boolean' ? ['true', 'false'] : [];
};

/** The complex property whose object is open at the end of `before`, if any. */
function openComplex(before: string, properties: readonly PropertyInfo[]): PropertyInfo | undefined {
  const name = /"(\w+)"\s*:\s*\{[^{}]*$/.exec(before)?.[1];
  return properties.find((property) => property.name === name && property.kind === 'complex');
}

/** The source for the editor. */
export function completeJson(properties: readonly PropertyInfo[]): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const before = context.state.sliceDoc(Math.max(0, context.pos - lookBackMax), context.pos);
    const known = openComplex(before, properties)?.properties ?? properties;
    const value = /"(\w+)"\s*:\s*("?\w*)$/.exec(before);
    if (value !== null) {
      const property = known.find(({ name }) => name === value[1]);
      const options =
        property === undefined ? [] : [...optionsOf(property), ...(property.nullable ? ['null'] : [])];
      if (options.length === 0) return null;
      const from = context.pos - (value[2]?.length ?? 0);
      return { from, options: options.map((label) => ({ label, type: 'constant' })) };
    }
    const name = /[{,]\s*("\w*)$/.exec(before);
    if (name === null) return null;
    return {
      from: context.pos - (name[1]?.length ?? 0),
      options: known
        .filter(({ readOnly }) => !readOnly)
        .map((property) => ({
          label: JSON.stringify(property.name),
          apply: `${JSON.stringify(property.name)}: `,
          detail: property.label,
          ...(property.description === undefined ? {} : { info: property.description }),
          type: 'property',
        })),
    };
  };
}
