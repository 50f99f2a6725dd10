/** The rules a reader relies on (architecture, sections 2 and 7), checked on the sources themselves. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { options } from '../src/config.ts';
import { type ErrorCode, errorTable } from '../src/errors.ts';
import {
  findImports,
  lineOf,
  listFiles,
  parseSourceFile,
  readSourceFiles,
  type SourceFile,
} from './support/source-file.ts';
import {
  anyTypes,
  breachesOfConsole,
  breachesOfImportTable,
  breachesOfPackageTable,
  computedImports,
  environmentReaders,
  findText,
  type ImportRow,
  importCycles,
  nonNullAssertions,
  type PackageRow,
  parseErrorSections,
  stringLiterals,
  switchedTests,
  unreachableFiles,
  unwantedDeclarations,
} from './support/tidy-rules.ts';

/** Who may import whom below src/. Type imports count; a row's `types` may be taken as types only. */
const importTable: readonly ImportRow[] = [
  // The ground everything stands on.
  { files: 'errors.ts', may: [] },
  { files: 'limits.ts', may: [] },
  { files: 'observe/', may: [] },
  // Know no entity, no request, no engine.
  { files: 'edm/', may: ['errors.ts', 'limits.ts'] },
  { files: 'language/', may: ['errors.ts', 'limits.ts'] },
  { files: 'auth/', may: ['errors.ts', 'limits.ts'] },
  { files: 'config.ts', may: ['errors.ts', 'limits.ts'] },
  // The entities are declarations: they need the words to declare with.
  { files: 'model/', may: ['edm/'] },
  // The wire knows no OData.
  { files: 'http/', may: ['errors.ts', 'limits.ts', 'observe/'] },
  { files: 'throttle.ts', may: ['errors.ts', 'limits.ts', 'auth/authenticator.ts'] },
  // Syntax: knows no model.
  { files: 'request/', may: ['errors.ts', 'limits.ts', 'language/', 'http/message.ts'] },
  // Meaning: knows no SQL. What is asked arrives as a type.
  {
    files: 'plan/',
    // Options arrive as text; numbers in them are read by the parsers of request/.
    may: ['errors.ts', 'limits.ts', 'edm/', 'language/', 'auth/authenticator.ts', 'request/query-options.ts'],
    types: ['request/odata-request.ts', 'request/parse-request.ts'],
  },
  // Says a plan in SQL: opens no connection.
  {
    files: 'sql/',
    may: [
      'errors.ts',
      'limits.ts',
      'edm/',
      'plan/plan.ts',
      'plan/bound.ts',
      'plan/apply-steps.ts',
      'plan/search-words.ts',
    ],
    types: ['auth/authenticator.ts', 'plan/apply-update.ts', 'plan/functions.ts'],
  },
  // Does what is said: knows no HTTP.
  {
    files: 'storage/',
    may: [
      'errors.ts',
      'limits.ts',
      'edm/',
      'plan/plan.ts',
      'plan/bound.ts',
      'plan/apply-update.ts',
      'plan/search-words.ts',
      'plan/preconditions.ts',
      'plan/stored-form.ts',
      'sql/',
      'observe/',
    ],
    types: ['auth/authenticator.ts', 'plan/apply-steps.ts'],
  },
  // What goes out: knows no engine. What was done, and how the client likes it, arrive as types.
  {
    files: 'response/',
    may: [
      'errors.ts',
      'edm/',
      'plan/plan.ts',
      'plan/page-token.ts',
      'plan/preconditions.ts',
      'plan/stored-form.ts',
      'plan/bound.ts',
      'http/message.ts',
    ],
    types: ['plan/apply-steps.ts', 'storage/execute.ts', 'storage/result.ts', 'request/odata-request.ts'],
  },
  // The journey: the stages, never a driver, never the HTTP framework.
  {
    files: 'service.ts',
    may: [
      'errors.ts',
      'limits.ts',
      'observe/observation.ts',
      'edm/',
      'http/message.ts',
      'auth/authenticator.ts',
      'throttle.ts',
      'request/',
      'plan/',
      'sql/',
      'storage/database.ts',
      'storage/execute.ts',
      'storage/result.ts',
      'response/',
      'batch.ts',
    ],
  },
  {
    files: 'batch.ts',
    may: [
      'errors.ts',
      'limits.ts',
      'observe/observation.ts',
      'edm/',
      'http/message.ts',
      'auth/authenticator.ts',
      'throttle.ts',
      'request/',
      'plan/',
      'sql/',
      'storage/database.ts',
      'storage/execute.ts',
      'storage/result.ts',
      'response/',
    ],
  },
  // Knows all parts, so that no other file has to.
  { files: 'clock.ts', may: ['edm/'] },
  {
    files: 'compose-authentication.ts',
    may: ['errors.ts', 'config.ts', 'observe/', 'edm/', 'http/message.ts', 'auth/'],
  },
  { files: 'compose-console.ts', may: ['compose-authentication.ts', 'config.ts', 'http/', 'model/'] },
  { files: 'compose-startup.ts', may: ['errors.ts'] },
  { files: 'compose-documents.ts', may: ['edm/', 'model/', 'http/', 'plan/'] },
  {
    files: 'compose.ts',
    may: [
      'clock.ts',
      'compose-authentication.ts',
      'compose-console.ts',
      'compose-documents.ts',
      'compose-startup.ts',
      'errors.ts',
      'limits.ts',
      'config.ts',
      'observe/',
      'edm/',
      'model/',
      'language/',
      'http/',
      'auth/',
      'throttle.ts',
      'request/',
      'plan/',
      'sql/',
      'storage/',
      'response/',
      'service.ts',
      'batch.ts',
    ],
  },
  // The command line is the outermost: everything, and nobody imports it.
  {
    files: 'cli/',
    may: [
      'errors.ts',
      'limits.ts',
      'config.ts',
      'compose.ts',
      'observe/',
      'edm/',
      'model/',
      'language/',
      'http/',
      'auth/',
      'throttle.ts',
      'request/',
      'plan/',
      'sql/',
      'storage/',
      'response/',
      'service.ts',
      'batch.ts',
    ],
  },
];

/** The folders whose functions are pure: they have no business with the network, the disk or other processes. */
const impureFolders = ['http/', 'auth/', 'storage/', 'observe/', 'cli/', 'config.ts', 'compose.ts'];

/** Which library stands behind which folder's interface (architecture, sections 4 and 9). */
const packageTable: readonly PackageRow[] = [
  { packages: /^fastify$/, only: ['http/'] },
  { packages: /^@fastify\/busboy$/, only: ['request/'] },
  { packages: /^better-sqlite3$/, only: ['storage/sqlite/'] },
  { packages: /^pg(-.+)?$/, only: ['storage/postgres/'] },
  { packages: /^jose$/, only: ['auth/'] },
  { packages: /^rate-limiter-flexible$/, only: ['throttle.ts'] },
  { packages: /^(pino|prom-client)$/, only: ['observe/'] },
  { packages: /^csv-stringify(\/.+)?$/, only: ['response/'] },
  { packages: /^commander$/, only: ['cli/'] },
  {
    packages: /^node:(fs|net|tls|https?|http2|dgram|dns|child_process|cluster|worker_threads)(\/.+)?$/,
    only: impureFolders,
  },
];

/** Files nobody imports because people or the runtime start them. */
const entryPoints: readonly string[] = [
  'src/cli/main.ts',
  // The inverse of the parser: tests hold the one to the other.
  'src/language/print.ts',
];

/** Where the environment may be read; everybody else gets values as parameters. */
const environmentFolders = /^src\/(cli\/|config\.ts$)/;

const root = fileURLToPath(new URL('..', import.meta.url));
const readText = (path: string) => ({ path, text: readFileSync(join(root, path), 'utf8') });
const sources = readSourceFiles(root, 'src');
const consoleSources = readSourceFiles(root, 'console/src');
const tests = readSourceFiles(root, 'test');

/** Everything written by hand: what Git would show, without asking Git. */
const ownFiles = readdirSync(root)
  .filter(
    (name) => !['.git', '.casp', 'node_modules', 'dist', 'test-results', 'package-lock.json'].includes(name),
  )
  .flatMap((name) => (statSync(join(root, name)).isDirectory() ? listFiles(root, name, /(?:)/) : [name]))
  .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
  .map(readText);
const ownCode = ownFiles.filter(({ path }) => /\.([cm]?[jt]sx?|sh)$/.test(path) || path === '.ci/run');

describe('imports', () => {
  it('follow the table', () => {
    expect(breachesOfImportTable(sources, importTable)).toEqual([]);
  });

  it('leave each library to its owner, and input and output to the folders that do it', () => {
    expect(breachesOfPackageTable(sources, packageTable)).toEqual([]);
  });

  it('make no circle, types included', () => {
    expect(importCycles(sources)).toEqual([]);
  });

  it('are written out', () => {
    expect(computedImports(sources)).toEqual([]);
  });

  it('take only packages that package.json declares', () => {
    expect(undeclaredPackages(sources, 'dependencies')).toEqual([]);
  });

  it('reach every file from an entry point', () => {
    expect(unreachableFiles(sources, entryPoints)).toEqual([]);
  });
});

/** Imports of packages that are there only because another package brings them. */
function undeclaredPackages(
  files: readonly SourceFile[],
  ...kinds: readonly ('dependencies' | 'devDependencies')[]
): readonly string[] {
  const manifest: Readonly<Record<(typeof kinds)[number], Readonly<Record<string, string>>>> = JSON.parse(
    readText('package.json').text,
  );
  return files.flatMap(findImports).flatMap(({ from, to, external, line }) => {
    const name = /^(@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? to;
    const known = !external || to.startsWith('node:') || kinds.some((kind) => name in manifest[kind]);
    return known ? [] : [`${from.path}:${line} imports ${name}, which is no dependency of ours`];
  });
}

describe('sources', () => {
  it('use no any', () => {
    expect(anyTypes(sources)).toEqual([]);
  });

  it('assert nothing with an exclamation mark', () => {
    expect(nonNullAssertions(sources)).toEqual([]);
  });

  it('silence neither the compiler nor the linter', () => {
    const silencers = new RegExp(`@ts-(ignore|nocheck|expect-error)|${['biome', 'ignore'].join('-')}`, 'g');
    expect(findText(ownCode, silencers)).toEqual([]);
  });

  it('have no default exports, enums, namespaces or parameter properties', () => {
    expect(unwantedDeclarations(sources)).toEqual([]);
  });

  it('read the environment only in cli/ and config.ts', () => {
    expect(environmentReaders(sources.filter(({ path }) => !environmentFolders.test(path)))).toEqual([]);
  });

  it('leave nothing for later in a comment', () => {
    // Put together from pieces, or this very line would be found.
    const later = new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME|${['XX', 'X'].join('')})\\b`, 'g');
    expect(findText(ownCode, later)).toEqual([]);
  });

  it('name no path of one machine', () => {
    const machinePaths = /(?<![\w.])\/(?:work|farm|root|tmp\/bash_jobs)\/[^\s'"`]*/g;
    expect(findText(ownFiles, machinePaths)).toEqual([]);
  });

  it('come with a lock file that any machine can use', () => {
    const foreignHosts = /"resolved": "(?!https:\/\/registry\.npmjs\.org\/)[^"]*"/g;
    expect(findText([readText('package-lock.json')], foreignHosts)).toEqual([]);
  });
});

describe('the console', () => {
  it('knows nothing of the service but its API, and pages know no other page', () => {
    expect(breachesOfConsole(consoleSources)).toEqual([]);
  });

  it('has imports that are written out, make no circle and reach every file', () => {
    expect(computedImports(consoleSources)).toEqual([]);
    expect(importCycles(consoleSources)).toEqual([]);
    expect(unreachableFiles(consoleSources, ['console/src/main.tsx'])).toEqual([]);
  });

  it('takes only packages that package.json declares; all of it is bundled', () => {
    expect(undeclaredPackages(consoleSources, 'dependencies', 'devDependencies')).toEqual([]);
  });

  it('follows the rules of all sources', () => {
    expect(anyTypes(consoleSources)).toEqual([]);
    expect(nonNullAssertions(consoleSources)).toEqual([]);
    expect(unwantedDeclarations(consoleSources)).toEqual([]);
    expect(environmentReaders(consoleSources)).toEqual([]);
  });
});

describe('tests', () => {
  it('are neither switched off nor alone', () => {
    expect(switchedTests(tests)).toEqual([]);
  });
});

describe('error codes', () => {
  const codes = Object.keys(errorTable) as readonly ErrorCode[];
  const readSections = () => parseErrorSections(readText('docs/errors.md').text);

  const table = readText('src/errors.ts').text;
  const placesOf = (missing: readonly ErrorCode[]) =>
    missing.map((code) => `src/errors.ts:${lineOf(table, table.indexOf(`  ${code}: `))} ${code}`);

  it('are documented, each with its status and meaning, in the order of the table', () => {
    const documented = readSections().map(({ advice, ...section }) => section);
    const declared = codes.map((code) => ({ code, ...errorTable[code] }));
    expect(documented, 'run `npm run docs`').toEqual(declared);
  });

  it('come with advice', () => {
    const sections = readSections();
    expect(sections.filter(({ advice }) => advice === '').map(({ code }) => code)).toEqual([]);
  });

  it('are raised somewhere', () => {
    const raised = stringLiterals(sources.filter(({ path }) => path !== 'src/errors.ts'));
    expect(placesOf(codes.filter((code) => !raised.has(code)))).toEqual([]);
  });

  it('are named by a test', () => {
    const texts = ownFiles.filter(({ path }) => path.startsWith('test/')).map(({ text }) => text);
    const words = new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));
    expect(placesOf(codes.filter((code) => !words.has(code)))).toEqual([]);
  });
});

describe('options', () => {
  const readPage = () => readText('docs/configuration.md').text;

  it('are documented, each by its key, flag and variable', () => {
    const page = readPage();
    const missing = options.flatMap(({ name, flag, environment }) =>
      [name, flag, environment].filter((word) => !page.includes(`\`${word}\``)),
    );
    expect(missing).toEqual([]);
  });

  it('are all that the page documents', () => {
    const known = new Set(options.flatMap(({ environment }) => [environment, `${environment}_FILE`]));
    const documented = [...readPage().matchAll(/^\|.*?`(CASP_[A-Z_]+)`/gm)].map(
      ([, variable = '']) => variable,
    );
    expect(documented.filter((variable) => !known.has(variable))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const file = (path: string, ...lines: readonly string[]) => parseSourceFile(path, lines.join('\n'));
  const table: readonly ImportRow[] = [
    { files: 'a/', may: ['errors.ts'], types: ['b/types.ts'] },
    { files: 'b/', may: [] },
  ];

  it('see every spelling of an import', () => {
    const spellings = file(
      'src/a/x.ts',
      "import { one } from '../b/one.ts';",
      "import type { Two } from '../b/two.ts';",
      "export * from '../b/three.ts';",
      "export { four } from '../b/four.ts';",
      "const five = await import('../b/five.ts');",
      "let six: import('../b/six.ts').Six;",
      "new Worker(new URL('../b/seven.js', import.meta.url));",
      "import '../b/eight.ts';",
      "// import '../b/nine.ts';",
      'const ten = "import \'../b/ten.ts\'";',
      "import { type Eleven } from '../b/eleven.ts';",
      "import fs from 'node:fs';",
    );
    const seen = findImports(spellings).map(({ to, line, typeOnly }) => [to, line, typeOnly]);
    expect(seen).toEqual([
      ['src/b/one.ts', 1, false],
      ['src/b/two.ts', 2, true],
      ['src/b/three.ts', 3, false],
      ['src/b/four.ts', 4, false],
      ['src/b/five.ts', 5, false],
      ['src/b/six.ts', 6, true],
      ['src/b/seven.ts', 7, false],
      ['src/b/eight.ts', 8, false],
      ['src/b/eleven.ts', 11, true],
      ['node:fs', 12, false],
    ]);
  });

  it('refuse an import the table does not allow, and a file without a row', () => {
    const files = [
      file('src/a/x.ts', "import type { T } from '../b/types.ts';", "import { t } from '../b/types.ts';"),
      file('src/b/types.ts', "import './own.ts';", "import '../errors.ts';"),
      file('src/c/lost.ts', ''),
    ];
    expect(breachesOfImportTable(files, table)).toEqual([
      'src/a/x.ts:2 imports values of src/b/types.ts; a/ may import errors.ts',
      'src/b/types.ts:2 imports values of src/errors.ts; b/ may import nothing',
      'src/c/lost.ts:1 has no row in the import table',
    ]);
  });

  it('refuse a library outside its folder', () => {
    const rows: readonly PackageRow[] = [{ packages: /^fastify$/, only: ['http/'] }];
    const files = ['src/http/x.ts', 'src/plan/x.ts'].map((path) =>
      file(path, "import { fastify } from 'fastify';"),
    );
    expect(breachesOfPackageTable(files, rows)).toEqual(['src/plan/x.ts:1 imports fastify; only http/ may']);
  });

  it('see a circle that exists only in types', () => {
    const files = [
      file('src/a.ts', "import './b.ts';"),
      file('src/b.ts', '', "import type { C } from './c.ts';"),
      file('src/c.ts', "let b: import('./b.ts').B;"),
    ];
    expect(importCycles(files)).toEqual(['circle: src/b.ts:2 imports src/c.ts, src/c.ts:1 imports src/b.ts']);
  });

  it('see an island of files that only import each other', () => {
    const files = [
      file('src/cli/main.ts', "await import('./serve.ts');"),
      file('src/cli/serve.ts', ''),
      file('src/one.ts', "import './two.ts';"),
      file('src/two.ts', "import './one.ts';"),
    ];
    expect(unreachableFiles(files, ['src/cli/main.ts'])).toEqual([
      'src/one.ts:1 is reached from no entry point',
      'src/two.ts:1 is reached from no entry point',
    ]);
  });

  it('see a computed import', () => {
    expect(computedImports([file('src/a.ts', 'await import(name);')])).toEqual([
      'src/a.ts:1 imports an address that is no literal',
    ]);
  });

  it('see any wherever it hides, and not in words', () => {
    const hidden = ['let a: any;', 'f(b as any);', 'new Map<string, any>();', '// any', "let any = 'any';"];
    expect(anyTypes([file('src/a.ts', ...hidden)])).toEqual(
      [1, 2, 3].map((line) => `src/a.ts:${line} uses the type any`),
    );
  });

  it('see an exclamation mark that asserts, and not one that negates', () => {
    const lines = ['a!.b;', 'let c!: string;', 'if (!d || e !== f) g();'];
    expect(nonNullAssertions([file('src/a.ts', ...lines)])).toEqual(
      [1, 2].map((line) => `src/a.ts:${line} asserts with ! that a value is there`),
    );
  });

  it('see syntax that does not erase', () => {
    const lines = [
      'export default 1;',
      'enum A { b }',
      'namespace C { export const d = 1; }',
      'class E { constructor(private f: string) {} }',
    ];
    expect(unwantedDeclarations([file('src/a.ts', ...lines)])).toEqual([
      'src/a.ts:1 exports a default',
      'src/a.ts:2 declares an enum',
      'src/a.ts:3 declares a namespace',
      'src/a.ts:4 declares a parameter property',
    ]);
  });

  it('see a reader of the environment', () => {
    const lines = [
      'process.env.HOME;',
      "process['env'];",
      "import { env } from 'node:process';",
      'const { env: e } = process;',
      'process.cwd(); config.env;',
    ];
    expect(environmentReaders([file('src/a.ts', ...lines)])).toEqual(
      [1, 2, 3, 4].map((line) => `src/a.ts:${line} reads the environment`),
    );
  });

  it('see a test switched off or alone', () => {
    const lines = [
      `it.${'skip'}('a', f);`,
      `describe.concurrent.${'only'}('b', f);`,
      `x${'it'}('c', f);`,
      "it('d', f); parser.skip();",
    ];
    expect(switchedTests([file('test/a.test.ts', ...lines)])).toEqual([
      'test/a.test.ts:1 switches tests by .skip',
      'test/a.test.ts:2 switches tests by .only',
      'test/a.test.ts:3 switches a test off',
    ]);
  });

  it('tell the line of a text', () => {
    expect(findText([{ path: 'a.md', text: 'one\ntwo\nthree two' }], /two/g)).toEqual([
      'a.md:2 two',
      'a.md:3 two',
    ]);
  });

  it('read a section of docs/errors.md, and refuse one of another shape', () => {
    const section =
      '# Errors\n\n## gone\n\nStatus 410, `error.code` is `Gone`.\n\nIt was.\n\n**What to do:** weep.\n';
    expect(parseErrorSections(section)).toEqual([
      { code: 'gone', status: 410, graphCode: 'Gone', meaning: 'It was.', advice: 'weep.' },
    ]);
    expect(() => parseErrorSections('## gone\n\nIt was.')).toThrow("section 'gone' has another shape");
  });
});
