/** A value before and after, short enough for a line; lists by what came and went. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowRight12Regular } from '@fluentui/react-icons';
import { display } from '../data-text.ts';
import type { PropertyInfo } from '../metadata.ts';
import { Time } from '../parts/time.tsx';
import { strings } from '../strings.ts';
import { describeValue } from './describe-value.ts';
import type { FieldChange } from './field-changes.ts';

const useStyles = makeStyles({
  line: { display: 'inline', overflowWrap: 'anywhere' },
  value: { unicodeBidi: 'isolate', overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
  unset: { color: tokens.colorNeutralForeground3, fontStyle: 'italic' },
  old: { color: tokens.colorNeutralForeground3 },
  next: { fontWeight: tokens.fontWeightSemibold },
  arrow: { margin: '0 6px', verticalAlign: 'middle', color: tokens.colorNeutralForeground3 },
  hidden: {
    position: 'absolute',
    width: '1px',
    height: '1px',
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  },
  item: { marginRight: '8px' },
});

/** Text only a screen reader reads: an arrow says nothing to it. */
export function Unseen({ children }: { readonly children: string }) {
  return <span className={useStyles().hidden}>{children}</span>;
}

/** One value in words, cut after `limit` characters. */
export function ShortValue(props: {
  readonly property: PropertyInfo;
  readonly value: unknown;
  readonly limit?: number;
  readonly className?: string | undefined;
}) {
  const styles = useStyles();
  if (props.property.kind === 'dateTime' && typeof props.value === 'string')
    return <Time value={props.value} />;
  const text = describeValue(props.property, props.value);
  if (text === undefined)
    return <span className={mergeClasses(styles.unset, props.className)}>{strings.notSet}</span>;
  return (
    <bdi className={mergeClasses(styles.value, props.className)}>{display(text, props.limit ?? 80)}</bdi>
  );
}

const itemsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** `4 → 2`, or `+ Finance − Monitored` for lists. */
export function Difference({ change, limit }: { readonly change: FieldChange; readonly limit?: number }) {
  const styles = useStyles();
  const { property, before, after } = change;
  if (property.collection) {
    const [old, next] = [itemsOf(before), itemsOf(after)];
    const added = next.filter((item) => !old.includes(item));
    const removed = old.filter((item) => !next.includes(item));
    if (added.length + removed.length > 0) {
      return (
        <span className={styles.line}>
          {added.map((item) => (
            <span key={`+${item}`} className={styles.item}>
              <span aria-hidden="true">+ </span>
              <Unseen>added </Unseen>
              <bdi className={mergeClasses(styles.value, styles.next)}>{display(item, 40)}</bdi>
            </span>
          ))}
          {removed.map((item) => (
            <span key={`-${item}`} className={styles.item}>
              <span aria-hidden="true">− </span>
              <Unseen>removed </Unseen>
              <bdi className={mergeClasses(styles.value, styles.old)}>{display(item, 40)}</bdi>
            </span>
          ))}
        </span>
      );
    }
  }
  const shown = limit === undefined ? {} : { limit };
  return (
    <span className={styles.line}>
      <ShortValue property={property} value={before} className={styles.old} {...shown} />
      <ArrowRight12Regular className={styles.arrow} aria-hidden="true" />
      <Unseen> changed to </Unseen>
      <ShortValue property={property} value={after} className={styles.next} {...shown} />
    </span>
  );
}
