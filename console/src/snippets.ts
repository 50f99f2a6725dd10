/** A request as code in four languages, right for this server: pure functions of the request, no remote helper (experience F6). */
import type { RequestDescription } from './request-description.ts';

/** The languages, by the id that stands in addresses. */
export const snippetLanguages = [
  { id: 'curl', label: 'curl' },
  { id: 'typescript', label: 'TypeScript' },
  { id: 'powershell', label: 'PowerShell' },
  { id: 'python', label: 'Python' },
] as const;

/** A language. */
export type SnippetLanguage = (typeof snippetLanguages)[number]['id'];

/** What a snippet has to know of the server. */
export interface SnippetServer {
  /** Absolute address of the service root, such as `https://localhost:7443/v1.0`. */
  readonly apiRoot: string;
  readonly dev: boolean;
  /** What the console asks the identity provider for. */
  readonly scope: string;
}

/** A request in the form all languages write. */
interface Parts {
  readonly method: string;
  readonly url: URL;
  /** Below the origin, such as `v1.0`. */
  readonly version: string;
  /** Below the service root, in ASCII. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** JSON or other text; undefined where nothing is sent. */
  readonly body: string | undefined;
  readonly server: SnippetServer;
  readonly secure: boolean;
  /** The scope of the API, without those of OpenID Connect. */
  readonly apiScope: string | undefined;
}

const openIdScopes = ['openid', 'profile', 'email', 'offline_access'];
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/;
/** What would turn, hide or break a line of code. */
const unwelcome = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Letters of two units stay: Python reads escaped halves as no letter at all. */
const escapeUnit = (text: string): string =>
  text.length > 1 ? text : `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A literal in double quotes as JavaScript, Python and JSON read it. */
const quoteDouble = (text: string): string => JSON.stringify(text).replace(unwelcome, escapeUnit);

/** JSON with what confuses readers escaped; such letters stand only inside its strings, where escapes are legal. */
const quietJson = (json: string): string =>
  json.replace(unwelcome, (letter) => (/[\n\r\t]/.test(letter) ? letter : escapeUnit(letter)));

/** An address in ASCII, whatever somebody typed. */
const asciiPath = (path: string): string =>
  path
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (letter) => encodeURIComponent(letter));

function writeBody(body: unknown): string | undefined {
  if (body === undefined || body === '') return undefined;
  return quietJson(typeof body === 'string' ? body : JSON.stringify(body, null, 2));
}

function readParts({ method, path, headers = {}, body }: RequestDescription, server: SnippetServer): Parts {
  const root = new URL(server.apiRoot);
  const written = writeBody(body);
  const given = Object.entries(headers)
    .filter(([name]) => headerName.test(name) && name.toLowerCase() !== 'authorization')
    .map(([name, value]) => [name, value.replace(/[\r\n\0]+/g, ' ').trim()] as const);
  const typed = given.some(([name]) => name.toLowerCase() === 'content-type');
  const ascii = asciiPath(path.startsWith('/') ? path : `/${path}`);
  return {
    method: /^[A-Za-z]+$/.test(method) ? method.toUpperCase() : 'GET',
    url: new URL(root.origin + root.pathname.replace(/\/$/, '')),
    version: root.pathname.replace(/^\/|\/$/g, ''),
    path: ascii,
    headers:
      written === undefined || typed ? given : [...given, ['Content-Type', 'application/json'] as const],
    body: written,
    server,
    secure: root.protocol === 'https:',
    apiScope: server.scope.split(' ').find((scope) => scope !== '' && !openIdScopes.includes(scope)),
  };
}

/** Without the slash that URL adds to an origin alone. */
const addressOf = ({ url, path }: Parts): string => url.href.replace(/\/$/, '') + path;

/** How to get a token, as comments; `assign` writes a variable of the shell from a command. */
function preparation(parts: Parts, assign: (name: string, command: string) => string): readonly string[] {
  const { server, secure, apiScope } = parts;
  const program = 'node dist/cli/main.js';
  const trust = secure
    ? [
        `# The certificate is signed by an authority of this installation:`,
        `# ${assign('NODE_EXTRA_CA_CERTS', `${program} cert path`)}`,
      ]
    : [];
  if (server.dev) {
    return [
      '# A test person’s token, in the folder of the service:',
      `# ${assign('CASP_TOKEN', `${program} token`)}`,
      ...trust,
    ];
  }
  return [`# CASP_TOKEN: an access token of your identity provider for ${apiScope ?? 'this service'}`];
}

const shellAssign = (name: string, command: string): string => `export ${name}=$(${command})`;
const shellQuote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function writeCurl(parts: Parts): string {
  const { method, headers, body, server, secure } = parts;
  const verb = method === 'GET' ? '' : method === 'HEAD' ? ' --head' : ` --request ${method}`;
  const trust = server.dev && secure ? ' --cacert "$NODE_EXTRA_CA_CERTS"' : '';
  const command = [
    // Without globoff, curl reads brackets in the address as patterns.
    `curl --silent --show-error --fail-with-body --globoff${verb}${trust}`,
    '--header "Authorization: Bearer $CASP_TOKEN"',
    ...headers.map(
      ([name, value]) => `--header ${shellQuote(value === '' ? `${name};` : `${name}: ${value}`)}`,
    ),
    ...(body === undefined ? [] : [`--data-raw ${shellQuote(body)}`]),
    shellQuote(addressOf(parts)),
  ];
  return [...preparation(parts, shellAssign), command.join(' \\\n  ')].join('\n');
}

/** Graph's JavaScript client has a method for each of these. */
const clientMethods: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** JSON is an expression of JavaScript, but for one name that would set the prototype. */
function javascriptValue(body: string): string {
  try {
    JSON.parse(body);
  } catch {
    return quoteDouble(body);
  }
  return body.includes('__proto__') || body.includes('\\u') ? `JSON.parse(${quoteDouble(body)})` : body;
}

function writeTypeScript(parts: Parts): string {
  const { method, url, version, path, headers, body, secure } = parts;
  const init = `  baseUrl: ${quoteDouble(`${url.origin}/`)},\n  defaultVersion: ${quoteDouble(version)},`;
  const client = secure
    ? [
        "import { Client } from '@microsoft/microsoft-graph-client';",
        '',
        'const client = Client.init({',
        init,
        '  // Names without a port: only these hosts get the token.',
        `  customHosts: new Set([${quoteDouble(url.hostname)}]),`,
        "  authProvider: (done) => done(null, process.env.CASP_TOKEN ?? ''),",
        '});',
      ]
    : [
        "import { Client, HTTPMessageHandler } from '@microsoft/microsoft-graph-client';",
        '',
        '// Over http the client’s own authentication sends no token, so it is left out here. Use https where you can.',
        'const client = Client.initWithMiddleware({',
        init,
        '  middleware: new HTTPMessageHandler(),',
        '});',
      ];
  const calls = [
    ...(secure ? [] : ["  .header('Authorization', 'Bearer ' + process.env.CASP_TOKEN)"]),
    ...headers
      .filter(([name, value]) => !(name === 'Content-Type' && value === 'application/json'))
      .map(([name, value]) => `  .header(${quoteDouble(name)}, ${quoteDouble(value)})`),
  ];
  const sent =
    body === undefined
      ? method === 'POST' || method === 'PUT' || method === 'PATCH'
        ? '{}'
        : ''
      : javascriptValue(body);
  const takesBody = method !== 'GET' && method !== 'DELETE';
  return [
    '// npm install @microsoft/microsoft-graph-client @types/node',
    ...preparation(parts, shellAssign).map((line) => line.replace(/^#/, '//')),
    ...client,
    '',
    'const answer: unknown = await client',
    `  .api(${quoteDouble(path)})`,
    ...calls,
    `  .${clientMethods[method] ?? 'get'}(${takesBody ? sent : ''});`,
    'console.log(JSON.stringify(answer, null, 2));',
  ].join('\n');
}

/** PowerShell takes four typographic quotes for its single quote, too. */
const powerShellQuote = (text: string): string =>
  `'${text.replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;

function writePowerShell(parts: Parts): string {
  const { method, url, version, path, headers, body, apiScope } = parts;
  const origin = powerShellQuote(url.origin);
  const others = headers.filter(([name]) => name.toLowerCase() !== 'content-type');
  const contentType = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const pairs = others.map(([name, value]) => `${powerShellQuote(name)} = ${powerShellQuote(value)}`);
  const options = [
    `-Method ${method}`,
    `-Uri ${powerShellQuote(version + path)}`,
    ...(pairs.length === 0 ? [] : [`-Headers @{ ${pairs.join('; ')} }`]),
    ...(contentType === undefined ? [] : [`-ContentType ${powerShellQuote(contentType)}`]),
    ...(body === undefined ? [] : [`-Body ${powerShellQuote(body)}`]),
    '-OutputType Json',
  ];
  return [
    '# Install-Module Microsoft.Graph.Authentication',
    ...preparation(parts, (name, command) => `$env:${name} = ${command}`),
    ...(parts.server.dev && parts.secure
      ? ['# PowerShell trusts what the machine trusts: add that certificate there.']
      : []),
    `# The token needs the scope ${apiScope ?? 'of this service'}`,
    `Add-MgEnvironment -Name casp -GraphEndpoint ${origin} -AzureADEndpoint ${origin}`,
    'Connect-MgGraph -Environment casp -AccessToken (ConvertTo-SecureString $env:CASP_TOKEN -AsPlainText -Force)',
    `Invoke-MgGraphRequest ${options.join(' `\n  ')}`,
  ].join('\n');
}

function writePython(parts: Parts): string {
  const { method, headers, body, server, secure, apiScope } = parts;
  const resource =
    apiScope === undefined ? undefined : `${apiScope.slice(0, apiScope.lastIndexOf('/'))}/.default`;
  const identity = !server.dev && resource !== undefined;
  const pairs = [
    '        "Authorization": f"Bearer {token}",',
    ...headers.map(([name, value]) => `        ${quoteDouble(name)}: ${quoteDouble(value)},`),
  ];
  return [
    `# pip install requests${identity ? ' azure-identity' : ''}`,
    ...(identity ? [] : preparation(parts, shellAssign)),
    ...(identity ? [] : ['import os', '']),
    'import requests',
    ...(identity ? ['from azure.identity import DefaultAzureCredential'] : []),
    '',
    identity
      ? `token = DefaultAzureCredential().get_token(${quoteDouble(resource)}).token`
      : 'token = os.environ["CASP_TOKEN"]',
    'answer = requests.request(',
    `    ${quoteDouble(method)},`,
    `    ${quoteDouble(addressOf(parts))},`,
    '    headers={',
    ...pairs,
    '    },',
    ...(body === undefined ? [] : [`    data=${quoteDouble(body)}.encode(),`]),
    ...(server.dev && secure ? ['    verify=os.environ["NODE_EXTRA_CA_CERTS"],'] : []),
    ')',
    'print(answer.status_code, answer.text)',
    'answer.raise_for_status()',
  ].join('\n');
}

const writers: Readonly<Record<SnippetLanguage, (parts: Parts) => string>> = {
  curl: writeCurl,
  typescript: writeTypeScript,
  powershell: writePowerShell,
  python: writePython,
};

/** The snippet, with how to get a token as comments and no token in it. */
export const writeSnippet = (
  language: SnippetLanguage,
  request: RequestDescription,
  server: SnippetServer,
): string => writers[language](readParts(request, server));
