/** The editor of one property, chosen by what the model says of it. */
import {
  Button,
  Dropdown,
  Field as FluentField,
  Input,
  makeStyles,
  Option,
  Tag,
  TagGroup,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { Add16Regular, Dismiss16Regular } from '@fluentui/react-icons';
import { type KeyboardEvent, type ReactElement, useState } from 'react';
import type { PropertyInfo } from '../metadata.ts';
import { strings } from '../strings.ts';
import { DataText } from './data-text.tsx';
import { Time } from './time.tsx';

const useStyles = makeStyles({
  row: { display: 'flex', gap: '4px', alignItems: 'flex-start' },
  grow: { flexGrow: 1, minWidth: 0 },
  // In a grid a field is as tall as it needs, not as its neighbour.
  field: { alignSelf: 'start', minWidth: 0 },
  group: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(240px, 100%), 1fr))',
    gap: '12px 16px',
    margin: 0,
    padding: '12px 16px 16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  legend: { padding: '0 6px', fontWeight: tokens.fontWeightSemibold },
  tags: { display: 'flex', flexDirection: 'column', gap: '6px' },
  tagGroup: { flexWrap: 'wrap', gap: '4px', maxWidth: '100%' },
  tag: { maxWidth: '100%', overflow: 'hidden' },
  readOnly: { paddingTop: '6px', paddingBottom: '6px', color: tokens.colorNeutralForeground2 },
});

/** What a field is given. */
export interface FieldProps {
  readonly property: PropertyInfo;
  /** As it is on the wire; null or undefined where there is none. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly disabled?: boolean;
  readonly error?: string | undefined;
  /** In the place of the property's description. */
  readonly hint?: string | ReactElement;
  /** One line or more; decided by the text unless set, and then the focus is lost when it changes. */
  readonly multiline?: boolean;
}

/** Longer text, or text with lines, is edited in more than one line. */
const lineMax = 120;

/** Label, editor, description and error of one property. */
export function Field(props: FieldProps) {
  const styles = useStyles();
  const { property, value, onChange, disabled = false, error, hint } = props;
  if (property.kind === 'complex') return <ComplexField {...props} />;
  const cleared = value === null || value === undefined;
  const clearable = !(property.readOnly || disabled || cleared || property.collection) && property.nullable;
  return (
    <FluentField
      label={property.label}
      hint={{ className: 'casp-hint', children: hint ?? property.description ?? null }}
      validationState={error === undefined ? 'none' : 'error'}
      validationMessage={error ?? null}
      className={styles.field}
    >
      {property.readOnly ? (
        <div className={styles.readOnly} data-property={property.path}>
          <ReadOnlyValue property={property} value={value} />
        </div>
      ) : property.collection ? (
        <TagsEditor {...props} />
      ) : (
        (fieldProps: object) => (
          <div className={styles.row}>
            <Editor {...props} fieldProps={fieldProps} />
            {clearable ? (
              <Button
                appearance="subtle"
                icon={<Dismiss16Regular />}
                aria-label={strings.clearLabel(property.label)}
                onClick={() => onChange(null)}
              />
            ) : null}
          </div>
        )
      )}
    </FluentField>
  );
}

function Editor(props: FieldProps & { readonly fieldProps: object }) {
  const styles = useStyles();
  const { property, value, onChange, disabled = false, fieldProps } = props;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const placeholder = value === null || value === undefined ? strings.notSet : undefined;
  const shared = {
    ...fieldProps,
    disabled,
    className: styles.grow,
    ...(placeholder === undefined ? {} : { placeholder }),
  };
  if (property.kind === 'enum') return <Choice {...props} options={property.members} shared={shared} />;
  if (property.kind === 'boolean') return <Choice {...props} options={truths} shared={shared} />;
  if (props.multiline ?? (text.length > lineMax || text.includes('\n'))) {
    return (
      <Textarea
        {...shared}
        value={text}
        resize="vertical"
        rows={4}
        onChange={(_, data) => onChange(data.value)}
      />
    );
  }
  const numeric = property.kind === 'number';
  return (
    <Input
      {...shared}
      dir="auto"
      value={text}
      inputMode={numeric ? 'decimal' : 'text'}
      onChange={(_, data) => onChange(numeric && data.value === '' ? null : data.value)}
    />
  );
}

/** Three states: yes, no, and not set. */
const truths = [
  { name: 'true', label: strings.yes },
  { name: 'false', label: strings.no },
] as const;

function Choice(props: {
  readonly property: PropertyInfo;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly options: readonly { readonly name: string; readonly label: string }[];
  readonly shared: object;
}) {
  const { property, value, onChange, options, shared } = props;
  const name = value === null || value === undefined ? '' : String(value);
  // A member of a newer service is shown by its name.
  const label = name === '' ? strings.notSet : (options.find((each) => each.name === name)?.label ?? name);
  const read = (chosen: string | undefined) =>
    chosen === undefined || chosen === '' ? null : property.kind === 'boolean' ? chosen === 'true' : chosen;
  return (
    <Dropdown
      {...shared}
      value={label}
      selectedOptions={[name]}
      onOptionSelect={(_, { optionValue }) => onChange(read(optionValue))}
    >
      {options.map((option) => (
        <Option key={option.name} value={option.name}>
          {option.label}
        </Option>
      ))}
      {property.nullable ? (
        <Option key="" value="">
          {strings.notSet}
        </Option>
      ) : null}
    </Dropdown>
  );
}

function TagsEditor({ property, value, onChange, disabled = false }: FieldProps) {
  const styles = useStyles();
  const [entry, setEntry] = useState('');
  const tags = Array.isArray(value) ? value.map(String) : [];
  const add = () => {
    const tag = entry.trim();
    setEntry('');
    if (tag !== '' && !tags.includes(tag)) onChange([...tags, tag]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ',') return;
    event.preventDefault();
    add();
  };
  return (
    <div className={styles.tags}>
      {tags.length === 0 ? null : (
        <TagGroup
          className={styles.tagGroup}
          aria-label={property.label}
          onDismiss={(_, { value: dismissed }) => onChange(tags.filter((tag) => tag !== dismissed))}
        >
          {tags.map((tag) => (
            <Tag
              key={tag}
              value={tag}
              size="small"
              className={styles.tag}
              dismissible={!disabled}
              {...(disabled ? {} : { dismissIcon: { 'aria-label': strings.removeTag(tag, property.label) } })}
            >
              <DataText text={tag} lines={1} />
            </Tag>
          ))}
        </TagGroup>
      )}
      <div className={styles.row}>
        <Input
          className={styles.grow}
          aria-label={strings.addTagTo(property.label)}
          value={entry}
          disabled={disabled}
          dir="auto"
          onChange={(_, data) => setEntry(data.value)}
          onKeyDown={onKeyDown}
        />
        <Button
          icon={<Add16Regular />}
          disabled={disabled || entry.trim() === ''}
          onClick={add}
          aria-label={strings.addTagTo(property.label)}
        />
      </div>
    </div>
  );
}

/** The members stand together; a change of one gives the whole value anew. */
function ComplexField({ property, value, onChange, disabled = false, error }: FieldProps) {
  const styles = useStyles();
  const members: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>{property.label}</legend>
      {property.properties.map((member) => (
        <Field
          key={member.path}
          property={property.readOnly ? { ...member, readOnly: true } : member}
          value={members[member.name]}
          disabled={disabled}
          onChange={(next) => onChange({ ...members, [member.name]: next })}
        />
      ))}
      {error === undefined ? null : <span role="alert">{error}</span>}
    </fieldset>
  );
}

/** A value as text, by the kind of its property. */
export function ReadOnlyValue({
  property,
  value,
}: {
  readonly property: PropertyInfo;
  readonly value: unknown;
}) {
  if (value === null || value === undefined) return <DataText text={undefined} />;
  if (Array.isArray(value)) {
    return value.length === 0 ? strings.none : <DataText text={value.map(String).join(', ')} />;
  }
  switch (property.kind) {
    case 'dateTime':
      return <Time value={value} />;
    case 'boolean':
      return value === true ? strings.yes : strings.no;
    case 'enum':
      return property.members.find(({ name }) => name === value)?.label ?? String(value);
    case 'complex':
      return <DataText text={JSON.stringify(value)} mono />;
    case 'guid':
    case 'number':
    case 'text':
      return <DataText text={String(value)} mono={property.key || property.kind === 'guid'} />;
  }
}
