/** Settings: who one is and may do what, how the console looks, and what service this is. */
import {
  Field,
  Link,
  makeStyles,
  Radio,
  RadioGroup,
  Switch,
  Tab,
  TabList,
  tokens,
} from '@fluentui/react-components';
import {
  CheckmarkCircle16Regular,
  DismissCircle16Regular,
  QuestionCircle16Regular,
} from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';
import {
  useConfig,
  useFormat,
  useIsNarrow,
  useMetadata,
  usePreferences,
  useSessionState,
} from '../../context.tsx';
import { display } from '../../data-text.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { DataText } from '../../parts/data-text.tsx';
import { Page } from '../../parts/page-header.tsx';
import { RiskIcon } from '../../parts/risk-badge.tsx';
import { QueryView } from '../../parts/state-views.tsx';
import { Time } from '../../parts/time.tsx';
import type { Person } from '../../person.ts';
import { bandLabel, type RiskScale } from '../../risk.ts';
import { type Section, type SettingsSearch, sections } from './search.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  tabs: { marginLeft: '-8px' },
  sections: { display: 'flex', flexDirection: 'column', gap: '16px', maxWidth: '980px' },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '12px',
    minWidth: 0,
    padding: '16px 20px 20px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow2,
    '@media (max-width: 699.98px)': { padding: '12px' },
  },
  title: { margin: 0, fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  facts: {
    display: 'grid',
    gridTemplateColumns: 'minmax(110px, 180px) minmax(0, 1fr)',
    gap: '6px 16px',
    margin: 0,
  },
  term: { color: tokens.colorNeutralForeground3 },
  detail: { margin: 0, minWidth: 0, overflowWrap: 'anywhere' },
  hint: { margin: 0, color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  list: {
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
  },
  right: { display: 'flex', flexWrap: 'wrap', columnGap: '12px', rowGap: '2px', alignItems: 'center' },
  rightName: { fontWeight: tokens.fontWeightSemibold },
  badge: { display: 'inline-flex', gap: '4px', alignItems: 'center' },
  good: { color: tokens.colorStatusSuccessForeground1 },
  bad: { color: tokens.colorStatusDangerForeground1 },
  scroll: { overflowX: 'auto' },
  table: { width: '100%', borderCollapse: 'collapse' },
  cell: {
    padding: '7px 10px 7px 0',
    textAlign: 'left',
    verticalAlign: 'top',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    overflowWrap: 'anywhere',
    minWidth: '80px',
  },
  band: { display: 'inline-flex', gap: '4px', alignItems: 'center', whiteSpace: 'nowrap' },
  mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  pre: {
    margin: 0,
    whiteSpace: 'pre-wrap',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
  },
  summary: { cursor: 'pointer', minHeight: '24px' },
  links: { display: 'flex', flexWrap: 'wrap', gap: '4px 16px' },
});

const route = getRouteApi('/settings');

/** The page. */
export function SettingsPage() {
  const styles = useStyles();
  const { section = 'access' }: SettingsSearch = route.useSearch();
  const navigate = route.useNavigate();
  const contents: Readonly<Record<Section, () => ReactNode>> = {
    access: () => <Access />,
    appearance: () => <Appearance />,
    system: () => <System />,
  };
  return (
    <Page title={strings.title}>
      <TabList
        className={styles.tabs}
        selectedValue={section}
        onTabSelect={(_, { value }) => {
          const next = sections.find((each) => each === value);
          if (next !== undefined) void navigate({ search: { section: next }, replace: true });
        }}
      >
        {sections.map((each) => (
          <Tab key={each} value={each}>
            {strings.sections[each]}
          </Tab>
        ))}
      </TabList>
      <div className={styles.sections}>{contents[section]()}</div>
    </Page>
  );
}

function Card({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const styles = useStyles();
  const id = useId();
  return (
    <section className={styles.card} aria-labelledby={id}>
      <h2 id={id} className={styles.title}>
        {title}
      </h2>
      {children}
    </section>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  const styles = useStyles();
  return (
    <>
      <dt className={styles.term}>{term}</dt>
      <dd className={styles.detail}>{children}</dd>
    </>
  );
}

// Access.

function Access() {
  const state = useSessionState();
  if (!('person' in state)) return null;
  return (
    <>
      <Who person={state.person} />
      <Permissions person={state.person} />
      <Claims person={state.person} />
    </>
  );
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function Who({ person }: { readonly person: Person }) {
  const styles = useStyles();
  const { name, userName, claims, accessClaims = {}, expiresAtMs } = person;
  const claim = (...names: readonly string[]) =>
    names
      .map((each) => textOf(accessClaims[each]) ?? textOf(claims[each]))
      .find((each) => each !== undefined);
  return (
    <Card title={strings.whoTitle}>
      <dl className={styles.facts}>
        <Fact term={strings.name}>
          <DataText text={name} />
        </Fact>
        <Fact term={strings.userName}>
          <DataText text={userName} />
        </Fact>
        <Fact term={strings.tenant}>
          <DataText text={claim('tid')} mono />
        </Fact>
        <Fact term={strings.objectId}>
          <DataText text={claim('oid', 'sub')} mono />
        </Fact>
        <Fact term={strings.client}>
          <DataText text={claim('azp', 'appid', 'client_id')} mono />
        </Fact>
        <Fact term={strings.issuer}>
          <DataText text={claim('iss')} mono />
        </Fact>
        <Fact term={strings.expires}>
          <Time value={new Date(expiresAtMs).toISOString()} />
        </Fact>
      </dl>
    </Card>
  );
}

const shortName = (permission: string): string => permission.slice(permission.lastIndexOf('/') + 1);

const holdsAny = (granted: readonly string[], permissions: readonly string[]): boolean =>
  granted.some((each) => permissions.map(shortName).includes(shortName(each)));

function Permissions({ person }: { readonly person: Person }) {
  const styles = useStyles();
  const { permissions } = useConfig();
  const metadata = useMetadata();
  const listOf = (kind: 'read' | 'write') =>
    permissions[kind].length > 0 ? permissions[kind] : metadata.permissions[kind];
  const { granted } = person;
  return (
    <Card title={strings.rightsTitle}>
      <ul className={styles.list}>
        <Right label={strings.reading} permissions={listOf('read')} granted={granted} />
        <Right label={strings.writing} permissions={listOf('write')} granted={granted} />
      </ul>
      {granted === undefined ? (
        <p className={styles.hint}>{strings.opaque}</p>
      ) : (
        <p className={styles.hint}>
          {strings.holds}:{' '}
          <bdi className={styles.mono}>
            {granted.length === 0 ? strings.holdsNothing : display(granted.join(', '), 400)}
          </bdi>
        </p>
      )}
      {granted !== undefined && !holdsAny(granted, listOf('read')) ? (
        <p className={styles.detail} role="note">
          {strings.whyDenied}
        </p>
      ) : null}
    </Card>
  );
}

function Right(props: {
  readonly label: string;
  readonly permissions: readonly string[];
  readonly granted: readonly string[] | undefined;
}) {
  const styles = useStyles();
  const { label, permissions, granted } = props;
  const held = new Set(granted?.map(shortName));
  const by = permissions.find((each) => held.has(shortName(each)));
  return (
    <li className={styles.right}>
      <span className={styles.rightName}>{label}</span>
      {granted === undefined ? (
        <span className={styles.badge}>
          <QuestionCircle16Regular /> {strings.maybe}
        </span>
      ) : by === undefined ? (
        <span className={styles.badge}>
          <DismissCircle16Regular className={styles.bad} /> {strings.notAllowed}
        </span>
      ) : (
        <span className={`${styles.badge} ${styles.good}`}>
          <CheckmarkCircle16Regular /> {strings.allowed}
        </span>
      )}
      <span className={styles.hint}>
        {by === undefined ? permissions.join(' / ') : strings.because(shortName(by))}
      </span>
    </li>
  );
}

function Claims({ person }: { readonly person: Person }) {
  const styles = useStyles();
  const { claims, accessClaims } = person;
  return (
    <Card title={strings.claimsTitle}>
      <p className={styles.hint}>{strings.claimsHint}</p>
      {accessClaims === undefined ? null : (
        <ClaimTable title={strings.claimsAccess} claims={accessClaims} open />
      )}
      <ClaimTable title={strings.claimsId} claims={claims} />
    </Card>
  );
}

function ClaimTable(props: {
  readonly title: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly open?: boolean;
}) {
  const styles = useStyles();
  return (
    <details open={props.open === true}>
      <summary className={styles.summary}>{props.title}</summary>
      <table className={styles.table} aria-label={props.title}>
        <thead>
          <tr>
            <th scope="col" className={styles.cell}>
              {strings.claim}
            </th>
            <th scope="col" className={styles.cell}>
              {strings.value}
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(props.claims).map(([name, value]) => (
            <tr key={name}>
              <th scope="row" className={`${styles.cell} ${styles.mono}`}>
                {display(name, 100)}
              </th>
              <td className={styles.cell}>
                <ClaimValue name={name} value={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Claims that are moments, in seconds since 1970 (RFC 7519). */
const moments = ['exp', 'iat', 'nbf', 'auth_time'];

function ClaimValue({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (moments.includes(name) && typeof value === 'number') {
    return <Time value={new Date(value * 1000).toISOString()} />;
  }
  return <DataText text={typeof value === 'string' ? value : JSON.stringify(value)} mono />;
}

// Appearance.

function Appearance() {
  const styles = useStyles();
  const format = useFormat();
  const [preferences, change] = usePreferences();
  return (
    <Card title={strings.appearanceTitle}>
      <Choice
        label={strings.theme}
        options={strings.themes}
        value={preferences.theme}
        onChange={(theme) => change({ theme })}
      />
      <Choice
        label={strings.density}
        options={strings.densities}
        value={preferences.density}
        onChange={(density) => change({ density })}
      />
      <Choice
        label={strings.timeZone}
        options={strings.timeZones}
        value={preferences.timeZone}
        onChange={(timeZone) => change({ timeZone })}
      />
      <p className={styles.hint}>{strings.now(format.dateTime(new Date().toISOString()))}</p>
      <Field hint={strings.keysHint}>
        <Switch
          label={strings.keys}
          checked={preferences.singleKeys}
          onChange={(_, { checked }) => change({ singleKeys: checked })}
        />
      </Field>
      <p className={styles.hint}>{strings.kept}</p>
    </Card>
  );
}

function Choice<Value extends string>(props: {
  readonly label: string;
  readonly options: readonly (readonly [value: Value, label: string])[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}) {
  return (
    <Field label={props.label}>
      <RadioGroup
        layout="horizontal"
        value={props.value}
        onChange={(_, { value }) => {
          const next = props.options.find(([each]) => each === value)?.[0];
          if (next !== undefined) props.onChange(next);
        }}
      >
        {props.options.map(([value, label]) => (
          <Radio key={value} value={value} label={label} />
        ))}
      </RadioGroup>
    </Field>
  );
}

// System.

async function askReadiness(
  signal: AbortSignal,
): Promise<{ readonly ready: boolean; readonly text: string }> {
  const answer = await fetch('/readyz?verbose', { signal, cache: 'no-store' });
  return { ready: answer.ok, text: (await answer.text()).trim() };
}

function System() {
  const styles = useStyles();
  const config = useConfig();
  const readiness = useQuery({
    queryKey: ['readiness'],
    queryFn: ({ signal }) => askReadiness(signal),
    refetchInterval: 15_000,
  });
  const root = location.origin + config.apiRoot;
  const documents = [
    ['/docs', strings.documentList.docs],
    ['/openapi.json', strings.documentList.openapi],
    [`${config.apiRoot}/$metadata`, strings.documentList.metadata],
    ['/docs/requests.http', strings.documentList.requests],
  ] as const;
  return (
    <>
      <Card title={strings.systemTitle}>
        <dl className={styles.facts}>
          <Fact term={strings.version}>{config.version}</Fact>
          <Fact term={strings.mode}>
            {config.dev ? strings.dev : strings.production}
            {config.readOnly === true ? `, ${strings.readOnly}` : ''}
          </Fact>
          <Fact term={strings.address}>
            <span className={styles.mono}>{root}</span> <CopyButton text={root} />
          </Fact>
          <Fact term={strings.signIn}>
            <DataText text={config.issuerName} />
          </Fact>
          <Fact term={strings.readiness}>
            <QueryView query={readiness}>
              {({ ready, text }) => (
                <>
                  <span className={styles.badge}>
                    {ready ? (
                      <CheckmarkCircle16Regular className={styles.good} />
                    ) : (
                      <DismissCircle16Regular className={styles.bad} />
                    )}
                    {ready ? strings.ready : strings.notReady}
                  </span>
                  <pre className={styles.pre}>{display(text, 2000)}</pre>
                </>
              )}
            </QueryView>
          </Fact>
          <Fact term={strings.documents}>
            <span className={styles.links}>
              {documents.map(([href, label]) => (
                <Link key={href} href={href}>
                  {label}
                </Link>
              ))}
            </span>
          </Fact>
        </dl>
      </Card>
      <Card title={strings.scalesTitle}>
        <p className={styles.hint}>{strings.scalesHint}</p>
        {config.riskScales.length === 0 ? (
          <p className={styles.detail}>{strings.noScales}</p>
        ) : (
          <Scales scales={config.riskScales} />
        )}
      </Card>
    </>
  );
}

const bands = ['high', 'medium', 'low'] as const;

/** Which scores are in a band, in words. */
function rangeOf(scale: RiskScale, band: (typeof bands)[number]): string {
  if (scale.kind === 'words') {
    return Object.entries(scale.words)
      .filter(([, each]) => each === band)
      .map(([word]) => word)
      .join(', ');
  }
  const safer = scale.direction === 'higherIsSafer';
  if (band === 'low') return (safer ? strings.above : strings.below)(scale.medium);
  return (safer ? strings.atMost : strings.atLeast)(scale[band]);
}

const providerOf = ({ provider }: RiskScale): string =>
  provider.endsWith('*') ? strings.startsWith(provider.slice(0, -1)) : provider;

/** Without a table: a phone has no room for five columns. */
function ScaleList({ scales }: { readonly scales: readonly RiskScale[] }) {
  const styles = useStyles();
  return (
    <ul className={styles.list}>
      {scales.map((scale) => (
        <li key={scale.provider}>
          <div className={styles.rightName}>{providerOf(scale)}</div>
          <div className={styles.hint}>{scale.name}</div>
          {bands.map((band) => (
            <div key={band} className={styles.right}>
              <span className={styles.band}>
                <RiskIcon band={band} /> {bandLabel(band)}
              </span>
              <span>{rangeOf(scale, band)}</span>
            </div>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Scales({ scales }: { readonly scales: readonly RiskScale[] }) {
  const styles = useStyles();
  const narrow = useIsNarrow();
  if (narrow) return <ScaleList scales={scales} />;
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-label={strings.scalesTitle}>
        <thead>
          <tr>
            <th scope="col" className={styles.cell}>
              {strings.provider}
            </th>
            <th scope="col" className={styles.cell}>
              {strings.scale}
            </th>
            {bands.map((band) => (
              <th key={band} scope="col" className={styles.cell}>
                <span className={styles.band}>
                  <RiskIcon band={band} />
                  {bandLabel(band)}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {scales.map((scale) => (
            <tr key={scale.provider}>
              <th scope="row" className={styles.cell}>
                {providerOf(scale)}
              </th>
              <td className={styles.cell}>{scale.name}</td>
              {bands.map((band) => (
                <td key={band} className={styles.cell}>
                  {rangeOf(scale, band)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
