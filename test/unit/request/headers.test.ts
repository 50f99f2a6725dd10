import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/limits.ts';
import {
  parseAccept,
  parseContentType,
  parseEntityTags,
  parseFormat,
  parseHeaders,
  parsePrefer,
} from '../../../src/request/headers.ts';

const refusal = (code: string, target: string, message: string) =>
  expect.objectContaining({ code, target, message });

describe('parseEntityTags', () => {
  it.each([
    [undefined, undefined],
    ['*', '*'],
    [' * ', '*'],
    ['W/"1"', ['1']],
    ['"1"', ['1']],
    ['""', ['']],
    ['W/"1", "2",W/"3"', ['1', '2', '3']],
    [', W/"1" ,, ', ['1']],
    ['"a,b", "c*"', ['a,b', 'c*']],
    ['"\u00e9"', ['\u00e9']],
  ])('%j', (text, condition) => {
    expect(parseEntityTags('If-Match', text)).toEqual(condition);
  });

  it.each([
    ['abc', "'abc' at position 0"],
    ['W/abc', "'W/abc' at position 0"],
    ['w/"1"', '\'w/"1"\' at position 0'],
    ['"1" "2"', '\'"1" "2"\' at position 0'],
    ['"1", 2', "'2' at position 4"],
    ['"1", *', "'*' at position 4"],
    ['*, "1"', '\'*, "1"\' at position 0'],
    ['"1', "'\"1' at position 0"],
    ['"a b"', '\'"a b"\' at position 0'],
    ['W/ "1"', '\'W/ "1"\' at position 0'],
  ])('refuses %j', (text, found) => {
    const message = `The If-Match header contains an invalid value: ${found} is not an entity tag; write W/"…" or "…", several separated by commas, or * alone.`;
    expect(() => parseEntityTags('If-Match', text)).toThrow(refusal('headerInvalid', 'If-Match', message));
  });

  it.each(['', ' ', ',', ' , ,'])('refuses %j as empty', (text) => {
    const message =
      'The If-None-Match header contains an invalid value: it is empty; entity tags such as W/"1" or * are expected.';
    expect(() => parseEntityTags('If-None-Match', text)).toThrow(
      refusal('headerInvalid', 'If-None-Match', message),
    );
  });

  it('allows limits.entityTagsMax tags and no more', () => {
    const most = Array.from({ length: limits.entityTagsMax }, (_, index) => `W/"${index}"`).join();
    expect(parseEntityTags('If-Match', most)).toHaveLength(limits.entityTagsMax);
    const message = `The If-Match header contains an invalid value: it has ${limits.entityTagsMax + 1} entity tags; at most ${limits.entityTagsMax} are allowed.`;
    expect(() => parseEntityTags('If-Match', `${most},"x"`)).toThrow(
      refusal('headerInvalid', 'If-Match', message),
    );
  });
});

describe('parsePrefer', () => {
  const none = {
    return: undefined,
    maxPageSize: undefined,
    omitNulls: false,
    includeUnknownEnumMembers: false,
    continueOnError: false,
  };

  it.each([
    ['', {}],
    ['return=minimal', { return: 'minimal' }],
    ['Return = "Representation"', { return: 'representation' }],
    ['odata.return=minimal', { return: 'minimal' }],
    ['return=minimal, return=representation', { return: 'minimal' }],
    ['return=none', {}],
    ['maxpagesize=50', { maxPageSize: 50 }],
    ['odata.maxpagesize="7"; foo=bar', { maxPageSize: 7 }],
    ['maxpagesize=0', {}],
    ['maxpagesize=-1', {}],
    ['maxpagesize=1.5', {}],
    ['maxpagesize=99999999999999999999', { maxPageSize: Number.MAX_SAFE_INTEGER }],
    ['omit-values=nulls', { omitNulls: true }],
    ['omit-values=defaults', {}],
    ['include-unknown-enum-members', { includeUnknownEnumMembers: true }],
    ['include-unknown-enum-members=false', {}],
    ['odata.continue-on-error', { continueOnError: true }],
    ['continue-on-error=true', { continueOnError: true }],
    ['continue-on-error=false', {}],
    ['respond-async, wait=10, x="a,return=minimal,b\\", c", handling=strict', {}],
    ['track-changes, return=minimal, odata.maxpagesize=3', { return: 'minimal', maxPageSize: 3 }],
    ['include-annotations="*",omit-values=nulls', { omitNulls: true }],
    ['="x",;;,return', {}],
    ['"unclosed, return=minimal', {}],
  ])('%j', (text, found) => {
    expect(parsePrefer(text)).toEqual({ ...none, ...found });
  });
});

describe('parseAccept', () => {
  const range = (type: string, quality = 1, parameters: readonly (readonly [string, string])[] = []) => ({
    type,
    quality,
    parameters: new Map(parameters),
  });

  it.each([
    ['', []],
    ['*/*', [range('*/*')]],
    ['text/html, *; q=.2, */*; q=.2', [range('text/html'), range('*/*', 0.2), range('*/*', 0.2)]],
    [
      'text/plain;q=0.5, Application/JSON;odata.metadata=Full;IEEE754Compatible="true", application/*;q=0.8',
      [
        range('application/json', 1, [
          ['odata.metadata', 'full'],
          ['ieee754compatible', 'true'],
        ]),
        range('application/*', 0.8),
        range('text/plain', 0.5),
      ],
    ],
    ['application/json;q=0, a/b;q=0.001', [range('a/b', 0.001), range('application/json', 0)]],
    ['a/b;x="1,2;3\\"4";q=1.0', [range('a/b', 1, [['x', '1,2;3"4']])]],
    ['application/json;q=high, garbage, , a/b', [range('a/b')]],
    ['a/b;q=0.5;q=1', [range('a/b', 0.5)]],
  ])('%j', (text, ranges) => {
    expect(parseAccept(text)).toEqual(ranges);
  });

  it.each(['garbage', 'a/b/c', 'application/json;q=-1', '/'])('refuses %j alone', (text) => {
    const message = `The Accept header contains an invalid value: '${text}' names no media type; one such as application/json is expected.`;
    expect(() => parseAccept(text)).toThrow(refusal('headerInvalid', 'Accept', message));
  });
});

describe('parseFormat', () => {
  it.each([
    ['json', 'application/json', []],
    ['JSON', 'application/json', []],
    ['xml', 'application/xml', []],
    ['atom', 'application/atom+xml', []],
    ['application/atom xml', 'application/atom+xml', []],
    ['application/json;odata.metadata=none;q=0.1', 'application/json', [['odata.metadata', 'none']] as const],
  ])('%s', (text, type, parameters) => {
    expect(parseFormat(text)).toEqual([{ type, parameters: new Map(parameters), quality: 1 }]);
  });

  it.each([
    ['', 'optionInvalid', "Invalid value '' for $format"],
    ['a/b/c', 'optionInvalid', "Invalid value 'a/b/c' for $format"],
    ['yaml', 'notAcceptable', "The format 'yaml' is not offered"],
  ])('refuses %j', (text, code, start) => {
    const message = `${start}; allowed are json, xml, csv, ndjson and a media type such as application/json;odata.metadata=minimal.`;
    expect(() => parseFormat(text)).toThrow(refusal(code, '$format', message));
  });
});

describe('parseContentType', () => {
  const json = ['application/json'];

  it.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf8"',
    'application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8',
  ])('%s', (text) => {
    expect(parseContentType(text, json)).toBe('application/json');
  });

  it.each([undefined, '', '  '])('refuses %j as missing', (text) => {
    const message =
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.';
    expect(() => parseContentType(text, json)).toThrow(
      refusal('contentTypeMissing', 'Content-Type', message),
    );
  });

  it.each([
    ['text/plain', "The Content-Type 'text/plain' is not supported; allowed: application/json."],
    [
      'application/merge-patch+json',
      "The Content-Type 'application/merge-patch+json' is not supported; allowed: application/json.",
    ],
    ['*/*', "The Content-Type '*/*' is not supported; allowed: application/json."],
    ['json', "The Content-Type 'json' is not supported; allowed: application/json."],
    ['application/json;charset=utf-16', "The charset 'utf-16' is not supported; utf-8 is expected."],
    ['application/json;charset=', "The charset '' is not supported; utf-8 is expected."],
  ])('refuses %s', (text, message) => {
    expect(() => parseContentType(text, json)).toThrow(
      refusal('mediaTypeUnsupported', 'Content-Type', message),
    );
  });
});

describe('parseHeaders', () => {
  it('asks for nothing when nothing was sent', () => {
    expect(parseHeaders({})).toEqual({
      ifMatch: undefined,
      ifNoneMatch: undefined,
      prefer: parsePrefer(''),
      accept: [],
      genericClient: false,
      bodyVersion: '4.0',
    });
  });

  it('collects what each header says', () => {
    expect(
      parseHeaders({
        'if-match': 'W/"1"',
        'if-none-match': '*',
        prefer: 'return=minimal',
        accept: 'application/json',
        'odata-version': '4.01',
        'odata-maxversion': '4.01',
      }),
    ).toEqual({
      ifMatch: ['1'],
      ifNoneMatch: '*',
      prefer: parsePrefer('return=minimal'),
      accept: parseAccept('application/json'),
      genericClient: true,
      bodyVersion: '4.01',
    });
  });

  it.each([
    ['odata-version', '4.0', '4.0'],
    ['odata-version', ' 4.01 ', '4.01'],
    ['odata-version', '4.0;NetFx', '4.0'],
    ['odata-maxversion', '4.0', '4.0'],
    ['odata-maxversion', '4.01', '4.0'],
    ['odata-maxversion', '5.0', '4.0'],
    ['odata-maxversion', '4.0;NetFx', '4.0'],
  ])('%s: %s marks a generic client', (header, value, bodyVersion) => {
    expect(parseHeaders({ [header]: value })).toMatchObject({ genericClient: true, bodyVersion });
  });

  it.each(['', '3.0', '4', '4.02', '5.0', '4.0, 4.01', 'x'])('refuses OData-Version: %s', (value) => {
    const message = `OData-Version '${value}' is not supported; allowed are 4.0 and 4.01.`;
    expect(() => parseHeaders({ 'odata-version': value })).toThrow(
      refusal('versionNotSupported', 'OData-Version', message),
    );
  });

  it.each(['', '3.0', '3.99', '4', '-4.0', 'x'])('refuses OData-MaxVersion: %s', (value) => {
    const message = `OData-MaxVersion '${value}' is not supported; 4.0 or higher is expected, as answers are in 4.0.`;
    expect(() => parseHeaders({ 'odata-maxversion': value })).toThrow(
      refusal('versionNotSupported', 'OData-MaxVersion', message),
    );
  });
});
