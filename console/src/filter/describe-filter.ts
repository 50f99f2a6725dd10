/** Filters in words, for chips: what stands on the chip is what the server is asked. */
import type { Metadata, PropertyInfo } from '../metadata.ts';
import {
  bandFilter,
  changedWithinFilter,
  decisionFilter,
  decisionLabel,
  decisions,
  privilegedFilter,
} from '../profile-meaning.ts';
import { bandLabel, type RiskScale, riskBands } from '../risk.ts';
import { type Filter, type Literal, parseFilter, printFilter } from './filter-model.ts';
import { arityOf, operatorLabel } from './operators.ts';

/** A filter with a name, such as a risk band, that no single condition could say. */
export interface NamedFilter {
  readonly id: string;
  /** What it is about, as a property is: `Risk`. */
  readonly subject: string;
  readonly label: string;
  /** As the builder writes it into $filter. */
  readonly text: string;
}

/** The spelling in which two filters are compared: printed after parsing. */
export function canonical(text: string): string {
  const filter = parseFilter(text);
  return filter === undefined ? '' : printFilter(filter);
}

/** The filters the builder offers by name, for the scales of this server. */
export function namedFilters(scales: readonly RiskScale[]): readonly NamedFilter[] {
  const named = [
    ...riskBands.map((band) => ({
      id: `risk-${band}`,
      subject: 'Risk',
      label: bandLabel(band),
      text: bandFilter(band, scales),
    })),
    ...decisions.map((decision) => ({
      id: `decision-${decision}`,
      subject: 'Decision',
      label: decisionLabel(decision),
      text: decisionFilter(decision),
    })),
    { id: 'privileged', subject: 'Permission', label: 'Administrator or system', text: privilegedFilter },
    ...[1, 7, 30, 90].map((days) => ({
      id: `changed-${days}`,
      subject: 'Changed',
      label: days === 1 ? 'in the last day' : `in the last ${days} days`,
      text: changedWithinFilter(days),
    })),
  ];
  // A filter of several terms is kept as one chip by parentheses.
  return named.map((filter) => ({ ...filter, text: canonical(filter.text) }));
}

/** The named filter a chip stands for. */
export function findNamed(filter: Filter, named: readonly NamedFilter[]): NamedFilter | undefined {
  const text = printFilter(filter);
  return named.find((each) => each.text === text);
}

/** What a chip says; `subject` is empty for text nobody has words for. */
export interface Description {
  readonly subject: string;
  readonly rest: string;
}

const moment = (text: string): string => text.replace('T', ' ').replace(/:00Z$|Z$/, ' UTC');

function describeLiteral({ kind, text }: Literal, property: PropertyInfo | undefined): string {
  if (property?.kind === 'boolean') return text === 'true' ? 'Yes' : 'No';
  if (property?.kind === 'dateTime') return moment(text);
  const member = property?.members.find(({ name }) => name === text);
  if (member !== undefined) return member.label;
  return kind === 'text' && text.trim() !== text ? `"${text}"` : text;
}

/** Describes one part of a filter. */
export function describeFilter(
  filter: Filter,
  metadata: Pick<Metadata, 'find'>,
  named: readonly NamedFilter[],
): Description {
  const known = findNamed(filter, named);
  if (known !== undefined) return { subject: known.subject, rest: known.label };
  switch (filter.kind) {
    case 'raw':
      return { subject: '', rest: filter.text };
    case 'not': {
      const { subject, rest } = describeFilter(filter.term, metadata, named);
      return { subject: 'Not', rest: subject === '' ? rest : `${subject}: ${rest}` };
    }
    case 'and':
    case 'or': {
      const parts = filter.terms.map((term) => describeFilter(term, metadata, named));
      const texts = parts.map(({ subject, rest }) => (subject === '' ? rest : `${subject} ${rest}`));
      return {
        subject: filter.kind === 'and' ? 'All of' : 'Any of',
        rest: texts.join(filter.kind === 'and' ? ' and ' : ' or '),
      };
    }
    case 'condition': {
      const property = metadata.find(filter.path);
      const subject = property?.label ?? filter.path;
      const values = filter.values.map((value) => describeLiteral(value, property)).join(', ');
      if (filter.operator === 'equals') return { subject, rest: values };
      const operator = operatorLabel(filter.operator, property);
      return { subject, rest: arityOf(filter.operator) === 'none' ? operator : `${operator} ${values}` };
    }
  }
}

/** A description as one line of text, for labels and lists. */
export const writeDescription = ({ subject, rest }: Description): string =>
  subject === '' ? rest : `${subject}: ${rest}`;
