/** What is not saved yet, always in sight: each change as before → after, and what Save will send. */
import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  makeStyles,
  Spinner,
  tokens,
} from '@fluentui/react-components';
import { Save20Regular } from '@fluentui/react-icons';
import { ApiError } from '../../api.ts';
import { useMetadata, useRights } from '../../context.tsx';
import { Difference } from '../../merge/difference.tsx';
import type { FieldChange } from '../../merge/field-changes.ts';
import type { Metadata } from '../../metadata.ts';
import { Allowed } from '../../parts/allowed.tsx';
import { ErrorView } from '../../parts/state-views.tsx';
import { words } from './strings.ts';

const useStyles = makeStyles({
  bar: {
    position: 'sticky',
    bottom: '-1px',
    zIndex: 10,
    marginTop: 'auto',
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    padding: '12px 20px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow16,
    '@media (max-width: 699.98px)': { padding: '10px 12px' },
  },
  row: { display: 'flex', flexWrap: 'wrap', gap: '8px 16px', alignItems: 'center' },
  what: { flexGrow: 1, flexBasis: '240px', minWidth: 0 },
  title: { fontWeight: tokens.fontWeightSemibold, margin: 0 },
  list: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '2px 18px',
    margin: '2px 0 0',
    padding: 0,
    listStyleType: 'none',
    maxHeight: '96px',
    overflowY: 'auto',
    fontSize: tokens.fontSizeBase300,
  },
  label: { color: tokens.colorNeutralForeground2 },
  notes: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, margin: '2px 0 0' },
  actions: { display: 'flex', gap: '8px', marginLeft: 'auto' },
});

/** Changes listed before the rest is counted. */
const shownMax = 6;

/** How the API takes what is sent, where that is not plain: lists whole, complex values in parts. */
function notesOn(changes: readonly FieldChange[], { find }: Metadata): readonly string[] {
  const notes = changes.flatMap(({ property }) => {
    const [parent = '', member] = property.path.split('/');
    if (member !== undefined) return [words.complexNote(find(parent)?.label ?? parent)];
    return property.collection ? [words.listNote(property.label)] : [];
  });
  return [...new Set(notes)];
}

/** The bar; without the permission to write it says so, and Save stays visible. */
export function SaveBar(props: {
  readonly changes: readonly FieldChange[];
  readonly invalid: number;
  /** The app was deleted: what was written can be read and copied, not saved. */
  readonly gone: boolean;
  readonly saving: boolean;
  readonly error: unknown;
  readonly onSave: () => void;
  readonly onDiscard: () => void;
  readonly onCompare: () => void;
}) {
  const styles = useStyles();
  const rights = useRights();
  const metadata = useMetadata();
  const { changes, invalid, gone, saving, error } = props;
  if (changes.length === 0 && (rights.mayWrite || gone) && error === undefined) return null;
  const unknown = error instanceof ApiError && error.status === 0;
  const notes = notesOn(changes, metadata);
  return (
    <section className={styles.bar} aria-label={words.barLabel}>
      {error === undefined ? null : unknown ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{words.outcomeUnknown}</MessageBarBody>
          <MessageBarActions>
            <Button onClick={props.onCompare}>{words.checkNow}</Button>
          </MessageBarActions>
        </MessageBar>
      ) : (
        <ErrorView error={error} />
      )}
      <div className={styles.row}>
        <div className={styles.what}>
          <p className={styles.title} role="status">
            {gone
              ? words.deletedDraft
              : rights.mayWrite || changes.length > 0
                ? words.unsaved(changes.length)
                : rights.missing('write')}
            {invalid > 0 ? ` · ${words.invalid(invalid)}` : ''}
          </p>
          {changes.length === 0 ? null : (
            <ul className={styles.list}>
              {changes.slice(0, shownMax).map((change) => (
                <li key={change.property.path}>
                  <span className={styles.label}>{change.property.label}: </span>
                  <Difference change={change} limit={40} />
                </li>
              ))}
              {changes.length > shownMax ? <li>{words.moreChanges(changes.length - shownMax)}</li> : null}
            </ul>
          )}
          {notes.length === 0 ? null : <p className={styles.notes}>{notes.join(' ')}</p>}
        </div>
        <div className={styles.actions}>
          {changes.length === 0 ? null : (
            <Button onClick={props.onDiscard} disabled={saving}>
              {words.discard}
            </Button>
          )}
          {gone ? null : (
            <Allowed>
              {(allowed) => (
                <Button
                  {...allowed}
                  appearance="primary"
                  icon={saving ? <Spinner size="tiny" /> : <Save20Regular />}
                  disabledFocusable={allowed.disabledFocusable || saving || changes.length === 0}
                  onClick={props.onSave}
                >
                  {saving ? words.saving : words.save}
                </Button>
              )}
            </Allowed>
          )}
        </div>
      </div>
    </section>
  );
}
