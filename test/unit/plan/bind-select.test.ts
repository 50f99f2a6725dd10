import { describe, expect, it } from 'vitest';
import { parseSelect } from '../../../src/language/parser.ts';
import {
  cloudAppSecurityProfile,
  securityVendorInformation,
} from '../../../src/model/cloud-app-security-profile.ts';
import { bindSelect } from '../../../src/plan/bind-select.ts';
import type { ComputedProperty, Projection } from '../../../src/plan/bound.ts';
import { call, leaf, propertyOf, refusalOf, scopeOf } from '../../support/bound-builders.ts';

const size: ComputedProperty = { name: 'size', expression: call('length', leaf('name')) };
const shout: ComputedProperty = { name: 'shout', expression: call('toupper', leaf('name')) };
const bind = (text: string | undefined, computed: readonly ComputedProperty[] = []) =>
  bindSelect(text === undefined ? undefined : parseSelect(text), {
    ...scopeOf('$select', text ?? ''),
    computed,
  });

/** `name`, or `vendorInformation/a,b` for some of its members. */
const projection = (
  names: readonly string[],
  contextPaths: readonly string[],
  computed: readonly ComputedProperty[] = [],
): Projection => ({
  properties: names.map((name) => {
    const [property = '', members] = name.split('/');
    const found = members?.split(',').map((member) => {
      const declared = securityVendorInformation.properties.find((candidate) => candidate.name === member);
      if (declared === undefined) throw new Error(`no member ${member}`);
      return declared;
    });
    return { property: propertyOf(property), members: found };
  }),
  computed,
  contextPaths,
});
const all = cloudAppSecurityProfile.properties.map(({ name }) => name);

describe('$select', () => {
  const cases: readonly (readonly [string, Projection])[] = [
    ['name', projection(['id', 'name'], ['id', 'name'])],
    ['tags,id,NAME,name', projection(['id', 'name', 'tags'], ['id', 'name', 'tags'])],
    ['*', projection(all, ['*'])],
    ['name,*', projection(all, ['*'])],
    ['vendorInformation', projection(['id', 'vendorInformation'], ['id', 'vendorInformation'])],
    [
      'vendorInformation/vendor,VendorInformation/provider',
      projection(
        ['id', 'vendorInformation/provider,vendor'],
        ['id', 'vendorInformation/provider', 'vendorInformation/vendor'],
      ),
    ],
    [
      'vendorInformation($select=provider,vendor)',
      projection(
        ['id', 'vendorInformation/provider,vendor'],
        ['id', 'vendorInformation/provider', 'vendorInformation/vendor'],
      ),
    ],
    ['vendorInformation($select=*)', projection(['id', 'vendorInformation'], ['id', 'vendorInformation'])],
    [
      'vendorInformation/provider,vendorInformation',
      projection(['id', 'vendorInformation'], ['id', 'vendorInformation']),
    ],
    ['graph.cloudAppSecurityProfile/name', projection(['id', 'name'], ['id', 'name'])],
    [
      'vendorInformation/graph.securityVendorInformation/vendor',
      projection(['id', 'vendorInformation/vendor'], ['id', 'vendorInformation/vendor']),
    ],
    // Operations advertise nothing here.
    ['name,microsoft.graph.delta,graph.*', projection(['id', 'name'], ['id', 'name'])],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(bind(text)).toEqual(expected);
  });

  it('sends computed properties that are named, or all of them', () => {
    expect(bind('name,Size', [size, shout])).toEqual(
      projection(['id', 'name'], ['id', 'name', 'size'], [size]),
    );
    expect(bind('name', [size, shout])).toEqual(projection(['id', 'name'], ['id', 'name']));
    expect(bind('*', [size, shout])).toEqual(projection(all, ['*', 'size', 'shout'], [size, shout]));
    expect(bind(undefined, [size])).toEqual(projection(all, ['*', 'size'], [size]));
  });

  const unknown = (name: string, type: string, hint = '') =>
    `Could not find a property named '${name}' on type '${type}'.${hint} It stands`;
  const refusals: readonly (readonly [string, string, number, string])[] = [
    [
      'nmae',
      'propertyUnknown',
      0,
      unknown('nmae', 'microsoft.graph.cloudAppSecurityProfile', " Did you mean 'name'?"),
    ],
    ['name,name/first', 'propertyUnknown', 10, unknown('first', 'Edm.String')],
    ['tags/first', 'propertyUnknown', 5, unknown('first', 'Collection(Edm.String)')],
    [
      'vendorInformation/vendr',
      'propertyUnknown',
      18,
      unknown('vendr', 'microsoft.graph.securityVendorInformation', " Did you mean 'vendor'?"),
    ],
    [
      'vendorInformation($select=vendr)',
      'propertyUnknown',
      26,
      unknown('vendr', 'microsoft.graph.securityVendorInformation', " Did you mean 'vendor'?"),
    ],
    ['vendorInformation/vendor/first', 'propertyUnknown', 25, unknown('first', 'Edm.String')],
    [
      'name($select=first)',
      'operandTypeMismatch',
      0,
      "expected a complex property before '($select=…)', found Edm.String",
    ],
    [
      'tags($select=first)',
      'operandTypeMismatch',
      0,
      "expected a complex property before '($select=…)', found Collection(Edm.String)",
    ],
    ['size/first', 'propertyUnknown', 5, unknown('first', 'Edm.Int64')],
    [
      'graph.alert/name',
      'operandTypeMismatch',
      0,
      "expected the type microsoft.graph.cloudAppSecurityProfile, found 'graph.alert'",
    ],
  ];
  it.each(refusals)('refuses %s', (text, code, position, reason) => {
    expect(refusalOf(() => bind(text, [size]))).toEqual({
      code,
      target: '$select',
      message: `Invalid select clause: ${reason} at position ${position} in '${text}'.`,
    });
  });
});
