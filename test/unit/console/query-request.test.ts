import { describe, expect, it } from 'vitest';
import {
  addToHistory,
  describeRequest,
  type Entry,
  isAddress,
  methodOf,
  readHeaders,
  readHistory,
  writeHistory,
} from '../../../console/src/pages/query/request.ts';
import { samplesFor } from '../../../console/src/pages/query/samples.ts';
import { parseQuerySearch } from '../../../console/src/pages/query/search.ts';
import { riskScales } from '../../../src/model/risk-scales.ts';

const day = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 10, 24);
const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  at: new Date(now).toISOString(),
  status: 200,
  method: 'GET',
  address: `/a/${id}`,
  body: '',
  headers: '',
  ...more,
});

function createStorage(initial: Readonly<Record<string, string>> = {}) {
  const values = new Map(Object.entries(initial));
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
}

describe('what is typed', () => {
  it('becomes a request to this service', () => {
    expect(
      describeRequest({
        method: 'PATCH',
        address: " /a?$filter=name eq 'é' ",
        body: '{}',
        headers: 'If-Match: W/"1"\n\nauthorization: Bearer x',
      }),
    ).toEqual({
      method: 'PATCH',
      path: "/a?$filter=name%20eq%20'%C3%A9'",
      headers: { 'If-Match': 'W/"1"' },
      body: '{}',
    });
    expect(describeRequest({ method: 'GET', address: '/a', body: '{}', headers: '' })).not.toHaveProperty(
      'body',
    );
    expect(methodOf('patch')).toBe('PATCH');
    expect(methodOf('TRACE')).toBe('GET');
  });

  it('never leads to another host', () => {
    expect(['/a', ' /a', '/'].map(isAddress)).toEqual([true, true, true]);
    expect(['//evil.example', '/\\evil.example', 'https://evil.example', 'a', ''].map(isAddress)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(parseQuerySearch({ path: '//evil.example' })).toEqual({});
    expect(parseQuerySearch({ path: 'https://evil.example' })).toEqual({});
  });

  it('names the line that is no header', () => {
    expect(readHeaders('A: 1\nnonsense').wrong).toBe('nonsense');
    expect(readHeaders('A: é').wrong).toBe('A: é');
    expect(readHeaders('').wrong).toBeUndefined();
  });
});

describe('the history', () => {
  it('is kept for each person, for 30 days, without secrets', () => {
    const storage = createStorage();
    const secret = entry('1', { headers: 'If-Match: *\nAuthorization: Bearer x\nCookie: y' });
    writeHistory(storage, 'dana', addToHistory([], secret));
    expect(readHistory(storage, 'dana', now + 29 * day)).toEqual([{ ...secret, headers: 'If-Match: *' }]);
    expect(readHistory(storage, 'dana', now + 31 * day)).toEqual([]);
    expect(readHistory(storage, 'eni', now)).toEqual([]);
    writeHistory(storage, 'dana', []);
    expect(storage.values.size).toBe(0);
  });

  it('has the same request once, the latest first, and an end', () => {
    const two = addToHistory(addToHistory([], entry('1')), entry('2'));
    const again = addToHistory(two, { ...entry('3'), address: '/a/1' });
    expect(again.map(({ id }) => id)).toEqual(['3', '2']);
    const many = Array.from({ length: 80 }, (_, index) => entry(String(index)));
    expect(many.reduce<readonly Entry[]>((history, each) => addToHistory(history, each), [])).toHaveLength(
      60,
    );
    expect(addToHistory([entry('1')], entry('2', { body: 'x'.repeat(600_000) }))).toEqual([entry('1')]);
  });

  it('survives what others wrote in its place', () => {
    for (const text of ['', '{', '{}', '[1,null,{"id":1}]']) {
      expect(readHistory(createStorage({ 'casp.query.dana': text }), 'dana', now)).toEqual([]);
    }
  });
});

describe('samples', () => {
  it('have names of their own and can be sent', () => {
    const samples = samplesFor('/security/cloudAppSecurityProfiles', undefined, riskScales).flatMap(
      (group) => group.samples,
    );
    expect(new Set(samples.map(({ name }) => name)).size).toBe(samples.length);
    for (const { typed } of samples) {
      expect(isAddress(typed.address)).toBe(true);
      expect(readHeaders(typed.headers).wrong).toBeUndefined();
    }
  });
});
