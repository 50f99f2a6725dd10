import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/http/message.ts';
import type { OptionScope } from '../../../src/plan/bind-options.ts';
import { readQuestion } from '../../../src/plan/question.ts';
import { parseRequest } from '../../../src/request/parse-request.ts';
import { context, entitySet } from '../../support/response-fixture.ts';

function ask(query: string, nowTicks = 0n): ReturnType<typeof readQuestion> {
  const http: HttpRequest = {
    id: 'request',
    clientRequestId: 'request',
    method: 'GET',
    target: `/v1.0/security/cloudAppSecurityProfiles?${query}`,
    headers: {},
    body: undefined,
    publicUrl: context.publicUrl,
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
  };
  const scope: OptionScope = { request: parseRequest(http), entitySet, context, nowTicks };
  return readQuestion(scope);
}

describe('a question', () => {
  it('that is repeated is the same object, whatever page of it is asked for', () => {
    const query = "$filter=name eq 'a'&$orderby=name desc";
    expect(ask(`${query}&$top=5&$count=true`)).toBe(ask(`$skip=3&${query}`));
    expect(ask('')).toBe(ask('$top=7'));
  });

  it('is another where any of its texts is another', () => {
    const queries = [
      '',
      "$filter=name eq 'a'",
      "$filter=name eq 'b'",
      "$filter=name eq 'a'&$orderby=name",
      '$orderby=name',
      '$search=name',
      '$select=name',
      '$compute=length(name) as n&$select=n',
    ];
    const asked = queries.map((query) => ask(query));
    expect(new Set(asked).size).toBe(queries.length);
    expect(queries.map((query) => ask(query))).toEqual(asked);
  });

  it('asks what the request says where the texts leave it open', () => {
    const early = ask('$filter=lastModifiedDateTime lt now()', 10n);
    const late = ask('$filter=lastModifiedDateTime lt now()', 20n);
    expect(early).not.toEqual(late);
    const alias = (value: string) => ask(`$filter=name eq @a&@a='${value}'`).filter;
    expect(alias('x')).not.toEqual(alias('y'));
  });

  it('is refused each time it cannot be understood', () => {
    const refuse = () => ask('$filter=');
    ask('');
    expect(refuse).toThrow();
    expect(refuse).toThrow();
    expect(() => ask('$filter=nmae eq 1')).toThrow("'nmae'");
    expect(() => ask('$filter=nmae eq 1')).toThrow("'nmae'");
  });

  it('is remembered up to a length', () => {
    // What the names of set and option take beside the literal, and its other words.
    const around = `${entitySet.singleton}|${entitySet.name}|$filter|name eq ''`.length;
    const long = (characters: number) => `$filter=name eq '${'a'.repeat(characters - around)}'`;
    expect(ask(long(2048))).toBe(ask(long(2048)));
    expect(ask(long(2049))).not.toBe(ask(long(2049)));
    expect(ask(long(2049))).toEqual(ask(long(2049)));
  });

  it('is forgotten when there are many', () => {
    const first = ask("$filter=name eq 'first'");
    for (let index = 0; index < 200; index += 1) ask(`$filter=name eq 'other ${index}'`);
    expect(ask("$filter=name eq 'first'")).not.toBe(first);
    expect(ask("$filter=name eq 'first'")).toEqual(first);
  });
});
