/** Reads an .http file as editors do: requests between `###` lines, variables, answers of named requests. */

/** One request, its variables not yet filled in. */
export interface HttpFileRequest {
  readonly title: string;
  /** The status behind the arrow of the title. */
  readonly expectedStatus: number;
  /** The name under which later requests refer to the answer. */
  readonly name: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A file: `@name = value` lines and requests. */
export interface HttpFile {
  readonly variables: Readonly<Record<string, string>>;
  readonly requests: readonly HttpFileRequest[];
}

/** What later requests may refer to. */
export interface NamedAnswer {
  readonly headers: Headers;
  readonly body: unknown;
}

/** Reads a file; throws for a request without a title, an expected status or a request line. */
export function parseHttpFile(text: string): HttpFile {
  const [head = '', ...parts] = text.split(/^###/m);
  const variables = [...head.matchAll(/^@(\w+)\s*=\s*(.*)$/gm)].map(
    ([, name = '', value = '']) => [name, value.trim()] as const,
  );
  return { variables: Object.fromEntries(variables), requests: parts.map(parseRequest) };
}

function parseRequest(text: string): HttpFileRequest {
  const [titleLine = '', ...lines] = text.split('\n');
  const [title = '', status = ''] = titleLine.split('→').map((part) => part.trim());
  if (title === '' || !/^\d{3}$/.test(status)) throw new Error(`no title and status: ${titleLine}`);
  const name = lines.map((line) => /^#\s*@name\s+(\w+)/.exec(line)?.[1]).find((found) => found !== undefined);
  const meaningful = lines.filter((line) => !line.startsWith('#'));
  const blank = meaningful.findIndex((line, index) => line === '' && index > 0);
  const headLines = (blank < 0 ? meaningful : meaningful.slice(0, blank)).filter((line) => line !== '');
  const body =
    blank < 0
      ? ''
      : meaningful
          .slice(blank + 1)
          .join('\n')
          .trim();
  const [requestLine = '', ...rest] = headLines;
  const [method = '', start = ''] = requestLine.split(' ');
  if (!/^[A-Z]+$/.test(method) || start === '') throw new Error(`no request line: ${requestLine}`);
  const continued = rest.filter((line) => /^\s+[?&]/.test(line)).map((line) => line.trim());
  const headers = rest
    .filter((line) => !/^\s/.test(line))
    .map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new Error(`no header: ${line}`);
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    });
  return {
    title,
    expectedStatus: Number(status),
    name,
    method,
    url: [start, ...continued].join(''),
    headers: Object.fromEntries(headers),
    body: body === '' ? undefined : body,
  };
}

/** Puts values in the place of `{{name}}`, `{{x.response.body.$.member}}` and `{{x.response.headers.Name}}`. */
export function fillIn(
  text: string,
  variables: Readonly<Record<string, string>>,
  answers: ReadonlyMap<string, NamedAnswer>,
): string {
  return text.replace(/\{\{([^}]+)\}\}/g, (_, reference: string) => {
    const value = variables[reference] ?? readAnswer(reference, answers);
    if (value === undefined) throw new Error(`nothing is known of ${reference}`);
    return value;
  });
}

function readAnswer(reference: string, answers: ReadonlyMap<string, NamedAnswer>): string | undefined {
  const [, name = '', part, rest = ''] = /^(\w+)\.response\.(body\.\$|headers)\.(.+)$/.exec(reference) ?? [];
  const answer = answers.get(name);
  if (answer === undefined) return undefined;
  if (part === 'headers') return answer.headers.get(rest) ?? undefined;
  const value = (answer.body as Readonly<Record<string, unknown>>)[rest];
  return typeof value === 'string' ? value : undefined;
}
