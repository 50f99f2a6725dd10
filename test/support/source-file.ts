/** TypeScript sources as syntax trees, for the rules of test/tidy.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { parseAst } from 'vitest/node';

/** A node of the ESTree the parser yields; its members differ by type. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

/** One source file: its path from the root with `/`, its text and its tree. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly nodes: readonly SyntaxNode[];
}

/** What one file takes from another; `to` is a path from the root, or the name of a package or built-in module. */
export interface Import {
  readonly from: SourceFile;
  readonly to: string;
  readonly external: boolean;
  readonly typeOnly: boolean;
  readonly line: number;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** A node and all below it, in the order of the text. */
function flatten(node: SyntaxNode): SyntaxNode[] {
  const below = Object.values(node).flatMap((member) => (Array.isArray(member) ? member : [member]));
  return [node, ...below.filter(isNode).flatMap(flatten)];
}

/** Parses a text as TypeScript; throws with the path when it is none. */
export function parseSourceFile(path: string, text: string): SourceFile {
  try {
    const tree: unknown = parseAst(text, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts', astType: 'ts' }, path);
    if (!isNode(tree)) throw new Error('the parser yielded no tree');
    return { path, text, nodes: flatten(tree) };
  } catch (cause) {
    throw new Error(`${path} cannot be parsed`, { cause });
  }
}

/** The paths of all files below a folder, from the root, sorted; an absent folder has none. */
export function listFiles(root: string, folder: string, pattern: RegExp): readonly string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The TypeScript files below a folder, parsed. */
export function readSourceFiles(root: string, folder: string): readonly SourceFile[] {
  return listFiles(root, folder, /\.tsx?$/).map((path) =>
    parseSourceFile(path, readFileSync(join(root, path), 'utf8')),
  );
}

/** `path:line` of a place in a file, the line counted from 1. */
export function place(file: SourceFile, offset: number): string {
  return `${file.path}:${lineOf(file.text, offset)}`;
}

/** The line of an offset, counted from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The text of a string literal, or undefined for any other node. */
export function literalText(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

/** Whether a declaration takes or gives nothing but types. */
function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers.filter(isNode) : [];
  const kinds = specifiers.map((specifier) => specifier.importKind ?? specifier.exportKind);
  return kinds.length > 0 && kinds.every((kind) => kind === 'type');
}

/** `new URL('./worker.js', import.meta.url)` names a file as well as an import does: workers are started so. */
function urlArgument(node: SyntaxNode): string | undefined {
  const isUrl = node.type === 'NewExpression' && isNode(node.callee) && node.callee.name === 'URL';
  const [address, base] = isUrl && Array.isArray(node.arguments) ? node.arguments : [];
  const text = isNode(base) && base.type === 'MemberExpression' ? literalText(address) : undefined;
  return text !== undefined && /\.[jt]s$/.test(text) ? text : undefined;
}

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** What a file imports, in every spelling: static, re-exported, dynamic, by type, as the file of a worker. */
export function findImports(file: SourceFile): readonly Import[] {
  return file.nodes.flatMap((node) => {
    const specifier = importing.has(node.type) ? literalText(node.source) : urlArgument(node);
    if (specifier === undefined) return [];
    const external = !specifier.startsWith('.');
    const path = normalize(join(dirname(file.path), specifier))
      .split(sep)
      .join('/');
    const to = external ? specifier : path.replace(/\.js$/, '.ts');
    return [{ from: file, to, external, typeOnly: isTypeOnly(node), line: lineOf(file.text, node.start) }];
  });
}
