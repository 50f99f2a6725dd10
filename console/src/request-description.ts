/** A request to the API, before it has a token: what is shown, copied and turned into snippets. */
export interface RequestDescription {
  readonly method: string;
  /** Below the service root, starting with `/`, escaped as it is sent. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
