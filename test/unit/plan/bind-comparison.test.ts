import { describe, expect, it } from 'vitest';
import type { BoundExpression } from '../../../src/plan/bound.ts';
import {
  among,
  bindText,
  boolean,
  call,
  cast,
  compare,
  double,
  guid,
  instant,
  leaf,
  not,
  nothing,
  or,
  permission,
  propertyOf,
  quantify,
  refusalOf,
  text,
  time,
  whole,
} from '../../support/bound-builders.ts';

const name = leaf('name');
const created = leaf('createdDateTime');
const required = leaf('permissionsRequired');
const length = call('length', name);
const isNoVendor: BoundExpression = { kind: 'complexIsNull', property: propertyOf('vendorInformation') };
/** 2021-07-13T00:00:00Z */
const july = 637_617_312_000_000_000n;

const cases: readonly (readonly [filter: string, bound: BoundExpression])[] = [
  ["name eq 'a'", compare('eq', name, text('a'))],
  ["'a' lt name", compare('lt', text('a'), name)],
  ['name eq null', compare('eq', name, nothing)],
  ['null ge null', compare('ge', nothing, nothing)],
  ['isSigned eq true', compare('eq', leaf('isSigned'), boolean(true))],
  ['isSigned gt false', compare('gt', leaf('isSigned'), boolean(false))],
  ["vendorInformation/provider eq 'a'", compare('eq', leaf('vendorInformation/provider'), text('a'))],
  ['name eq publisher', compare('eq', name, leaf('publisher'))],
  ["'a' eq 'b'", compare('eq', text('a'), text('b'))],
  // Complex values are null or not.
  ['vendorInformation eq null', isNoVendor],
  ['vendorInformation ne null', not(isNoVendor)],
  ['null eq vendorInformation', isNoVendor],
  // Numbers are promoted.
  ['length(name) eq 5', compare('eq', length, whole(5))],
  ['length(name) eq 5.5', compare('eq', cast('Edm.Double', length), double(5.5))],
  ['5.5 lt length(name)', compare('lt', double(5.5), cast('Edm.Double', length))],
  ['5 eq 5.5', compare('eq', double(5), double(5.5))],
  ['length(name) eq 10000000000000000000', compare('eq', cast('Edm.Double', length), double(1e19))],
  // INF and NaN are in questions only.
  ['length(name) lt INF', compare('ne', cast('Edm.Double', length), nothing)],
  ['length(name) ge -INF', compare('ne', cast('Edm.Double', length), nothing)],
  ['-INF le length(name)', compare('ne', cast('Edm.Double', length), nothing)],
  ['length(name) gt INF', boolean(false)],
  ['length(name) le -INF', boolean(false)],
  ['length(name) ne INF', boolean(true)],
  ['length(name) lt NaN', boolean(false)],
  ['length(name) ne NaN', boolean(true)],
  ['NaN eq NaN', boolean(false)],
  ['INF eq INF', boolean(true)],
  ['1 lt INF', boolean(true)],
  ['null eq INF', boolean(false)],
  // Instants; a date is its midnight.
  ['createdDateTime ge 2021-07-13T00:00:00Z', compare('ge', created, instant(july))],
  ['createdDateTime ge 2021-07-13T02:00:00+02:00', compare('ge', created, instant(july))],
  ['createdDateTime ge 2021-07-13T02:00:00 02:00', compare('ge', created, instant(july))],
  ['createdDateTime ge 2021-07-13', compare('ge', created, instant(july))],
  ['2021-07-13 lt createdDateTime', compare('lt', instant(july), created)],
  [
    'date(createdDateTime) eq createdDateTime',
    compare('eq', cast('Edm.DateTimeOffset', call('date', created)), created),
  ],
  ['time(createdDateTime) lt 13:45', compare('lt', call('time', created), time(495_000_000_000n))],
  // Finer than 100 ns: exact, never rounded.
  ['createdDateTime eq 2021-07-13T00:00:00.00000005Z', boolean(false)],
  ['createdDateTime ne 2021-07-13T00:00:00.00000005Z', boolean(true)],
  ['createdDateTime gt 2021-07-13T00:00:00.00000005Z', compare('gt', created, instant(july))],
  ['createdDateTime ge 2021-07-13T00:00:00.00000005Z', compare('gt', created, instant(july))],
  ['createdDateTime lt 2021-07-13T00:00:00.00000005Z', compare('le', created, instant(july))],
  ['createdDateTime le 2021-07-13T00:00:00.000000000001Z', compare('le', created, instant(july))],
  ['2021-07-13T00:00:00.00000005Z lt createdDateTime', compare('gt', created, instant(july))],
  ['2021-07-13T00:00:00.00000005Z lt 2021-07-13T00:00:00.00000006Z', boolean(true)],
  ['2021-07-13T00:00:00.00000005Z eq 2021-07-13T00:00:00.00000005Z', boolean(true)],
  ['2021-07-13T00:00:00.00000005Z le 2021-07-13', boolean(false)],
  ['null ge 2021-07-13T00:00:00.00000005Z', boolean(false)],
  [
    "createdDateTime sub createdDateTime lt duration'-PT0.00000015S'",
    compare(
      'le',
      {
        kind: 'arithmetic',
        operator: 'sub',
        type: { kind: 'primitive', name: 'Edm.Duration' },
        left: created,
        right: created,
      },
      { kind: 'constant', type: { kind: 'primitive', name: 'Edm.Duration' }, value: -2n },
    ),
  ],
  // GUIDs and text take each other's form.
  [
    'id eq 053C36A0-5A4C-4C3B-8A4E-0123456789AB',
    compare('eq', leaf('id'), text('053c36a0-5a4c-4c3b-8a4e-0123456789ab')),
  ],
  [
    "cast(id,Edm.Guid) eq '053C36A0-5A4C-4C3B-8A4E-0123456789AB'",
    compare('eq', cast('Edm.Guid', leaf('id')), guid('053c36a0-5a4c-4c3b-8a4e-0123456789ab')),
  ],
  // Enumerations in all spellings.
  ["permissionsRequired eq 'administrator'", compare('eq', required, permission(4))],
  ["permissionsRequired eq 'ADMINISTRATOR'", compare('eq', required, permission(4))],
  ["'user' ne permissionsRequired", compare('ne', permission(3), required)],
  ['permissionsRequired eq 4', compare('eq', required, permission(4))],
  ["permissionsRequired eq '4'", compare('eq', required, permission(4))],
  ['permissionsRequired gt 2', compare('gt', required, permission(2))],
  [
    "permissionsRequired eq microsoft.graph.applicationPermissionsRequired'user'",
    compare('eq', required, permission(3)),
  ],
  ["permissionsRequired eq graph.applicationPermissionsRequired'3'", compare('eq', required, permission(3))],
  ['permissionsRequired eq permissionsRequired', compare('eq', required, required)],
  ['permissionsRequired eq null', compare('eq', required, nothing)],
  ["permissionsRequired eq 'unknownFutureValue'", compare('ge', required, permission(127))],
  ["permissionsRequired ne 'unknownFutureValue'", not(compare('ge', required, permission(127)))],
  ['127 eq permissionsRequired', compare('ge', required, permission(127))],
  ["permissionsRequired lt 'unknownFutureValue'", compare('lt', required, permission(127))],
  // has
  ["permissionsRequired has 'user'", { kind: 'has', operand: required, mask: 3n }],
  ["permissionsRequired has 'guest,administrator'", { kind: 'has', operand: required, mask: 6n }],
  [
    "permissionsRequired has graph.applicationPermissionsRequired'user'",
    { kind: 'has', operand: required, mask: 3n },
  ],
  ['permissionsRequired has 2', { kind: 'has', operand: required, mask: 2n }],
  ["null has 'user'", nothing],
  ["@unset has graph.applicationPermissionsRequired'user'", nothing],
  // in
  ["name in ('a','b')", among(name, text('a'), text('b'))],
  ["name in ('a',null)", among(name, text('a'), nothing)],
  ['null in (null)', among(nothing, nothing)],
  ['name in ["a","b"]', among(name, text('a'), text('b'))],
  ['name in ()', boolean(false)],
  [
    "id in (053C36A0-5A4C-4C3B-8A4E-0123456789AB,'x')",
    among(leaf('id'), text('053c36a0-5a4c-4c3b-8a4e-0123456789ab'), text('x')),
  ],
  ['length(name) in (1,2)', among(length, whole(1), whole(2))],
  ['length(name) in (1,2.5)', among(cast('Edm.Double', length), double(1), double(2.5))],
  ['createdDateTime in (2021-07-13,2021-07-13T00:00:00.00000005Z)', among(created, instant(july))],
  ['createdDateTime in (2021-07-13T00:00:00.00000005Z)', boolean(false)],
  ["permissionsRequired in ('user',4,null)", among(required, permission(3), permission(4), nothing)],
  [
    "permissionsRequired in ('user','unknownFutureValue')",
    or(among(required, permission(3)), compare('ge', required, permission(127))),
  ],
  ["permissionsRequired in ('unknownFutureValue')", compare('ge', required, permission(127))],
  ["'x' in tags", { kind: 'inCollection', operand: text('x'), property: propertyOf('tags') }],
  ['name in tags', { kind: 'inCollection', operand: name, property: propertyOf('tags') }],
  ['null in tags', { kind: 'inCollection', operand: nothing, property: propertyOf('tags') }],
  ['tags/$count gt 2', compare('gt', { kind: 'itemCount', property: propertyOf('tags') }, whole(2))],
  ['tags/any() eq false', compare('eq', quantify('any', 0, undefined), boolean(false))],
];

const members = 'Members are unknown, anonymous, guest, user, administrator, system, unknownFutureValue.';
const ofTags = "To test its items, write tags/any(x:x eq 'a') or 'a' in tags; to count them, tags/$count.";

/** The message after "Invalid filter clause: ", the place in short: `@12` for the whole text as excerpt. */
const refusals: readonly (readonly [filter: string, position: number, reason: string, hint: string])[] = [
  ["isSigned eq 'true'", 12, "'eq' expected Edm.Boolean, found Edm.String", 'Write true without quotes.'],
  ["'FALSE' eq isSigned", 0, "'eq' expected Edm.Boolean, found Edm.String", 'Write false without quotes.'],
  ["isSigned eq 'yes'", 12, "'eq' expected Edm.Boolean, found Edm.String", 'Write true or false.'],
  [
    "createdDateTime gt '2021-07-13T00:00:00Z'",
    19,
    "'gt' expected Edm.DateTimeOffset, found Edm.String",
    'Write 2021-07-13T00:00:00Z without quotes.',
  ],
  [
    "createdDateTime gt '2021-07-13'",
    19,
    "'gt' expected Edm.DateTimeOffset, found Edm.String",
    'Write 2021-07-13 without quotes.',
  ],
  [
    "createdDateTime gt 'yesterday'",
    19,
    "'gt' expected Edm.DateTimeOffset, found Edm.String",
    'Write a date-time such as 2021-07-13T00:00:00Z, without quotes.',
  ],
  ["length(name) gt '5'", 16, "'gt' expected Edm.Int64, found Edm.String", 'Write 5 without quotes.'],
  [
    'riskScore gt 5',
    13,
    "'gt' expected Edm.String, found Edm.Int64",
    "To compare numbers, write cast(riskScore,Edm.Decimal); to compare text, write '5'.",
  ],
  [
    '0.5 le riskScore',
    0,
    "'le' expected Edm.String, found Edm.Double",
    "To compare numbers, write cast(riskScore,Edm.Decimal); to compare text, write '0.5'.",
  ],
  ['name eq true', 8, "'eq' expected Edm.String, found Edm.Boolean", 'Write text in single quotes.'],
  ['name eq isSigned', 8, "'eq' expected Edm.String, found Edm.Boolean", 'Write cast(isSigned,Edm.String).'],
  ['isSigned eq 1', 12, "'eq' expected Edm.Boolean, found Edm.Int64", ''],
  ['createdDateTime eq 13:45', 19, "'eq' expected Edm.DateTimeOffset, found Edm.TimeOfDay", ''],
  ["tags eq 'x'", 0, "'eq' expected a primitive value, found Collection(Edm.String)", ofTags],
  ['tags eq null', 0, "'eq' expected a primitive value, found Collection(Edm.String)", ofTags],
  [
    "name eq ['x']",
    8,
    "'eq' expected a primitive value, found a list",
    "A list stands on the right of 'in' only.",
  ],
  ['$it eq null', 0, "'eq' expected a primitive value, found microsoft.graph.cloudAppSecurityProfile", ''],
  [
    "vendorInformation eq 'x'",
    21,
    "'eq' expected null, found Edm.String",
    'Use one of its members, such as vendorInformation/provider.',
  ],
  [
    'vendorInformation lt null',
    0,
    "'lt' expected a primitive value, found microsoft.graph.securityVendorInformation",
    'Use one of its members, such as vendorInformation/provider.',
  ],
  [
    "permissionsRequired eq 'administrater'",
    23,
    "expected a member of applicationPermissionsRequired, found 'administrater'",
    `Did you mean 'administrator'? ${members}`,
  ],
  ["permissionsRequired eq ''", 23, "expected a member of applicationPermissionsRequired, found ''", members],
  [
    "permissionsRequired eq 'user,guest'",
    23,
    'expected one member of applicationPermissionsRequired, found 2',
    '',
  ],
  [
    "permissionsRequired eq graph.applicationPermissionRequired'user'",
    23,
    "expected the name of a type that is known here, found 'graph.applicationPermissionRequired'",
    "Did you mean 'graph.applicationPermissionsRequired'?",
  ],
  [
    "permissionsRequired eq graph.entity'user'",
    23,
    "expected the name of an enumeration, found 'graph.entity'",
    '',
  ],
  [
    'permissionsRequired eq name',
    23,
    "'eq' expected microsoft.graph.applicationPermissionsRequired, found Edm.String",
    '',
  ],
  [
    'permissionsRequired eq 4.0',
    23,
    "'eq' expected microsoft.graph.applicationPermissionsRequired, found Edm.Double",
    '',
  ],
  ["name has 'x'", 0, "'has' expected an enumeration, found Edm.String", ''],
  [
    'permissionsRequired has name',
    24,
    "'has' expected a member of applicationPermissionsRequired, found name",
    members,
  ],
  [
    "permissionsRequired has 'usr'",
    24,
    "expected a member of applicationPermissionsRequired, found 'usr'",
    `Did you mean 'user'? ${members}`,
  ],
  [
    "name in ('a',5)",
    13,
    "'in' expected Edm.String, found Edm.Int64",
    "To compare numbers, write cast(name,Edm.Decimal); to compare text, write '5'.",
  ],
  ["isSigned in ('true')", 13, "'in' expected Edm.Boolean, found Edm.String", 'Write true without quotes.'],
  ["tags in ('a')", 0, "'in' expected a primitive value, found Collection(Edm.String)", ofTags],
  ['1 in tags', 0, "'in' expected Edm.String, found Edm.Int64", 'Write text in single quotes.'],
  [
    'name in vendorInformation',
    8,
    "'in' expected a list or a collection, found microsoft.graph.securityVendorInformation",
    '',
  ],
  ['name in platform', 8, "'in' expected a list or a collection, found Edm.String", ''],
  ["name eq binary'AAAA'", 8, 'expected a value of a type that is known here, found Edm.Binary', ''],
];

describe('comparisons', () => {
  it.each(cases)('%s', (filter, bound) => {
    expect(bindText(filter)).toEqual(bound);
  });

  it.each(refusals)('refuse %s', (filter, position, reason, hint) => {
    const place = `at position ${position} in '${filter.length > 60 ? '' : `${filter}'.`}`;
    const { code, target, message } = refusalOf(() => bindText(filter));
    expect({ code, target }).toEqual({ code: 'operandTypeMismatch', target: '$filter' });
    expect(message).toMatch(`Invalid filter clause: ${reason} ${place}`);
    expect(message.endsWith(hint === '' ? "'." : `'. ${hint}`), message).toBe(true);
  });

  it('say exactly where and what', () => {
    expect(refusalOf(() => bindText('riskScore gt 5'))).toEqual({
      code: 'operandTypeMismatch',
      target: '$filter',
      message:
        "Invalid filter clause: 'gt' expected Edm.String, found Edm.Int64 at position 13 in 'riskScore gt 5'." +
        " To compare numbers, write cast(riskScore,Edm.Decimal); to compare text, write '5'.",
    });
  });

  it('refuse text no engine holds', () => {
    expect(refusalOf(() => bindText('name in ["a\\u0000"]')).message).toBe(
      'Invalid filter clause: expected text without U+0000 and unpaired surrogates at position 9 in \'name in ["a\\\\u0000"]\'.',
    );
    expect(refusalOf(() => bindText('name in ["\\ud800"]')).code).toBe('operandTypeMismatch');
  });
});
