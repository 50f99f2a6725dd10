/** What the text indexes hold of a text: words for $search, folded letters for substrings. */
import { splitWords } from '../plan/search-words.ts';

/** Stands between the items of a collection: no word has it, so that no phrase reaches from item to item. */
const boundary = ' _ ';

/** The words of a text, one blank between them. */
export const wordsOfText = (text: string): string => splitWords(text).join(' ');

/** The words of the items of a collection, items apart. */
export const wordsOfItems = (items: readonly string[]): string =>
  items
    .map(wordsOfText)
    .filter((words) => words !== '')
    .join(boundary);

/**
 * A text without the case of its letters, character by character: what contains a part still does when both are
 * folded, and `tolower` and `toupper` of a text fold to the same as the text itself.
 */
export function foldText(text: string): string {
  if (asciiOnly.test(text)) return text.toLowerCase();
  // By way of the capitals, because several lower-case letters share one; capital sharp s has only a small one.
  return lowerEach(lowerEach(text).toUpperCase());
}

/** Each character apart, because the lower case of sigma depends on its neighbours. */
const lowerEach = (text: string): string => [...text].map((character) => character.toLowerCase()).join('');

const asciiOnly = /^[ -~]*$/;

/** The distinct runs of three characters of a folded text. */
export function trigramsOf(folded: string): readonly string[] {
  const characters = [...folded];
  const trigrams = characters
    .slice(2)
    .map((last, index) => `${characters[index]}${characters[index + 1]}${last}`);
  return [...new Set(trigrams)];
}
