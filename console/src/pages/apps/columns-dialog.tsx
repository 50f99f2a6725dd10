/** Which columns, in which order, how wide: with buttons and fields, nothing needs dragging. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Input,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { Add16Regular, ArrowDown16Regular, ArrowUp16Regular, Subtract16Regular } from '@fluentui/react-icons';
import {
  type Column,
  type ColumnChoice,
  clampWidth,
  moveColumn,
  parseColumns,
  widthMaxPx,
  widthMinPx,
} from './columns.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  hint: { marginTop: 0, color: tokens.colorNeutralForeground3 },
  list: { listStyleType: 'none', margin: '0 0 12px', padding: 0 },
  item: {
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    minHeight: '36px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  label: { flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere' },
  width: { width: '84px' },
  heading: { margin: '8px 0 4px', fontSize: tokens.fontSizeBase300 },
});

/** The dialog; changes show at once. */
export function ColumnsDialog(props: {
  readonly columns: readonly Column[];
  readonly choices: readonly ColumnChoice[];
  readonly onChange: (choices: readonly ColumnChoice[]) => void;
  readonly onClose: () => void;
}) {
  const styles = useStyles();
  const { columns, choices, onChange, onClose } = props;
  const byId = new Map(columns.map((column) => [column.id, column]));
  const hidden = columns.filter(({ id }) => !choices.some((choice) => choice.id === id));
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{strings.columnsTitle}</DialogTitle>
          <DialogContent>
            <p className={styles.hint}>{strings.columnsHint}</p>
            <h3 className={styles.heading}>{strings.shownColumns}</h3>
            <ul className={styles.list}>
              {choices.map(({ id, widthPx }, index) => {
                const column = byId.get(id);
                if (column === undefined) return null;
                const { label } = column;
                return (
                  <li key={id} className={styles.item}>
                    <span className={styles.label}>{label}</span>
                    <Input
                      size="small"
                      type="number"
                      className={styles.width}
                      min={widthMinPx}
                      max={widthMaxPx}
                      step={10}
                      aria-label={strings.widthOf(label)}
                      defaultValue={String(widthPx ?? column.widthPx)}
                      onBlur={({ currentTarget }) => {
                        const next = clampWidth(Number(currentTarget.value));
                        if (next === (widthPx ?? column.widthPx)) return;
                        onChange(
                          choices.map((choice) => (choice.id === id ? { id, widthPx: next } : choice)),
                        );
                      }}
                    />
                    <Button
                      size="small"
                      appearance="subtle"
                      icon={<ArrowUp16Regular />}
                      aria-label={strings.moveUp(label)}
                      disabledFocusable={index === 0}
                      onClick={() => onChange(moveColumn(choices, id, -1))}
                    />
                    <Button
                      size="small"
                      appearance="subtle"
                      icon={<ArrowDown16Regular />}
                      aria-label={strings.moveDown(label)}
                      disabledFocusable={index === choices.length - 1}
                      onClick={() => onChange(moveColumn(choices, id, 1))}
                    />
                    <Button
                      size="small"
                      appearance="subtle"
                      icon={<Subtract16Regular />}
                      aria-label={strings.hideColumn(label)}
                      disabledFocusable={choices.length === 1}
                      onClick={() =>
                        choices.length > 1 && onChange(choices.filter((choice) => choice.id !== id))
                      }
                    />
                  </li>
                );
              })}
            </ul>
            <h3 className={styles.heading}>{strings.otherColumns}</h3>
            <ul className={styles.list}>
              {hidden.map(({ id, label }) => (
                <li key={id} className={styles.item}>
                  <span className={styles.label}>{label}</span>
                  <Button
                    size="small"
                    appearance="subtle"
                    icon={<Add16Regular />}
                    aria-label={strings.showColumn(label)}
                    onClick={() => onChange([...choices, { id }])}
                  />
                </li>
              ))}
            </ul>
          </DialogContent>
          <DialogActions>
            <Button onClick={() => onChange(parseColumns(undefined, columns))}>{strings.resetColumns}</Button>
            <Button appearance="primary" onClick={onClose}>
              {strings.done}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
