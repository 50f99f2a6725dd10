/** Text that came with the data: shown as it is, never as markup, whatever its length and direction. */
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
  tokens,
} from '@fluentui/react-components';
import { Open16Regular } from '@fluentui/react-icons';
import { useState } from 'react';
import { useFormat } from '../context.tsx';
import { display, readWebAddress, reveal } from '../data-text.ts';
import { strings } from '../strings.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  text: { overflowWrap: 'anywhere', whiteSpace: 'pre-wrap', unicodeBidi: 'isolate', minWidth: 0 },
  mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  clamped: { display: '-webkit-box', WebkitBoxOrient: 'vertical', overflow: 'hidden', whiteSpace: 'normal' },
  one: { WebkitLineClamp: '1', wordBreak: 'break-all' },
  two: { WebkitLineClamp: '2' },
  three: { WebkitLineClamp: '3' },
  unset: { color: tokens.colorNeutralForeground3 },
  full: {
    margin: 0,
    width: '100%',
    boxSizing: 'border-box',
    maxHeight: '60vh',
    overflow: 'auto',
    color: 'inherit',
    border: 'none',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    padding: '12px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
  },
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '4px' },
});

/** What is shown at most in the page itself; the rest is one click away. */
const shownMax = 400;

/** Text of the data. */
export interface DataTextProps {
  readonly text: string | null | undefined;
  /** Lines before it is cut by an ellipsis; the button for all of it is left out then, as tables have no room. */
  readonly lines?: 1 | 2 | 3;
  /** Characters shown at most. */
  readonly limit?: number;
  readonly mono?: boolean;
}

/** Isolated from the direction of the page, broken anywhere, cut where it is long. */
export function DataText({ text, lines, limit = shownMax, mono = false }: DataTextProps) {
  const styles = useStyles();
  if (text === null || text === undefined || text === '') {
    return <span className={styles.unset}>{text === '' ? '""' : strings.notSet}</span>;
  }
  const shown = display(text, limit);
  const clamp = lines === undefined ? undefined : [styles.one, styles.two, styles.three][lines - 1];
  const className = mergeClasses(styles.text, mono && styles.mono, clamp && styles.clamped, clamp);
  if (lines !== undefined) return <bdi className={className}>{shown}</bdi>;
  return (
    <>
      <bdi className={className}>{shown}</bdi>
      {text.length <= limit ? null : <FullText text={text} />}
    </>
  );
}

/** A button that opens all of a long text, without links or markup. */
export function FullText({
  text,
  label = strings.fullText,
}: {
  readonly text: string;
  readonly label?: string;
}) {
  const styles = useStyles();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" appearance="subtle" onClick={() => setOpen(true)}>
        {strings.showAll} ({strings.characters(format.number(text.length))})
      </Button>
      {open ? (
        <Dialog open onOpenChange={() => setOpen(false)}>
          <DialogSurface>
            <DialogBody>
              <DialogTitle>{label}</DialogTitle>
              <DialogContent>
                <textarea
                  readOnly
                  dir="auto"
                  rows={16}
                  aria-label={label}
                  className={styles.full}
                  value={reveal(text)}
                />
              </DialogContent>
              <DialogActions>
                <CopyButton text={text} />
                <Button onClick={() => setOpen(false)}>{strings.close}</Button>
              </DialogActions>
            </DialogBody>
          </DialogSurface>
        </Dialog>
      ) : null}
    </>
  );
}

/** An address of the data: text, and a button that opens it after a warning where it is https. */
export function ExternalAddress({
  text,
  hideText = false,
}: {
  readonly text: string;
  /** Where the address stands beside it anyway. */
  readonly hideText?: boolean;
}) {
  const styles = useStyles();
  const [asking, setAsking] = useState(false);
  const address = readWebAddress(text);
  return (
    <span className={styles.row}>
      {hideText ? null : <DataText text={text} mono />}
      {address === undefined ? null : (
        <Button size="small" appearance="subtle" icon={<Open16Regular />} onClick={() => setAsking(true)}>
          {strings.openAddress}
        </Button>
      )}
      <ConfirmDialog
        open={asking}
        title={strings.openAddressTitle}
        confirmLabel={strings.openAddressConfirm}
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          window.open(address, '_blank', 'noopener,noreferrer');
        }}
      >
        {strings.openAddressDetail}
        <pre className={styles.full}>
          <bdi>{address}</bdi>
        </pre>
      </ConfirmDialog>
    </span>
  );
}
