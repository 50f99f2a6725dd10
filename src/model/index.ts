/** The model of the service: one line for each entity set. */
import type { Model } from '../edm/types.ts';
import { changes } from './change-record.ts';
import { cloudAppSecurityProfiles } from './cloud-app-security-profile.ts';

export const model: Model = {
  namespace: 'microsoft.graph',
  alias: 'graph',
  entitySets: [cloudAppSecurityProfiles],
  functions: [changes],
};
