/** The rules of test/tidy.test.ts: each takes sources and yields one line for each breach, `path:line what`. */
import {
  findImports,
  type Import,
  lineOf,
  literalText,
  place,
  type SourceFile,
  type SyntaxNode,
} from './source-file.ts';

/** Who may import whom: one row for a file, or for a folder (its name ends with `/`), below src/. */
export interface ImportRow {
  readonly files: string;
  /** Files and folders it may take values and types from; its own folder always counts. */
  readonly may: readonly string[];
  /** Files it may take types from, nothing that runs. */
  readonly types?: readonly string[];
}

const sourceFolder = 'src/';

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('/') ? path.startsWith(pattern) : path === pattern;
}

/** The row of a file: the longest that matches, so that a file may have a row of its own. */
function rowOf(table: readonly ImportRow[], path: string): ImportRow | undefined {
  return table
    .filter(({ files }) => matches(files, path))
    .sort((left, right) => right.files.length - left.files.length)[0];
}

function isAllowed(row: ImportRow, to: string, typeOnly: boolean): boolean {
  const patterns = [row.files, ...row.may, ...(typeOnly ? (row.types ?? []) : [])];
  return patterns.some((pattern) => matches(pattern, to));
}

/** Imports between files of src/ that the table does not allow, and files without a row. */
export function breachesOfImportTable(
  files: readonly SourceFile[],
  table: readonly ImportRow[],
): readonly string[] {
  return files.flatMap((file) => {
    const row = rowOf(table, file.path.slice(sourceFolder.length));
    if (row === undefined) return [`${file.path}:1 has no row in the import table`];
    return findImports(file)
      .filter(({ external }) => !external)
      .filter(({ to, typeOnly }) => !isAllowed(row, to.slice(sourceFolder.length), typeOnly))
      .map(({ to, line, typeOnly }) => {
        const what = typeOnly ? 'types of' : 'values of';
        return `${file.path}:${line} imports ${what} ${to}; ${row.files} may import ${row.may.join(', ') || 'nothing'}`;
      });
  });
}

/** Which packages belong to which folder: a library stands behind an interface of ours in one place. */
export interface PackageRow {
  readonly packages: RegExp;
  readonly only: readonly string[];
}

/** Imports of packages outside the folder that owns them. */
export function breachesOfPackageTable(
  files: readonly SourceFile[],
  table: readonly PackageRow[],
): readonly string[] {
  return files.flatMap((file) =>
    findImports(file)
      .filter(({ external }) => external)
      .flatMap(({ to, line }) => {
        const path = file.path.slice(sourceFolder.length);
        const rows = table.filter(({ packages }) => packages.test(to));
        const strangers = rows.filter(({ only }) => !only.some((pattern) => matches(pattern, path)));
        return strangers.map(({ only }) => `${file.path}:${line} imports ${to}; only ${only.join(', ')} may`);
      }),
  );
}

/** Imports whose address is computed: no rule could see where they lead. */
export function computedImports(files: readonly SourceFile[]): readonly string[] {
  return breachesByNode(files, ({ type, source }) =>
    type === 'ImportExpression' && literalText(source) === undefined
      ? 'imports an address that is no literal'
      : undefined,
  );
}

/** Circles of imports, types included; each is told once, from its first file on. */
export function importCycles(files: readonly SourceFile[]): readonly string[] {
  const targets = new Map(
    files.map((file) => [file.path, findImports(file).filter(({ external }) => !external)]),
  );
  const settled = new Set<string>();
  const cycles: string[] = [];

  function visit(path: string, trail: readonly Import[]): void {
    if (settled.has(path)) return;
    for (const edge of targets.get(path) ?? []) {
      const start = [...trail, edge].findIndex(({ from }) => from.path === edge.to);
      if (start < 0) visit(edge.to, [...trail, edge]);
      else cycles.push(describeCycle([...trail, edge].slice(start)));
    }
    settled.add(path);
  }

  for (const { path } of files) visit(path, []);
  return cycles;
}

function describeCycle(edges: readonly Import[]): string {
  const steps = edges.map(({ from, line, to }) => `${from.path}:${line} imports ${to}`);
  return `circle: ${steps.join(', ')}`;
}

/** What the console may not know: anything of the service; and what all pages share knows no page, nor a page another. */
export function breachesOfConsole(files: readonly SourceFile[]): readonly string[] {
  const pageOf = (path: string) => /^console\/src\/pages\/([^/]+)\//.exec(path)?.[1];
  return files.flatMap(findImports).flatMap(({ from, to, external, line }) => {
    const place = `${from.path}:${line} imports ${to}`;
    if (external) return [];
    if (!to.startsWith('console/src/')) return [`${place}, which is no part of the console`];
    const [own, other] = [pageOf(from.path), pageOf(to)];
    const shared = /^console\/src\/(parts|shell)\//.test(from.path);
    // What stands in a page's address is for everybody who links to it.
    const address = to.endsWith('/search.ts') && !shared;
    const strange = other !== undefined && !address && (shared || (own !== undefined && own !== other));
    return strange ? [`${place}: only the router and the page itself may`] : [];
  });
}

/** Files that cannot be reached from an entry point, by whatever way of importing. */
export function unreachableFiles(
  files: readonly SourceFile[],
  entryPoints: readonly string[],
): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const waiting = [...entryPoints];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    waiting.push(...findImports(file).map(({ to }) => to));
  }
  return files
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => `${path}:1 is reached from no entry point`);
}

/** A breach for each node for which `judge` has a word. */
function breachesByNode(
  files: readonly SourceFile[],
  judge: (node: SyntaxNode) => string | undefined,
): readonly string[] {
  return files.flatMap((file) =>
    file.nodes.flatMap((node) => {
      const fault = judge(node);
      return fault === undefined ? [] : [`${place(file, node.start)} ${fault}`];
    }),
  );
}

/** `any`, in every position a type can have. */
export function anyTypes(files: readonly SourceFile[]): readonly string[] {
  return breachesByNode(files, ({ type }) => (type === 'TSAnyKeyword' ? 'uses the type any' : undefined));
}

/** `x!` and `let x!: T`. */
export function nonNullAssertions(files: readonly SourceFile[]): readonly string[] {
  return breachesByNode(files, ({ type, definite }) =>
    type === 'TSNonNullExpression' || definite === true ? 'asserts with ! that a value is there' : undefined,
  );
}

const unwantedSyntax: ReadonlyMap<string, string> = new Map([
  ['ExportDefaultDeclaration', 'exports a default'],
  ['TSEnumDeclaration', 'declares an enum'],
  ['TSModuleDeclaration', 'declares a namespace'],
  ['TSParameterProperty', 'declares a parameter property'],
]);

/** Syntax the project does without: types must erase, and an export has one name. */
export function unwantedDeclarations(files: readonly SourceFile[]): readonly string[] {
  // `declare module 'package'` adds to the types of a package; it is no namespace of ours.
  return breachesByNode(files, ({ type, id }) =>
    type === 'TSModuleDeclaration' && literalText(id) !== undefined ? undefined : unwantedSyntax.get(type),
  );
}

function isIdentifier(node: unknown, name: string): boolean {
  return typeof node === 'object' && node !== null && 'name' in node && node.name === name;
}

/** Readers of the environment: `process.env`, or `env` and `default` of node:process. */
export function environmentReaders(files: readonly SourceFile[]): readonly string[] {
  return breachesByNode(files, ({ type, object, property, source, init, id }) => {
    const member = type === 'MemberExpression' && isIdentifier(object, 'process');
    const named = isIdentifier(property, 'env') || literalText(property) === 'env';
    const imported = type === 'ImportDeclaration' && /^(node:)?process$/.test(literalText(source) ?? '');
    const destructured = type === 'VariableDeclarator' && isIdentifier(init, 'process') && id !== undefined;
    return (member && named) || imported || destructured ? 'reads the environment' : undefined;
  });
}

const testFunctions = new Set(['it', 'test', 'describe', 'suite', 'bench']);
const switches = new Set(['skip', 'only', 'todo', 'fails']);

/** Tests switched off or running alone: `it.skip`, `describe.concurrent.only`, `xit` … */
export function switchedTests(files: readonly SourceFile[]): readonly string[] {
  return breachesByNode(files, (node) => {
    if (node.type === 'CallExpression' && isXFunction(node.callee)) return 'switches a test off';
    if (node.type !== 'MemberExpression') return undefined;
    const chain = memberChain(node);
    const isSwitch = testFunctions.has(chain[0] ?? '') && switches.has(chain.at(-1) ?? '');
    return isSwitch ? `switches tests by .${chain.at(-1)}` : undefined;
  });
}

function isXFunction(callee: unknown): boolean {
  return ['xit', 'xtest', 'xdescribe'].some((name) => isIdentifier(callee, name));
}

/** `it.each.only` → it, each, only; empty when it does not start with a name. */
function memberChain(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  if ('object' in node && 'property' in node)
    return [...memberChain(node.object), ...memberChain(node.property)];
  return 'name' in node && typeof node.name === 'string' ? [node.name] : [];
}

/** A text file of any kind. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Places where a text matches; the message ends with what was found. */
export function findText(files: readonly TextFile[], pattern: RegExp): readonly string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map((match) => `${path}:${lineOf(text, match.index)} ${match[0].trim()}`),
  );
}

/** The string literals of the files, types such as `'a' | 'b'` included. */
export function stringLiterals(files: readonly SourceFile[]): ReadonlySet<string> {
  return new Set(files.flatMap(({ nodes }) => nodes.map(literalText).filter((text) => text !== undefined)));
}

/** One section of docs/errors.md. */
export interface ErrorSection {
  readonly code: string;
  readonly status: number;
  readonly graphCode: string;
  readonly meaning: string;
  readonly advice: string;
}

const sectionShape =
  /^Status (\d{3}), `error\.code` is `(\w+)`\.\n\n(.+?)\n\n\*\*What to do:\*\* ?([\s\S]*)$/;

/** Reads docs/errors.md as scripts/docs.mjs writes it; a section of another shape throws. */
export function parseErrorSections(markdown: string): readonly ErrorSection[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [code = '', ...lines] = section.split('\n');
      const match = sectionShape.exec(lines.join('\n').trim());
      if (match === null) throw new Error(`docs/errors.md: section '${code}' has another shape`);
      const [, status, graphCode = '', meaning = '', advice = ''] = match;
      return { code: code.trim(), status: Number(status), graphCode, meaning, advice: advice.trim() };
    });
}
