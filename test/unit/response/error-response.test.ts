import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorTable, ServiceError } from '../../../src/errors.ts';
import { createErrorResponder } from '../../../src/response/error-response.ts';

const nowMs = Date.UTC(2026, 0, 31, 10, 17, 5, 999);
const respond = createErrorResponder({ now: () => nowMs });
const ids = { id: 'r-1', clientRequestId: 'c-1' };

const bodyOf = (error: unknown): unknown => JSON.parse(String(respond(error, ids).body));

describe('createErrorResponder', () => {
  it.each(Object.keys(errorTable) as ErrorCode[])(
    '%s: the whole body, with a status and a word of its own',
    (code) => {
      const { status, graphCode } = errorTable[code];
      const response = respond(new ServiceError(code, 'What happened.', { target: 'name' }), ids);
      expect(response).toEqual({
        status,
        headers: {
          'Content-Type':
            'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
          'Content-Language': 'en',
          'OData-Version': '4.0',
          'Cache-Control': status === 401 || status === 403 ? 'no-store' : 'no-cache',
        },
        body: expect.any(String),
      });
      expect(JSON.parse(String(response.body))).toEqual({
        error: {
          code: graphCode,
          message: 'What happened.',
          target: 'name',
          innerError: { code, date: '2026-01-31T10:17:05', 'request-id': 'r-1', 'client-request-id': 'c-1' },
        },
      });
      expect(graphCode).toMatch(/^[A-Z]\w+$/);
    },
  );

  it('leaves the target out where there is none', () => {
    expect(bodyOf(new ServiceError('tokenMissing', 'm'))).not.toHaveProperty('error.target');
  });

  it('adds the headers the error carries', () => {
    const headers = { Allow: 'GET', 'Cache-Control': 'private' };
    expect(respond(new ServiceError('methodNotAllowed', 'm', { headers }), ids).headers).toMatchObject(
      headers,
    );
  });

  it.each([
    new Error('the password is secret'),
    new TypeError('secret'),
    'secret',
    undefined,
    { message: 'secret', status: 200 },
  ])('%s says nothing of itself: 500', (error) => {
    const response = respond(error, ids);
    expect(response.status).toBe(500);
    expect(String(response.body)).not.toContain('secret');
    expect(bodyOf(error)).toMatchObject({
      error: {
        code: 'InternalServerError',
        message: 'The service failed. The request-id finds the reason in its log.',
        innerError: { code: 'internalError', 'request-id': 'r-1' },
      },
    });
  });

  it('keeps the cause of an error to itself', () => {
    const error = new ServiceError('storageBusy', 'Try again.', { cause: new Error('secret') });
    expect(JSON.stringify(respond(error, ids))).not.toContain('secret');
  });
});
