/** The three-way dialog: what the app was, what somebody else made of it, what this person wants. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  mergeClasses,
  Radio,
  RadioGroup,
  tokens,
} from '@fluentui/react-components';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ChangeRecord, Entity } from '../../api.ts';
import { useConfig, useIsNarrow, useMetadata } from '../../context.tsx';
import { AuthorName } from '../../history/change-details.tsx';
import { clientName } from '../../history/client-name.ts';
import { ShortValue } from '../../merge/difference.tsx';
import { leadsBackTo, undoChanges } from '../../merge/field-changes.ts';
import {
  combineLists,
  compareThreeWay,
  type Keep,
  type MergedField,
  resolveConflicts,
} from '../../merge/three-way.ts';
import { flatten, type Values, versionOf } from '../../merge/values.ts';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Time } from '../../parts/time.tsx';
import { isDecisionTag } from '../../profile-meaning.ts';
import { words } from './strings.ts';
import type { Base } from './use-profile-editor.ts';

const useStyles = makeStyles({
  surface: { maxWidth: 'min(1040px, calc(100vw - 24px))' },
  summary: {
    margin: '0 0 12px',
    padding: '12px 14px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorStatusWarningBackground1,
    color: tokens.colorNeutralForeground1,
    border: `1px solid ${tokens.colorStatusWarningBorder1}`,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  strong: { fontWeight: tokens.fontWeightSemibold, margin: 0 },
  who: { margin: '4px 0 0', paddingLeft: '18px' },
  todo: { margin: '6px 0 0' },
  scroll: { maxHeight: '52vh', overflow: 'auto' },
  table: { width: '100%', borderCollapse: 'collapse', fontSize: tokens.fontSizeBase300 },
  head: {
    textAlign: 'left',
    padding: '6px 10px',
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground2,
    borderBottom: `1px solid ${tokens.colorNeutralStroke1}`,
    whiteSpace: 'nowrap',
  },
  cell: {
    padding: '8px 10px',
    verticalAlign: 'middle',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    overflowWrap: 'anywhere',
  },
  name: { fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground3 },
  chosen: { backgroundColor: tokens.colorBrandBackground2 },
  radios: { flexWrap: 'wrap' },
  card: {
    padding: '10px 0',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    display: 'flex',
    flexDirection: 'column',
    gap: '4px',
  },
  facts: { display: 'grid', gridTemplateColumns: 'auto minmax(0, 1fr)', gap: '2px 12px', margin: 0 },
  fact: { margin: 0, overflowWrap: 'anywhere' },
});

/** What the dialog is about. */
export interface Conflict {
  readonly current: Entity;
  /** Records since the edit began, newest first; may be fewer where history ends. */
  readonly records: readonly ChangeRecord[];
}

/** A combined list is offered unless it would carry two decisions. */
const canCombine = (field: MergedField): boolean =>
  field.property.collection && combineLists(field).filter((item) => isDecisionTag(String(item))).length <= 1;

/** The base as the records tell it; what the draft remembers where they do not reach back. */
function baseValues(
  { current, records }: Conflict,
  base: Base,
  leaves: Parameters<typeof undoChanges>[2],
): Values {
  const now = versionOf(current['@odata.etag']);
  const then = versionOf(base.etag);
  if (now === undefined || then === undefined || !leadsBackTo(records, now, then)) return base.values;
  return undoChanges(flatten(current, leaves), records, leaves);
}

/** Choose per field; what does not conflict is merged by itself. */
export function ConflictDialog(props: {
  readonly conflict: Conflict;
  readonly base: Base;
  readonly edits: Values;
  readonly onSave: (edits: Values) => void;
  readonly onTakeTheirs: () => void;
  readonly onClose: () => void;
}) {
  const styles = useStyles();
  const { leaves } = useMetadata();
  const narrow = useIsNarrow();
  const summary = useRef<HTMLDivElement>(null);
  const { conflict, base, edits } = props;
  const etag = conflict.current['@odata.etag'];
  const fields = useMemo(() => {
    const started = baseValues(conflict, base, leaves);
    const theirs = flatten(conflict.current, leaves);
    const readable = leaves.filter(({ readOnly }) => !readOnly);
    return compareThreeWay(readable, { base: started, theirs, mine: { ...started, ...edits } });
  }, [conflict, base, edits, leaves]);
  const [chosen, setChosen] = useState<Readonly<Record<string, Keep>>>({});
  const keepOf = (field: MergedField): Keep =>
    chosen[field.property.path] ?? (canCombine(field) ? 'both' : 'mine');
  const conflicts = fields.filter(({ outcome }) => outcome === 'conflict');
  useEffect(() => {
    summary.current?.focus();
  }, []);
  const save = () =>
    props.onSave(
      resolveConflicts(
        fields,
        Object.fromEntries(conflicts.map((field) => [field.property.path, keepOf(field)])),
      ),
    );
  const rowProps = (field: MergedField) => ({
    field,
    keep: keepOf(field),
    onKeep: (keep: Keep) => setChosen((old) => ({ ...old, [field.property.path]: keep })),
  });
  return (
    <Dialog open modalType="alert" onOpenChange={props.onClose}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{words.conflictTitle}</DialogTitle>
          <DialogContent>
            <div
              ref={summary}
              tabIndex={-1}
              className={styles.summary}
              role="group"
              aria-label={words.conflictTitle}
            >
              <p className={styles.strong}>{words.conflictSummary(etag)}</p>
              <ChangedBy records={conflict.records} />
              <p className={styles.todo}>
                {conflicts.length === 0 ? words.conflictNone : words.conflictCount(conflicts.length)}
              </p>
            </div>
            {narrow ? (
              fields.map((field) => <ConflictCard key={field.property.path} {...rowProps(field)} />)
            ) : (
              <ScrollRegion className={styles.scroll} label={words.conflictField}>
                <table className={styles.table}>
                  <thead>
                    <tr>
                      {[
                        words.conflictField,
                        words.conflictBase,
                        words.conflictTheirs,
                        words.conflictMine,
                        words.conflictKeep,
                      ].map((title) => (
                        <th key={title} scope="col" className={styles.head}>
                          {title}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {fields.map((field) => (
                      <ConflictRow key={field.property.path} {...rowProps(field)} />
                    ))}
                  </tbody>
                </table>
              </ScrollRegion>
            )}
          </DialogContent>
          <DialogActions fluid>
            <Button onClick={props.onClose}>{words.keepEditing}</Button>
            <Button onClick={props.onTakeTheirs}>{words.takeTheirs}</Button>
            <Button appearance="primary" onClick={save}>
              {words.saveWith(etag)}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

/** The writers named; more are in the history. */
const writersMax = 3;

function ChangedBy({ records }: { readonly records: readonly ChangeRecord[] }) {
  const styles = useStyles();
  const config = useConfig();
  if (records.length === 0) return null;
  return (
    <ul className={styles.who}>
      {records.slice(0, writersMax).map((record) => (
        <li key={record.position}>
          {words.conflictBy} <AuthorName author={record.author} />
          {record.author.clientId === null ? null : (
            <span className={styles.quiet}>
              {' '}
              (<bdi>{clientName(record.author, config)}</bdi>)
            </span>
          )}{' '}
          <Time value={record.at} relative />
        </li>
      ))}
    </ul>
  );
}

interface RowProps {
  readonly field: MergedField;
  readonly keep: Keep;
  readonly onKeep: (keep: Keep) => void;
}

function KeepChoice({ field, keep, onKeep }: RowProps) {
  const styles = useStyles();
  if (field.outcome !== 'conflict')
    return <span className={styles.quiet}>{words.outcomes[field.outcome]}</span>;
  return (
    <RadioGroup
      layout="horizontal"
      className={styles.radios}
      value={keep}
      aria-label={words.keepFor(field.property.label)}
      onChange={(_, { value }) => onKeep(value === 'theirs' ? 'theirs' : value === 'both' ? 'both' : 'mine')}
    >
      <Radio value="mine" label={words.keepMine} />
      <Radio value="theirs" label={words.keepTheirs} />
      {canCombine(field) ? <Radio value="both" label={words.keepBoth} /> : null}
    </RadioGroup>
  );
}

function Mine({ field }: { readonly field: MergedField }) {
  const styles = useStyles();
  if (field.outcome === 'theirs') return <span className={styles.quiet}>({words.untouched})</span>;
  return <ShortValue property={field.property} value={field.mine} />;
}

function ConflictRow(props: RowProps) {
  const styles = useStyles();
  const { field, keep } = props;
  const { property, outcome } = field;
  const takes = (side: 'mine' | 'theirs') =>
    outcome === side || (outcome === 'conflict' && (keep === side || keep === 'both'));
  return (
    <tr data-outcome={outcome}>
      <th scope="row" className={mergeClasses(styles.cell, styles.name, styles.head)}>
        {property.label}
      </th>
      <td className={mergeClasses(styles.cell, styles.quiet)}>
        <ShortValue property={property} value={field.base} />
      </td>
      <td className={mergeClasses(styles.cell, takes('theirs') && styles.chosen)}>
        <ShortValue property={property} value={field.theirs} />
      </td>
      <td className={mergeClasses(styles.cell, takes('mine') && styles.chosen)}>
        <Mine field={field} />
      </td>
      <td className={styles.cell}>
        <KeepChoice {...props} />
      </td>
    </tr>
  );
}

function ConflictCard(props: RowProps) {
  const styles = useStyles();
  const { field } = props;
  const { property } = field;
  return (
    <section className={styles.card} aria-label={property.label} data-outcome={field.outcome}>
      <span className={styles.name}>{property.label}</span>
      <dl className={styles.facts}>
        <dt className={styles.quiet}>{words.conflictBase}</dt>
        <dd className={styles.fact}>
          <ShortValue property={property} value={field.base} />
        </dd>
        <dt className={styles.quiet}>{words.conflictTheirs}</dt>
        <dd className={styles.fact}>
          <ShortValue property={property} value={field.theirs} />
        </dd>
        <dt className={styles.quiet}>{words.conflictMine}</dt>
        <dd className={styles.fact}>
          <Mine field={field} />
        </dd>
      </dl>
      <KeepChoice {...props} />
    </section>
  );
}
