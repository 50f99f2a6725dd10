/** The form for one condition: property, what is asked of it, values; only what the type of the property allows. */
import {
  Button,
  Checkbox,
  Combobox,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
  OptionGroup,
  Textarea,
} from '@fluentui/react-components';
import { type FormEvent, useMemo, useState } from 'react';
import type { Metadata, PropertyInfo } from '../metadata.ts';
import { findNamed, type NamedFilter } from './describe-filter.ts';
import {
  type Condition,
  condition,
  type Filter,
  type Literal,
  type Operator,
  parseFilter,
} from './filter-model.ts';
import {
  arityOf,
  canIgnoreCase,
  changeOperator,
  isComplete,
  operatorLabel,
  operatorsFor,
  readLiteral,
} from './operators.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '12px', width: 'min(340px, calc(100vw - 64px))' },
  actions: { display: 'flex', gap: '8px', justifyContent: 'flex-end' },
  choices: { display: 'flex', flexDirection: 'column' },
});

/** What the form is given. */
export interface FilterBuilderProps {
  readonly metadata: Metadata;
  readonly named: readonly NamedFilter[];
  /** The part to change; undefined adds one. */
  readonly initial?: Filter | undefined;
  readonly onApply: (filter: Filter) => void;
  readonly onCancel: () => void;
}

/** Subjects that are no property have this before their name. */
const namedPrefix = 'named:';

function initialDraft({ initial, metadata, named }: FilterBuilderProps): Draft {
  const known = initial === undefined ? undefined : findNamed(initial, named);
  if (known !== undefined)
    return { subject: namedPrefix + known.subject, namedId: known.id, condition: undefined };
  if (initial?.kind === 'condition' && metadata.find(initial.path) !== undefined) {
    return { subject: initial.path, namedId: undefined, condition: initial };
  }
  return { subject: '', namedId: undefined, condition: undefined };
}

interface Draft {
  readonly subject: string;
  readonly namedId: string | undefined;
  readonly condition: Condition | undefined;
}

/** The form. */
export function FilterBuilder(props: FilterBuilderProps) {
  const styles = useStyles();
  const { metadata, named, onApply, onCancel } = props;
  const [draft, setDraft] = useState(() => initialDraft(props));
  const properties = useMemo(
    () => metadata.leaves.filter((leaf) => operatorsFor(leaf).length > 0),
    [metadata],
  );
  const subjects = useMemo(() => [...new Set(named.map(({ subject }) => subject))], [named]);
  const property = metadata.find(draft.subject);
  const label = draft.subject.startsWith(namedPrefix)
    ? draft.subject.slice(namedPrefix.length)
    : (property?.label ?? '');
  const [typed, setTyped] = useState<string>();
  const shownProperties = properties.filter((each) => matches(each.label, typed));
  const shownSubjects = subjects.filter((each) => matches(each, typed));

  function choose(subject: string): void {
    setTyped(undefined);
    const chosen = metadata.find(subject);
    const operator = chosen === undefined ? undefined : operatorsFor(chosen)[0];
    setDraft({
      subject,
      namedId: named.find((each) => namedPrefix + each.subject === subject)?.id,
      condition:
        chosen === undefined || operator === undefined
          ? undefined
          : condition(chosen.path, operator, initialValues(chosen), canIgnoreCase(chosen, operator)),
    });
  }

  const ready = draft.namedId !== undefined || (draft.condition !== undefined && isComplete(draft.condition));
  function submit(event: FormEvent): void {
    event.preventDefault();
    const filter = filterOf(draft, named);
    if (filter !== undefined && ready) onApply(filter);
  }

  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label={strings.property}>
        <Combobox
          autoFocus
          value={typed ?? label}
          selectedOptions={draft.subject === '' ? [] : [draft.subject]}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => setTyped(undefined)}
          onOptionSelect={(_, { optionValue }) => optionValue !== undefined && choose(optionValue)}
          positioning={{ strategy: 'fixed' }}
        >
          {shownSubjects.length === 0 ? null : (
            <OptionGroup label={strings.common}>
              {shownSubjects.map((subject) => (
                <Option key={subject} value={namedPrefix + subject}>
                  {subject}
                </Option>
              ))}
            </OptionGroup>
          )}
          {shownProperties.length === 0 ? null : (
            <OptionGroup label={strings.properties}>
              {shownProperties.map(({ path, label: text }) => (
                <Option key={path} value={path}>
                  {text}
                </Option>
              ))}
            </OptionGroup>
          )}
        </Combobox>
      </Field>
      {draft.subject.startsWith(namedPrefix) ? (
        <NamedChoice
          named={named.filter(({ subject }) => namedPrefix + subject === draft.subject)}
          chosen={draft.namedId}
          onChoose={(namedId) => setDraft({ ...draft, namedId })}
        />
      ) : null}
      {property === undefined || draft.condition === undefined ? null : (
        <ConditionFields
          property={property}
          condition={draft.condition}
          onChange={(next) => setDraft({ ...draft, condition: next })}
        />
      )}
      <div className={styles.actions}>
        <Button onClick={onCancel}>{strings.cancel}</Button>
        <Button type="submit" appearance="primary" disabledFocusable={!ready}>
          {strings.apply}
        </Button>
      </div>
    </form>
  );
}

const matches = (label: string, typed: string | undefined): boolean =>
  typed === undefined || label.toLowerCase().includes(typed.trim().toLowerCase());

/** A choice between yes and no starts with one of them. */
const initialValues = (property: PropertyInfo): readonly Literal[] =>
  property.kind === 'boolean' ? [{ kind: 'other', text: 'true' }] : [];

function filterOf({ namedId, condition: written }: Draft, named: readonly NamedFilter[]): Filter | undefined {
  const chosen = named.find(({ id }) => id === namedId);
  return chosen === undefined ? written : parseFilter(chosen.text);
}

function NamedChoice(props: {
  readonly named: readonly NamedFilter[];
  readonly chosen: string | undefined;
  readonly onChoose: (id: string) => void;
}) {
  const { named, chosen, onChoose } = props;
  return (
    <Field label={strings.value}>
      <Dropdown
        value={named.find(({ id }) => id === chosen)?.label ?? ''}
        selectedOptions={chosen === undefined ? [] : [chosen]}
        onOptionSelect={(_, { optionValue }) => optionValue !== undefined && onChoose(optionValue)}
      >
        {named.map(({ id, label }) => (
          <Option key={id} value={id}>
            {label}
          </Option>
        ))}
      </Dropdown>
    </Field>
  );
}

interface ConditionFieldsProps {
  readonly property: PropertyInfo;
  readonly condition: Condition;
  readonly onChange: (next: Condition) => void;
}

function ConditionFields({ property, condition: current, onChange }: ConditionFieldsProps) {
  const operators = operatorsFor(property);
  const change = (operator: Operator) => onChange(changeOperator(current, operator, property));
  return (
    <>
      <Field label={strings.operator}>
        <Dropdown
          value={operatorLabel(current.operator, property)}
          selectedOptions={[current.operator]}
          onOptionSelect={(_, { optionValue }) => {
            const operator = operators.find((each) => each === optionValue);
            if (operator !== undefined) change(operator);
          }}
        >
          {operators.map((operator) => (
            <Option key={operator} value={operator}>
              {operatorLabel(operator, property)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      {arityOf(current.operator) === 'none' ? null : (
        <ValueFields
          key={`${property.path} ${arityOf(current.operator)}`}
          property={property}
          condition={current}
          onChange={onChange}
        />
      )}
      {canIgnoreCase(property, current.operator) ? (
        <Checkbox
          label={strings.ignoreCase}
          checked={current.ignoreCase}
          onChange={(_, { checked }) => onChange({ ...current, ignoreCase: checked === true })}
        />
      ) : null}
    </>
  );
}

function ValueFields({ property, condition: current, onChange }: ConditionFieldsProps) {
  const styles = useStyles();
  const setValues = (values: readonly Literal[]) => onChange({ ...current, values });
  const many = arityOf(current.operator) === 'many';
  const [text, setText] = useState(() =>
    current.values.map((value) => shownValue(property, value)).join('\n'),
  );
  function type(next: string): void {
    setText(next);
    const lines = many ? next.split('\n').map((line) => line.trim()) : [next];
    setValues(
      lines.flatMap((line) => {
        const value = readLiteral(property, line);
        return value === undefined ? [] : [value];
      }),
    );
  }
  const options =
    property.kind === 'boolean'
      ? [
          { name: 'true', label: strings.yes },
          { name: 'false', label: strings.no },
        ]
      : property.members;
  if (options.length > 0 && many) {
    return (
      <fieldset className={styles.choices} style={{ border: 0, padding: 0, margin: 0 }}>
        <legend>{strings.value}</legend>
        {options.map(({ name, label }) => (
          <Checkbox
            key={name}
            label={label}
            checked={current.values.some((value) => value.text === name)}
            onChange={(_, { checked }) => {
              const others = current.values.filter((value) => value.text !== name);
              const value = readLiteral(property, name);
              setValues(checked === true && value !== undefined ? [...others, value] : others);
            }}
          />
        ))}
      </fieldset>
    );
  }
  if (options.length > 0) {
    const chosen = current.values[0]?.text;
    return (
      <Field label={strings.value}>
        <Dropdown
          value={options.find(({ name }) => name === chosen)?.label ?? ''}
          selectedOptions={chosen === undefined ? [] : [chosen]}
          onOptionSelect={(_, { optionValue = '' }) => type(optionValue)}
        >
          {options.map(({ name, label }) => (
            <Option key={name} value={name}>
              {label}
            </Option>
          ))}
        </Dropdown>
      </Field>
    );
  }
  if (many) {
    return (
      <Field label={strings.values}>
        <Textarea value={text} resize="vertical" onChange={(_, { value }) => type(value)} />
      </Field>
    );
  }
  return (
    <Field label={strings.value}>
      <Input
        value={text}
        type={property.kind === 'dateTime' ? 'datetime-local' : 'text'}
        onChange={(_, { value }) => type(value)}
      />
    </Field>
  );
}

/** A moment is shown in the form a date field takes. */
function shownValue(property: PropertyInfo, { text }: Literal): string {
  if (property.kind !== 'dateTime') return text;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return '';
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
