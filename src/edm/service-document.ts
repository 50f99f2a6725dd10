/** Model → the service document: what a client can start from (JSON Format 5). */

import type { CsdlOptions } from './csdl.ts';
import { singletonsOf } from './csdl.ts';
import type { Model } from './types.ts';

/** One entry; the address is relative to the service root. */
export interface ServiceDocumentEntry {
  readonly name: string;
  readonly kind: 'EntitySet' | 'Singleton';
  readonly url: string;
}

/** Entity sets first, where the root has any; what is listed here is what the same root's metadata declares. */
export function serviceDocumentEntries(
  model: Model,
  root: CsdlOptions['root'],
): readonly ServiceDocumentEntry[] {
  const sets = root === 'odata/v4' ? model.entitySets : [];
  return [
    ...sets.map(({ name }) => ({ name, kind: 'EntitySet' as const, url: name })),
    ...singletonsOf(model).map(({ name }) => ({ name, kind: 'Singleton' as const, url: name })),
  ];
}

/** Writes the document; without a context address for `odata.metadata=none`. */
export function writeServiceDocument(
  model: Model,
  options: { readonly root: CsdlOptions['root']; readonly contextUrl: string | undefined },
): string {
  const { root, contextUrl } = options;
  const start = contextUrl === undefined ? {} : { '@odata.context': contextUrl };
  return JSON.stringify({ ...start, value: serviceDocumentEntries(model, root) });
}
