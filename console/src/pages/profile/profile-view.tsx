/** One app that is there: its facts, its tabs, and everything that can happen to an edit of it. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  makeStyles,
  Tab,
  TabList,
  tokens,
} from '@fluentui/react-components';
import { ChevronLeft20Regular, ChevronRight20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useBlocker } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import type { Entity } from '../../api.ts';
import {
  useApi,
  useConfig,
  useFormat,
  useMetadata,
  usePaletteCommands,
  useRights,
  useSessionState,
  useShortcuts,
} from '../../context.tsx';
import { shorten } from '../../data-text.ts';
import { CopyAsRequest } from '../../parts/copy-as-request.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { DataText } from '../../parts/data-text.tsx';
import { Page } from '../../parts/page-header.tsx';
import { ErrorView } from '../../parts/state-views.tsx';
import { decisionLabel, decisions, meaningful } from '../../profile-meaning.ts';
import type { Shortcut } from '../../shortcuts.ts';
import { ConflictDialog } from './conflict-dialog.tsx';
import { HistoryTab, type Restore } from './history-tab.tsx';
import { JsonTab } from './json-tab.tsx';
import { hasList, listQueryOf, loadListIds, positionIn } from './list-position.ts';
import { crumbsOf, DeletedNotice } from './page-parts.tsx';
import { ProfileForm } from './profile-form.tsx';
import { IconButton, ProfileHead } from './profile-head.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import { SaveBar } from './save-bar.tsx';
import { type ProfileTab, profileTabs } from './search.ts';
import { words } from './strings.ts';
import { useProfileEditor } from './use-profile-editor.ts';
import { useSaving } from './use-saving.ts';

const useStyles = makeStyles({
  position: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, whiteSpace: 'nowrap' },
  tabs: { margin: '0 -8px' },
  panel: { display: 'flex', flexDirection: 'column', gap: '12px', outline: 'none' },
});

const route = getRouteApi('/apps/$id');
/** A heading longer than this is cut; the form has the whole name. */
const nameMax = 120;

/** The page of an app; `gone` where it was deleted while it was open. */
export function ProfileView(props: {
  readonly entity: Entity;
  readonly gone: boolean;
  readonly error: unknown;
  readonly onRetry: () => void;
}) {
  const styles = useStyles();
  const metadata = useMetadata();
  const api = useApi();
  const rights = useRights();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { entity, gone } = props;
  const { id } = entity;
  const editor = useProfileEditor(entity, metadata);
  const openTab = (tab: ProfileTab) =>
    void navigate({
      search: (old) => ({ ...old, tab: tab === 'profile' ? undefined : tab }) as typeof old,
      replace: true,
    });
  const saving = useSaving({ entity, editor, openForm: () => openTab('profile') });
  const [restore, setRestore] = useState<Restore>();
  const [jsonText, setJsonText] = useState<string>();
  const [discards, setDiscards] = useState(0);
  const tab: ProfileTab = search.tab ?? 'profile';
  const readOnly = !rights.mayWrite || gone;
  const stale = entity['@odata.etag'] !== editor.base.etag && editor.changes.length > 0;
  const name = entity[meaningful.name];
  const title = typeof name === 'string' && name.trim() !== '' ? name : words.untitled;
  const discard = () => {
    saving.forget();
    setJsonText(undefined);
    setDiscards(discards + 1);
    editor.discard();
  };
  useProfileKeys({ saving, readOnly });
  const dirty = editor.changes.length > 0 || jsonText !== undefined;

  return (
    <Page
      title={shorten(title, nameMax)}
      heading={<DataText text={shorten(title, nameMax)} lines={2} />}
      crumbs={crumbsOf(search)}
      actions={
        <>
          <Neighbours id={id} />
          <CopyButton text={id} label={words.copyId} />
          <CopyAsRequest
            request={
              dirty && editor.changes.length > 0
                ? {
                    method: 'PATCH',
                    path: api.entityPath(id),
                    headers: { 'If-Match': editor.base.etag },
                    body: editor.body,
                  }
                : { method: 'GET', path: api.entityPath(id) }
            }
          />
        </>
      }
    >
      {gone ? <DeletedNotice id={id} /> : null}
      {props.error === null ? null : <ErrorView error={props.error} onRetry={props.onRetry} />}
      <ProfileHead
        id={id}
        etag={editor.base.etag}
        values={editor.values}
        onDecide={(decision) => void saving.decide(decision)}
      />
      {editor.restored && dirty ? (
        <MessageBar intent="info">
          <MessageBarBody>{words.draftRestored}</MessageBarBody>
        </MessageBar>
      ) : null}
      {stale && !gone ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{words.staleTitle}</MessageBarBody>
          <MessageBarActions>
            <Button onClick={() => void saving.compare()}>{words.review}</Button>
          </MessageBarActions>
        </MessageBar>
      ) : null}
      <TabList
        className={styles.tabs}
        selectedValue={tab}
        onTabSelect={(_, { value }) => openTab(profileTabs.find((each) => each === value) ?? 'profile')}
        aria-label={words.tabsLabel}
      >
        {profileTabs.map((each) => (
          <Tab key={each} value={each} id={`tab-${each}`} aria-controls="tab-panel">
            {words.tabs[each]}
          </Tab>
        ))}
      </TabList>
      <div className={styles.panel} role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        {tab === 'profile' ? <ProfileForm editor={editor} disabled={readOnly} /> : null}
        {tab === 'history' ? <HistoryTab id={id} onRestore={gone ? undefined : setRestore} /> : null}
        {tab === 'json' ? (
          <JsonTab
            key={`${editor.base.etag} ${discards}`}
            entity={editor.base.entity ?? entity}
            editor={editor}
            readOnly={readOnly || stale}
            text={jsonText}
            onText={setJsonText}
          />
        ) : null}
      </div>
      <SaveBar
        changes={editor.changes}
        invalid={Object.keys(editor.form.formState.errors).length}
        gone={gone}
        saving={saving.busy}
        error={saving.error}
        onSave={() => void saving.save()}
        onDiscard={discard}
        onCompare={() => void saving.compare()}
      />
      {saving.conflict === undefined ? null : (
        <ConflictDialog
          conflict={saving.conflict}
          base={editor.base}
          edits={editor.edits}
          onSave={(edits) => void saving.resolve(edits)}
          onTakeTheirs={() => {
            setJsonText(undefined);
            saving.takeTheirs();
          }}
          onClose={saving.closeConflict}
        />
      )}
      {restore === undefined ? null : (
        <RestoreDialog
          id={id}
          restore={restore}
          onClose={() => setRestore(undefined)}
          onRestored={(next, etagBefore) => {
            setRestore(undefined);
            saving.takeRestored(next, etagBefore);
          }}
        />
      )}
      <LeaveGuard dirty={dirty} changes={Math.max(1, editor.changes.length)} onDiscard={discard} />
    </Page>
  );
}

function useProfileKeys(parts: {
  readonly saving: ReturnType<typeof useSaving>;
  readonly readOnly: boolean;
}) {
  const { save, decide } = parts.saving;
  const { readOnly } = parts;
  const shortcuts = useMemo(
    (): readonly Shortcut[] =>
      readOnly
        ? []
        : [
            { keys: 'Control+s', label: words.save, run: () => void save(), whenTyping: true },
            ...decisions.map((decision, index) => ({
              keys: String(index + 1),
              label: `${words.decision}: ${decisionLabel(decision)}`,
              run: () => void decide(decision),
            })),
          ],
    [readOnly, save, decide],
  );
  const commands = useMemo(
    () => shortcuts.map(({ label, run }) => ({ id: `profile ${label}`, label, run })),
    [shortcuts],
  );
  useShortcuts(words.tabs.profile, shortcuts);
  usePaletteCommands(words.tabs.profile, commands);
}

/** The app before and after in the list the person came from; the list stays as it was then. */
function Neighbours({ id }: { readonly id: string }) {
  const styles = useStyles();
  const api = useApi();
  const { riskScales } = useConfig();
  const format = useFormat();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { from, filter, search: searched, sort } = search;
  const known = hasList(search);
  const { data: ids } = useQuery({
    // Not below 'profiles': an app that was just decided has to keep its place.
    queryKey: ['list ids', { from, filter, searched, sort }],
    queryFn: ({ signal }) => loadListIds(api, listQueryOf(search, riskScales), id, signal),
    enabled: known,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const position = ids === undefined ? undefined : positionIn(ids, id);
  const go = useCallback(
    (to: string | undefined): void => {
      if (to !== undefined) void navigate({ to: '/apps/$id', params: { id: to }, search: (old) => old });
    },
    [navigate],
  );
  const { previous, next } = position ?? {};
  const shortcuts = useMemo(
    (): readonly Shortcut[] => [
      { keys: 'j', label: words.next, run: (): void => go(next) },
      { keys: 'k', label: words.previous, run: (): void => go(previous) },
    ],
    [go, previous, next],
  );
  useShortcuts(words.tabs.profile, shortcuts);
  if (!known || position === undefined) return null;
  return (
    <>
      <span className={styles.position}>{words.position(format.number(position.index))}</span>
      <IconButton
        label={words.previous}
        icon={<ChevronLeft20Regular />}
        disabled={previous === undefined}
        onClick={() => go(previous)}
      />
      <IconButton
        label={words.next}
        icon={<ChevronRight20Regular />}
        disabled={next === undefined}
        onClick={() => go(next)}
      />
    </>
  );
}

/** Asks once before edits are left behind; another tab of the same app is no leaving. */
function LeaveGuard(props: {
  readonly dirty: boolean;
  readonly changes: number;
  readonly onDiscard: () => void;
}) {
  const session = useSessionState();
  const { dirty, changes, onDiscard } = props;
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    // A sign-in on this page leaves it too, and comes back to the draft.
    enableBeforeUnload: () => dirty && session.kind === 'signedIn',
    withResolver: true,
  });
  if (blocker.status !== 'blocked') return null;
  return (
    <Dialog open modalType="alert" onOpenChange={() => blocker.reset()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{words.leaveTitle}</DialogTitle>
          <DialogContent>{words.leaveDetail(changes)}</DialogContent>
          <DialogActions fluid>
            <Button onClick={() => blocker.reset()}>{words.leaveStay}</Button>
            <Button
              onClick={() => {
                onDiscard();
                blocker.proceed();
              }}
            >
              {words.leaveDiscard}
            </Button>
            <Button appearance="primary" onClick={() => blocker.proceed()}>
              {words.leaveKeep}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
