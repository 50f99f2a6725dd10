/** The grammar of every query option, case by case: how a text is read, or where and why it is refused. */

import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { parseApply } from '../../src/language/apply.ts';
import {
  parseCompute,
  parseExpand,
  parseFilter,
  parseOrderBy,
  parseSelect,
} from '../../src/language/parser.ts';
import {
  printApply,
  printCompute,
  printExpression,
  printOrderBy,
  printSearch,
  printSelect,
} from '../../src/language/print.ts';
import { parseSearch } from '../../src/language/search.ts';
import { syntaxFault } from '../support/fault.ts';
import {
  outline,
  outlineApply,
  outlineCompute,
  outlineExpand,
  outlineOrderBy,
  outlineSearch,
  outlineSelect,
} from '../support/outline.ts';
import { stripOffsets } from '../support/strip-offsets.ts';
import { type OptionCases, type RefusedCase, unmark } from './cases.ts';
import { acceptedFilters, refusedFilters, unsupportedFilters } from './filter-cases.ts';
import {
  applyCases,
  computeCases,
  expandCases,
  orderByCases,
  searchCases,
  selectCases,
} from './option-cases.ts';

interface Grammar<Tree> {
  readonly parse: (text: string) => Tree;
  readonly outline: (tree: Tree) => string;
  /** Undefined for what is read only as far as it takes to refuse it. */
  readonly print?: (tree: Tree) => string;
}

const filterCases: OptionCases = {
  accepted: acceptedFilters,
  refused: refusedFilters,
  unsupported: unsupportedFilters,
};

function expectRefusal(
  parse: (text: string) => unknown,
  [marked, reason]: RefusedCase,
  target: string,
  code: ErrorCode,
): void {
  const { text, offset } = unmark(marked);
  const fault = syntaxFault(() => parse(text));
  expect(fault).toEqual({ code, target, offset, message: expect.stringContaining(reason) });
  expect(fault.message).toMatch(/^Invalid \w+ clause: .* at position \d+ in '.*'\.$/);
}

function describeGrammar<Tree>(option: string, cases: OptionCases, grammar: Grammar<Tree>): void {
  const { parse, print } = grammar;
  describe(option, () => {
    it.each(cases.accepted)('reads %j', (text, expected) => {
      const tree = parse(text);
      expect(grammar.outline(tree)).toBe(expected);
      if (print !== undefined) expect(stripOffsets(parse(print(tree)))).toEqual(stripOffsets(tree));
    });
    it.each(cases.refused)('refuses %j', (marked, reason) => {
      expectRefusal(parse, [marked, reason], option, 'expressionSyntax');
    });
    it.each(cases.unsupported)('does not build %j', (marked, reason) => {
      expectRefusal(parse, [marked, reason], option, 'optionUnsupported');
    });
  });
}

describeGrammar('$filter', filterCases, { parse: parseFilter, outline, print: printExpression });
describeGrammar('$orderby', orderByCases, {
  parse: parseOrderBy,
  outline: outlineOrderBy,
  print: printOrderBy,
});
describeGrammar('$compute', computeCases, {
  parse: parseCompute,
  outline: outlineCompute,
  print: printCompute,
});
describeGrammar('$select', selectCases, { parse: parseSelect, outline: outlineSelect, print: printSelect });
describeGrammar('$search', searchCases, { parse: parseSearch, outline: outlineSearch, print: printSearch });
describeGrammar('$apply', applyCases, { parse: parseApply, outline: outlineApply, print: printApply });
describeGrammar('$expand', expandCases, { parse: parseExpand, outline: outlineExpand });
