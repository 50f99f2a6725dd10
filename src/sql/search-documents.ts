/** The texts of an entity as the text indexes hold them. */
import type { EntityValues, Leaf } from '../edm/types.ts';
import { foldText, wordsOfItems, wordsOfText } from './search-text.ts';
import { createMemory } from './statement.ts';
import type { EntityTable, TextLeaf } from './table.ts';

/** A text of an entity; those without words are left out. */
export interface WordDocument {
  readonly text: TextLeaf;
  readonly words: string;
}

/** A text whose parts are looked for, letters folded. */
export interface FoldedDocument {
  readonly text: TextLeaf;
  readonly folded: string;
}

/** The words of an entity's texts, or of those among them whose property `changed` names. */
export function wordDocuments(
  table: EntityTable,
  values: EntityValues,
  changed?: readonly string[],
): readonly WordDocument[] {
  return wanted(table.texts, changed)
    .map((text) => ({ text, words: wordsOf(textOf(text.leaf, values)) }))
    .filter(({ words }) => words !== '');
}

/** The folded texts of those whose parts are looked for. */
export function foldedDocuments(
  table: EntityTable,
  values: EntityValues,
  changed?: readonly string[],
): readonly FoldedDocument[] {
  return wanted(table.substrings, changed)
    .map((text) => ({ text, folded: foldText(String(textOf(text.leaf, values) ?? '')) }))
    .filter(({ folded }) => folded !== '');
}

const chosen = new WeakMap<readonly TextLeaf[], ReturnType<typeof createMemory<readonly TextLeaf[]>>>();

function wanted(texts: readonly TextLeaf[], changed: readonly string[] | undefined): readonly TextLeaf[] {
  if (changed === undefined) return texts;
  let remembered = chosen.get(texts);
  if (remembered === undefined) {
    remembered = createMemory();
    chosen.set(texts, remembered);
  }
  return remembered(changed.join(), () => texts.filter(({ property }) => changed.includes(property)));
}

function wordsOf(text: string | readonly string[] | null): string {
  if (text === null) return '';
  return typeof text === 'string' ? wordsOfText(text) : wordsOfItems(text);
}

function textOf({ parent, property }: Leaf, values: EntityValues): string | readonly string[] | null {
  const holder = parent === undefined ? values : values[parent.name];
  const value = (holder as EntityValues | null | undefined)?.[property.name] ?? null;
  if (value === null || typeof value === 'string' || Array.isArray(value))
    return value as string | string[] | null;
  throw new Error(`${property.name} is no text`);
}
