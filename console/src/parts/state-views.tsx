/** What a screen shows when it has no data to show, or not yet (experience 4.8). */
import {
  Badge,
  Button,
  makeStyles,
  mergeClasses,
  Skeleton,
  SkeletonItem,
  Text,
  tokens,
} from '@fluentui/react-components';
import {
  DismissCircle16Regular,
  ErrorCircle24Regular,
  Info24Regular,
  LockClosed24Regular,
  PlugDisconnected24Regular,
  SearchInfo24Regular,
} from '@fluentui/react-icons';
import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '../api.ts';
import { useConsole, useRights, useSessionState } from '../context.tsx';
import { strings } from '../strings.ts';
import { LinkButton } from './app-link.tsx';
import { CopyButton } from './copy-button.tsx';

const useStyles = makeStyles({
  rows: { display: 'flex', flexDirection: 'column', gap: '10px', padding: '8px 0' },
  notice: {
    display: 'flex',
    gap: '16px',
    alignItems: 'flex-start',
    padding: '20px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow2,
  },
  icon: { display: 'flex', flexShrink: 0, color: tokens.colorNeutralForeground3 },
  error: { color: tokens.colorStatusDangerForeground1 },
  body: { display: 'flex', flexDirection: 'column', gap: '8px', minWidth: 0, flexGrow: 1 },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase400,
    lineHeight: tokens.lineHeightBase400,
    fontWeight: 600,
  },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center', marginTop: '4px' },
  facts: {
    display: 'grid',
    gridTemplateColumns: 'auto minmax(0, 1fr)',
    gap: '2px 12px',
    margin: 0,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
    alignItems: 'center',
  },
  fact: {
    margin: 0,
    fontFamily: tokens.fontFamilyMonospace,
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
  },
  stale: { opacity: 0.6 },
});

/** Skeletons flicker when what they stand for comes at once. */
const skeletonDelayMs = 150;

function useDelay(ms: number): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return over;
}

/** Rows of the height of the data that is on its way; shows after 150 ms. */
export function Loading({
  rows = 5,
  label = strings.loading,
}: {
  readonly rows?: number;
  readonly label?: string;
}) {
  const styles = useStyles();
  const shown = useDelay(skeletonDelayMs);
  return (
    <div aria-busy="true" data-state="loading">
      {shown ? (
        <Skeleton aria-label={label} className={styles.rows}>
          {Array.from({ length: rows }, (_, index) => `row ${index}`).map((key) => (
            <SkeletonItem key={key} size={24} />
          ))}
        </Skeleton>
      ) : null}
    </div>
  );
}

/** What a notice is made of. */
export interface NoticeProps {
  readonly title: string;
  readonly intent?: 'info' | 'error' | 'denied' | 'offline' | 'search';
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

const noticeIcons: Readonly<Record<NonNullable<NoticeProps['intent']>, ReactNode>> = {
  info: <Info24Regular />,
  error: <ErrorCircle24Regular />,
  denied: <LockClosed24Regular />,
  offline: <PlugDisconnected24Regular />,
  search: <SearchInfo24Regular />,
};

/** A framed message with its actions; faults are announced. */
export function Notice({ title, intent = 'info', children, action }: NoticeProps) {
  const styles = useStyles();
  const failed = intent === 'error' || intent === 'offline';
  return (
    <div className={styles.notice} role={failed ? 'alert' : undefined} data-state={intent}>
      <span className={mergeClasses(styles.icon, failed && styles.error)} aria-hidden="true">
        {noticeIcons[intent]}
      </span>
      <div className={styles.body}>
        <h2 className={styles.title}>{title}</h2>
        {children === undefined ? null : <div>{children}</div>}
        {action === undefined ? null : <div className={styles.actions}>{action}</div>}
      </div>
    </div>
  );
}

/** There is nothing at all: what this is, and how to begin. */
export function Empty({ title, children, action }: Omit<NoticeProps, 'intent'>) {
  return (
    <Notice title={title} action={action}>
      {children}
    </Notice>
  );
}

/** A condition that can be taken away. */
export interface FilterChip {
  readonly label: string;
  readonly onRemove: () => void;
}

/** Nothing matches: the conditions, each removable by one click. */
export function EmptyFiltered(props: {
  readonly title: string;
  readonly chips: readonly FilterChip[];
  readonly onClear: () => void;
}) {
  return (
    <Notice
      title={props.title}
      intent="search"
      action={
        <>
          {props.chips.map(({ label, onRemove }) => (
            <Button
              key={label}
              shape="circular"
              size="small"
              icon={<DismissCircle16Regular />}
              iconPosition="after"
              onClick={onRemove}
              aria-label={strings.removeFilter(label)}
            >
              <bdi>{label}</bdi>
            </Button>
          ))}
          <Button size="small" appearance="subtle" onClick={props.onClear}>
            {strings.clearAll}
          </Button>
        </>
      }
    />
  );
}

/** The person lacks a permission: which, who can help, and where to see what the token holds. */
export function Denied({
  kind = 'read',
  error,
}: {
  readonly kind?: 'read' | 'write';
  readonly error?: ApiError;
}) {
  const { missing } = useRights();
  const state = useSessionState();
  return (
    <Notice
      title={strings.deniedTitle}
      intent="denied"
      action={<LinkButton to="/settings">{strings.deniedWhy}</LinkButton>}
    >
      <Text as="p" block>
        {missing(kind)}
      </Text>
      {'person' in state ? (
        <Text as="p" block>
          {strings.deniedWho(state.person.name)}
        </Text>
      ) : null}
      {error === undefined ? null : <ErrorFacts error={error} />}
    </Notice>
  );
}

function ErrorFacts({ error }: { readonly error: ApiError }) {
  const styles = useStyles();
  const { status, code, innerCode, requestId } = error;
  return (
    <dl className={styles.facts}>
      {status === 0 ? null : (
        <>
          <dt>{strings.errorStatus}</dt>
          <dd className={styles.fact}>{status}</dd>
        </>
      )}
      <dt>{strings.errorCode}</dt>
      <dd className={styles.fact}>
        {code}
        {innerCode === '' || innerCode === code ? null : (
          <Badge appearance="outline" size="small">
            {innerCode}
          </Badge>
        )}
      </dd>
      {requestId === undefined ? null : (
        <>
          <dt>{strings.requestId}</dt>
          <dd className={styles.fact}>
            {requestId} <CopyButton text={requestId} label={strings.copyRequestId} />
          </dd>
        </>
      )}
    </dl>
  );
}

/** A fault in a plain sentence, with what support will ask for; chooses denied, gone and unreachable by itself. */
export function ErrorView(props: { readonly error: unknown; readonly onRetry?: (() => void) | undefined }) {
  const { error, onRetry } = props;
  const { session } = useConsole();
  if (!(error instanceof ApiError)) {
    return (
      <Notice title={strings.failedTitle} intent="error" action={<RetryButton onRetry={onRetry} />}>
        {error instanceof Error ? error.message : String(error)}
      </Notice>
    );
  }
  if (error.status === 403) return <Denied error={error} />;
  if (error.status === 404) {
    return (
      <Notice
        title={strings.gone}
        intent="search"
        action={<LinkButton to="/apps">{strings.pages.apps}</LinkButton>}
      >
        {strings.goneDetail}
        <ErrorFacts error={error} />
      </Notice>
    );
  }
  return (
    <Notice
      title={error.status === 0 ? strings.unreachableTitle : strings.failedTitle}
      intent={error.status === 0 ? 'offline' : 'error'}
      action={
        <>
          <RetryButton onRetry={onRetry} />
          {error.status === 401 ? (
            <Button onClick={() => void session.signIn(location.pathname + location.search)}>
              {strings.signIn}
            </Button>
          ) : null}
        </>
      }
    >
      <Text as="p" block>
        <bdi>{error.message}</bdi>
      </Text>
      <ErrorFacts error={error} />
    </Notice>
  );
}

function RetryButton({ onRetry }: { readonly onRetry: (() => void) | undefined }) {
  if (onRetry === undefined) return null;
  return (
    <Button appearance="primary" onClick={onRetry}>
      {strings.retry}
    </Button>
  );
}

/** The part of a query's result that QueryView reads. */
export interface QueryLike<Data> {
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly isFetching: boolean;
  readonly isPlaceholderData: boolean;
  readonly refetch: () => unknown;
}

/** A query's result in all its states: skeleton, data, dimmed while newer data is on its way, fault beside old data. */
export function QueryView<Data>(props: {
  readonly query: QueryLike<Data>;
  readonly loading?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}) {
  const styles = useStyles();
  const { data, error, isFetching, isPlaceholderData, refetch } = props.query;
  const failure = error === null ? null : <ErrorView error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return failure ?? props.loading ?? <Loading />;
  return (
    <>
      {failure}
      <div className={isFetching && isPlaceholderData ? styles.stale : undefined} aria-busy={isFetching}>
        {props.children(data)}
      </div>
    </>
  );
}
