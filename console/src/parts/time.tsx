/** A moment, in the chosen time zone; the other one is in the tooltip. */
import { makeStyles, Tooltip } from '@fluentui/react-components';
import { useFormat } from '../context.tsx';
import { strings } from '../strings.ts';

const useStyles = makeStyles({ time: { whiteSpace: 'nowrap' } });

/** `value` is text of an Edm.DateTimeOffset; `relative` writes how long ago it was. */
export function Time({ value, relative = false }: { readonly value: unknown; readonly relative?: boolean }) {
  const styles = useStyles();
  const format = useFormat();
  if (typeof value !== 'string' || value === '') return <span>{strings.notSet}</span>;
  const hint = relative ? `${format.dateTime(value)} · ${format.otherZone(value)}` : format.otherZone(value);
  return (
    <Tooltip content={hint} relationship="description">
      <time dateTime={value} className={styles.time}>
        {relative ? format.relative(value) : format.dateTime(value)}
      </time>
    </Tooltip>
  );
}
