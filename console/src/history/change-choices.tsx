/** The controls that narrow a list of changes; their state stands in the address. */
import { Dropdown, makeStyles, Option } from '@fluentui/react-components';
import { useMetadata } from '../context.tsx';
import {
  type Authored,
  authorsOf,
  type ChangeChoices,
  changeKinds,
  dayRanges,
} from '../merge/change-query.ts';
import { historyWords as words } from './strings.ts';

const useStyles = makeStyles({
  row: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  choice: { minWidth: '150px', '@media (max-width: 699.98px)': { flexGrow: 1, flexBasis: '140px' } },
});

/** Any member may be taken away by choosing "any". */
export type ChangeChoicesUpdate = {
  readonly [Name in keyof ChangeChoices]?: ChangeChoices[Name] | undefined;
};

interface Line {
  readonly value: string;
  readonly label: string;
}

function Choice(props: {
  readonly label: string;
  readonly any: string;
  readonly lines: readonly Line[];
  readonly value: string | undefined;
  readonly onChoose: (value: string | undefined) => void;
}) {
  const styles = useStyles();
  const { value = '' } = props;
  const lines = [{ value: '', label: props.any }, ...props.lines];
  return (
    <Dropdown
      className={styles.choice}
      aria-label={props.label}
      value={lines.find((line) => line.value === value)?.label ?? value}
      selectedOptions={[value]}
      onOptionSelect={(_, { optionValue }) => props.onChoose(optionValue === '' ? undefined : optionValue)}
    >
      {lines.map((line) => (
        <Option key={line.value} value={line.value} text={line.label}>
          <bdi>{line.label}</bdi>
        </Option>
      ))}
    </Dropdown>
  );
}

/** Field, author, kind and time. Authors are those seen so far: the service has no list of people. */
export function ChangeChoicesBar(props: {
  readonly choices: ChangeChoices;
  readonly seen: readonly Authored[];
  readonly onChange: (update: ChangeChoicesUpdate) => void;
}) {
  const styles = useStyles();
  const { properties } = useMetadata();
  const { choices, seen, onChange } = props;
  const fields = properties
    .filter(({ readOnly }) => !readOnly)
    .map(({ name, label }) => ({ value: name, label }));
  return (
    <div className={styles.row} role="search" aria-label={words.history}>
      <Choice
        label={words.filterField}
        any={words.anyField}
        lines={fields}
        value={choices.field}
        onChoose={(field) => onChange({ field })}
      />
      <Choice
        label={words.filterAuthor}
        any={words.anyAuthor}
        lines={authorsOf(seen).map(({ by, label }) => ({ value: by, label }))}
        value={choices.by}
        onChoose={(by) => onChange({ by })}
      />
      <Choice
        label={words.filterKind}
        any={words.anyKind}
        lines={changeKinds.map((kind) => ({ value: kind, label: words.kinds[kind] }))}
        value={choices.kind}
        onChoose={(chosen) => onChange({ kind: changeKinds.find((kind) => kind === chosen) })}
      />
      <Choice
        label={words.filterDays}
        any={words.anyTime}
        lines={dayRanges.map((days) => ({ value: String(days), label: words.lastDays(days) }))}
        value={choices.days === undefined ? undefined : String(choices.days)}
        onChoose={(chosen) => onChange({ days: dayRanges.find((days) => String(days) === chosen) })}
      />
    </div>
  );
}

/** The choices made, each with the way to take it back; for the state of an empty answer. */
export function chipsOf(
  choices: ChangeChoices,
  seen: readonly Authored[],
  fieldLabel: (name: string) => string,
  onChange: (update: ChangeChoicesUpdate) => void,
): readonly { readonly label: string; readonly onRemove: () => void }[] {
  const { field, by, kind, days } = choices;
  const author = authorsOf(seen).find((each) => each.by === by)?.label ?? by;
  return [
    ...(field === undefined
      ? []
      : [{ label: fieldLabel(field), onRemove: () => onChange({ field: undefined }) }]),
    ...(author === undefined ? [] : [{ label: author, onRemove: () => onChange({ by: undefined }) }]),
    ...(kind === undefined
      ? []
      : [{ label: words.kinds[kind], onRemove: () => onChange({ kind: undefined }) }]),
    ...(days === undefined
      ? []
      : [{ label: words.lastDays(days), onRemove: () => onChange({ days: undefined }) }]),
  ];
}
