/** How a bulk edit goes and went: counts, what failed and why, another attempt, undo. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  ProgressBar,
  Tab,
  TabList,
  tokens,
} from '@fluentui/react-components';
import { useState } from 'react';
import type { BulkRun } from '../../bulk/bulk-runs.ts';
import { type BulkStatus, bulkStatuses, countOutcomes, writeOutcomes } from '../../bulk/run-bulk.ts';
import { useFormat } from '../../context.tsx';
import { ErrorView } from '../../parts/state-views.tsx';
import { openDownload } from './file-sink.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  surface: { maxWidth: '760px', width: 'calc(100vw - 32px)' },
  content: { display: 'flex', flexDirection: 'column', gap: '12px', minHeight: '240px' },
  tabs: { flexWrap: 'wrap' },
  list: { listStyleType: 'none', margin: 0, padding: 0, maxHeight: '42vh', overflowY: 'auto' },
  item: {
    display: 'flex',
    flexDirection: 'column',
    padding: '6px 2px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    overflowWrap: 'anywhere',
  },
  name: { fontWeight: tokens.fontWeightSemibold },
  reason: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

/** More lines nobody reads here; the CSV has them all. */
const shownMax = 200;

/** A list that scrolls and holds nothing to press must be reachable by keyboard itself. */
const scrolled = { tabIndex: 0 };

/** What the dialog is given. */
export interface BulkResultProps {
  readonly run: BulkRun;
  readonly onRetry: () => void;
  readonly onUndo: () => void;
  readonly onClose: () => void;
}

const interesting: readonly BulkStatus[] = ['conflict', 'refused', 'stopped', 'done', 'unchanged'];

/** The dialog; it can be closed while the edit goes on. */
export function BulkResult({ run, onRetry, onUndo, onClose }: BulkResultProps) {
  const styles = useStyles();
  const format = useFormat();
  const counts = countOutcomes(run.outcomes);
  const [chosen, setChosen] = useState<BulkStatus>();
  const status = chosen ?? interesting.find((each) => counts[each] > 0) ?? 'done';
  const listed = run.outcomes.filter((outcome) => outcome.status === status);
  const running = run.state === 'collecting' || run.state === 'running';
  const failed = counts.conflict + counts.refused + counts.stopped;
  const ended = run.state === 'failed' ? 'failed' : 'done';
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onClose()}>
      <DialogSurface className={styles.surface} data-state={running ? 'running' : ended}>
        <DialogBody>
          <DialogTitle>{strings.resultTitle(run.title)}</DialogTitle>
          <DialogContent className={styles.content}>
            {running ? <Progress run={run} /> : null}
            {run.state === 'failed' ? <ErrorView error={run.error} /> : null}
            <TabList
              size="small"
              className={styles.tabs}
              selectedValue={status}
              onTabSelect={(_, { value }) => setChosen(bulkStatuses.find((each) => each === value))}
            >
              {bulkStatuses.map((each) => (
                <Tab key={each} value={each} disabled={counts[each] === 0}>
                  {`${strings.statuses[each]} ${format.number(counts[each])}`}
                </Tab>
              ))}
            </TabList>
            <ul className={styles.list} {...scrolled} aria-label={strings.statuses[status]}>
              {listed.slice(0, shownMax).map(({ target, reason }) => (
                <li key={target.id} className={styles.item}>
                  <bdi className={styles.name}>
                    {(target.name === '' ? target.id : target.name).slice(0, 200)}
                  </bdi>
                  {reason === undefined ? null : <bdi className={styles.reason}>{reason.slice(0, 500)}</bdi>}
                </li>
              ))}
              {listed.length > shownMax ? (
                <li className={styles.item}>{strings.resultMore(format.number(listed.length - shownMax))}</li>
              ) : null}
            </ul>
          </DialogContent>
          <DialogActions fluid>
            {running ? <Button onClick={run.stop}>{strings.stop}</Button> : null}
            <Button disabledFocusable={run.outcomes.length === 0} onClick={() => void download(run)}>
              {strings.outcomesCsv}
            </Button>
            <Button disabledFocusable={running || counts.done === 0} onClick={onUndo}>
              {strings.undoAll}
            </Button>
            <Button disabledFocusable={running || failed === 0} onClick={onRetry}>
              {strings.retryFailed}
            </Button>
            <Button appearance="primary" onClick={onClose}>
              {strings.close}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function Progress({ run }: { readonly run: BulkRun }) {
  const format = useFormat();
  if (run.total === undefined) {
    return (
      <div>
        {strings.resultCollecting}
        <ProgressBar aria-label={strings.resultCollecting} />
      </div>
    );
  }
  const text = strings.resultRunning(format.number(run.outcomes.length), format.number(run.total));
  return (
    <div>
      {text}
      <ProgressBar aria-label={text} value={run.outcomes.length} max={Math.max(1, run.total)} />
    </div>
  );
}

async function download({ outcomes }: BulkRun): Promise<void> {
  const sink = openDownload('outcomes.csv', 'text/csv');
  await sink.write(new TextEncoder().encode(writeOutcomes(outcomes)));
  await sink.close();
}
