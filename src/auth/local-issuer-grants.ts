/** What the local issuer's token endpoint gives out, and for what (RFC 6749, 7636, 8628, as Entra ID does it). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { limits } from '../limits.ts';
import type { LocalIssuer } from './local-issuer.ts';
import { OAuthError, parameterMissing, requestMalformed } from './oauth-error.ts';
import { writePermission } from './permissions.ts';
import type { Sealer } from './sealed.ts';
import { findTestPerson, type TestPerson } from './test-people.ts';

/** Parameters of a query or a form, each at most once. */
export type Parameters = ReadonlyMap<string, string>;

/** The tenant a request is addressed to, and the issuer its tokens name. */
export interface TenantContext {
  readonly tenantId: string;
  readonly issuerTemplate: string;
}

/** Who calls the token endpoint, and how it proved that: azpacr 0 not at all, 1 by secret, 2 by assertion. */
export interface Client {
  readonly clientId: string;
  readonly proof: '0' | '1' | '2';
}

/** A person who has signed in to an application. */
export interface SignIn {
  readonly person: TestPerson;
  readonly tenantId: string;
  readonly clientId: string;
  /** Scopes as the application asked for them. */
  readonly scopes: readonly string[];
  readonly nonce: string | undefined;
}

/** Where a code goes and what redeems it. */
export interface CodeBinding {
  readonly redirectUri: string;
  /** S256 challenge (RFC 7636); without one the client must prove itself. */
  readonly codeChallenge: string | undefined;
}

/** A device that waits for a person. */
export interface DeviceRequest {
  readonly clientId: string;
  readonly tenantId: string;
  readonly scopes: readonly string[];
}

/** The answer that starts a device's wait. */
export interface DeviceAnswer {
  readonly userCode: string;
  readonly deviceCode: string;
}

/** The JSON of a successful answer, in Entra's names. */
export interface TokenAnswer {
  readonly token_type: 'Bearer';
  readonly scope: string;
  readonly expires_in: number;
  readonly ext_expires_in: number;
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly client_info?: string;
}

/** Everything the endpoints need to give out and redeem. */
export interface Grants {
  issueCode(signIn: SignIn, binding: CodeBinding): Promise<string>;
  startDevice(request: DeviceRequest): Promise<DeviceAnswer>;
  /** The device that shows this code; undefined when none waits. */
  findDevice(userCode: string): DeviceRequest | undefined;
  /** Lets a waiting device in as this person, or turns it away. */
  answerDevice(userCode: string, person: TestPerson | 'declined'): void;
  /** Answers the token endpoint; throws OAuthError. */
  redeem(parameters: Parameters, client: Client, tenant: TenantContext): Promise<TokenAnswer>;
}

/** What the grants are made from; `newId` yields a GUID each time. */
export interface GrantsParts {
  readonly issuer: LocalIssuer;
  readonly sealer: Sealer;
  readonly newId: () => string;
}

const identityScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Words of a list separated by spaces. */
export const splitWords = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');

const required = (parameters: Parameters, name: string): string => {
  const value = parameters.get(name);
  if (value === undefined || value === '') throw parameterMissing(name);
  return value;
};

/** `api://casp/Name` → `Name`. */
const shortScope = (scope: string): string => scope.slice(scope.lastIndexOf('/') + 1);

/** The scopes granted, spelt as they were asked for: all the person has of the resource, as Entra answers. */
export function grantScopes(asked: readonly string[], person: TestPerson): readonly string[] {
  const resource = asked.find((scope) => !identityScopes.has(scope)) ?? '';
  const prefix = resource.slice(0, resource.lastIndexOf('/') + 1);
  const granted = asked.filter((scope) => {
    const short = shortScope(scope);
    return short === '.default' || identityScopes.has(scope) || person.scopes.includes(short);
  });
  const all = [...granted, ...person.scopes.map((scope) => `${prefix}${scope}`)];
  return [...new Set(all)].filter((scope) => scope !== 'offline_access');
}

/** `client_info`: whom MSAL files the account under. */
export const writeClientInfo = (person: TestPerson, tenantId: string): string =>
  Buffer.from(JSON.stringify({ uid: person.objectId, utid: tenantId })).toString('base64url');

/** A GUID that is always the same for the same text. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Letters that cannot be taken for one another and spell no words (RFC 8628 section 6.1). */
const userCodeLetters = 'BCDFGHJKLMNPQRSTVWXZ';
const userCodeLength = 9;

function userCodeOf(id: string): string {
  let rest = BigInt(`0x${id.replaceAll('-', '')}`);
  let code = '';
  for (let index = 0; index < userCodeLength; index += 1) {
    code += userCodeLetters[Number(rest % BigInt(userCodeLetters.length))];
    rest /= BigInt(userCodeLetters.length);
  }
  return code;
}

/** What people type: any case, with or without separators. */
const normalizeUserCode = (text: string): string => text.toUpperCase().replace(/[^A-Z]/g, '');

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const sealSignIn = ({ person, tenantId, clientId, scopes, nonce }: SignIn) => ({
  role: person.role,
  tenantId,
  clientId,
  scopes: scopes.join(' '),
  nonce,
});

/** Reads back what `sealSignIn` wrote; a person may have left since the value was sealed. */
function readSignIn(content: JWTPayload): SignIn | undefined {
  const person = findTestPerson(text(content.role) ?? '');
  const tenantId = text(content.tenantId);
  const clientId = text(content.clientId);
  if (person === undefined || tenantId === undefined || clientId === undefined) return undefined;
  return {
    person,
    tenantId,
    clientId,
    scopes: splitWords(text(content.scopes) ?? ''),
    nonce: text(content.nonce),
  };
}

const grantInvalid = (number: number, message: string): OAuthError =>
  new OAuthError('invalid_grant', number, message);

const sameText = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** Checks the proof that who redeems a code is who asked for it (RFC 7636 section 4.6). */
function checkVerifier(content: JWTPayload, parameters: Parameters, client: Client): void {
  const challenge = text(content.codeChallenge);
  if (challenge === undefined) {
    if (client.proof === '0') throw parameterMissing('code_verifier');
    return;
  }
  const verifier = required(parameters, 'code_verifier');
  const fits = sameText(createHash('sha256').update(verifier).digest('base64url'), challenge);
  if (!/^[\w.~-]{43,128}$/.test(verifier) || !fits) {
    throw grantInvalid(
      50148,
      'The code_verifier does not match the code_challenge supplied in the authorization request.',
    );
  }
}

/** Makes the grants; the memory of redeemed codes and waiting devices is this process's own. */
export function createGrants({ issuer, sealer, newId }: GrantsParts): Grants {
  const redeemed = new LRUCache<string, true>({ max: limits.issuerCodesMax });
  const devices = new LRUCache<string, { readonly request: DeviceRequest; person?: TestPerson | 'declined' }>(
    {
      max: limits.issuerCodesMax,
    },
  );

  async function answerSignIn(signIn: SignIn, client: Client, tenant: TenantContext): Promise<TokenAnswer> {
    const { person, tenantId, scopes, nonce } = signIn;
    const { clientId } = client;
    const { issuerTemplate } = tenant;
    const lifetimeS = limits.accessTokenLifetimeS;
    const access = await issuer.mintAccessToken({
      subject: { kind: 'person', person },
      tenantId,
      clientId,
      clientProof: client.proof,
      permissions: person.scopes,
      lifetimeS,
      issuerTemplate,
    });
    const refresh = { ...sealSignIn({ ...signIn, nonce: undefined }), jti: newId() };
    return {
      token_type: 'Bearer',
      scope: grantScopes(scopes, person).join(' '),
      expires_in: lifetimeS,
      ext_expires_in: lifetimeS,
      access_token: access,
      ...(scopes.includes('offline_access')
        ? { refresh_token: await sealer.seal('refreshToken', refresh, limits.refreshTokenLifetimeS) }
        : {}),
      ...(scopes.includes('openid')
        ? {
            id_token: await issuer.mintIdToken({
              person,
              tenantId,
              clientId,
              nonce,
              lifetimeS,
              issuerTemplate,
            }),
          }
        : {}),
      client_info: writeClientInfo(person, tenantId),
    };
  }

  /** Opens a code or refresh token and checks that it was made for this client. */
  async function openGrant(purpose: 'authorizationCode' | 'refreshToken', sealed: string, client: Client) {
    const content = await sealer.open(purpose, sealed);
    if (content === 'expired') {
      throw grantInvalid(70008, 'The provided authorization code or refresh token has expired.');
    }
    const signIn = content === 'invalid' ? undefined : readSignIn(content);
    if (content === 'invalid' || signIn === undefined) {
      throw grantInvalid(
        9002313,
        'Invalid request. The code or refresh token is malformed or not of this issuer.',
      );
    }
    if (signIn.clientId !== client.clientId) {
      throw grantInvalid(700005, 'The code or refresh token was issued to another application.');
    }
    return { content, signIn };
  }

  async function redeemCode(
    parameters: Parameters,
    client: Client,
    tenant: TenantContext,
  ): Promise<TokenAnswer> {
    const { content, signIn } = await openGrant('authorizationCode', required(parameters, 'code'), client);
    if (content.redirectUri !== required(parameters, 'redirect_uri')) {
      throw grantInvalid(
        50011,
        'The redirect URI differs from the one the authorization code was issued for.',
      );
    }
    checkVerifier(content, parameters, client);
    const id = String(content.jti);
    if (redeemed.has(id)) {
      throw grantInvalid(
        54005,
        'OAuth2 Authorization code was already redeemed, please retry with a new valid code.',
      );
    }
    redeemed.set(id, true);
    return answerSignIn(signIn, client, tenant);
  }

  async function redeemRefreshToken(parameters: Parameters, client: Client, tenant: TenantContext) {
    const { signIn } = await openGrant('refreshToken', required(parameters, 'refresh_token'), client);
    const asked = splitWords(parameters.get('scope') ?? '');
    // A refresh token goes on being refreshed, whether or not offline_access is said again.
    const scopes = asked.length === 0 ? signIn.scopes : [...new Set([...asked, 'offline_access'])];
    return answerSignIn({ ...signIn, scopes }, client, tenant);
  }

  async function redeemDeviceCode(parameters: Parameters, client: Client, tenant: TenantContext) {
    const content = await sealer.open('deviceCode', required(parameters, 'device_code'));
    if (content === 'invalid' || (content !== 'expired' && content.clientId !== client.clientId)) {
      throw new OAuthError('bad_verification_code', 70000, 'The device code is not one of this issuer.');
    }
    const userCode = content === 'expired' ? '' : String(content.userCode);
    const device = devices.get(userCode);
    if (device === undefined) {
      throw new OAuthError(
        'expired_token',
        70020,
        'The provided value for the device code is not valid any more.',
      );
    }
    const { person, request } = device;
    if (person === undefined) {
      throw new OAuthError('authorization_pending', 70016, 'Authorization is pending. Continue polling.');
    }
    devices.delete(userCode);
    if (person === 'declined') {
      throw new OAuthError('authorization_declined', 70018, 'The person declined the request of the device.');
    }
    return answerSignIn({ ...request, person, nonce: undefined }, client, tenant);
  }

  /** Any application may sign in; one named after a test role has that role's permissions. */
  async function answerApplication(parameters: Parameters, client: Client, tenant: TenantContext) {
    const { clientId, proof } = client;
    if (proof === '0') {
      throw new OAuthError(
        'invalid_client',
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        401,
      );
    }
    const scope = required(parameters, 'scope');
    if (!/^[^ ]+\/\.default$/.test(scope)) {
      throw new OAuthError(
        'invalid_scope',
        1002012,
        "The provided value for scope is not valid. Client credential flows must have a scope value with '/.default' after the resource.",
      );
    }
    const lifetimeS = limits.accessTokenLifetimeS;
    return {
      token_type: 'Bearer' as const,
      scope,
      expires_in: lifetimeS,
      ext_expires_in: lifetimeS,
      access_token: await issuer.mintAccessToken({
        subject: { kind: 'application', objectId: guidOf(clientId), name: clientId },
        tenantId: tenant.tenantId,
        clientId,
        clientProof: proof,
        permissions: findTestPerson(clientId)?.scopes ?? [writePermission],
        lifetimeS,
        issuerTemplate: tenant.issuerTemplate,
      }),
    };
  }

  return {
    issueCode: (signIn, { redirectUri, codeChallenge }) =>
      sealer.seal(
        'authorizationCode',
        { ...sealSignIn(signIn), redirectUri, codeChallenge, jti: newId() },
        limits.authorizationCodeLifetimeS,
      ),
    async startDevice(request) {
      const userCode = userCodeOf(newId());
      devices.set(userCode, { request });
      const content = { userCode, clientId: request.clientId };
      return { userCode, deviceCode: await sealer.seal('deviceCode', content, limits.deviceCodeLifetimeS) };
    },
    findDevice(userCode) {
      const device = devices.get(normalizeUserCode(userCode));
      return device?.person === undefined ? device?.request : undefined;
    },
    answerDevice(userCode, person) {
      const device = devices.get(normalizeUserCode(userCode));
      if (device !== undefined) device.person = person;
    },
    async redeem(parameters, client, tenant) {
      const grantType = required(parameters, 'grant_type');
      switch (grantType) {
        case 'authorization_code':
          return redeemCode(parameters, client, tenant);
        case 'refresh_token':
          return redeemRefreshToken(parameters, client, tenant);
        case 'client_credentials':
          return answerApplication(parameters, client, tenant);
        case 'urn:ietf:params:oauth:grant-type:device_code':
        case 'device_code':
          return redeemDeviceCode(parameters, client, tenant);
        default:
          throw new OAuthError(
            'unsupported_grant_type',
            70003,
            'The app requested an unsupported grant type.',
          );
      }
    },
  };
}

/** An application's id as any client may choose it; 400 when it could not stand in a token or a page. */
export function parseClientId(clientId: string): string {
  if (!/^[\x21-\x7e]{1,128}$/.test(clientId)) {
    throw requestMalformed('client_id must have 1 to 128 visible ASCII characters.');
  }
  return clientId;
}

/** The client of a token request: by form parameters or HTTP Basic (RFC 6749 section 2.3). */
export function readClient(parameters: Parameters, authorization: string | undefined): Client {
  const basic = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (basic !== undefined) {
    const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':');
    // Both are form-encoded before they are joined.
    const clientId = new URLSearchParams(`id=${id}`).get('id') ?? '';
    return { clientId: parseClientId(clientId), proof: secret === '' ? '0' : '1' };
  }
  const clientId = parseClientId(required(parameters, 'client_id'));
  if (parameters.get('client_assertion')) return { clientId, proof: '2' };
  return { clientId, proof: parameters.get('client_secret') ? '1' : '0' };
}
