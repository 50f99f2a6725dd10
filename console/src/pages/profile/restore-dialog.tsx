/** Putting back a value or a version: compared with the app as it is now, then made as a new change. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
  makeStyles,
} from '@fluentui/react-components';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, type Entity } from '../../api.ts';
import { useApi, useMetadata } from '../../context.tsx';
import { FieldTable } from '../../history/change-details.tsx';
import { changesBetween, type FieldChange, leadsBackTo, undoChanges } from '../../merge/field-changes.ts';
import { flatten, versionOf, writePatch } from '../../merge/values.ts';
import { ErrorView, Loading } from '../../parts/state-views.tsx';
import { strings } from '../../strings.ts';
import type { Restore } from './history-tab.tsx';
import { loadChangesSince } from './load-changes.ts';
import { words } from './strings.ts';

const useStyles = makeStyles({
  surface: { maxWidth: 'min(840px, calc(100vw - 24px))' },
  body: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

/** The app now, and what restoring would change of it; undefined where the history does not reach back. */
interface Comparison {
  readonly current: Entity;
  readonly changes: readonly FieldChange[] | undefined;
}

/** The dialog; `onRestored` gets the app as it is afterwards and the ETag it was changed under. */
export function RestoreDialog(props: {
  readonly id: string;
  readonly restore: Restore;
  readonly onRestored: (entity: Entity, etagBefore: string) => void;
  readonly onClose: () => void;
}) {
  const styles = useStyles();
  const api = useApi();
  const client = useQueryClient();
  const { leaves } = useMetadata();
  const { id, restore } = props;
  const [state, setState] = useState<{ busy: boolean; moved: boolean; error: unknown }>({
    busy: false,
    moved: false,
    error: undefined,
  });
  const queryKey = ['profiles', 'restore', id, restore.kind === 'version' ? restore.version : restore.change];
  const { data, error } = useQuery({
    queryKey,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    async queryFn({ signal }): Promise<Comparison> {
      const current = await api.getEntity(id, signal);
      const now = flatten(current, leaves);
      const editable = leaves.filter(({ readOnly }) => !readOnly);
      if (restore.kind === 'value') {
        const { property, before } = restore.change;
        return { current, changes: changesBetween(editable, now, { ...now, [property.path]: before }) };
      }
      const version = versionOf(current['@odata.etag']);
      const records = await loadChangesSince(api, id, restore.version, signal);
      if (version === undefined || !leadsBackTo(records, version, restore.version)) {
        return { current, changes: undefined };
      }
      return { current, changes: changesBetween(editable, now, undoChanges(now, records, leaves)) };
    },
  });
  const confirm = async ({ current, changes = [] }: Comparison) => {
    setState({ busy: true, moved: false, error: undefined });
    const patch = writePatch(
      Object.fromEntries(changes.map(({ property, after }) => [property.path, after])),
    );
    try {
      const etag = current['@odata.etag'];
      props.onRestored(await api.patchEntity(id, patch, etag), etag);
    } catch (failure) {
      const moved = failure instanceof ApiError && failure.status === 412;
      setState({ busy: false, moved, error: moved ? undefined : failure });
      if (moved) await client.refetchQueries({ queryKey });
    }
  };
  const title =
    restore.kind === 'version'
      ? words.restoreTitle(restore.version)
      : words.restoreValueTitle(restore.change.property.label);
  return (
    <Dialog open onOpenChange={props.onClose}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className={styles.body}>
            {state.moved ? (
              <MessageBar intent="warning" layout="multiline">
                <MessageBarBody>{words.restoreMoved}</MessageBarBody>
              </MessageBar>
            ) : null}
            {state.error === undefined ? null : <ErrorView error={state.error} />}
            {error === null ? null : <ErrorView error={error} />}
            {data === undefined ? (
              error === null ? (
                <Loading rows={3} />
              ) : null
            ) : data.changes === undefined ? (
              words.restoreMissing
            ) : data.changes.length === 0 ? (
              words.restoreSame
            ) : (
              <>
                <FieldTable changes={data.changes} kind="updated" titles={[words.now, words.restoredTo]} />
                {words.restoreDetail}
              </>
            )}
          </DialogContent>
          <DialogActions>
            <Button onClick={props.onClose}>{strings.cancel}</Button>
            <Button
              appearance="primary"
              disabledFocusable={state.busy || (data?.changes ?? []).length === 0}
              onClick={() => (data === undefined ? undefined : void confirm(data))}
            >
              {words.restoreConfirm}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
