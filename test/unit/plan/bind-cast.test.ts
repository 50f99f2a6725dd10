import { describe, expect, it } from 'vitest';
import { applicationPermissionsRequired } from '../../../src/model/cloud-app-security-profile.ts';
import type { BoundExpression } from '../../../src/plan/bound.ts';
import {
  bindText,
  boolean,
  call,
  cast,
  compare,
  guid,
  leaf,
  not,
  nothing,
  permission,
  propertyOf,
  refusalOf,
  text,
} from '../../support/bound-builders.ts';

const name = leaf('name');
const created = leaf('createdDateTime');
const required = leaf('permissionsRequired');
const length = call('length', name);
const isNoVendor: BoundExpression = { kind: 'complexIsNull', property: propertyOf('vendorInformation') };
const entity = 'microsoft.graph.cloudAppSecurityProfile';

describe('cast', () => {
  /** The bound operand of `… eq null`. */
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ['cast(name,Edm.Int32)', cast('Edm.Int32', name)],
    ['cast(name,edm.int64)', cast('Edm.Int64', name)],
    ['cast(name,Edm.Decimal)', cast('Edm.Decimal', name)],
    ['cast(name,Edm.Double)', cast('Edm.Double', name)],
    ['cast(name,Edm.Boolean)', cast('Edm.Boolean', name)],
    ['cast(name,Edm.DateTimeOffset)', cast('Edm.DateTimeOffset', name)],
    ['cast(name,Edm.Date)', cast('Edm.Date', name)],
    ['cast(name,Edm.TimeOfDay)', cast('Edm.TimeOfDay', name)],
    ['cast(name,Edm.Duration)', cast('Edm.Duration', name)],
    ['cast(name,Edm.Guid)', cast('Edm.Guid', name)],
    [
      'cast(name,graph.applicationPermissionsRequired)',
      { kind: 'cast', type: applicationPermissionsRequired, operand: name },
    ],
    ['cast(isSigned,Edm.String)', cast('Edm.String', leaf('isSigned'))],
    ['cast(createdDateTime,Edm.String)', cast('Edm.String', created)],
    ['cast(permissionsRequired,Edm.String)', cast('Edm.String', required)],
    ['cast(permissionsRequired,Edm.Int32)', cast('Edm.Int32', required)],
    ['cast(length(name),Edm.Int32)', cast('Edm.Int32', length)],
    ['cast(length(name),Edm.Double)', cast('Edm.Double', length)],
    [
      'cast(2021-07-13,Edm.DateTimeOffset)',
      cast('Edm.DateTimeOffset', {
        kind: 'constant',
        type: { kind: 'primitive', name: 'Edm.Date' },
        value: 737_983n,
      }),
    ],
    // Casts that change nothing leave nothing behind.
    ['cast(name,Edm.String)', name],
    ['cast(length(name),Edm.Int64)', length],
    ['cast(cast(name,Edm.Int32),Edm.Int64)', cast('Edm.Int32', name)],
    ['cast(cast(name,Edm.Decimal),Edm.Double)', cast('Edm.Decimal', name)],
    ['cast(permissionsRequired,microsoft.graph.applicationPermissionsRequired)', required],
    // A part of an instant.
    ['cast(createdDateTime,Edm.Date)', call('date', created)],
    ['cast(createdDateTime,Edm.TimeOfDay)', call('time', created)],
    // What never succeeds is null.
    ['cast(isSigned,Edm.Int32)', nothing],
    ['cast(createdDateTime,Edm.Boolean)', nothing],
    ['cast(null,Edm.String)', nothing],
  ];
  it.each(cases)('%s', (operand, bound) => {
    expect(bindText(`${operand} eq null`)).toEqual(compare('eq', bound, nothing));
  });

  it('leaves a complex value in its own type', () => {
    expect(bindText('cast(vendorInformation,graph.securityVendorInformation) eq null')).toEqual(isNoVendor);
  });

  it('gives a type that comparisons know', () => {
    expect(bindText("cast(name,graph.applicationPermissionsRequired) eq 'user'")).toEqual(
      compare('eq', { kind: 'cast', type: applicationPermissionsRequired, operand: name }, permission(3)),
    );
    expect(bindText('cast(name,Edm.Guid) eq 053C36A0-5A4C-4C3B-8A4E-0123456789AB')).toEqual(
      compare('eq', cast('Edm.Guid', name), guid('053c36a0-5a4c-4c3b-8a4e-0123456789ab')),
    );
    expect(bindText("cast(permissionsRequired,Edm.String) eq 'user'")).toEqual(
      compare('eq', cast('Edm.String', required), text('user')),
    );
  });

  const primitives =
    'Primitive types are Edm.String, Edm.Boolean, Edm.DateTimeOffset, Edm.Int32, Edm.Int64, Edm.Decimal, Edm.Double, ' +
    'Edm.Date, Edm.TimeOfDay, Edm.Duration, Edm.Guid.';
  const refusals: readonly (readonly [string, string])[] = [
    [
      'cast(riskScore,Int32) gt 5',
      "expected the name of a type that is known here, found 'Int32' at position 15 in 'cast(riskScore,Int32) gt 5'. " +
        "Did you mean 'Edm.Int32'?",
    ],
    [
      'cast(riskScore,Edm.Foo) gt 5',
      `expected the name of a type that is known here, found 'Edm.Foo' at position 15 in 'cast(riskScore,Edm.Foo) gt 5'. ${primitives}`,
    ],
    [
      'cast(name,Edm.PrimitiveType) eq 1',
      `expected the name of a type that is known here, found 'Edm.PrimitiveType' at position 10 in 'cast(name,Edm.PrimitiveType) eq 1'. ${primitives}`,
    ],
    [
      'cast(tags,Collection(Edm.String)) eq 1',
      "expected the type of one value, found Collection(Edm.String) at position 10 in 'cast(tags,Collection(Edm.String)) eq 1'.",
    ],
    [
      'cast(tags,Edm.String) eq 1',
      "'cast' cannot make Edm.String of Collection(Edm.String) at position 5 in 'cast(tags,Edm.String) eq 1'.",
    ],
    [
      'cast(name,graph.entity) eq 1',
      "'cast' cannot make microsoft.graph.entity of Edm.String at position 5 in 'cast(name,graph.entity) eq 1'.",
    ],
    [
      'cast(Edm.String) eq 1',
      `'cast' cannot make Edm.String of ${entity} at position 0 in 'cast(Edm.String) eq 1'. ` +
        'Write the value before the type, as in cast(riskScore,Edm.Decimal).',
    ],
  ];
  it.each(refusals)('refuses %s', (filter, message) => {
    expect(refusalOf(() => bindText(filter))).toEqual({
      code: 'operandTypeMismatch',
      target: '$filter',
      message: `Invalid filter clause: ${message}`,
    });
  });
});

describe('isof', () => {
  const cases: readonly (readonly [string, BoundExpression])[] = [
    ['isof(name,Edm.String)', compare('ne', name, nothing)],
    ['isof(length(name),Edm.Int32)', compare('ne', length, nothing)],
    ['isof(name,Edm.Int32)', boolean(false)],
    ['isof(null,Edm.String)', boolean(false)],
    ['isof(NaN,Edm.Decimal)', boolean(true)],
    ['isof(-INF,Edm.Double)', boolean(true)],
    ['isof(1,Edm.String)', boolean(false)],
    ['isof(permissionsRequired,graph.applicationPermissionsRequired)', compare('ne', required, nothing)],
    ['isof(permissionsRequired,Edm.Int32)', boolean(false)],
    ['isof(name,graph.securityVendorInformation)', boolean(false)],
    ['isof(vendorInformation,microsoft.graph.securityVendorInformation)', not(isNoVendor)],
    ['isof(vendorInformation,Edm.String)', boolean(false)],
    ['isof(tags,Collection(Edm.String))', boolean(true)],
    ['isof(tags,Collection(Edm.Int32))', boolean(false)],
    ['isof(name,Collection(Edm.String))', boolean(false)],
    ['isof(tags,Edm.String)', boolean(false)],
    [`isof(${entity})`, boolean(true)],
    ['isof($it,graph.cloudAppSecurityProfile)', boolean(true)],
    ['isof(graph.entity)', boolean(true)],
  ];
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  const refusals: readonly (readonly [string, string])[] = [
    [
      'isof(graph.alert)',
      "expected the name of a type that is known here, found 'graph.alert' at position 5 in 'isof(graph.alert)'.",
    ],
    [
      'isof(graph.securityVendorInformation)',
      `expected ${entity}, found graph.securityVendorInformation at position 5 in 'isof(graph.securityVendorInformation)'.`,
    ],
  ];
  it.each(refusals)('refuses %s', (filter, message) => {
    const refusal = refusalOf(() => bindText(filter));
    expect(refusal.code).toBe('operandTypeMismatch');
    expect(refusal.message).toContain(`Invalid filter clause: ${message}`);
  });
});
