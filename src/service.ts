/** The pipeline: authenticate, parse, plan, execute, respond; and the one place where errors are caught. */
import type { Authenticator, Principal } from './auth/authenticator.ts';
import type { Handler, HttpRequest, HttpResponse } from './http/message.ts';
import type { Observe } from './observe/observation.ts';
import { requireToken } from './plan/authorize.ts';
import { makePlan } from './plan/make-plan.ts';
import type { RequestContext } from './plan/plan.ts';
import { parseRequest } from './request/parse-request.ts';
import type { ErrorContext } from './response/error-response.ts';
import { respond } from './response/respond.ts';
import type { Database } from './storage/database.ts';
import { execute } from './storage/execute.ts';

export interface ServiceParts {
  readonly authenticator: Authenticator;
  readonly database: Database;
  readonly observe: Observe;
  readonly newContext: (http: HttpRequest) => RequestContext;
  readonly respondError: (error: unknown, context: ErrorContext) => HttpResponse;
}

/** The whole journey of a request. Every stage takes the value before it and returns the next. */
export function createService({
  authenticator,
  database,
  observe,
  newContext,
  respondError,
}: ServiceParts): Handler {
  return async (http) => {
    try {
      const context = newContext(http);
      const principal = await authenticator.authenticate(http.headers.authorization);
      requireTokenUnlessPublic(http, principal, context);
      const request = parseRequest(http);
      const plan = makePlan(request, principal, context);
      const result = await execute(plan, database);
      return respond(result, plan, context);
    } catch (error) {
      observe({ kind: 'requestFailed', requestId: http.id, error });
      return respondError(error, http);
    }
  };
}

/** A stranger learns nothing from how we read a request: without a token only public addresses are parsed. */
function requireTokenUnlessPublic(
  { method, target }: HttpRequest,
  principal: Principal,
  context: RequestContext,
): void {
  if (method === 'OPTIONS' || /\/\$metadata(\?|\/?$)/i.test(target)) return;
  requireToken(principal, context.challenge);
}
