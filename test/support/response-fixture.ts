/** Plans, entities and a context for the writers of answers, the same in every suite. */
import { parseTenantId } from '../../src/auth/authenticator.ts';
import { writeEntityText } from '../../src/edm/entity-text.ts';
import type { EntityValues, Property } from '../../src/edm/types.ts';
import { cloudAppSecurityProfiles } from '../../src/model/cloud-app-security-profile.ts';
import { model } from '../../src/model/index.ts';
import type { PagePosition } from '../../src/plan/page-token.ts';
import type { RequestContext, ResponseFormat, StoredEntity } from '../../src/plan/plan.ts';
import { emptyProfile } from './profiles.ts';

export const entitySet = cloudAppSecurityProfiles;
export const tenantId = parseTenantId('11111111-1111-4111-8111-111111111111');
export const entityId = '053c36a0-36a0-053c-a036-3c05a0363c05';

/** Every page position that was sealed. */
export const sealed: PagePosition[] = [];

export const context: RequestContext = {
  model,
  publicUrl: 'https://casp.example',
  requestId: 'request',
  clientRequestId: 'client',
  pageTokens: {
    seal(position) {
      sealed.push(position);
      return 'TOKEN';
    },
    open() {
      throw new Error('nothing is opened here');
    },
  },
  nowTicks: 0n,
  newId: () => entityId,
  policy: { requireIfMatch: false, topSemantics: 'auto' },
  challenge: { missing: () => 'Bearer', insufficientScope: () => 'Bearer' },
  documents: {
    metadata: (root, spelling) => ({ text: `<${root} ${spelling}>`, tag: `"${root} ${spelling}"` }),
    serviceDocument: (root, contextUrl) => JSON.stringify({ root, contextUrl }),
  },
};

/** A format at the minimal level unless told otherwise. */
export const formatOf = (own: Partial<ResponseFormat> = {}): ResponseFormat => ({
  metadata: 'minimal',
  ieee754Compatible: false,
  omitNulls: false,
  applied: [],
  ...own,
});

/** What every plan on the entity set has. */
export const planBase = (own: Partial<ResponseFormat> = {}) => ({
  root: 'v1.0' as const,
  format: formatOf(own),
  entitySet,
  tenantId,
});

export const noConditions = { ifMatch: undefined, ifNoneMatch: undefined };

/** An entity as the store holds it. */
export function storedEntity(values: EntityValues = {}, version = 3, id = entityId): StoredEntity {
  const json = writeEntityText(entitySet.type, { ...emptyProfile(id), ...values });
  return { id, version, json };
}

/** A property of the type by its name. */
export function propertyOf(name: string): Property {
  const property = entitySet.type.properties.find((candidate) => candidate.name === name);
  if (property === undefined) throw new Error(`no property ${name}`);
  return property;
}

/** A member of vendorInformation. */
export function vendorMember(name: string): Property {
  const { type } = propertyOf('vendorInformation');
  const member = type.kind === 'complex' ? type.properties.find((part) => part.name === name) : undefined;
  if (member === undefined) throw new Error(`no member ${name}`);
  return member;
}
