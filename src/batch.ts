/** $batch: many requests through the same stages, one transaction for each atomicity group. */
import type { TokenPrincipal } from './auth/authenticator.ts';
import { quoteForMessage, ServiceError } from './errors.ts';
import type { HttpRequest, HttpResponse } from './http/message.ts';
import { limits } from './limits.ts';
import type { Plan, RequestContext } from './plan/plan.ts';
import { parseBatch } from './request/batch-envelope.ts';
import type { BatchPart } from './request/batch-part.ts';
import { respondJsonBatch, respondMultipartBatch } from './response/batch-response.ts';
import type { ErrorContext } from './response/error-response.ts';
import { respond } from './response/respond.ts';
import type { Database } from './storage/database.ts';
import { execute, executeWrite, lockRows, type WritePlan } from './storage/execute.ts';

/** The stages of the service as a batch uses them. */
export interface BatchStages {
  readonly database: Database;
  readonly newContext: (http: HttpRequest) => RequestContext;
  readonly newId: () => string;
  /** Admits, parses and plans one request of a known principal. */
  readonly plan: (http: HttpRequest, principal: TokenPrincipal, context: RequestContext) => Promise<Plan>;
  /** Observes a failure and writes its answer. */
  readonly fail: (error: unknown, http: ErrorContext) => HttpResponse;
}

/** `POST /v1.0/$batch`, with whatever root. */
const batchTarget = /^(\/(?:v1\.0|beta|odata\/v4))\/(?:\$|%24)batch\/?(?:\?|$)/i;

/** Whether a request is a batch of others. */
export const isBatch = ({ method, target }: HttpRequest): boolean =>
  method === 'POST' && batchTarget.test(target);

/** The largest body an address takes: a batch holds several. */
export const bodyBytesMaxOf = (target: string): number =>
  batchTarget.test(target) ? limits.batchBodyBytesMax : limits.bodyBytesMax;

/** Answers a batch: 200 with an answer for each part, or 400 where the envelope is not sound. */
export async function answerBatch(
  http: HttpRequest,
  principal: TokenPrincipal,
  stages: BatchStages,
): Promise<HttpResponse> {
  const [, rootPath = ''] = batchTarget.exec(http.target) ?? [];
  const { format, parts } = await parseBatch(http, { rootPath, publicUrl: http.publicUrl });
  // A multipart batch is carried out in its order (Protocol 11.7.7); of JSON, each waits for what it depends on.
  const run = createRun(parts, http, principal, stages, format === 'multipart');
  // Started in order and all at once, so that their writes share a commit.
  for (const part of parts) run.start(part);
  const answers = await Promise.all(
    parts.map(async ({ id, named, atomicityGroup }) => ({
      id,
      named,
      atomicityGroup,
      response: await run.answerOf(id),
    })),
  );
  return format === 'json' ? respondJsonBatch(answers) : respondMultipartBatch(answers, stages.newId);
}

/** One batch under way: the answers by id, each a promise. */
function createRun(
  parts: readonly BatchPart[],
  http: HttpRequest,
  principal: TokenPrincipal,
  stages: BatchStages,
  isSequential: boolean,
) {
  let before: Promise<unknown> = Promise.resolve();
  const answers = new Map<string, Promise<HttpResponse>>();
  const groups = new Map<string, Promise<ReadonlyMap<string, HttpResponse>>>();
  /** The group each request is in, by id. */
  const groupOf = new Map(parts.map(({ id, atomicityGroup }) => [id.toLowerCase(), atomicityGroup]));

  const answerOf = (id: string): Promise<HttpResponse> => {
    const answer = answers.get(id.toLowerCase());
    if (answer === undefined) throw new Error(`no request ${id} in the batch`);
    return answer;
  };

  /** The id of what failed among the dependencies; a group fails with any of its members. */
  async function failedDependency({ dependsOn, atomicityGroup }: BatchPart): Promise<string | undefined> {
    for (const id of dependsOn) {
      // Members of one group run in order and fail together: to wait for each other would be to wait for ever.
      if (atomicityGroup !== undefined && groupOf.get(id.toLowerCase()) === atomicityGroup) continue;
      const group = groups.get(id.toLowerCase());
      const responses = group === undefined ? [await answerOf(id)] : [...(await group).values()];
      if (responses.some(({ status }) => status >= 400)) return id;
    }
    return undefined;
  }

  async function runPart(part: BatchPart): Promise<HttpResponse> {
    const failed = await failedDependency(part);
    const request = requestOf(part, http, stages);
    try {
      if (failed !== undefined) throw dependencyFailed(failed);
      const context = stages.newContext(request);
      const plan = await planPart(part, request, principal, context, stages);
      return finished(respond(await execute(plan, stages.database, http), plan, context), request);
    } catch (error) {
      return finished(stages.fail(error, request), request);
    }
  }

  /** All or nothing: the part at fault keeps its status, its neighbours get 424. */
  async function runGroup(members: readonly BatchPart[]): Promise<ReadonlyMap<string, HttpResponse>> {
    const requests = members.map((part) => requestOf(part, http, stages));
    const prepared: { readonly plan: WritePlan; readonly context: RequestContext }[] = [];
    let current = 0;
    try {
      for (const [index, part] of members.entries()) {
        current = index;
        const failed = await failedDependency(part);
        if (failed !== undefined) throw dependencyFailed(failed);
        const request = requests[index] as HttpRequest;
        const context = stages.newContext(request);
        prepared.push({
          plan: requireWrite(await planPart(part, request, principal, context, stages)),
          context,
        });
      }
      const results = await stages.database.write(async (session) => {
        const done = [];
        await lockRows(
          prepared.map(({ plan }) => plan),
          session,
          stages.database,
        );
        for (const [index, { plan }] of prepared.entries()) {
          current = index;
          done.push(await executeWrite(plan, session, stages.database));
        }
        return done;
      });
      return new Map(
        prepared.map(({ plan, context }, index) => {
          const result = results[index];
          if (result === undefined) throw new Error('a change without a result');
          return [
            idOf(members, index),
            finished(respond(result, plan, context), requests[index] as HttpRequest),
          ];
        }),
      );
    } catch (error) {
      const culprit = idOf(members, current);
      return new Map(
        members.map(({ id }, index) => {
          const request = requests[index] as HttpRequest;
          const reason = id.toLowerCase() === culprit ? error : dependencyFailed(culprit);
          return [id.toLowerCase(), finished(stages.fail(reason, request), request)];
        }),
      );
    }
  }

  /** Neither parts nor groups reject: what fails is an answer. */
  function begin<T>(work: () => Promise<T>): Promise<T> {
    if (!isSequential) return work();
    const begun = before.then(work);
    before = begun;
    return begun;
  }

  return {
    answerOf,
    start(part: BatchPart): void {
      const { id, atomicityGroup } = part;
      if (atomicityGroup === undefined) {
        answers.set(
          id.toLowerCase(),
          begin(() => runPart(part)),
        );
        return;
      }
      const members = parts.filter((member) => member.atomicityGroup === atomicityGroup);
      const group = groups.get(atomicityGroup) ?? begin(() => runGroup(members));
      groups.set(atomicityGroup, group);
      answers.set(
        id.toLowerCase(),
        group.then((responses) => responses.get(id.toLowerCase()) as HttpResponse),
      );
    },
  };
}

const idOf = (members: readonly BatchPart[], index: number): string => members[index]?.id.toLowerCase() ?? '';

async function planPart(
  part: BatchPart,
  request: HttpRequest,
  principal: TokenPrincipal,
  context: RequestContext,
  stages: BatchStages,
): Promise<Plan> {
  if (part.fault !== undefined) throw part.fault;
  if ((part.body?.length ?? 0) > limits.bodyBytesMax) {
    throw new ServiceError('bodyTooLarge', `The body of this request exceeds ${limits.bodyBytesMax} bytes.`, {
      target: 'body',
    });
  }
  if (isBatch(request))
    throw new ServiceError('batchInvalid', 'A batch cannot hold another batch.', { target: 'url' });
  const plan = await stages.plan(request, principal, context);
  if (plan.kind !== 'export') return plan;
  throw new ServiceError(
    'batchInvalid',
    'An export cannot be part of a batch, which is answered as a whole. Ask for it in a request of its own.',
    { target: 'url' },
  );
}

function requireWrite(plan: Plan): WritePlan {
  if (plan.kind === 'create' || plan.kind === 'update' || plan.kind === 'delete') return plan;
  throw new ServiceError('batchInvalid', 'An atomicityGroup holds changes only: POST, PATCH and DELETE.', {
    target: 'atomicityGroup',
  });
}

function dependencyFailed(id: string): ServiceError {
  return new ServiceError(
    'dependencyFailed',
    `The request '${quoteForMessage(id)}' this one needs did not succeed.`,
    {
      target: 'dependsOn',
    },
  );
}

/** A part as a request of its own; authorisation is the envelope's, and so is what the client calls the request. */
function requestOf(part: BatchPart, outer: HttpRequest, stages: BatchStages): HttpRequest {
  const { authorization: _, ...headers } = part.headers;
  return {
    id: stages.newId(),
    clientRequestId: outer.clientRequestId,
    method: part.method,
    target: part.target,
    headers,
    body: part.body,
    publicUrl: outer.publicUrl,
    remoteAddress: outer.remoteAddress,
    get signal() {
      return outer.signal;
    },
  };
}

/** Every part's answer carries the id its change record has. */
function finished(response: HttpResponse, request: HttpRequest): HttpResponse {
  const { Vary: _, ...headers } = response.headers;
  const body = request.method === 'HEAD' ? undefined : response.body;
  return { status: response.status, headers: { ...headers, 'request-id': request.id }, body };
}
