/** What concerns the whole console: development, read-only, a server that is gone or asks for patience. */
import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import {
  Beaker20Regular,
  HourglassHalf20Regular,
  LockClosed20Regular,
  PlugDisconnected20Regular,
} from '@fluentui/react-icons';
import { type ReactNode, useEffect, useState } from 'react';
import type { Connection } from '../api.ts';
import { useConfig, useConsole, useIsNarrow, useStore } from '../context.tsx';
import { strings } from '../strings.ts';

const useStyles = makeStyles({
  banner: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    flexShrink: 0,
    padding: '4px 16px',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    color: tokens.colorNeutralForeground1,
  },
  quiet: { backgroundColor: tokens.colorNeutralBackground4, color: tokens.colorNeutralForeground2 },
  warning: { backgroundColor: tokens.colorStatusWarningBackground2 },
  danger: { backgroundColor: tokens.colorStatusDangerBackground2 },
  icon: { display: 'flex', flexShrink: 0 },
});

function Banner(props: {
  readonly kind: 'quiet' | 'warning' | 'danger';
  readonly icon: ReactNode;
  readonly children: ReactNode;
}) {
  const styles = useStyles();
  return (
    <div className={mergeClasses(styles.banner, styles[props.kind])}>
      <span className={styles.icon}>{props.icon}</span>
      <span>{props.children}</span>
    </div>
  );
}

/** The banners that apply now. */
export function Banners() {
  const narrow = useIsNarrow();
  const { dev, readOnly = false } = useConfig();
  const connection = useStore(useConsole().connection);
  return (
    <>
      {dev ? (
        <Banner kind="quiet" icon={<Beaker20Regular />}>
          {narrow ? strings.devBannerShort : strings.devBanner}
        </Banner>
      ) : null}
      {readOnly ? (
        <Banner kind="warning" icon={<LockClosed20Regular />}>
          {strings.readOnlyBanner}
        </Banner>
      ) : null}
      <div role="status">
        {connection.kind === 'online' ? null : <ConnectionBanner connection={connection} />}
      </div>
    </>
  );
}

function ConnectionBanner({ connection }: { readonly connection: Exclude<Connection, { kind: 'online' }> }) {
  const seconds = useSecondsUntil(connection.untilMs);
  const offline = connection.kind === 'offline';
  return (
    <Banner
      kind={offline ? 'danger' : 'warning'}
      icon={offline ? <PlugDisconnected20Regular /> : <HourglassHalf20Regular />}
    >
      {offline ? strings.offline : strings.throttled}{' '}
      {/* Every second would be too much for a screen reader. */}
      <span aria-hidden="true">{offline ? strings.nextTry(seconds) : strings.resumes(seconds)}</span>
    </Banner>
  );
}

/** Whole seconds left; `untilMs` as performance.now() counts. */
function useSecondsUntil(untilMs: number): number {
  const left = () => Math.max(0, Math.ceil((untilMs - performance.now()) / 1000));
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 500);
    return () => clearInterval(timer);
  }, []);
  return left();
}
