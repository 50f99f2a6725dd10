/** What tokens say about a person: for showing and greying out; the service verifies and decides. */

/** A person, as the tokens describe them. */
export interface Person {
  readonly name: string;
  readonly userName: string | undefined;
  /** Claims of the id token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Claims of the access token; undefined where it is opaque to us. */
  readonly accessClaims: Readonly<Record<string, unknown>> | undefined;
  /** `scp` and `roles` of the access token; undefined where it is opaque. */
  readonly granted: readonly string[] | undefined;
  readonly expiresAtMs: number;
}

/** Only a path of this console is returned to: an address from outside could lead anywhere. */
export const readReturnTo = (value: unknown): string =>
  typeof value === 'string' && /^\/console(?:[/?#]|$)/.test(value) ? value : '/console/';

/** The claims of a JWT, unverified: for showing and for greying out, the service decides. */
export function readClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function readGranted(claims: Readonly<Record<string, unknown>> | undefined): readonly string[] | undefined {
  if (claims === undefined) return undefined;
  const scopes = typeof claims.scp === 'string' ? claims.scp.split(' ') : claims.scp;
  return [scopes, claims.roles].flatMap((list) =>
    Array.isArray(list) ? list.filter((each): each is string => typeof each === 'string') : [],
  );
}

/** Reads who a pair of tokens speaks for. */
export function readPerson(
  idClaims: Readonly<Record<string, unknown>>,
  accessToken: string,
  expiresAtMs: number,
): Person {
  const accessClaims = readClaims(accessToken);
  const text = (name: string): string | undefined =>
    [idClaims[name], accessClaims?.[name]].find((value): value is string => typeof value === 'string');
  const userName = text('preferred_username') ?? text('email') ?? text('upn');
  return {
    name: text('name') ?? userName ?? text('sub') ?? '?',
    userName,
    claims: idClaims,
    accessClaims,
    granted: readGranted(accessClaims),
    expiresAtMs,
  };
}
