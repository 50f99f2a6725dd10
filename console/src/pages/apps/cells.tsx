/** What stands in a cell. Light on purpose: hundreds are drawn while scrolling. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import {
  CheckmarkCircle16Regular,
  ChevronDown12Regular,
  CircleHint16Regular,
  EyeTracking16Regular,
  Prohibited16Regular,
} from '@fluentui/react-icons';
import type { ComponentType } from 'react';
import type { Entity } from '../../api.ts';
import { valueAt } from '../../bulk/bulk-edit.ts';
import { useConfig } from '../../context.tsx';
import { shorten } from '../../data-text.ts';
import type { Format } from '../../format.ts';
import { RiskIcon } from '../../parts/risk-badge.tsx';
import {
  type Decision,
  decisionColumn,
  decisionLabel,
  decisionOf,
  meaningful,
  readTags,
} from '../../profile-meaning.ts';
import { bandLabel, readRisk } from '../../risk.ts';
import type { Column } from './columns.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  text: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 },
  none: { color: tokens.colorNeutralForeground4 },
  quiet: { color: tokens.colorNeutralForeground3 },
  risk: { display: 'flex', alignItems: 'center', gap: '6px', minWidth: 0 },
  word: { fontWeight: tokens.fontWeightSemibold, whiteSpace: 'nowrap' },
  tags: { display: 'flex', gap: '4px', minWidth: 0, overflow: 'hidden' },
  tag: {
    flexShrink: 0,
    maxWidth: '140px',
    padding: '0 6px',
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    lineHeight: '18px',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  decision: { display: 'inline-flex', alignItems: 'center', gap: '6px', whiteSpace: 'nowrap' },
  icon: { display: 'inline-flex', flexShrink: 0 },
  Sanctioned: { color: tokens.colorStatusSuccessForeground1 },
  Monitored: { color: tokens.colorBrandForeground1 },
  Unsanctioned: { color: tokens.colorStatusDangerForeground1 },
  undecided: { color: tokens.colorNeutralForeground3 },
});

const decisionIcons: Readonly<Record<Decision, ComponentType>> = {
  Sanctioned: CheckmarkCircle16Regular,
  Monitored: EyeTracking16Regular,
  Unsanctioned: Prohibited16Regular,
  undecided: CircleHint16Regular,
};

/** A decision: icon and word. */
export function DecisionText({
  decision,
  menu = false,
}: {
  readonly decision: Decision;
  readonly menu?: boolean;
}) {
  const styles = useStyles();
  const Icon = decisionIcons[decision];
  return (
    <span className={styles.decision} data-decision={decision}>
      <span className={mergeClasses(styles.icon, styles[decision])} aria-hidden="true">
        <Icon />
      </span>
      <span className={decision === 'undecided' ? styles.quiet : undefined}>{decisionLabel(decision)}</span>
      {menu ? (
        <span className={mergeClasses(styles.icon, styles.quiet)} aria-hidden="true">
          <ChevronDown12Regular />
        </span>
      ) : null}
    </span>
  );
}

/** The value of a column as one line of text, for copying and for the menu of a cell. */
export function cellText(row: Entity, column: Column): string {
  if (column.property === undefined) return decisionLabel(decisionOf(row[meaningful.tags]));
  const value = valueAt(row, column.id);
  if (Array.isArray(value)) return value.join(', ');
  return value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

/** Beyond this nothing more would be seen in a cell; the whole value is on the profile's page. */
const shownCharactersMax = 300;

/** The content of a cell that is only read. */
export function CellValue(props: {
  readonly row: Entity;
  readonly column: Column;
  /** Made once for the grid: writers of dates are too dear to be made for each cell. */
  readonly format: Format;
}) {
  const styles = useStyles();
  const { row, column, format } = props;
  if (column.id === meaningful.score) return <RiskCell row={row} />;
  if (column.id === decisionColumn) return <DecisionText decision={decisionOf(row[meaningful.tags])} />;
  const value = valueAt(row, column.id);
  if (value === null || value === undefined || value === '') {
    return <span className={styles.none}>{strings.noValue}</span>;
  }
  if (column.property?.collection === true) return <TagsCell tags={readTags(value)} />;
  if (typeof value === 'boolean') return <span>{value ? strings.yes : strings.no}</span>;
  const text = String(value);
  if (column.property?.kind === 'dateTime') {
    return (
      <time
        dateTime={text}
        title={`${format.dateTime(text)} · ${format.otherZone(text)}`}
        className={styles.text}
      >
        {format.relative(text)}
      </time>
    );
  }
  const member = column.property?.members.find(({ name }) => name === text);
  return <bdi className={styles.text}>{member?.label ?? shorten(text, shownCharactersMax)}</bdi>;
}

function RiskCell({ row }: { readonly row: Entity }) {
  const styles = useStyles();
  const { riskScales } = useConfig();
  const { band, original, explanation } = readRisk(
    row[meaningful.score],
    valueAt(row, meaningful.provider),
    riskScales,
  );
  const score = original === undefined ? undefined : shorten(original, 24);
  const detail = explanation.startsWith(score ?? ' ') ? explanation.split(',')[0] : score;
  return (
    <span
      className={styles.risk}
      data-band={band}
      title={score === undefined ? explanation : `${score}: ${explanation}`}
    >
      <RiskIcon band={band} />
      <span className={styles.word}>{bandLabel(band)}</span>
      {detail === undefined ? null : <bdi className={mergeClasses(styles.text, styles.quiet)}>{detail}</bdi>}
    </span>
  );
}

/** Tags beyond these few would be cut anyway. */
const tagsShownMax = 6;

function TagsCell({ tags }: { readonly tags: readonly string[] }) {
  const styles = useStyles();
  if (tags.length === 0) return <span className={styles.none}>{strings.noValue}</span>;
  const hidden = tags.length - tagsShownMax;
  return (
    <span className={styles.tags}>
      {[...new Set(tags)].slice(0, tagsShownMax).map((tag) => (
        <bdi key={tag} className={styles.tag}>
          {shorten(tag, shownCharactersMax)}
        </bdi>
      ))}
      {hidden > 0 ? <span className={styles.quiet}>+{hidden}</span> : null}
    </span>
  );
}
