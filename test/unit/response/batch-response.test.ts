import { describe, expect, it } from 'vitest';
import type { HttpResponse } from '../../../src/http/message.ts';
import {
  type PartAnswer,
  respondJsonBatch,
  respondMultipartBatch,
} from '../../../src/response/batch-response.ts';

const jsonType = { 'Content-Type': 'application/json;charset=utf-8' };

const answer = (
  id: string,
  response: Partial<HttpResponse>,
  atomicityGroup?: string,
  named = true,
): PartAnswer => ({
  id,
  named,
  response: { status: 200, headers: {}, body: undefined, ...response },
  atomicityGroup,
});

describe('respondJsonBatch', () => {
  it('writes JSON as it is, text as a string, all else as base64url, nothing as nothing', () => {
    const { status, headers, body } = respondJsonBatch([
      answer('json', { headers: jsonType, body: '{"a":1}' }),
      answer('bytes', { headers: jsonType, body: Buffer.from('{"ü":1}') }),
      answer('text', { headers: { 'Content-Type': 'text/plain;charset=utf-8' }, body: 'a "b"\n☃' }),
      answer('text bytes', { headers: { 'Content-Type': 'text/plain' }, body: Buffer.from('☃') }),
      answer('xml', { headers: { 'Content-Type': 'application/xml' }, body: '<ü/>' }),
      answer('untyped', { body: 'x?' }),
      answer('none', { status: 204, headers: { ETag: 'W/"1"' } }),
    ]);
    expect({ status, headers }).toEqual({
      status: 200,
      headers: {
        'Content-Type':
          'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
        'OData-Version': '4.0',
      },
    });
    expect(JSON.parse(String(body))).toEqual({
      responses: [
        { id: 'json', status: 200, headers: jsonType, body: { a: 1 } },
        { id: 'bytes', status: 200, headers: jsonType, body: { ü: 1 } },
        {
          id: 'text',
          status: 200,
          headers: { 'Content-Type': 'text/plain;charset=utf-8' },
          body: 'a "b"\n☃',
        },
        { id: 'text bytes', status: 200, headers: { 'Content-Type': 'text/plain' }, body: '☃' },
        {
          id: 'xml',
          status: 200,
          headers: { 'Content-Type': 'application/xml' },
          body: Buffer.from('<ü/>').toString('base64url'),
        },
        { id: 'untyped', status: 200, headers: {}, body: Buffer.from('x?').toString('base64url') },
        { id: 'none', status: 204, headers: { ETag: 'W/"1"' } },
      ],
    });
  });

  it('writes any id as JSON', () => {
    const id = 'a"\\\u0000\u2028☃';
    expect(JSON.parse(String(respondJsonBatch([answer(id, {})]).body))).toMatchObject({
      responses: [{ id }],
    });
  });
});

describe('respondMultipartBatch', () => {
  const boundaries = () => {
    let count = 0;
    return () => {
      count += 1;
      return `b${count}`;
    };
  };
  const write = (answers: readonly PartAnswer[]) => respondMultipartBatch(answers, boundaries());

  it('writes each answer as a message, change sets in a part of their own', () => {
    const { status, headers, body } = write([
      answer('1', { headers: { ...jsonType, ETag: 'W/"1"' }, body: '{"ü":1}' }),
      answer('2', { status: 201, headers: {}, body: 'x' }, 'g'),
      answer('made up', { status: 204 }, 'g', false),
      answer('4', { status: 404, headers: {}, body: Buffer.from('☃') }),
    ]);
    expect({ status, headers }).toEqual({
      status: 200,
      headers: { 'Content-Type': 'multipart/mixed; boundary=batchresponse_b1', 'OData-Version': '4.0' },
    });
    const http = 'Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n';
    expect(String(body).split('\r\n')).toEqual(
      [
        '--batchresponse_b1',
        `${http}Content-ID: 1`,
        '',
        'HTTP/1.1 200 OK',
        'Content-Type: application/json;charset=utf-8',
        'ETag: W/"1"',
        'Content-Length: 8',
        '',
        '{"ü":1}',
        '--batchresponse_b1',
        'Content-Type: multipart/mixed; boundary=changesetresponse_b2',
        '',
        '--changesetresponse_b2',
        `${http}Content-ID: 2`,
        '',
        'HTTP/1.1 201 Created',
        'Content-Length: 1',
        '',
        'x',
        '--changesetresponse_b2',
        http.slice(0, -2),
        '',
        'HTTP/1.1 204 No Content',
        '',
        '',
        '--changesetresponse_b2--',
        '',
        '--batchresponse_b1',
        `${http}Content-ID: 4`,
        '',
        'HTTP/1.1 404 Not Found',
        'Content-Length: 3',
        '',
        '☃',
        '--batchresponse_b1--',
        '',
      ].flatMap((line) => line.split('\r\n')),
    );
  });

  it('answers a failed change set with its one failure', () => {
    const { body } = write([
      answer('1', { status: 424, headers: {}, body: 'waiting' }, 'a'),
      answer('2', { status: 400, headers: {}, body: 'the reason' }, 'a'),
      answer('3', { status: 424, headers: {}, body: 'waiting' }, 'a'),
      answer('4', { status: 204 }, 'b'),
    ]);
    const text = String(body);
    expect(text).not.toContain('waiting');
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 204']);
    expect(text.match(/changesetresponse_b\d+\r\n/g)).toHaveLength(2);
  });

  it('keeps change sets that follow each other apart', () => {
    const { body } = write([answer('1', {}, 'a'), answer('2', {}, 'b'), answer('3', {}, 'b')]);
    expect(String(body).match(/multipart\/mixed/g)).toHaveLength(2);
  });

  it.each([
    [412, 'Precondition Failed'],
    [429, 'Too Many Requests'],
    [501, 'Not Implemented'],
    [418, 'Status'],
  ])('%d %s', (status, reason) => {
    expect(String(write([answer('1', { status })]).body)).toContain(`HTTP/1.1 ${status} ${reason}\r\n`);
  });
});
