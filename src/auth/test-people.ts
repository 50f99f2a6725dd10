/** The fictional people and the application that development tokens are made for. */
import { readPermission, writePermission } from './permissions.ts';

/** What a test person is there to show. */
export type TestRole = 'reader' | 'analyst' | 'engineer' | 'admin' | 'no-access';

/** One fictional person; everything about them is fixed, so that tests and screenshots can rely on it. */
export interface TestPerson {
  readonly role: TestRole;
  readonly name: string;
  readonly userPrincipalName: string;
  readonly objectId: string;
  readonly scopes: readonly string[];
  /** Directory roles (`wids`) a person of this kind has in a real tenant. */
  readonly directoryRoles: readonly string[];
  /** What can be seen as this person, for the sign-in page. */
  readonly purpose: string;
}

const securityReader = '5d6b6bb7-de71-4623-b4af-96380a352509';
const securityAdministrator = '194ae4cb-b126-40b2-bd5b-6091b380977d';

const writer = (role: TestRole, name: string, objectId: string, purpose: string): TestPerson => ({
  role,
  name,
  userPrincipalName: `${name.split(' ')[0]?.toLowerCase()}@contoso.example`,
  objectId,
  scopes: [writePermission],
  directoryRoles: [securityAdministrator],
  purpose,
});

/** The five, in the order the sign-in page shows them. */
export const testPeople: readonly TestPerson[] = [
  {
    role: 'reader',
    name: 'Robin Reed',
    userPrincipalName: 'robin@contoso.example',
    objectId: '7e571e00-0000-4000-8000-00000000e001',
    scopes: [readPermission],
    directoryRoles: [securityReader],
    purpose: 'may read every profile and change none',
  },
  writer(
    'analyst',
    'Ana Lindqvist',
    '7e571e00-0000-4000-8000-00000000e002',
    'reviews apps and changes profiles',
  ),
  writer('engineer', 'Eni Okafor', '7e571e00-0000-4000-8000-00000000e003', 'writes scripts against the API'),
  writer('admin', 'Adi Marchetti', '7e571e00-0000-4000-8000-00000000e004', 'runs the service'),
  {
    role: 'no-access',
    name: 'Noa Virtanen',
    userPrincipalName: 'noa@contoso.example',
    objectId: '7e571e00-0000-4000-8000-00000000e005',
    scopes: ['User.Read'],
    directoryRoles: [],
    purpose: 'is signed in but may not see profiles',
  },
];

/** The roles a test person can have, in order. */
export const testRoles: readonly TestRole[] = testPeople.map(({ role }) => role);

/** The person of a role; undefined for any other text. */
export const findTestPerson = (role: string): TestPerson | undefined =>
  testPeople.find((person) => person.role === role);

/** The fictional tenant of the test people. */
export const testTenantId = '7e571e00-0000-4000-8000-00000000c0de';

/** The application that development tokens name as their caller unless a client names itself. */
export const testClient = {
  clientId: '7e571e00-0000-4000-8000-00000000c11e',
  objectId: '7e571e00-0000-4000-8000-00000000c11f',
  name: 'casp test client',
} as const;
