/** One app beside the grid: enough to decide, then on to the next. */
import { Button, makeStyles, mergeClasses, ToggleButton, tokens } from '@fluentui/react-components';
import {
  ArrowUndo16Regular,
  ChevronDown20Regular,
  ChevronUp20Regular,
  Dismiss20Regular,
} from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { valueAt } from '../../bulk/bulk-edit.ts';
import { useApi, useMetadata, useRights } from '../../context.tsx';
import { LinkButton } from '../../parts/app-link.tsx';
import { DataText } from '../../parts/data-text.tsx';
import { ReadOnlyValue } from '../../parts/field.tsx';
import { RiskBadge } from '../../parts/risk-badge.tsx';
import { ErrorView, Loading } from '../../parts/state-views.tsx';
import { type Decision, decisionOf, decisions, meaningful } from '../../profile-meaning.ts';
import type { ProfileSearch } from '../profile/search.ts';
import { DecisionText } from './cells.tsx';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  side: { position: 'relative', width: '400px', flexShrink: 0 },
  panel: {
    position: 'absolute',
    inset: 0,
    display: 'flex',
    flexDirection: 'column',
    boxSizing: 'border-box',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    overflow: 'hidden',
  },
  over: {
    position: 'fixed',
    zIndex: 100,
    borderRadius: 0,
  },
  head: {
    display: 'flex',
    alignItems: 'flex-start',
    gap: '4px',
    padding: '12px 8px 8px 16px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  title: {
    flexGrow: 1,
    minWidth: 0,
    margin: 0,
    paddingTop: '4px',
    fontSize: tokens.fontSizeBase400,
    lineHeight: tokens.lineHeightBase400,
    overflowWrap: 'anywhere',
    ':focus': { outlineStyle: 'none' },
  },
  content: { flexGrow: 1, minHeight: 0, overflowY: 'auto', padding: '12px 16px' },
  decide: {
    display: 'grid',
    gridTemplateColumns: '1fr 1fr',
    gap: '6px',
    padding: '12px 16px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  choice: { justifyContent: 'flex-start', minWidth: 0 },
  facts: {
    margin: '12px 0 0',
    display: 'grid',
    gridTemplateColumns: 'minmax(96px, 38%) minmax(0, 1fr)',
    gap: '8px 12px',
  },
  label: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, paddingTop: '1px' },
  value: { margin: 0, minWidth: 0, overflowWrap: 'anywhere', fontSize: tokens.fontSizeBase200 },
  foot: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '8px',
    padding: '8px 16px',
    alignItems: 'center',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  last: {
    flexGrow: 1,
    minWidth: 0,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
});

/** What was decided last, and how to take it back. */
export interface LastDecision {
  readonly text: string;
  readonly undo: () => void;
}

/** What the panel is given. */
export interface TriagePanelProps {
  readonly id: string;
  /** The tags as the grid knows them: a decision shows at once. */
  readonly tags: unknown;
  readonly narrow: boolean;
  /** The list the profile's page may step through. */
  readonly from: ProfileSearch;
  readonly last: LastDecision | undefined;
  readonly onDecide: (decision: Decision) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onClose: () => void;
}

/** Values longer than this are looked at on the profile's page. */
const shownCharactersMax = 200;

/** The panel. */
export function TriagePanel(props: TriagePanelProps) {
  const styles = useStyles();
  const api = useApi();
  const metadata = useMetadata();
  const { mayWrite, missing } = useRights();
  const { id, narrow, last } = props;
  const query = useQuery({
    queryKey: ['profiles', 'entity', id],
    queryFn: ({ signal }) => api.getEntity(id, signal),
    placeholderData: (old) => old,
  });
  const entity = query.data?.id === id ? query.data : undefined;
  const decision = decisionOf(props.tags ?? entity?.[meaningful.tags]);
  const name = entity === undefined ? '' : String(entity[meaningful.name] ?? entity.id);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (narrow) heading.current?.focus();
  }, [narrow]);
  return (
    <div className={narrow ? undefined : styles.side}>
      <section
        aria-label={strings.panel}
        className={mergeClasses(styles.panel, narrow && styles.over)}
        data-app={id}
      >
        <div className={styles.head}>
          <h2 className={styles.title} ref={heading} tabIndex={-1}>
            {entity === undefined ? '…' : <DataText text={name} lines={2} />}
          </h2>
          <Button
            appearance="subtle"
            icon={<ChevronUp20Regular />}
            aria-label={strings.previous}
            onClick={() => props.onStep(-1)}
          />
          <Button
            appearance="subtle"
            icon={<ChevronDown20Regular />}
            aria-label={strings.next}
            onClick={() => props.onStep(1)}
          />
          <Button
            appearance="subtle"
            icon={<Dismiss20Regular />}
            aria-label={strings.closePanel}
            onClick={props.onClose}
          />
        </div>
        {/* The decision comes before the details: that is what the panel is open for. */}
        <div className={styles.decide} role="group" aria-label={strings.decide}>
          {decisions.map((each) => (
            <ToggleButton
              key={each}
              size="small"
              className={styles.choice}
              checked={each === decision}
              disabledFocusable={!mayWrite}
              title={mayWrite ? undefined : missing('write')}
              onClick={() => mayWrite && props.onDecide(each)}
            >
              <DecisionText decision={each} />
            </ToggleButton>
          ))}
        </div>
        <div className={styles.content}>
          {query.error === null ? null : (
            <ErrorView error={query.error} onRetry={() => void query.refetch()} />
          )}
          {entity === undefined ? (
            query.error === null ? (
              <Loading rows={8} />
            ) : null
          ) : (
            <>
              <RiskBadge score={entity[meaningful.score]} provider={valueAt(entity, meaningful.provider)} />
              <dl className={styles.facts}>
                {metadata.leaves
                  .filter(({ path }) => path !== meaningful.name)
                  .map((property) => ({ property, value: valueAt(entity, property.path) }))
                  .filter(({ value }) => value !== null && value !== undefined && value !== '')
                  .map(({ property, value }) => (
                    <Fact key={property.path} label={property.label}>
                      {typeof value === 'string' && value.length > shownCharactersMax ? (
                        <bdi>{value.slice(0, shownCharactersMax)}…</bdi>
                      ) : (
                        <ReadOnlyValue property={property} value={value} />
                      )}
                    </Fact>
                  ))}
              </dl>
            </>
          )}
        </div>
        <div className={styles.foot}>
          {last === undefined ? (
            <span className={styles.last} />
          ) : (
            <>
              <bdi className={styles.last}>{last.text}</bdi>
              <Button size="small" appearance="subtle" icon={<ArrowUndo16Regular />} onClick={last.undo}>
                {strings.undo}
              </Button>
            </>
          )}
          <LinkButton to="/apps/$id" params={{ id }} search={props.from} size="small">
            {strings.openProfile}
          </LinkButton>
        </div>
      </section>
    </div>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  const styles = useStyles();
  return (
    <>
      <dt className={styles.label}>{label}</dt>
      <dd className={styles.value}>{children}</dd>
    </>
  );
}
