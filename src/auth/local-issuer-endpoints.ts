/**
 * The development issuer over HTTP, in the shape of Entra ID's `/{tenant}/oauth2/v2.0/…`: MSAL, Azure Identity
 * and any OpenID Connect client get tokens from it unmodified. For loopback alone: it asks for no password.
 */
import { limits } from '../limits.ts';
import { personalTenantId } from './claims.ts';
import { isLoopbackHost } from './fetch-json.ts';
import { issuerOf, type LocalIssuer } from './local-issuer.ts';
import {
  createGrants,
  type Grants,
  type Parameters,
  parseClientId,
  readClient,
  splitWords,
  type TenantContext,
  writeClientInfo,
} from './local-issuer-grants.ts';
import {
  type Page,
  writeDeviceCodePage,
  writeDevicePersonPage,
  writeFormPostPage,
  writeMessagePage,
  writeSignInPage,
} from './local-issuer-pages.ts';
import {
  OAuthError,
  type OAuthErrorContext,
  parameterMissing,
  requestMalformed,
  writeErrorDescription,
  writeOAuthError,
} from './oauth-error.ts';
import { createSealer } from './sealed.ts';
import { findTestPerson, testTenantId } from './test-people.ts';

/** The part of an HTTP request the issuer reads. */
export interface IssuerRequest {
  readonly method: string;
  /** Raw path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array | undefined;
  /** Scheme, host and port under which clients reach the listener, without a trailing slash. */
  readonly publicUrl: string;
}

/** One complete answer. */
export interface IssuerResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Answers a request to the issuer; never rejects for anything a client can cause. */
export type IssuerHandler = (request: IssuerRequest) => Promise<IssuerResponse>;

/** What the endpoints are made from; `newId` yields a GUID each time. */
export interface IssuerEndpointsParts {
  readonly issuer: LocalIssuer;
  readonly now: () => Date;
  readonly newId: () => string;
}

const guid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
// A service root is no tenant; any other first segment gets an answer that says which tenants there are.
const targetPattern =
  /^\/(?!(?:v1\.0|beta|odata)\/)([^/?]+)\/(v2\.0|discovery|oauth2)(\/[^?]*)?(?:\?(.*))?$/is;

/** Whether a request target belongs to the issuer and to nothing else of this service. */
export const isIssuerTarget = (target: string): boolean => targetPattern.test(target);

/** The `iss` templates a listener's tokens may carry: its own address, by every name of this machine. */
export function issuerTemplatesOf(publicUrl: string): readonly string[] {
  const { protocol, host, hostname, port } = new URL(publicUrl);
  const suffix = port === '' ? '' : `:${port}`;
  const loopback = isLoopbackHost(hostname)
    ? ['localhost', '127.0.0.1', '[::1]'].map((name) => name + suffix)
    : [];
  return [...new Set([host, ...loopback])].map((each) => `${protocol}//${each}/{tenantid}/v2.0`);
}

/** One request, read as far as all endpoints need it. */
interface Call {
  readonly request: IssuerRequest;
  /** Scheme, host and port as the client spells them. */
  readonly origin: string;
  /** First segment of the path as sent: a GUID, `common` or `organizations`. */
  readonly tenantSegment: string;
  readonly tenant: TenantContext;
  /** Path behind the tenant. */
  readonly path: string;
  readonly query: string;
  readonly errorContext: OAuthErrorContext;
}

const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache', 'X-Content-Type-Options': 'nosniff' };

const json = (status: number, body: string): IssuerResponse => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', ...noStore },
  body,
});

const page = ({ html, contentSecurityPolicy }: Page, status = 200): IssuerResponse => ({
  status,
  headers: {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy,
    // With no referrer at all browsers would send these forms with the origin "null".
    'Referrer-Policy': 'same-origin',
    'X-Frame-Options': 'DENY',
    ...noStore,
  },
  body: html,
});

const redirect = (location: string): IssuerResponse => ({
  status: 303,
  headers: { Location: location, ...noStore },
  body: undefined,
});

/** A name this machine answers to, or the configured one: others are DNS rebinding. */
function readOrigin({ publicUrl, headers }: IssuerRequest): string {
  const configured = new URL(publicUrl);
  const address = `${configured.protocol}//${headers.host ?? configured.host}`;
  const asked = URL.canParse(address) ? new URL(address) : undefined;
  if (asked === undefined || !(isLoopbackHost(asked.hostname) || asked.host === configured.host)) {
    throw new OAuthError(
      'invalid_request',
      undefined,
      'The local issuer answers on loopback names only.',
      421,
    );
  }
  // Behind a mapped port the address differs from the one whose tokens are trusted.
  return asked.port === configured.port ? asked.origin : configured.origin;
}

function readTenant(segment: string, origin: string): TenantContext {
  const issuerTemplate = `${origin}/{tenantid}/v2.0`;
  if (segment === 'common' || segment === 'organizations') return { tenantId: testTenantId, issuerTemplate };
  if (!new RegExp(`^${guid}$`).test(segment) || segment === personalTenantId) {
    throw new OAuthError(
      'invalid_request',
      90002,
      `Tenant not found. Use a GUID (not that of personal accounts), 'common' or 'organizations'; the test people's tenant is ${testTenantId}.`,
    );
  }
  return { tenantId: segment, issuerTemplate };
}

/** Reads a query or form; a name twice is refused (RFC 6749 section 3.1). */
function parseParameters(encoded: string): Parameters {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(encoded)) {
    if (parameters.has(name)) throw requestMalformed('A parameter is repeated.');
    if (name.length + value.length > limits.issuerParameterCharactersMax) {
      throw requestMalformed(`A parameter is longer than ${limits.issuerParameterCharactersMax} characters.`);
    }
    parameters.set(name, value);
  }
  return parameters;
}

function readForm({ headers, body }: IssuerRequest): Parameters {
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw requestMalformed('The body must be application/x-www-form-urlencoded.');
  }
  return parseParameters(new TextDecoder().decode(body));
}

/** Where codes may be sent: to programs on this machine and our own pages, since no application is registered here. */
function parseRedirectUri(text: string | undefined, origin: string): string {
  if (text === undefined) throw parameterMissing('redirect_uri');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && /^https?:$/.test(url.protocol) && isLoopbackHost(url.hostname);
  if (!(local || url?.origin === origin) || text.includes('#')) {
    throw new OAuthError(
      'invalid_request',
      50011,
      'The redirect URI must be http or https on localhost, 127.0.0.1 or [::1], without a fragment.',
    );
  }
  return text;
}

/** A page of another site must not press the buttons of ours. */
function refuseForeignForm({ request, origin }: Call): void {
  const from = request.headers.origin;
  const site = request.headers['sec-fetch-site'];
  if ((from !== undefined && from !== origin) || (site !== undefined && site !== 'same-origin')) {
    throw new OAuthError('access_denied', undefined, 'The form was sent by a page of another site.', 403);
  }
}

function writeConfiguration({ origin, tenantSegment, tenant }: Call): string {
  const base = `${origin}/${tenantSegment}`;
  const multiTenant = tenantSegment === 'common' || tenantSegment === 'organizations';
  return JSON.stringify({
    issuer: multiTenant ? tenant.issuerTemplate : issuerOf(tenant.issuerTemplate, tenant.tenantId),
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: [
      'client_secret_post',
      'client_secret_basic',
      'private_key_jwt',
      'none',
    ],
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'nonce',
      'name',
      'preferred_username',
      'email',
    ].concat(['oid', 'tid', 'uti', 'ver']),
  });
}

/** How the answer of the authorize endpoint travels. */
type ResponseMode = 'query' | 'fragment' | 'form_post';

const parseResponseMode = (text: string | undefined): ResponseMode | undefined =>
  text === undefined || text === 'query'
    ? 'query'
    : text === 'fragment' || text === 'form_post'
      ? text
      : undefined;

function answerApplication(redirectUri: string, mode: ResponseMode, answer: Parameters): IssuerResponse {
  if (mode === 'form_post') return page(writeFormPostPage(redirectUri, answer));
  const encoded = new URLSearchParams([...answer]).toString();
  if (mode === 'fragment') return redirect(`${redirectUri}#${encoded}`);
  const url = new URL(redirectUri);
  for (const [name, value] of answer) url.searchParams.append(name, value);
  return redirect(url.href);
}

/** The parameters the sign-in form carries along. */
const authorizeParameters = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'client_info'],
];

/** Faults that the application is told of by redirect, not the person by a page. */
function checkAuthorize(parameters: Parameters): void {
  const responseType = parameters.get('response_type');
  if (responseType === undefined) throw parameterMissing('response_type');
  if (responseType !== 'code') {
    throw new OAuthError('unsupported_response_type', 700054, "The response_type must be 'code'.");
  }
  if (parseResponseMode(parameters.get('response_mode')) === undefined) {
    throw requestMalformed("The response_mode must be 'query', 'fragment' or 'form_post'.");
  }
  if (splitWords(parameters.get('scope') ?? '').length === 0) throw parameterMissing('scope');
  const challenge = parameters.get('code_challenge');
  if (challenge === undefined) return;
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 501491, "The code_challenge_method must be 'S256'.");
  }
  if (!/^[\w-]{43}$/.test(challenge)) {
    throw new OAuthError('invalid_request', 501491, 'The code_challenge must be a SHA-256 in base64url.');
  }
}

/** Answers GET with the page of people, and the page's POST with a code for the application. */
async function authorize(call: Call, grants: Grants): Promise<IssuerResponse> {
  const post = call.request.method === 'POST';
  const parameters = post ? readForm(call.request) : parseParameters(call.query);
  const sent = parameters.get('client_id');
  if (sent === undefined) throw parameterMissing('client_id');
  const clientId = parseClientId(sent);
  const redirectUri = parseRedirectUri(parameters.get('redirect_uri'), call.origin);
  const mode = parseResponseMode(parameters.get('response_mode')) ?? 'query';
  const state = parameters.get('state');
  const answer = (fields: readonly (readonly [string, string])[]): IssuerResponse =>
    answerApplication(
      redirectUri,
      mode,
      new Map([...fields, ...(state === undefined ? [] : [['state', state] as const])]),
    );

  try {
    checkAuthorize(parameters);
    if (parameters.get('prompt') === 'none') {
      throw new OAuthError(
        'login_required',
        50058,
        'A silent sign-in request was sent but nobody is signed in.',
      );
    }
    const choice = parameters.get('person');
    if (!post || choice === undefined) {
      const kept = [...parameters].filter(([name]) => authorizeParameters.includes(name));
      const action = `/${call.tenantSegment}/oauth2/v2.0/authorize`;
      return page(writeSignInPage(action, new Map(kept), clientId, redirectUri));
    }
    refuseForeignForm(call);
    const person = findTestPerson(choice);
    if (person === undefined) throw new OAuthError('access_denied', 65004, 'The person declined to sign in.');
    const { tenantId } = call.tenant;
    const scopes = splitWords(parameters.get('scope') ?? '');
    const signIn = { person, tenantId, clientId, scopes, nonce: parameters.get('nonce') };
    const code = await grants.issueCode(signIn, {
      redirectUri,
      codeChallenge: parameters.get('code_challenge'),
    });
    const clientInfo = parameters.get('client_info') === '1';
    return answer([
      ['code', code],
      ...(clientInfo ? [['client_info', writeClientInfo(person, tenantId)] as const] : []),
    ]);
  } catch (error) {
    if (!(error instanceof OAuthError) || error.status === 403) throw error;
    return answer([
      ['error', error.error],
      ['error_description', writeErrorDescription(error, call.errorContext)],
    ]);
  }
}

async function startDevice(call: Call, grants: Grants): Promise<IssuerResponse> {
  const parameters = readForm(call.request);
  const { clientId } = readClient(parameters, call.request.headers.authorization);
  const scopes = splitWords(parameters.get('scope') ?? '');
  if (scopes.length === 0) throw parameterMissing('scope');
  const { userCode, deviceCode } = await grants.startDevice({
    clientId,
    tenantId: call.tenant.tenantId,
    scopes,
  });
  const verificationUri = `${call.origin}/${call.tenantSegment}/oauth2/v2.0/deviceauth`;
  const answer = {
    user_code: userCode,
    device_code: deviceCode,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
    expires_in: limits.deviceCodeLifetimeS,
    // A person picks a name in a moment; nobody is served by waiting Entra's five seconds.
    interval: 1,
    message: `To sign in, use a web browser to open the page ${verificationUri} and enter the code ${userCode} to authenticate.`,
  };
  return json(200, JSON.stringify(answer));
}

/** The page on which a person enters a device's code, then says who they are. */
function authorizeDevice(call: Call, grants: Grants): IssuerResponse {
  const action = `/${call.tenantSegment}/oauth2/v2.0/deviceauth`;
  const post = call.request.method === 'POST';
  const parameters = post ? readForm(call.request) : parseParameters(call.query);
  const userCode = parameters.get('user_code');
  if (userCode === undefined) return page(writeDeviceCodePage(action, undefined));
  const device = grants.findDevice(userCode);
  if (device === undefined) {
    return page(
      writeDeviceCodePage(action, 'No device waits with this code. Look again, or let it start over.'),
      400,
    );
  }
  const choice = parameters.get('person');
  if (!post || choice === undefined) return page(writeDevicePersonPage(action, userCode, device.clientId));
  refuseForeignForm(call);
  const person = findTestPerson(choice);
  grants.answerDevice(userCode, person ?? 'declined');
  return page(
    person === undefined
      ? writeMessagePage('Declined', 'The device was turned away. You can close this page.')
      : writeMessagePage('Signed in', `The device is signed in as ${person.name}. You can close this page.`),
  );
}

function logout(call: Call): IssuerResponse {
  const parameters = parseParameters(call.query);
  const target = parameters.get('post_logout_redirect_uri');
  if (target === undefined) return page(writeMessagePage('Signed out', 'You can close this page.'));
  const url = new URL(parseRedirectUri(target, call.origin));
  const state = parameters.get('state');
  if (state !== undefined) url.searchParams.append('state', state);
  return redirect(url.href);
}

async function redeem(call: Call, grants: Grants): Promise<IssuerResponse> {
  const parameters = readForm(call.request);
  const client = readClient(parameters, call.request.headers.authorization);
  return json(200, JSON.stringify(await grants.redeem(parameters, client, call.tenant)));
}

/** One address behind the tenant. */
interface Endpoint {
  readonly methods: readonly string[];
  /** Programs get errors as JSON and may call from pages of this machine; people get pages. */
  readonly reader: 'program' | 'person';
  answer(call: Call): IssuerResponse | Promise<IssuerResponse>;
}

/** Pages of this machine may call: the console on another port, single-page applications under development. */
function writeCors({ headers }: IssuerRequest, methods: readonly string[]): Readonly<Record<string, string>> {
  const { origin = '' } = headers;
  const allowed = URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname);
  if (!allowed) return { Vary: 'Origin' };
  const asked = headers['access-control-request-headers'] ?? '';
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Max-Age': '600',
    ...(/^[\w-]+(, ?[\w-]+)*$/.test(asked) ? { 'Access-Control-Allow-Headers': asked } : {}),
  };
}

/** Makes the handler; give it every request for which `isIssuerTarget` holds. */
export function createIssuerEndpoints({ issuer, now, newId }: IssuerEndpointsParts): IssuerHandler {
  const sealer = createSealer(issuer.signingKey.secret, now);
  const grants = createGrants({ issuer, sealer, newId });
  const keySet = JSON.stringify({ keys: [issuer.signingKey.publicJwk] });

  const program = (methods: readonly string[], answer: Endpoint['answer']): Endpoint => ({
    methods,
    reader: 'program',
    answer,
  });
  const person = (methods: readonly string[], answer: Endpoint['answer']): Endpoint => ({
    methods,
    reader: 'person',
    answer,
  });
  const endpoints: ReadonlyMap<string, Endpoint> = new Map([
    [
      '/v2.0/.well-known/openid-configuration',
      program(['GET'], (call) => json(200, writeConfiguration(call))),
    ],
    ['/discovery/v2.0/keys', program(['GET'], () => json(200, keySet))],
    ['/oauth2/v2.0/token', program(['POST'], (call) => redeem(call, grants))],
    ['/oauth2/v2.0/devicecode', program(['POST'], (call) => startDevice(call, grants))],
    ['/oauth2/v2.0/authorize', person(['GET', 'POST'], (call) => authorize(call, grants))],
    ['/oauth2/v2.0/deviceauth', person(['GET', 'POST'], (call) => authorizeDevice(call, grants))],
    ['/oauth2/v2.0/logout', person(['GET'], logout)],
  ]);

  function readCall(request: IssuerRequest, errorContext: OAuthErrorContext): Call {
    const [, segment = '', area = '', rest = '', query = ''] = targetPattern.exec(request.target) ?? [];
    const tenantSegment = segment.toLowerCase();
    const origin = readOrigin(request);
    const tenant = readTenant(tenantSegment, origin);
    const path = `/${area}${rest}`.toLowerCase();
    return { request, origin, tenantSegment, tenant, path, query, errorContext };
  }

  function refuse(error: unknown, reader: Endpoint['reader'], context: OAuthErrorContext): IssuerResponse {
    if (!(error instanceof OAuthError)) throw error;
    return reader === 'program'
      ? json(error.status, writeOAuthError(error, context))
      : page(writeMessagePage('That did not work', writeErrorDescription(error, context)), error.status);
  }

  async function answer(request: IssuerRequest, endpoint: Endpoint, call: Call): Promise<IssuerResponse> {
    const { methods, reader } = endpoint;
    if (request.method === 'OPTIONS' && reader === 'program') {
      return { status: 204, headers: { Allow: methods.join(', ') }, body: undefined };
    }
    const head = request.method === 'HEAD' && methods.includes('GET');
    if (!head && !methods.includes(request.method)) {
      const allowed = methods.join(' and ');
      const error = new OAuthError(
        'invalid_request',
        900561,
        `The endpoint only accepts ${allowed} requests.`,
        405,
      );
      const refused = refuse(error, reader, call.errorContext);
      return { ...refused, headers: { ...refused.headers, Allow: methods.join(', ') } };
    }
    const answered = await endpoint.answer(call);
    return head ? { ...answered, body: undefined } : answered;
  }

  return async (request) => {
    const sentId = request.headers['client-request-id'] ?? '';
    const correlationId = new RegExp(`^${guid}$`, 'i').test(sentId) ? sentId : newId();
    const errorContext = { now: now(), traceId: newId(), correlationId };
    const path = targetPattern.exec(request.target)?.slice(2, 4).join('') ?? '';
    const endpoint = endpoints.get(`/${path}`.toLowerCase());
    const reader = endpoint?.reader ?? 'program';
    const cors = reader === 'program' ? writeCors(request, endpoint?.methods ?? []) : {};
    try {
      const call = readCall(request, errorContext);
      if (endpoint === undefined) {
        throw new OAuthError('invalid_request', undefined, 'The issuer has no such endpoint.', 404);
      }
      const answered = await answer(request, endpoint, call);
      return { ...answered, headers: { ...answered.headers, ...cors } };
    } catch (error) {
      const refused = refuse(error, reader, errorContext);
      return { ...refused, headers: { ...refused.headers, ...cors } };
    }
  };
}
