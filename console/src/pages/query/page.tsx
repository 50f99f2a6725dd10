/** The query runner: any request of the API, with completion, its answer, its permissions and its code. */
import {
  Badge,
  Button,
  Dropdown,
  makeStyles,
  mergeClasses,
  Option,
  Spinner,
  Tab,
  TabList,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import {
  CheckmarkCircle16Regular,
  Delete16Regular,
  DismissCircle16Regular,
  Link20Regular,
  Play20Filled,
  QuestionCircle16Regular,
} from '@fluentui/react-icons';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, type ApiResponse } from '../../api.ts';
import { CodeEditor } from '../../code/code-editor.tsx';
import { completeJson } from '../../code/json-complete.ts';
import { locateFault, readableAddress, readPosition, type Span } from '../../completion.ts';
import {
  useAnnounce,
  useApi,
  useConfig,
  useDraft,
  useFormat,
  useInvalidate,
  useMetadata,
  useSessionState,
  useShortcuts,
} from '../../context.tsx';
import { display } from '../../data-text.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { CopyButton, useCopy } from '../../parts/copy-button.tsx';
import { Page } from '../../parts/page-header.tsx';
import { Notice } from '../../parts/state-views.tsx';
import { Time } from '../../parts/time.tsx';
import { writeSearch } from '../../search-text.ts';
import { type SnippetLanguage, snippetLanguages, writeSnippet } from '../../snippets.ts';
import { AddressField } from './address-field.tsx';
import {
  addToHistory,
  describeRequest,
  type Entry,
  isAddress,
  methodOf,
  readHeaders,
  readHistory,
  type Typed,
  takesBody,
  writeHistory,
} from './request.ts';
import { samplesFor } from './samples.ts';
import { linkCharactersMax, methods, type QuerySearch } from './search.ts';
import { strings } from './strings.ts';

const panel = {
  display: 'flex',
  flexDirection: 'column',
  gap: '10px',
  minWidth: 0,
  padding: '12px 16px 16px',
  boxSizing: 'border-box',
  borderRadius: tokens.borderRadiusLarge,
  border: `1px solid ${tokens.colorNeutralStroke2}`,
  backgroundColor: tokens.colorNeutralBackground1,
} as const;

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'stretch' },
  method: { minWidth: '112px', width: '112px' },
  work: {
    display: 'grid',
    gridTemplateColumns: '240px minmax(0, 1fr) minmax(0, 1.15fr)',
    gap: '16px',
    alignItems: 'start',
    '@media (max-width: 1279.98px)': { gridTemplateColumns: 'minmax(0, 1fr)', gap: '12px' },
  },
  panel,
  library: {
    ...panel,
    maxHeight: '70vh',
    overflowY: 'auto',
    '@media (max-width: 1279.98px)': { maxHeight: '260px', order: 1 },
  },
  title: { margin: 0, fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  group: {
    margin: '6px 0 2px',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground3,
  },
  list: { margin: 0, padding: 0, listStyleType: 'none' },
  entry: {
    display: 'flex',
    gap: '8px',
    alignItems: 'baseline',
    width: '100%',
    minHeight: '28px',
    padding: '4px 6px',
    border: 'none',
    borderRadius: tokens.borderRadiusMedium,
    font: 'inherit',
    textAlign: 'left',
    cursor: 'pointer',
    color: tokens.colorNeutralForeground1,
    backgroundColor: 'transparent',
    overflowWrap: 'anywhere',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  verb: {
    flexShrink: 0,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorBrandForeground1,
  },
  writes: { color: tokens.colorStatusWarningForeground3 },
  quiet: { margin: 0, color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  tabs: { marginLeft: '-8px', flexWrap: 'wrap' },
  facts: { display: 'flex', flexWrap: 'wrap', gap: '4px 16px', alignItems: 'center', margin: 0 },
  fact: { display: 'inline-flex', gap: '4px', alignItems: 'center', margin: 0, minHeight: '24px' },
  mono: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
  },
  fault: {
    margin: 0,
    paddingLeft: '10px',
    borderLeft: `3px solid ${tokens.colorStatusDangerBorder2}`,
    overflowWrap: 'anywhere',
  },
  permission: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center', padding: '6px 0' },
  held: { color: tokens.colorStatusSuccessForeground1 },
  badge: { display: 'inline-flex', alignItems: 'center', gap: '4px', fontSize: tokens.fontSizeBase200 },
  headers: {
    display: 'grid',
    gridTemplateColumns: 'minmax(90px, auto) minmax(0, 1fr)',
    gap: '2px 12px',
    margin: '6px 0 0',
  },
  summary: { cursor: 'pointer', minHeight: '24px' },
  row: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '8px',
    alignItems: 'center',
    justifyContent: 'space-between',
  },
  text: { width: '100%' },
  textarea: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

const route = getRouteApi('/query');
const tabs = ['body', 'headers', 'permissions', 'snippets'] as const;
type TabName = (typeof tabs)[number];
/** Longer answers would make the editor slow; the copy button has all of it. */
const shownMax = 200_000;
/** Between the last letter typed and the address that holds it. */
const settleMs = 400;

const typedOf = ({ method, path, body, headers }: QuerySearch, otherwise: string): Typed => ({
  method: methodOf(method),
  address: path === undefined ? otherwise : readableAddress(path),
  body: body ?? '',
  headers: headers ?? '',
});

/** The address search that holds the request; what is too long for it stays out. */
function searchOf(typed: Typed): QuerySearch {
  const fits = (text: string) => text !== '' && text.length <= linkCharactersMax;
  const { path } = describeRequest(typed);
  return {
    ...(typed.method === 'GET' ? {} : { method: typed.method }),
    ...(fits(path) ? { path } : {}),
    ...(fits(typed.body) ? { body: typed.body } : {}),
    ...(fits(typed.headers) ? { headers: typed.headers } : {}),
  };
}

/** What came back, for which address. */
interface Outcome {
  readonly address: string;
  readonly response: ApiResponse | undefined;
  readonly error: string | undefined;
}

function usePersonId(): string {
  const state = useSessionState();
  const sub = 'person' in state ? state.person.claims.sub : undefined;
  return typeof sub === 'string' ? sub : 'unknown';
}

/** The request in the fields and in the address of the page. */
function useTyped() {
  const { collectionPath } = useMetadata();
  const search: QuerySearch = route.useSearch();
  const navigate = route.useNavigate();
  const [draft, setDraft] = useDraft<Typed>('query');
  const [typed, setTyped] = useState<Typed>(() =>
    search.path === undefined && draft !== undefined
      ? { ...draft, method: methodOf(draft.method) }
      : typedOf(search, `${collectionPath}?$top=5`),
  );
  const written = useRef<string | undefined>(undefined);
  const { tab, ...asked } = search;
  const inAddress = writeSearch({ ...asked });
  useEffect(() => {
    // Somebody followed a link, or went back: what stands in the address counts.
    if (written.current !== undefined && inAddress !== written.current && inAddress !== '') {
      setTyped(typedOf(search, ''));
    }
    written.current = inAddress;
  }, [inAddress, search]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const next = searchOf(typed);
      const text = writeSearch({ ...next });
      if (text === written.current) return;
      written.current = text;
      setDraft(typed);
      void navigate({ search: { ...next, ...(tab === undefined ? {} : { tab }) }, replace: true });
    }, settleMs);
    return () => clearTimeout(timer);
  }, [typed, tab, navigate, setDraft]);
  const setTab = (next: TabName) => void navigate({ search: { ...asked, tab: next }, replace: true });
  return { typed, setTyped, tab, setTab };
}

/** Runs requests one at a time; a new one cancels the one before. */
function useRun(onDone: (typed: Typed, status: number) => void) {
  const api = useApi();
  const invalidate = useInvalidate();
  const announce = useAnnounce();
  const [outcome, setOutcome] = useState<Outcome>();
  const [running, setRunning] = useState<AbortController>();
  const current = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => current.current?.abort(), []);
  const run = async (typed: Typed) => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setRunning(controller);
    const { address } = typed;
    try {
      const { method, path, headers = {}, body } = describeRequest(typed);
      const response = await api.send({
        method,
        path,
        headers,
        body,
        signal: controller.signal,
        raw: true,
      });
      setOutcome({ address, response, error: undefined });
      announce(strings.announce(response.status, response.durationMs.toFixed(0)));
      onDone(typed, response.status);
      if (method !== 'GET') invalidate();
    } catch (error) {
      if (controller.signal.aborted) return;
      const message = error instanceof ApiError && error.status === 0 ? strings.noAnswer : String(error);
      setOutcome({ address, response: undefined, error: message });
    } finally {
      if (current.current === controller) setRunning(undefined);
    }
  };
  return { outcome, running: running !== undefined, cancel: () => running?.abort(), run };
}

/** The error in an answer, and where in the address it stands. */
function readFault(outcome: Outcome | undefined, address: string) {
  const json = outcome?.response?.json;
  const error =
    typeof json === 'object' && json !== null && 'error' in json
      ? (json.error as Readonly<Record<string, unknown>> | null)
      : undefined;
  const message = typeof error?.message === 'string' ? error.message : undefined;
  if (message === undefined || outcome === undefined) return undefined;
  const target = typeof error?.target === 'string' ? error.target : '';
  const position = readPosition(message);
  const span =
    position === undefined || outcome.address !== address
      ? undefined
      : locateFault(address, target, position);
  return { message, span };
}

/** The page. */
export function QueryPage() {
  const styles = useStyles();
  const { dev, riskScales } = useConfig();
  const { collectionPath } = useMetadata();
  const copy = useCopy();
  const person = usePersonId();
  const { typed, setTyped, tab, setTab } = useTyped();
  const [history, setHistory] = useState(() => readHistory(localStorage, person, Date.now()));
  const [asking, setAsking] = useState<Typed>();
  const { outcome, running, cancel, run } = useRun((ran, status) => {
    const entry: Entry = { ...ran, id: crypto.randomUUID(), at: new Date().toISOString(), status };
    setHistory((old) => {
      const next = addToHistory(old, entry);
      writeHistory(localStorage, person, next);
      return next;
    });
  });
  const change = useCallback((next: Partial<Typed>) => setTyped((old) => ({ ...old, ...next })), [setTyped]);
  const { wrong } = readHeaders(typed.headers);
  const problem = isAddress(typed.address)
    ? wrong === undefined
      ? undefined
      : strings.headerBad(wrong)
    : strings.addressBad;
  const begin = (what: Typed) => {
    if (!isAddress(what.address) || readHeaders(what.headers).wrong !== undefined) return;
    if (what.method !== 'GET' && !dev) setAsking(what);
    else void run(what);
  };
  const latest = useRef(() => {});
  latest.current = () => begin(typed);
  const runLatest = useCallback(() => latest.current(), []);
  useShortcuts(
    strings.shortcuts,
    useMemo(
      () => [{ keys: 'Control+Enter', label: strings.run, run: runLatest, whenTyping: true }],
      [runLatest],
    ),
  );
  // The same object as long as nothing changes: another one would build the editor anew.
  const fault = useMemo(() => readFault(outcome, typed.address), [outcome, typed.address]);
  const samples = useMemo(
    () => samplesFor(collectionPath, undefined, riskScales),
    [collectionPath, riskScales],
  );
  const share = () => {
    const link = `${location.origin}/console/query${writeSearch({ ...searchOf(typed) })}`;
    void copy(link);
  };
  return (
    <Page
      title={strings.title}
      actions={
        <Button
          appearance="subtle"
          icon={<Link20Regular />}
          disabledFocusable={typed.body.length > linkCharactersMax}
          onClick={share}
        >
          {typed.body.length > linkCharactersMax ? strings.shareTooLong : strings.share}
        </Button>
      }
    >
      <div className={styles.bar}>
        <Dropdown
          className={styles.method}
          aria-label={strings.method}
          value={typed.method}
          selectedOptions={[typed.method]}
          onOptionSelect={(_, { optionValue }) => change({ method: methodOf(optionValue) })}
        >
          {methods.map((method) => (
            <Option key={method} value={method}>
              {method}
            </Option>
          ))}
        </Dropdown>
        <AddressField
          label={strings.address}
          text={typed.address}
          fault={fault?.span}
          onChange={(address) => change({ address })}
          onRun={runLatest}
        />
        {running ? (
          <Button icon={<Spinner size="tiny" />} onClick={cancel}>
            {strings.cancel}
          </Button>
        ) : (
          <Button
            appearance="primary"
            icon={<Play20Filled />}
            disabledFocusable={problem !== undefined}
            title={strings.runHint}
            onClick={runLatest}
          >
            {strings.run}
          </Button>
        )}
      </div>
      {problem === undefined ? null : <p className={styles.fault}>{problem}</p>}
      <div className={styles.work}>
        <Library
          samples={samples}
          history={history}
          onPick={setTyped}
          onClear={() => {
            setHistory([]);
            writeHistory(localStorage, person, []);
          }}
        />
        <RequestPanel typed={typed} tab={tab} onTab={setTab} onChange={change} onRun={runLatest} />
        <ResponsePanel
          outcome={outcome}
          fault={fault}
          onFollow={(path) => {
            const next: Typed = {
              method: 'GET',
              address: readableAddress(path),
              body: '',
              headers: typed.headers,
            };
            setTyped(next);
            void run(next);
          }}
        />
      </div>
      <ConfirmDialog
        open={asking !== undefined}
        title={strings.confirmTitle(asking?.method ?? '')}
        confirmLabel={strings.confirmRun}
        danger={asking?.method === 'DELETE'}
        onCancel={() => setAsking(undefined)}
        onConfirm={() => {
          setAsking(undefined);
          if (asking !== undefined) void run(asking);
        }}
      >
        {strings.confirm}
        <p className={styles.mono}>{asking === undefined ? '' : display(asking.address, 400)}</p>
      </ConfirmDialog>
    </Page>
  );
}

function Library(props: {
  readonly samples: ReturnType<typeof samplesFor>;
  readonly history: readonly Entry[];
  readonly onPick: (typed: Typed) => void;
  readonly onClear: () => void;
}) {
  const styles = useStyles();
  const [shown, setShown] = useState<'samples' | 'history'>('samples');
  return (
    <section className={styles.library} aria-label={strings.library}>
      <TabList
        className={styles.tabs}
        size="small"
        selectedValue={shown}
        onTabSelect={(_, { value }) => setShown(value === 'history' ? 'history' : 'samples')}
      >
        <Tab value="samples">{strings.samples}</Tab>
        <Tab value="history">{strings.history}</Tab>
      </TabList>
      {shown === 'samples' ? (
        <div>
          {props.samples.map(({ title, samples }) => (
            <div key={title}>
              <h2 className={styles.group}>{title}</h2>
              <ul className={styles.list}>
                {samples.map(({ name, typed }) => (
                  <li key={name}>
                    <button type="button" className={styles.entry} onClick={() => props.onPick(typed)}>
                      <Verb method={typed.method} />
                      <span>{name}</span>
                    </button>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </div>
      ) : (
        <HistoryList {...props} />
      )}
    </section>
  );
}

function Verb({ method }: { readonly method: string }) {
  const styles = useStyles();
  return <span className={mergeClasses(styles.verb, method !== 'GET' && styles.writes)}>{method}</span>;
}

function HistoryList(props: {
  readonly history: readonly Entry[];
  readonly onPick: (typed: Typed) => void;
  readonly onClear: () => void;
}) {
  const styles = useStyles();
  if (props.history.length === 0) return <p className={styles.quiet}>{strings.historyEmpty}</p>;
  return (
    <>
      <ul className={styles.list}>
        {props.history.map(({ id, at, status, ...typed }) => (
          <li key={id}>
            <button type="button" className={styles.entry} onClick={() => props.onPick(typed)}>
              <Verb method={typed.method} />
              <span>
                <bdi>{display(typed.address, 120)}</bdi>
                <span className={styles.quiet}>
                  {' '}
                  {status} · <Time value={at} relative />
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Button size="small" appearance="subtle" icon={<Delete16Regular />} onClick={props.onClear}>
        {strings.historyClear}
      </Button>
    </>
  );
}

function RequestPanel(props: {
  readonly typed: Typed;
  readonly tab: string | undefined;
  readonly onTab: (tab: TabName) => void;
  readonly onChange: (change: Partial<Typed>) => void;
  readonly onRun: () => void;
}) {
  const styles = useStyles();
  const { properties } = useMetadata();
  const { typed, onChange, onRun } = props;
  const usual = takesBody(typed.method) ? 'body' : 'permissions';
  const tab = tabs.find((each) => each === props.tab) ?? usual;
  const complete = useMemo(() => completeJson(properties), [properties]);
  const keys = useMemo(
    () => [
      {
        key: 'Mod-Enter',
        run: () => {
          onRun();
          return true;
        },
      },
    ],
    [onRun],
  );
  const contents: Readonly<Record<TabName, ReactNode>> = {
    body: takesBody(typed.method) ? (
      <CodeEditor
        label={strings.bodyLabel}
        text={typed.body}
        isJson
        complete={complete}
        keys={keys}
        onChange={(body) => onChange({ body })}
      />
    ) : (
      <p className={styles.quiet}>{strings.noBody(typed.method)}</p>
    ),
    headers: (
      <>
        <Textarea
          className={styles.text}
          textarea={{ className: styles.textarea }}
          aria-label={strings.headersLabel}
          placeholder={'If-Match: W/"1"\nPrefer: return=minimal'}
          rows={4}
          value={typed.headers}
          onChange={(_, { value }) => onChange({ headers: value })}
        />
        <p className={styles.quiet}>{strings.headersHint}</p>
      </>
    ),
    permissions: <Permissions typed={typed} />,
    snippets: <Snippets typed={typed} />,
  };
  return (
    <section className={styles.panel} aria-label={strings.requestParts}>
      <TabList
        className={styles.tabs}
        selectedValue={tab}
        onTabSelect={(_, { value }) => {
          const next = tabs.find((each) => each === value);
          if (next !== undefined) props.onTab(next);
        }}
      >
        {tabs.map((each) => (
          <Tab key={each} value={each}>
            {strings[each]}
          </Tab>
        ))}
      </TabList>
      {contents[tab]}
    </section>
  );
}

const shortName = (permission: string): string => permission.slice(permission.lastIndexOf('/') + 1);

function Permissions({ typed }: { readonly typed: Typed }) {
  const styles = useStyles();
  const config = useConfig();
  const metadata = useMetadata();
  const state = useSessionState();
  const granted = 'person' in state ? state.person.granted?.map(shortName) : undefined;
  const kind = typed.method === 'GET' ? 'read' : 'write';
  const listed = config.permissions[kind].length > 0 ? config.permissions[kind] : metadata.permissions[kind];
  if (listed.length === 0) return <p className={styles.quiet}>{strings.permissionNone}</p>;
  return (
    <div>
      <p className={styles.quiet}>{kind === 'read' ? strings.permissionRead : strings.permissionWrite}</p>
      <ul className={styles.list}>
        {listed.map((permission) => (
          <li key={permission} className={styles.permission}>
            <code className={styles.mono}>{permission}</code>
            <Held held={granted?.includes(shortName(permission))} />
          </li>
        ))}
      </ul>
      <p className={styles.quiet}>{strings.howToGet}</p>
    </div>
  );
}

function Held({ held }: { readonly held: boolean | undefined }) {
  const styles = useStyles();
  if (held === undefined) {
    return (
      <span className={styles.badge}>
        <QuestionCircle16Regular /> {strings.unknownHeld}
      </span>
    );
  }
  return held ? (
    <span className={mergeClasses(styles.badge, styles.held)}>
      <CheckmarkCircle16Regular /> {strings.held}
    </span>
  ) : (
    <span className={styles.badge}>
      <DismissCircle16Regular /> {strings.notHeld}
    </span>
  );
}

function Snippets({ typed }: { readonly typed: Typed }) {
  const styles = useStyles();
  const { apiRoot, dev, scope } = useConfig();
  const [language, setLanguage] = useState<SnippetLanguage>('curl');
  const text = writeSnippet(language, describeRequest(typed), {
    apiRoot: location.origin + apiRoot,
    dev,
    scope,
  });
  const label = snippetLanguages.find(({ id }) => id === language)?.label ?? language;
  return (
    <>
      <div className={styles.row}>
        <TabList
          className={styles.tabs}
          size="small"
          aria-label={strings.language}
          selectedValue={language}
          onTabSelect={(_, { value }) =>
            setLanguage(snippetLanguages.find(({ id }) => id === value)?.id ?? 'curl')
          }
        >
          {snippetLanguages.map((each) => (
            <Tab key={each.id} value={each.id}>
              {each.label}
            </Tab>
          ))}
        </TabList>
        <CopyButton text={text} label={strings.copySnippet} />
      </div>
      <CodeEditor label={strings.snippetLabel(label)} text={text} readOnly />
    </>
  );
}

function ResponsePanel(props: {
  readonly outcome: Outcome | undefined;
  readonly fault: { readonly message: string; readonly span: Span | undefined } | undefined;
  readonly onFollow: (path: string) => void;
}) {
  const styles = useStyles();
  const { outcome, fault } = props;
  return (
    <section
      className={styles.panel}
      aria-label={strings.responseParts}
      data-state={outcome === undefined ? 'none' : 'answered'}
    >
      <h2 className={styles.title}>{strings.answer}</h2>
      {outcome === undefined ? <p className={styles.quiet}>{strings.notYet}</p> : null}
      {outcome?.error === undefined ? null : (
        <Notice title={strings.answer} intent="offline">
          {outcome.error}
        </Notice>
      )}
      {outcome?.response === undefined ? null : (
        <>
          <Facts response={outcome.response} />
          {fault === undefined ? null : (
            <p className={styles.fault} role="alert">
              <bdi>{display(fault.message, 1000)}</bdi>
              {fault.span === undefined ? null : ` ${strings.position}`}
            </p>
          )}
          <Answer response={outcome.response} onFollow={props.onFollow} />
        </>
      )}
    </section>
  );
}

const rowsOf = (json: unknown): readonly unknown[] | undefined =>
  typeof json === 'object' && json !== null && 'value' in json && Array.isArray(json.value)
    ? json.value
    : undefined;

function Facts({ response }: { readonly response: ApiResponse }) {
  const styles = useStyles();
  const format = useFormat();
  const { status, durationMs, text, requestId, json, headers } = response;
  const rows = rowsOf(json);
  return (
    <>
      <div className={styles.facts}>
        <Badge
          appearance="tint"
          size="large"
          color={status < 300 ? 'success' : status < 400 ? 'informative' : 'danger'}
        >
          {strings.status} {status}
        </Badge>
        <span className={styles.fact}>{format.number(Math.round(durationMs))} ms</span>
        <span className={styles.fact}>{format.number(new TextEncoder().encode(text).length)} B</span>
        {rows === undefined ? null : <span className={styles.fact}>{strings.rows(rows.length)}</span>}
        {requestId === undefined ? null : (
          <span className={styles.fact}>
            <span className={styles.mono}>{requestId}</span>
            <CopyButton text={requestId} label={strings.copyRequestId} />
          </span>
        )}
      </div>
      <details>
        <summary className={styles.summary}>{strings.headers}</summary>
        <dl className={styles.headers}>
          {[...headers].map(([name, value]) => (
            <HeaderLine key={name} name={name} value={value} />
          ))}
        </dl>
      </details>
    </>
  );
}

function HeaderLine({ name, value }: { readonly name: string; readonly value: string }) {
  const styles = useStyles();
  return (
    <>
      <dt className={styles.mono}>{name}</dt>
      <dd className={mergeClasses(styles.fact, styles.mono)}>{display(value, 400)}</dd>
    </>
  );
}

function Answer(props: { readonly response: ApiResponse; readonly onFollow: (path: string) => void }) {
  const styles = useStyles();
  const format = useFormat();
  const { apiRoot } = useConfig();
  const { json, text } = props.response;
  const pretty = useMemo(() => (json === undefined ? text : JSON.stringify(json, null, 2)), [json, text]);
  const next = nextPath(json, apiRoot);
  if (text === '') return <p className={styles.quiet}>{strings.answerEmpty}</p>;
  return (
    <>
      <div className={styles.row}>
        {next === undefined ? (
          <span />
        ) : (
          <Button size="small" icon={<Play20Filled />} onClick={() => props.onFollow(next)}>
            {strings.next}
          </Button>
        )}
        <CopyButton text={pretty} label={strings.copyAnswer} />
      </div>
      <CodeEditor
        label={strings.answer}
        text={pretty.slice(0, shownMax)}
        readOnly
        isJson={json !== undefined}
        heightCss="62vh"
      />
      {pretty.length > shownMax ? (
        <p className={styles.quiet}>{strings.answerCut(format.number(shownMax))}</p>
      ) : null}
    </>
  );
}

/** The nextLink below the service root; undefined where there is none, or where it leads elsewhere. */
function nextPath(json: unknown, apiRoot: string): string | undefined {
  const link =
    typeof json === 'object' && json !== null
      ? (json as Readonly<Record<string, unknown>>)['@odata.nextLink']
      : undefined;
  if (typeof link !== 'string' || !URL.canParse(link)) return undefined;
  const { pathname, search } = new URL(link);
  return pathname.startsWith(`${apiRoot}/`) ? pathname.slice(apiRoot.length) + search : undefined;
}
