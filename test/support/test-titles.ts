/** The titles of tests as they stand in their sources: `suite > test`, patterns of `each` as written. */
import type { SourceFile, SyntaxNode } from './source-file.ts';

interface Titled {
  readonly title: string;
  readonly start: number;
  readonly end: number;
  readonly isSuite: boolean;
}

/** The full titles of all tests and suites of a file. */
export function testTitles({ nodes }: SourceFile): ReadonlySet<string> {
  const calls = nodes.flatMap(readCall);
  const suites = calls.filter(({ isSuite }) => isSuite);
  return new Set(
    calls.map((call) => {
      const around = suites.filter(({ start, end }) => start < call.start && call.end < end);
      return [...around.map(({ title }) => title), call.title].join(' > ');
    }),
  );
}

/** `it('…')`, `describe('…')`, `it.each(…)('…')` */
function readCall(node: SyntaxNode): Titled[] {
  if (node.type !== 'CallExpression') return [];
  const name = rootName(node.callee as SyntaxNode);
  const title = literalText((node.arguments as readonly SyntaxNode[])[0]);
  if (title === undefined || (name !== 'it' && name !== 'describe')) return [];
  return [{ title, start: node.start, end: Number(node.end), isSuite: name === 'describe' }];
}

/** The name a callee begins with: `it` of `it.each(cases)`. */
function rootName(callee: SyntaxNode): string | undefined {
  if (callee.type === 'Identifier') return String(callee.name);
  if (callee.type === 'MemberExpression') return rootName(callee.object as SyntaxNode);
  return callee.type === 'CallExpression' ? rootName(callee.callee as SyntaxNode) : undefined;
}

function literalText(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type !== 'TemplateLiteral') return undefined;
  const [first, ...more] = node.quasis as readonly { readonly value: { readonly cooked: string } }[];
  return more.length === 0 ? first?.value.cooked : undefined;
}
