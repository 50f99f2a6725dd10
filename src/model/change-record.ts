/** The change record as clients read it, and the function that lists them; declared once, outside Graph's namespace. */
import {
  complex,
  dateTimeOffset,
  inNamespace,
  int64,
  required,
  string,
  stringCollection,
} from '../edm/declare.ts';
import type { BoundFunction } from '../edm/types.ts';

const { complexType, openComplexType } = inNamespace('casp');

const changeAuthor = complexType('changeAuthor', {
  kind: required(
    string(
      'One of delegated (a person through an application), application (on its own) and system (the service).',
    ),
  ),
  id: required(string('The object id of the person or application in its directory.')),
  name: string('The name of the author, as the token said it.'),
  clientId: required(string('The application that was used.')),
});

const changedValues = openComplexType('changedValues');

const changeRecord = complexType('changeRecord', {
  position: required(
    int64('Grows by one with each change in the tenant, in the order the changes took effect.'),
  ),
  id: required(string('The id of the entity.')),
  name: string('The name the entity has, or had last.'),
  kind: required(string('One of created, updated and deleted.')),
  version: required(int64('The version after the change; of a deleted entity, its last.')),
  at: required(dateTimeOffset('When the change was made.')),
  author: required(complex(changeAuthor, 'Who made it.')),
  requestId: required(string('The request that made it, as the service named it.')),
  clientRequestId: required(string('The same request, as the client named it.')),
  changed: stringCollection(
    'The properties that changed; of a created or deleted entity, those with a value.',
  ),
  before: complex(changedValues, 'What those properties were; null of a created entity.'),
  after: complex(changedValues, 'What they became; null of a deleted entity.'),
});

/** `casp.changes()`: who changed what, newest first; also of entities that are gone. */
export const changes: BoundFunction = {
  namespace: 'casp',
  name: 'changes',
  returns: changeRecord,
  description: 'Who changed what, newest first; also of entities that were deleted.',
};
