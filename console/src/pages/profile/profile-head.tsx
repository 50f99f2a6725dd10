/** What one looks for first: how risky, what was decided, which policy, which version, who changed it last. */
import {
  Button,
  Menu,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Tooltip,
  tokens,
} from '@fluentui/react-components';
import {
  CheckmarkCircle20Regular,
  ChevronDown16Regular,
  CircleHint20Regular,
  Eye20Regular,
  Prohibited20Regular,
} from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { useApi } from '../../context.tsx';
import { AuthorName } from '../../history/change-details.tsx';
import type { Values } from '../../merge/values.ts';
import { Allowed } from '../../parts/allowed.tsx';
import { DataText } from '../../parts/data-text.tsx';
import { RiskBadge } from '../../parts/risk-badge.tsx';
import { Time } from '../../parts/time.tsx';
import { type Decision, decisionLabel, decisionOf, decisions, meaningful } from '../../profile-meaning.ts';
import { words } from './strings.ts';

const useStyles = makeStyles({
  head: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '12px 36px',
    padding: '14px 20px',
    margin: 0,
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    '@media (max-width: 699.98px)': { padding: '12px 14px', gap: '10px 24px' },
  },
  fact: { display: 'flex', flexDirection: 'column', gap: '2px', minWidth: 0 },
  term: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  value: {
    margin: 0,
    minHeight: '32px',
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '0 6px',
  },
  mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.fact}>
      <dt className={styles.term}>{term}</dt>
      <dd className={styles.value}>{children}</dd>
    </div>
  );
}

/** The facts; `values` are those of the form, so that an unsaved score already shows its band. */
export function ProfileHead(props: {
  readonly id: string;
  readonly etag: string;
  readonly values: Values;
  readonly onDecide: (decision: Decision) => void;
}) {
  const styles = useStyles();
  const api = useApi();
  const { id, etag, values } = props;
  const { data: latest } = useQuery({
    queryKey: ['changes', id, 'latest'],
    queryFn: ({ signal }) => api.changes({ id, top: 1 }, signal),
  });
  const author = latest?.items[0]?.author;
  const policy = values[meaningful.policy];
  return (
    <dl className={styles.head}>
      <Fact term={words.risk}>
        <RiskBadge score={values[meaningful.score]} provider={values[meaningful.provider]} />
      </Fact>
      <Fact term={words.decision}>
        <DecisionMenu decision={decisionOf(values[meaningful.tags])} onDecide={props.onDecide} />
      </Fact>
      <Fact term={words.policy}>
        <DataText text={typeof policy === 'string' ? policy : null} limit={60} />
      </Fact>
      <Fact term={words.changed}>
        <Time value={values[meaningful.modified]} relative />
        {author === undefined ? null : (
          <span>
            {words.changedBy('')}
            <AuthorName author={author} />
          </span>
        )}
      </Fact>
      <Fact term={words.version}>
        <span className={styles.mono}>{etag}</span>
      </Fact>
    </dl>
  );
}

const icons: Readonly<Record<Decision, ReactElement>> = {
  Sanctioned: <CheckmarkCircle20Regular />,
  Monitored: <Eye20Regular />,
  Unsanctioned: <Prohibited20Regular />,
  undecided: <CircleHint20Regular />,
};

function DecisionMenu(props: {
  readonly decision: Decision;
  readonly onDecide: (decision: Decision) => void;
}) {
  const { decision, onDecide } = props;
  return (
    <Allowed>
      {(allowed) => (
        <span>
          <Menu
            checkedValues={{ decision: [decision] }}
            onCheckedValueChange={(_, { checkedItems }) => {
              const chosen = decisions.find((each) => each === checkedItems[0]);
              if (chosen !== undefined) onDecide(chosen);
            }}
          >
            <MenuTrigger disableButtonEnhancement>
              <Button
                {...allowed}
                icon={icons[decision]}
                aria-label={`${words.decision}: ${decisionLabel(decision)}`}
              >
                {decisionLabel(decision)}&nbsp;
                <ChevronDown16Regular />
              </Button>
            </MenuTrigger>
            <MenuPopover>
              <MenuList>
                {decisions.map((each) => (
                  <MenuItemRadio key={each} name="decision" value={each} icon={icons[each]}>
                    {decisionLabel(each)}
                  </MenuItemRadio>
                ))}
              </MenuList>
            </MenuPopover>
          </Menu>
        </span>
      )}
    </Allowed>
  );
}

/** A button that only has an icon. */
export function IconButton(props: {
  readonly label: string;
  readonly icon: ReactElement;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}) {
  return (
    <Tooltip content={props.label} relationship="label">
      <Button
        appearance="subtle"
        icon={props.icon}
        disabledFocusable={props.disabled === true}
        onClick={props.onClick}
      />
    </Tooltip>
  );
}
