/** The filter as people see it: search, a chip for each condition, and the same as OData text. */
import {
  Button,
  Field,
  makeStyles,
  mergeClasses,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  SearchBox,
  Textarea,
  ToggleButton,
  tokens,
} from '@fluentui/react-components';
import { Add16Regular, Code16Regular, Dismiss12Regular } from '@fluentui/react-icons';
import { useEffect, useRef, useState } from 'react';
import type { ApiError } from '../../api.ts';
import { useMetadata } from '../../context.tsx';
import {
  describeFilter,
  findNamed,
  type NamedFilter,
  writeDescription,
} from '../../filter/describe-filter.ts';
import { FilterBuilder } from '../../filter/filter-builder.tsx';
import {
  addTerm,
  type Filter,
  printFilter,
  removeTerm,
  replaceTerm,
  termsOf,
} from '../../filter/filter-model.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px 8px',
    alignItems: 'center',
    flexGrow: 1,
    flexBasis: '420px',
    minWidth: 0,
    '@media (max-width: 699.98px)': { flexBasis: '100%' },
  },
  search: { width: '280px', maxWidth: '100%', '@media (max-width: 699.98px)': { width: '100%' } },
  chips: {
    display: 'contents',
    listStyleType: 'none',
    '@media (max-width: 699.98px)': { maxWidth: '100%' },
  },
  chip: {
    display: 'inline-flex',
    alignItems: 'stretch',
    maxWidth: 'min(420px, 100%)',
    minHeight: '28px',
    boxSizing: 'border-box',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'hidden',
    listStyleType: 'none',
  },
  part: {
    border: 0,
    backgroundColor: 'transparent',
    color: tokens.colorNeutralForeground1,
    font: 'inherit',
    fontSize: tokens.fontSizeBase200,
    cursor: 'pointer',
    minWidth: 0,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: '-2px',
      borderRadius: tokens.borderRadiusCircular,
    },
  },
  text: { padding: '0 4px 0 12px', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  subject: { color: tokens.colorNeutralForeground2 },
  value: { fontWeight: tokens.fontWeightSemibold },
  remove: {
    width: '28px',
    flexShrink: 0,
    padding: 0,
    display: 'inline-flex',
    alignItems: 'center',
    justifyContent: 'center',
  },
  odata: { display: 'flex', flexDirection: 'column', gap: '6px', width: '100%' },
  code: { fontFamily: tokens.fontFamilyMonospace },
  actions: { display: 'flex', gap: '8px' },
  fault: {
    margin: 0,
    padding: '6px 10px',
    borderLeft: `3px solid ${tokens.colorStatusDangerBorder2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    overflowWrap: 'anywhere',
  },
  pointer: {
    margin: '4px 0 0',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  mark: {
    backgroundColor: tokens.colorStatusDangerBackground2,
    color: tokens.colorStatusDangerForeground2,
    textDecorationLine: 'underline',
    textDecorationStyle: 'wavy',
  },
});

/** What the bar is given. */
export interface FilterBarProps {
  readonly filter: string;
  readonly search: string;
  readonly named: readonly NamedFilter[];
  /** Why the service does not take the filter. */
  readonly refused: ApiError | undefined;
  readonly odata: boolean;
  readonly building: boolean;
  readonly onBuilding: (building: boolean) => void;
  readonly onFilter: (filter: string) => void;
  readonly onSearch: (search: string) => void;
  readonly onOdata: (shown: boolean) => void;
}

/** The bar. */
export function FilterBar(props: FilterBarProps) {
  const styles = useStyles();
  const metadata = useMetadata();
  const { filter, search, named, refused, odata, building } = props;
  const isNamed = (each: Filter) => findNamed(each, named) !== undefined;
  const terms = termsOf(filter, isNamed);
  return (
    <div role="search" aria-label={strings.filters} className={styles.bar}>
      <SearchField search={search} onSearch={props.onSearch} />
      {terms.length === 0 ? null : (
        <ul className={styles.chips} aria-label={strings.filters}>
          {terms.map((term, index) => (
            <Chip
              key={`${printFilter(term)} ${terms.indexOf(term)}`}
              term={term}
              label={describeFilter(term, metadata, named)}
              named={named}
              onChange={(next) => props.onFilter(replaceTerm(filter, index, next, isNamed))}
              onRemove={() => props.onFilter(removeTerm(filter, index, isNamed))}
              onRaw={() => props.onOdata(true)}
            />
          ))}
        </ul>
      )}
      <Popover
        open={building}
        onOpenChange={(_, { open }) => props.onBuilding(open)}
        positioning="below-start"
        trapFocus
      >
        <PopoverTrigger disableButtonEnhancement>
          <Button size="small" shape="circular" icon={<Add16Regular />}>
            {strings.addFilter}
          </Button>
        </PopoverTrigger>
        <PopoverSurface aria-label={strings.addFilter}>
          <FilterBuilder
            metadata={metadata}
            named={named}
            onCancel={() => props.onBuilding(false)}
            onApply={(term) => {
              props.onBuilding(false);
              props.onFilter(addTerm(filter, term, isNamed));
            }}
          />
        </PopoverSurface>
      </Popover>
      <ToggleButton
        size="small"
        appearance="subtle"
        icon={<Code16Regular />}
        checked={odata}
        onClick={() => props.onOdata(!odata)}
      >
        {strings.odata}
      </ToggleButton>
      {filter === '' && search === '' ? null : (
        <Button
          size="small"
          appearance="subtle"
          onClick={() => {
            props.onFilter('');
            if (search !== '') props.onSearch('');
          }}
        >
          {strings.clearAll}
        </Button>
      )}
      {odata || refused !== undefined ? (
        <OdataText key={filter} filter={filter} refused={refused} onApply={props.onFilter} />
      ) : null}
    </div>
  );
}

/** Words are looked up when somebody stops typing, not at every letter. */
const searchDelayMs = 350;

function SearchField({ search, onSearch }: Pick<FilterBarProps, 'search' | 'onSearch'>) {
  const styles = useStyles();
  const [text, setText] = useState(search);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const apply = (value: string) => {
    clearTimeout(timer.current);
    if (value.trim() !== search) onSearch(value.trim());
  };
  return (
    <SearchBox
      data-search
      className={styles.search}
      size="medium"
      aria-label={strings.search}
      placeholder={strings.searchPlaceholder}
      value={text}
      onChange={(_, { value }) => {
        setText(value);
        clearTimeout(timer.current);
        if (value === '') apply('');
        else timer.current = setTimeout(() => apply(value), searchDelayMs);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') apply(text);
      }}
    />
  );
}

function Chip(props: {
  readonly term: Filter;
  readonly label: ReturnType<typeof describeFilter>;
  readonly named: readonly NamedFilter[];
  readonly onChange: (term: Filter) => void;
  readonly onRemove: () => void;
  readonly onRaw: () => void;
}) {
  const styles = useStyles();
  const metadata = useMetadata();
  const [open, setOpen] = useState(false);
  const { term, label, named, onChange, onRemove, onRaw } = props;
  const text = writeDescription(label).slice(0, 200);
  const editable = term.kind === 'condition' || named.some(({ label: name }) => name === label.rest);
  const face = (
    <button
      type="button"
      className={mergeClasses(styles.part, styles.text)}
      aria-label={strings.editFilter(text)}
      title={text}
      {...(editable ? {} : { onClick: onRaw })}
    >
      {label.subject === '' ? null : <span className={styles.subject}>{label.subject}: </span>}
      <bdi className={styles.value}>{label.rest.slice(0, 200)}</bdi>
    </button>
  );
  return (
    <li className={styles.chip}>
      {editable ? (
        <Popover
          open={open}
          onOpenChange={(_, data) => setOpen(data.open)}
          positioning="below-start"
          trapFocus
        >
          <PopoverTrigger disableButtonEnhancement>{face}</PopoverTrigger>
          <PopoverSurface aria-label={strings.editFilter(text)}>
            <FilterBuilder
              metadata={metadata}
              named={named}
              initial={term}
              onCancel={() => setOpen(false)}
              onApply={(next) => {
                setOpen(false);
                onChange(next);
              }}
            />
          </PopoverSurface>
        </Popover>
      ) : (
        face
      )}
      <button
        type="button"
        className={mergeClasses(styles.part, styles.remove)}
        aria-label={strings.removeFilter(text)}
        onClick={onRemove}
      >
        <Dismiss12Regular />
      </button>
    </li>
  );
}

function OdataText(props: {
  readonly filter: string;
  readonly refused: ApiError | undefined;
  readonly onApply: (filter: string) => void;
}) {
  const styles = useStyles();
  const [text, setText] = useState(props.filter);
  const apply = () => props.onApply(text.trim());
  return (
    <div className={styles.odata}>
      <Field
        label={strings.odataLabel}
        hint={strings.odataHint}
        {...(props.refused === undefined
          ? {}
          : { validationState: 'error', validationMessage: strings.filterRefused })}
      >
        <Textarea
          textarea={{ className: styles.code, spellCheck: false }}
          resize="vertical"
          value={text}
          onChange={(_, { value }) => setText(value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            apply();
          }}
        />
      </Field>
      {props.refused === undefined ? null : <FilterFault error={props.refused} filter={props.filter} />}
      <div className={styles.actions}>
        <Button
          size="small"
          appearance="primary"
          onClick={apply}
          disabledFocusable={text.trim() === props.filter}
        >
          {strings.apply}
        </Button>
      </div>
    </div>
  );
}

/** The service says where it stopped reading: `… at position 12 in …`. */
function positionOf(error: ApiError, filter: string): number | undefined {
  const positions = [...error.message.matchAll(/at position (\d+)/g)].map(([, digits]) => Number(digits));
  const position = positions.at(-1);
  return position === undefined || position > filter.length ? undefined : position;
}

/** What is marked from the fault on: the word that stands there. */
const wordAt = (filter: string, position: number): number =>
  Math.max(1, /^[\w/.$-]*/.exec(filter.slice(position))?.[0].length ?? 1);

function FilterFault({ error, filter }: { readonly error: ApiError; readonly filter: string }) {
  const styles = useStyles();
  const position = positionOf(error, filter);
  const end = position === undefined ? 0 : position + wordAt(filter, position);
  return (
    <div className={styles.fault} role="alert">
      <bdi>{error.message}</bdi>
      {position === undefined ? null : (
        <p className={styles.pointer} data-position={position}>
          {filter.slice(0, position)}
          <mark className={styles.mark}>{filter.slice(position, end) || ' '}</mark>
          {filter.slice(end)}
        </p>
      )}
    </div>
  );
}
