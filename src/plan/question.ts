/** What a list asks, apart from the rows of its page; the latest questions are remembered, because most are repeated. */
import type { Model } from '../edm/types.ts';
import type { QueryOptionName } from '../request/odata-request.ts';
import {
  type OptionScope,
  optionText,
  readCompute,
  readFilter,
  readOrderBy,
  readProjection,
  readSearch,
} from './bind-options.ts';
import { keyOrder } from './bound.ts';
import type { ListPlan } from './plan.ts';

/** A repeated question is the same object, so that what is made from it can be remembered, too. */
export type Question = Pick<ListPlan, 'filter' | 'search' | 'orderBy' | 'projection'>;

/** Questions remembered of a model, and how long their texts may be: a few megabytes together. */
const questionsMax = 200;
const questionCharactersMax = 2048;

const options: readonly QueryOptionName[] = ['$filter', '$search', '$orderby', '$select', '$compute'];
const remembered = new WeakMap<Model, Map<string, Question>>();

/** Binds the options that say which entities come in which order, and what of them; throws as binding does. */
export function readQuestion(scope: OptionScope): Question {
  const key = keyOf(scope);
  if (key === undefined) return bindQuestion(scope);
  const { model } = scope.context;
  const questions = remembered.get(model) ?? new Map<string, Question>();
  let question = questions.get(key);
  if (question === undefined) {
    question = bindQuestion(scope);
    if (questions.size >= questionsMax) questions.clear();
    questions.set(key, question);
    remembered.set(model, questions);
  }
  return question;
}

/** Undefined where the texts alone do not say what is asked: aliases stand elsewhere, and `now()` passes. */
function keyOf(scope: OptionScope): string | undefined {
  if (scope.request.options.aliases.size > 0) return undefined;
  // No text holds U+0000, so that it parts them without doubt.
  let key = `${scope.entitySet.singleton}\0${scope.entitySet.name}`;
  for (const name of options) {
    const text = optionText(scope, name);
    if (text !== undefined) key += `\0${name}\0${text}`;
  }
  return key.length > questionCharactersMax || /now/i.test(key) ? undefined : key;
}

function bindQuestion(scope: OptionScope): Question {
  const computed = readCompute(scope);
  const filter = readFilter(scope, computed);
  const search = readSearch(scope);
  const keys = readOrderBy(scope, computed);
  // The key is appended in the direction of the key before it, so that an index read backwards serves both.
  const last = { ...keyOrder(scope.entitySet), descending: keys.at(-1)?.descending ?? false };
  return { filter, search, orderBy: [...keys, last], projection: readProjection(scope, computed) };
}
