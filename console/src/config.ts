/** What the server tells the console about itself before anybody has signed in (`/console/config.json`). */
import type { RiskScale } from './risk.ts';

/** The answer of `/console/config.json`. */
export interface ConsoleConfig {
  readonly version: string;
  readonly dev: boolean;
  /** Whether the server refuses all writes; absent where it cannot. */
  readonly readOnly?: boolean;
  /** Address of the listener that answered, without a trailing slash. */
  readonly publicUrl: string;
  /** Path of the service root on this origin, such as `/v1.0`. */
  readonly apiRoot: string;
  /** OpenID Connect authority: absolute, or a path on this origin. */
  readonly authority: string;
  /** Null where nobody can sign in, because the option consoleClientId is not set. */
  readonly clientId: string | null;
  readonly scope: string;
  readonly issuerName: string;
  readonly permissions: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly riskScales: readonly RiskScale[];
}

/** Reads the configuration; rejects with a sentence for people where there is none. */
export async function loadConfig(fetchJson: typeof fetch, address: string): Promise<ConsoleConfig> {
  const response = await fetchJson(address, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`The server answered ${response.status} to ${address}.`);
  return (await response.json()) as ConsoleConfig;
}
