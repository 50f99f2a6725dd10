/** JSON batches as the black-box suites send and read them. */
import { expect } from 'vitest';
import { guid, membersOf, minimalType, type Service } from './conformance.ts';
import type { Answer, Ask } from './exchange.ts';

/** One request of a batch, as it stands in the JSON; anything may be wrong with it. */
export type Part = Readonly<Record<string, unknown>>;

/** One answer of a batch. */
export interface PartAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The collection below the service root, as clients write it in parts. */
export const partCollection = '/security/cloudAppSecurityProfiles';

/** Headers of a part that has a JSON body. */
export const jsonHeaders = { 'Content-Type': 'application/json' } as const;

/** A part that creates a profile. */
export const createPart = (id: string, body: unknown = { name: id }, more: Part = {}): Part => ({
  id,
  method: 'POST',
  url: partCollection,
  headers: jsonHeaders,
  body,
  ...more,
});

/** A part that changes a profile. */
export const patchPart = (id: string, entityId: string, body: unknown, more: Part = {}): Part => ({
  id,
  method: 'PATCH',
  url: `${partCollection}/${entityId}`,
  headers: jsonHeaders,
  body,
  ...more,
});

/** A part that reads. */
export const readPart = (id: string, url: string = partCollection, more: Part = {}): Part => ({
  id,
  method: 'GET',
  url,
  ...more,
});

/** The request that sends a batch. */
export const askBatch = (requests: unknown, more: Partial<Ask> = {}): Ask => ({
  method: 'POST',
  path: '/v1.0/$batch',
  body: { requests },
  ...more,
});

/** Sends a batch and reads its answers; the envelope must be accepted. */
export async function sendBatch(
  service: Pick<Service, 'send'>,
  requests: readonly Part[],
  more: Partial<Ask> = {},
): Promise<readonly PartAnswer[]> {
  return partsOf(await service.send(askBatch(requests, more)));
}

/** The answers in an envelope, whose own form is checked whole. */
export function partsOf(answer: Answer): readonly PartAnswer[] {
  if (answer.status !== 200) throw new Error(`the envelope was refused: ${answer.status} ${answer.text}`);
  expect(answer.headers).toMatchObject({
    'content-type': minimalType,
    'odata-version': '4.0',
    'request-id': guid,
    ...(answer.clientRequestId === undefined ? {} : { 'client-request-id': answer.clientRequestId }),
  });
  expect(Object.keys(membersOf(answer))).toEqual(['responses']);
  return membersOf(answer).responses as readonly PartAnswer[];
}

/** The statuses of a batch by id. */
export const statusesOf = (answers: readonly PartAnswer[]): Readonly<Record<string, number>> =>
  Object.fromEntries(answers.map(({ id, status }) => [id, status]));

/** The one answer with an id. */
export function partOf(answers: readonly PartAnswer[], id: string): PartAnswer {
  const found = answers.filter((answer) => answer.id === id);
  expect(found, `answers with the id ${id}`).toHaveLength(1);
  return found[0] as PartAnswer;
}

/** Headers every part with a JSON body has; `own` are those of the case. */
export const partHeaders = (own: Readonly<Record<string, unknown>> = {}): object => ({
  'Content-Type': minimalType,
  'OData-Version': '4.0',
  'Cache-Control': 'no-cache',
  'request-id': guid,
  ...own,
});

/** The whole answer of a part that was refused; `codes` as in `404 ResourceNotFound entityNotFound`. */
export function expectPartRefusal(
  answer: PartAnswer,
  codes: string,
  details: {
    readonly message: string | RegExp;
    readonly target?: string;
    readonly clientRequestId: string | undefined;
    readonly headers?: Readonly<Record<string, unknown>>;
  },
): void {
  const [status, code, innerCode] = codes.split(' ');
  const { message, target, clientRequestId, headers = {} } = details;
  expect(answer).toEqual({
    id: answer.id,
    status: Number(status),
    headers: partHeaders({ 'Content-Language': 'en', ...headers }),
    body: {
      error: {
        code,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        ...(target === undefined ? {} : { target }),
        innerError: {
          code: innerCode,
          date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/),
          'request-id': answer.headers['request-id'],
          'client-request-id': clientRequestId,
        },
      },
    },
  });
}
