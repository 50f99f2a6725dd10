/** What one change record says: its fields before and after, and what identifies the request. */
import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import {
  AddCircle16Regular,
  ArrowUndo16Regular,
  Delete16Regular,
  Edit16Regular,
} from '@fluentui/react-icons';
import { type ReactNode, useState } from 'react';
import type { ChangeRecord } from '../api.ts';
import { useConfig, useIsNarrow, useMetadata } from '../context.tsx';
import { display } from '../data-text.ts';
import { authorName } from '../merge/change-query.ts';
import { describeValue } from '../merge/describe-value.ts';
import { ShortValue } from '../merge/difference.tsx';
import { changesOf, type FieldChange } from '../merge/field-changes.ts';
import { Allowed } from '../parts/allowed.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Time } from '../parts/time.tsx';
import { strings } from '../strings.ts';
import { clientName } from './client-name.ts';
import { historyWords as words } from './strings.ts';

const useStyles = makeStyles({
  kind: { display: 'inline-flex', alignItems: 'center', gap: '6px', fontWeight: tokens.fontWeightSemibold },
  created: { color: tokens.colorStatusSuccessForeground1 },
  updated: { color: tokens.colorBrandForeground1 },
  deleted: { color: tokens.colorStatusDangerForeground3 },
  quiet: { color: tokens.colorNeutralForeground3 },
  table: { width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed' },
  head: {
    textAlign: 'left',
    padding: '4px 8px 4px 0',
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
  },
  cell: {
    padding: '4px 8px 4px 0',
    verticalAlign: 'middle',
    overflowWrap: 'anywhere',
    textAlign: 'left',
    fontWeight: tokens.fontWeightRegular,
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  label: { width: '22%', color: tokens.colorNeutralForeground2 },
  action: { width: '110px', textAlign: 'right' },
  after: { fontWeight: tokens.fontWeightSemibold },
  card: { padding: '6px 0', borderTop: `1px solid ${tokens.colorNeutralStroke3}` },
  facts: {
    display: 'grid',
    gridTemplateColumns: 'auto minmax(0, 1fr)',
    gap: '2px 12px',
    margin: '8px 0 0',
    alignItems: 'center',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  fact: {
    margin: 0,
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    fontFamily: tokens.fontFamilyMonospace,
    overflowWrap: 'anywhere',
    minWidth: 0,
  },
});

const kindIcons: Readonly<Record<ChangeRecord['kind'], ReactNode>> = {
  created: <AddCircle16Regular />,
  updated: <Edit16Regular />,
  deleted: <Delete16Regular />,
};

/** Created, updated or deleted: icon and word. */
export function ChangeKind({ kind }: { readonly kind: ChangeRecord['kind'] }) {
  const styles = useStyles();
  return (
    <span className={mergeClasses(styles.kind, styles[kind])}>
      <span aria-hidden="true" className={styles.kind}>
        {kindIcons[kind]}
      </span>
      {words.kinds[kind]}
    </span>
  );
}

/** The author's name, cut where it is long. */
export function AuthorName({ author }: { readonly author: ChangeRecord['author'] }) {
  return <bdi>{display(authorName(author), 60)}</bdi>;
}

/** Values of a new or deleted app that are shown before somebody asks for all. */
const shownMax = 4;

/** The fields of a record; with `onRestore` each can be put back to what it was before. */
export function ChangeFields(props: {
  readonly record: ChangeRecord;
  readonly onRestore?: ((change: FieldChange) => void) | undefined;
}) {
  const { leaves } = useMetadata();
  const [all, setAll] = useState(false);
  const { record, onRestore } = props;
  const changes = changesOf(record, leaves).filter(({ property }) => !property.key);
  const shown = all || record.kind === 'updated' ? changes : changes.slice(0, shownMax);
  return (
    <>
      <FieldTable
        changes={shown}
        kind={record.kind}
        onRestore={record.kind === 'updated' ? onRestore : undefined}
      />
      {record.kind !== 'updated' && changes.length > shownMax ? (
        <Button size="small" appearance="subtle" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? words.showFewer : words.showAllFields(changes.length)}
        </Button>
      ) : null}
    </>
  );
}

/** A table of before and after; one column where only one of the two exists. */
export function FieldTable(props: {
  readonly changes: readonly FieldChange[];
  readonly kind: ChangeRecord['kind'];
  readonly onRestore?: ((change: FieldChange) => void) | undefined;
  /** In the place of "Before" and "After". */
  readonly titles?: readonly [string, string];
}) {
  const styles = useStyles();
  const narrow = useIsNarrow();
  const { changes, kind, onRestore, titles = [words.before, words.after] } = props;
  const columns =
    kind === 'created'
      ? (['after'] as const)
      : kind === 'deleted'
        ? (['before'] as const)
        : (['before', 'after'] as const);
  const titleOf = (column: 'before' | 'after') =>
    columns.length === 1 ? words.value : titles[column === 'before' ? 0 : 1];
  if (narrow) {
    return changes.map((change) => (
      <div key={change.property.path} className={styles.card}>
        <div className={styles.quiet}>{change.property.label}</div>
        {columns.map((column) => (
          <div key={column}>
            {columns.length === 1 ? null : <span className={styles.quiet}>{titleOf(column)}: </span>}
            <ShortValue property={change.property} value={change[column]} limit={160} />
          </div>
        ))}
        {onRestore === undefined ? null : <RestoreButton change={change} onRestore={onRestore} />}
      </div>
    ));
  }
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col" className={mergeClasses(styles.label, styles.head)}>
            {words.filterField}
          </th>
          {columns.map((column) => (
            <th key={column} scope="col" className={styles.head}>
              {titleOf(column)}
            </th>
          ))}
          {onRestore === undefined ? null : <td className={mergeClasses(styles.head, styles.action)} />}
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.property.path}>
            <th scope="row" className={mergeClasses(styles.cell, styles.label)}>
              {change.property.label}
            </th>
            {columns.map((column) => (
              <td key={column} className={styles.cell}>
                <ShortValue
                  property={change.property}
                  value={change[column]}
                  limit={160}
                  className={column === 'after' && columns.length > 1 ? styles.after : undefined}
                />
              </td>
            ))}
            {onRestore === undefined ? null : (
              <td className={mergeClasses(styles.cell, styles.action)}>
                <RestoreButton change={change} onRestore={onRestore} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RestoreButton(props: {
  readonly change: FieldChange;
  readonly onRestore: (change: FieldChange) => void;
}) {
  const { property, before } = props.change;
  const value = display(describeValue(property, before) ?? strings.notSet.toLowerCase(), 40);
  if (property.readOnly) return null;
  return (
    <Allowed>
      {(allowed) => (
        <Button
          {...allowed}
          size="small"
          appearance="subtle"
          icon={<ArrowUndo16Regular />}
          aria-label={words.restoreValue(property.label, value)}
          onClick={() => props.onRestore(props.change)}
        >
          {words.restore}
        </Button>
      )}
    </Allowed>
  );
}

/** Who asked, through what, in which request. */
export function RequestFacts({ record }: { readonly record: ChangeRecord }) {
  const styles = useStyles();
  const config = useConfig();
  const { author, requestId, clientRequestId } = record;
  const facts: readonly (readonly [string, string | null, boolean])[] = [
    [words.client, author.clientId === null ? null : clientName(author, config), false],
    [words.authorId, author.id, false],
    [words.requestId, requestId, true],
    [words.clientRequestId, clientRequestId === requestId ? null : clientRequestId, true],
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([label, value, copied]) =>
        value === null ? null : (
          <div key={label} style={{ display: 'contents' }}>
            <dt>{label}</dt>
            <dd className={styles.fact}>
              <bdi>{display(value, 200)}</bdi>
              {copied ? <CopyButton text={value} label={`${strings.copy}: ${label}`} /> : null}
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** When, relative; the exact moment is in the tooltip. */
export const ChangeTime = ({ record }: { readonly record: ChangeRecord }) => (
  <Time value={record.at} relative />
);
