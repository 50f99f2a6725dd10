/** The model as the next version may have it: with everything that can be added to it. */
import { added, complex, inNamespace, string, stringCollection } from '../../src/edm/declare.ts';
import type { EntityType, Model, Property } from '../../src/edm/types.ts';

const { complexType, entityType } = inNamespace('microsoft.graph');

const contact = complexType('contact', {
  mail: string('An address.'),
  phone: string('A number.'),
});

const additions = entityType(
  'additions',
  { description: 'Only its properties are used.' },
  {
    owner: added('1.3.0', string('Who answers for the app.')),
    regions: added('1.3.0', stringCollection('Where the app is used.')),
    contact: added('1.3.0', complex(contact, 'Whom to ask.')),
  },
).properties;

/** A member that the vendor information gets. */
const region: Property = { name: 'region', ...added('1.3.0', string('Where the vendor is.')) };

/**
 * The same model with a text that is searched and indexed, a collection and a complex value, in among the others, and
 * with one more member in the complex value it has.
 */
export function withAdded(model: Model): Model {
  return {
    ...model,
    entitySets: model.entitySets.map((set) => ({
      ...set,
      type: withProperties(set.type),
      indexes: [...set.indexes, { paths: ['owner'], reason: 'What somebody answers for.' }],
    })),
  };
}

function withProperties(type: EntityType): EntityType {
  const [first, second, ...others] = type.properties;
  if (first === undefined || second === undefined) throw new Error('a type of hardly any properties');
  return { ...type, properties: [first, second, ...additions, ...others].map(withRegion) };
}

const withRegion = (property: Property): Property =>
  property.type.kind === 'complex' && property.name === 'vendorInformation'
    ? { ...property, type: { ...property.type, properties: [region, ...property.type.properties] } }
    : property;
