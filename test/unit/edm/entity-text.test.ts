import { describe, expect, it } from 'vitest';
import { added, complex, inNamespace, string, stringCollection } from '../../../src/edm/declare.ts';
import { completeEntityText, readEntityText, writeEntityText } from '../../../src/edm/entity-text.ts';

const { complexType, entityType } = inNamespace('n');
const description = 'For a test.';
const vendor = complexType('vendor', { name: string(''), city: string('') });
const older = entityType('thing', { description }, { id: string(''), vendor: complex(vendor, '') });
const laterVendor = complexType('vendor', {
  name: string(''),
  city: string(''),
  zip: added('2.0.0', string('')),
});
const newer = entityType(
  'thing',
  { description },
  {
    id: string(''),
    labels: added('2.0.0', stringCollection('')),
    vendor: complex(laterVendor, ''),
    owner: added('2.0.0', string('')),
  },
);

const newText =
  '{"id":"1","labels":["a"],"vendor":{"@odata.type":"#n.vendor","name":"F","city":null,"zip":"9"},"owner":"Ana"}';
const oldText = '{"id":"1","vendor":{"@odata.type":"#n.vendor","name":"F","city":null}}';

describe('a text of the version that reads it', () => {
  it('is read and written as it is', () => {
    expect(readEntityText(newer, newText)).toEqual({
      id: '1',
      labels: ['a'],
      vendor: { name: 'F', city: null, zip: '9' },
      owner: 'Ana',
    });
    expect(writeEntityText(newer, readEntityText(newer, newText))).toBe(newText);
    expect(writeEntityText(older, readEntityText(older, oldText))).toBe(oldText);
    expect(completeEntityText(newer, newText)).toBe(newText);
    expect(completeEntityText(older, oldText)).toBe(oldText);
  });

  it('lacks no declared value', () => {
    expect(() => writeEntityText(older, { id: '1' })).toThrow('no value for vendor');
  });
});

describe('a text of an older version', () => {
  it('has null or nothing where something was added', () => {
    expect(readEntityText(newer, oldText)).toEqual({
      id: '1',
      labels: [],
      vendor: { name: 'F', city: null, zip: null },
      owner: null,
    });
    expect(completeEntityText(newer, oldText)).toBe(
      '{"id":"1","labels":[],"vendor":{"@odata.type":"#n.vendor","name":"F","city":null,"zip":null},"owner":null}',
    );
    expect(completeEntityText(newer, '{"id":"1","vendor":null}')).toBe(
      '{"id":"1","labels":[],"vendor":null,"owner":null}',
    );
  });

  it('is not taken for complete because a value looks like a member', () => {
    const text = JSON.stringify({ id: ',"owner":"labels":"zip":', vendor: null });
    expect(completeEntityText(newer, text)).toContain('"owner":null');
  });
});

describe('a text of a newer version', () => {
  it('keeps what is not known, behind what is', () => {
    const values = readEntityText(older, newText);
    expect(writeEntityText(older, { ...values, vendor: { name: 'G', city: 'C', zip: '9' } })).toBe(
      '{"id":"1","vendor":{"@odata.type":"#n.vendor","name":"G","city":"C","zip":"9"},"labels":["a"],"owner":"Ana"}',
    );
    // And back: nothing is lost, and the order is that of the version that writes.
    const written = writeEntityText(older, values);
    expect(writeEntityText(newer, readEntityText(newer, written))).toBe(newText);
  });
});
