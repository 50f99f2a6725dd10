/** The frame of a chart: title, the same in one sentence, as a table, as a request. */
import { Button, makeStyles, Tooltip, tokens } from '@fluentui/react-components';
import { DataBarHorizontal20Regular, Table20Regular } from '@fluentui/react-icons';
import { type ReactNode, useId } from 'react';
import { CopyAsRequest } from '../parts/copy-as-request.tsx';
import type { RequestDescription } from '../request-description.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '12px',
    minWidth: 0,
    padding: '16px 18px 18px',
    boxSizing: 'border-box',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow2,
    '@media (max-width: 699.98px)': { padding: '12px' },
  },
  head: { display: 'flex', gap: '4px', alignItems: 'flex-start', justifyContent: 'space-between' },
  words: { minWidth: 0 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase400,
    lineHeight: tokens.lineHeightBase400,
    fontWeight: tokens.fontWeightSemibold,
  },
  summary: {
    margin: 0,
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    overflowWrap: 'anywhere',
  },
  actions: { display: 'flex', flexShrink: 0, marginTop: '-4px', marginRight: '-6px' },
});

/** What a chart is made of. */
export interface ChartCardProps {
  readonly title: string;
  /** Undefined while the numbers are on their way. */
  readonly summary: string | undefined;
  readonly request: RequestDescription;
  readonly children: ReactNode;
  /** Left out where the picture is a table or a list already. */
  readonly table?: { readonly shown: boolean; readonly onToggle: () => void };
  /** Choices that belong to this chart only. */
  readonly extra?: ReactNode;
}

/** A chart in its frame. */
export function ChartCard({ title, summary, request, children, table, extra }: ChartCardProps) {
  const styles = useStyles();
  const id = useId();
  const toggle = table?.shown === true ? strings.asChart(title) : strings.asTable(title);
  return (
    <section className={styles.card} aria-labelledby={id}>
      <div className={styles.head}>
        <div className={styles.words}>
          <h2 id={id} className={styles.title}>
            {title}
          </h2>
          {summary === undefined ? null : <p className={styles.summary}>{summary}</p>}
        </div>
        <div className={styles.actions}>
          {table === undefined ? null : (
            <Tooltip content={toggle} relationship="label">
              <Button
                appearance="subtle"
                icon={table.shown ? <DataBarHorizontal20Regular /> : <Table20Regular />}
                onClick={table.onToggle}
              />
            </Tooltip>
          )}
          <CopyAsRequest request={request} about={title} />
        </div>
      </div>
      {extra}
      {children}
    </section>
  );
}
