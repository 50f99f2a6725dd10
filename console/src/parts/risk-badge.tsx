/** A risk: shape, word and the provider's own score with its scale; never colour alone. */
import { makeStyles, mergeClasses, Tooltip, tokens } from '@fluentui/react-components';
import {
  CheckmarkCircle16Filled,
  ErrorCircle16Filled,
  QuestionCircle16Regular,
  Warning16Filled,
} from '@fluentui/react-icons';
import type { ComponentType } from 'react';
import { useConfig } from '../context.tsx';
import { display } from '../data-text.ts';
import { bandLabel, type RiskBand, readRisk } from '../risk.ts';

const useStyles = makeStyles({
  badge: { display: 'inline-flex', alignItems: 'center', gap: '6px', minWidth: 0, maxWidth: '100%' },
  icon: { display: 'inline-flex', flexShrink: 0, '@media (forced-colors: active)': { color: 'CanvasText' } },
  word: { fontWeight: tokens.fontWeightSemibold, whiteSpace: 'nowrap' },
  score: {
    color: tokens.colorNeutralForeground3,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  high: { color: tokens.colorStatusDangerForeground1 },
  medium: { color: tokens.colorStatusWarningForeground3 },
  low: { color: tokens.colorStatusSuccessForeground1 },
  unscored: { color: tokens.colorNeutralForeground3 },
});

const icons: Readonly<Record<RiskBand, ComponentType>> = {
  high: ErrorCircle16Filled,
  medium: Warning16Filled,
  low: CheckmarkCircle16Filled,
  unscored: QuestionCircle16Regular,
};

/** The icon of a band, for charts and filters; decorative, the word stands beside it. */
export function RiskIcon({ band }: { readonly band: RiskBand }) {
  const styles = useStyles();
  const Icon = icons[band];
  return (
    <span className={mergeClasses(styles.icon, styles[band])} aria-hidden="true">
      <Icon />
    </span>
  );
}

/** `compact` leaves the scale to the tooltip. */
export function RiskBadge(props: {
  readonly score: unknown;
  readonly provider: unknown;
  readonly compact?: boolean;
}) {
  const styles = useStyles();
  const { riskScales } = useConfig();
  const { band, original, explanation } = readRisk(props.score, props.provider, riskScales);
  const shown = original === undefined ? undefined : display(original, 24);
  const detail = props.compact === true || band === 'unscored' ? shown : explanation;
  return (
    <Tooltip
      content={shown === undefined ? explanation : `${shown}: ${explanation}`}
      relationship="description"
    >
      <span className={styles.badge} data-band={band}>
        <RiskIcon band={band} />
        <span className={styles.word}>{bandLabel(band)}</span>
        {detail === undefined ? null : (
          <span className={styles.score}>
            <bdi>{detail}</bdi>
          </span>
        )}
      </span>
    </Tooltip>
  );
}
