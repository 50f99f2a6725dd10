import Sqlite, { type Database as Handle } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { model } from '../../../../src/model/index.ts';
import { registerFunctions } from '../../../../src/storage/sqlite/functions.ts';
import { createSchema, readSchemaState } from '../../../../src/storage/sqlite/schema.ts';
import { withAdded } from '../../../support/models.ts';

let handle: Handle;

beforeEach(() => {
  handle = new Sqlite(':memory:');
  registerFunctions(handle);
});

afterEach(() => handle.close());

const options = (program: string) => ({ program, now: () => 0 });

describe('the schema of a file', () => {
  it('is made once, and what was made is recorded', () => {
    const { missing } = readSchemaState(handle, model, options('1.2.0'));
    expect(readSchemaState(handle, model, options('1.2.0')).records).toEqual([]);
    createSchema(handle, model, options('1.2.0'));
    createSchema(handle, model, options('1.2.0'));
    expect(readSchemaState(handle, model, options('1.2.0'))).toEqual({
      missing: [],
      records: [
        {
          appliedAt: '1970-01-01T00:00:00.000Z',
          program: '1.2.0',
          oldestProgram: '0.1.0',
          fingerprint: '',
          applied: missing.map(({ summary }) => summary).join('\n'),
        },
      ],
    });
  });

  it('grows with the model, and the version before still serves it', () => {
    createSchema(handle, model, options('1.2.0'));
    const larger = withAdded(model);
    expect(readSchemaState(handle, larger, options('1.3.0')).missing.map(({ summary }) => summary)).toEqual([
      'add column cloud_app_security_profile.owner',
      'add column cloud_app_security_profile.contact_mail',
      'add column cloud_app_security_profile.contact_phone',
      'add column cloud_app_security_profile.vendor_information_region',
      'add column cloud_app_security_profile.has_contact',
      'create table cloud_app_security_profile_regions',
      'create index cloud_app_security_profile_by_owner',
      'build the text indexes of cloud_app_security_profile',
    ]);
    createSchema(handle, larger, options('1.3.0'));
    expect(readSchemaState(handle, larger, options('1.3.0')).missing).toEqual([]);
    expect(readSchemaState(handle, model, options('1.2.0')).missing).toEqual([]);
  });

  it.each([
    [
      'was brought up to date by a newer program',
      `insert into "schema_version" values (2, '', '2.1.0', '2.0.0', '', '')`,
      'the database was brought up to date by a newer casp than this one (1.2.0)',
    ],
    [
      'has a column of another type',
      `alter table "change_record" drop column "author_name"; alter table "change_record" add column "author_name" blob`,
      'change_record.author_name is BLOB, not text',
    ],
    [
      'is half a copy',
      'create table "copy_progress" ("progress" text)',
      'the database holds an unfinished copy',
    ],
  ])('is refused where it %s', (_, change, message) => {
    createSchema(handle, model, options('1.2.0'));
    handle.exec(change);
    expect(() => createSchema(handle, model, options('1.2.0'))).toThrow(
      expect.objectContaining({ name: 'SchemaError', message }),
    );
  });

  it('never gets a column that the rows before it cannot have', () => {
    createSchema(handle, model, options('1.2.0'));
    handle.exec('alter table "change_record" drop column "version"');
    expect(() => createSchema(handle, model, options('1.2.0'))).toThrow(
      'change_record.version is new and must be nullable or have a default',
    );
  });
});
