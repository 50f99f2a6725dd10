/** What a form accepts, from $metadata: the service has the last word, this only spares the way to it. */
import * as z from 'zod/mini';
import { isSame, type Values } from '../../merge/values.ts';
import type { PropertyInfo } from '../../metadata.ts';

const listOf = (names: readonly string[]): string => names.join(', ');

/** The schema of one value that is there; a sentence where it does not fit. */
function schemaOf(property: PropertyInfo): z.ZodMiniType {
  switch (property.kind) {
    case 'boolean':
      return z.boolean('Use true or false.');
    case 'number':
      return z.union(
        [z.number(), z.string().check(z.regex(/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/))],
        'Use a number, such as 12.5.',
      );
    case 'dateTime':
      return z.iso.datetime({
        offset: true,
        error: 'Use a date and time with its offset, such as 2026-11-24T08:30:00Z.',
      });
    case 'guid':
      return z.guid('Use a GUID, such as 053c36a0-36a0-053c-a036-3c05a0363c05.');
    case 'enum': {
      const names = property.members.map(({ name }) => name);
      return z.string().check(z.refine((name) => names.includes(name), `Use one of: ${listOf(names)}.`));
    }
    case 'complex':
      return z.record(z.string(), z.unknown(), 'Use an object: { … }.');
    case 'text':
      return z.string('Use a text.');
  }
}

/** Builds the check of one property; the schema is made once. */
export function createRefusal(property: PropertyInfo): (value: unknown) => string | undefined {
  const single = schemaOf(property);
  const schema = property.collection ? z.array(single, 'Use a list of texts: ["…"].') : single;
  return (value) => {
    if (value === null || value === undefined) {
      return property.nullable ? undefined : `${property.label} cannot be removed.`;
    }
    const { success, error } = schema.safeParse(value);
    return success ? undefined : (error.issues[0]?.message ?? 'This value does not fit.');
  };
}

/** What is wrong with the values a person changed, by path. */
export function createValidator(
  leaves: readonly PropertyInfo[],
): (values: Values, base: Values) => Readonly<Record<string, string>> {
  const checks = leaves
    .filter(({ readOnly }) => !readOnly)
    .map((property) => ({ path: property.path, refusal: createRefusal(property) }));
  return (values, base) =>
    Object.fromEntries(
      checks.flatMap(({ path, refusal }) => {
        // Values nobody touched may be newer than this model.
        if (isSame(values[path], base[path]) || isUntouched(values[path], base[path])) return [];
        const message = refusal(values[path]);
        return message === undefined ? [] : [[path, message]];
      }),
    );
}

/** An emptied line means "no change": removing a value is asked for by Clear (experience 4.3). */
export const isUntouched = (value: unknown, base: unknown): boolean => value === '' && !isSame(value, base);
