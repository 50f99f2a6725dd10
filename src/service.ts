/** The pipeline: authenticate, admit, parse, plan, execute, respond; and the one place where errors are caught. */
import type { Authenticator, Principal } from './auth/authenticator.ts';
import { answerBatch, isBatch } from './batch.ts';
import type { Handler, HttpRequest, HttpResponse } from './http/message.ts';
import type { Observe } from './observe/observation.ts';
import { requireToken } from './plan/authorize.ts';
import { makePlan } from './plan/make-plan.ts';
import type { Plan, RequestContext } from './plan/plan.ts';
import { parseRequest } from './request/parse-request.ts';
import type { ErrorContext } from './response/error-response.ts';
import { respond } from './response/respond.ts';
import type { Database } from './storage/database.ts';
import { execute } from './storage/execute.ts';
import type { Throttle } from './throttle.ts';

export interface ServiceParts {
  readonly authenticator: Authenticator;
  /** Undefined: nobody is throttled. */
  readonly throttle: Throttle | undefined;
  readonly database: Database;
  readonly observe: Observe;
  readonly newContext: (http: HttpRequest) => RequestContext;
  readonly newId: () => string;
  readonly respondError: (error: unknown, context: ErrorContext) => HttpResponse;
}

/** The whole journey of a request. Every stage takes the value before it and returns the next. */
export function createService(parts: ServiceParts): Handler {
  const { authenticator, throttle, database, newContext, newId } = parts;
  const fail = (error: unknown, http: ErrorContext): HttpResponse => {
    parts.observe({ kind: 'requestFailed', requestId: http.id, error });
    return parts.respondError(error, http);
  };
  const admitAndPlan = async (
    http: HttpRequest,
    principal: Principal,
    context: RequestContext,
  ): Promise<Plan> => {
    await throttle?.admit(principal, http);
    return makePlan(parseRequest(http), principal, context);
  };
  const authenticate = (http: HttpRequest): Principal | Promise<Principal> => {
    const { authorization } = http.headers;
    if (throttle === undefined)
      return authenticator.recall?.(authorization) ?? authenticator.authenticate(authorization);
    return throttle.guard(http.remoteAddress, () => authenticator.authenticate(authorization));
  };
  return async (http) => {
    try {
      const context = newContext(http);
      // Nothing is awaited that is there already: a turn of the microtask queue is dear on the shortest way.
      const known = authenticate(http);
      const principal = known instanceof Promise ? await known : known;
      if (isPublic(http)) return await answer(http, principal, context);
      const bearer = requireToken(principal, context.challenge);
      const admitted = throttle === undefined ? undefined : await throttle.admit(bearer, http);
      const response = isBatch(http)
        ? await answerBatch(http, bearer, { database, newContext, newId, plan: admitAndPlan, fail })
        : await answer(http, bearer, context);
      return admitted === undefined
        ? response
        : { ...response, headers: { ...response.headers, ...admitted } };
    } catch (error) {
      // The client has left: nobody is answered, and nothing failed.
      return http.signal.aborted ? parts.respondError(error, http) : fail(error, http);
    }
  };

  function answer(http: HttpRequest, principal: Principal, context: RequestContext): Promise<HttpResponse> {
    const plan = makePlan(parseRequest(http), principal, context);
    return execute(plan, database, http).then((result) => respond(result, plan, context));
  }
}

/** A stranger learns nothing from how we read a request: without a token only these are parsed. */
function isPublic({ method, target }: HttpRequest): boolean {
  return method === 'OPTIONS' || /\/\$metadata\/?(\?|$)/i.test(target);
}
