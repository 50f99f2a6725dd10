/** What can be done with the selected apps, and the dialogs that ask for the rest. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Dropdown,
  Field as FluentField,
  Input,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Option,
  tokens,
} from '@fluentui/react-components';
import {
  ArrowDownload16Regular,
  Dismiss16Regular,
  Edit16Regular,
  Gavel16Regular,
  Tag16Regular,
} from '@fluentui/react-icons';
import { type FormEvent, useState } from 'react';
import { type BulkEdit, describeEdit } from '../../bulk/bulk-edit.ts';
import { useFormat, useMetadata, useRights } from '../../context.tsx';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { decisions, decisionTags, isDecisionTag } from '../../profile-meaning.ts';
import { DecisionText } from './cells.tsx';
import type { Selection } from './selection.ts';
import { strings } from './strings.ts';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '6px 8px',
    padding: '6px 12px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorBrandStroke2}`,
    backgroundColor: tokens.colorBrandBackground2,
    color: tokens.colorNeutralForeground1,
  },
  count: { fontWeight: tokens.fontWeightSemibold, marginRight: '4px' },
  spring: { flexGrow: 1 },
  fields: { display: 'flex', flexDirection: 'column', gap: '12px' },
});

type Asking = 'addTags' | 'removeTags' | 'set';

/** What the bar is given. */
export interface BulkActionsProps {
  readonly selection: Selection;
  readonly total: number | undefined;
  readonly onSelectAll: () => void;
  readonly onClear: () => void;
  readonly onEdit: (edit: BulkEdit) => void;
  readonly onExport: () => void;
}

/** The bar over the selected apps. */
export function BulkActions(props: BulkActionsProps) {
  const styles = useStyles();
  const format = useFormat();
  const { selection, total, onEdit } = props;
  const [asking, setAsking] = useState<Asking>();
  const [confirming, setConfirming] = useState<BulkEdit>();
  const { mayWrite, missing } = useRights();
  // A menu's trigger takes no tooltip around it: the reason is the button's own description.
  const rights = { disabledFocusable: !mayWrite, ...(mayWrite ? {} : { title: missing('write') }) };
  const totalText = total === undefined ? undefined : format.number(total);
  const count =
    selection.kind === 'all' ? (totalText ?? strings.allMatching) : format.number(selection.rows.size);
  /** Everything that matches is more than anybody looked at: it is asked for once more. */
  const submit = (edit: BulkEdit) => {
    setAsking(undefined);
    if (selection.kind === 'all') setConfirming(edit);
    else onEdit(edit);
  };
  return (
    <div role="group" aria-label={strings.selected(count)} className={styles.bar}>
      <span className={styles.count}>
        {selection.kind === 'all' ? strings.selectedAll(totalText) : strings.selected(count)}
      </span>
      {selection.kind === 'all' ? null : (
        <Button size="small" appearance="transparent" onClick={props.onSelectAll}>
          {strings.selectAllMatching(totalText)}
        </Button>
      )}
      <span className={styles.spring} />
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button size="small" appearance="primary" icon={<Gavel16Regular />} {...rights}>
            {strings.decide}
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {decisions.map((decision) => (
              <MenuItem key={decision} onClick={() => submit({ kind: 'decide', decision })}>
                <DecisionText decision={decision} />
              </MenuItem>
            ))}
          </MenuList>
        </MenuPopover>
      </Menu>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button size="small" icon={<Tag16Regular />} {...rights}>
            {strings.tags}
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => setAsking('addTags')}>{strings.addTags}</MenuItem>
            <MenuItem onClick={() => setAsking('removeTags')}>{strings.removeTags}</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      <Button size="small" icon={<Edit16Regular />} {...rights} onClick={() => mayWrite && setAsking('set')}>
        {strings.setField}
      </Button>
      <Button size="small" icon={<ArrowDownload16Regular />} onClick={props.onExport}>
        {strings.export}
      </Button>
      <Button
        size="small"
        appearance="subtle"
        icon={<Dismiss16Regular />}
        aria-label={strings.clearSelection}
        onClick={props.onClear}
      />
      {asking === 'addTags' || asking === 'removeTags' ? (
        <TagsDialog kind={asking} count={count} onCancel={() => setAsking(undefined)} onSubmit={submit} />
      ) : null}
      {asking === 'set' ? (
        <SetDialog count={count} onCancel={() => setAsking(undefined)} onSubmit={submit} />
      ) : null}
      <ConfirmDialog
        open={confirming !== undefined}
        title={strings.confirmAll(totalText ?? '', confirming === undefined ? '' : describeEdit(confirming))}
        confirmLabel={strings.start}
        danger
        onCancel={() => setConfirming(undefined)}
        onConfirm={() => {
          if (confirming !== undefined) onEdit(confirming);
          setConfirming(undefined);
        }}
      >
        {strings.confirmAllDetail}
      </ConfirmDialog>
    </div>
  );
}

interface EditDialogProps {
  readonly count: string;
  readonly onSubmit: (edit: BulkEdit) => void;
  readonly onCancel: () => void;
}

function TagsDialog({
  kind,
  count,
  onSubmit,
  onCancel,
}: EditDialogProps & { readonly kind: 'addTags' | 'removeTags' }) {
  const [text, setText] = useState('');
  const tags = [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  const reserved = tags.filter(isDecisionTag);
  const ready = tags.length > 0 && reserved.length === 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onSubmit({ kind, tags });
  };
  const fault =
    reserved.length === 0
      ? {}
      : {
          validationState: 'error' as const,
          validationMessage: strings.tagsReserved(decisionTags.join(', ')),
        };
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onCancel()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>
              {kind === 'addTags' ? strings.addTagsTitle(count) : strings.removeTagsTitle(count)}
            </DialogTitle>
            <DialogContent>
              <FluentField label={strings.tagsLabel} {...fault}>
                <Input autoFocus value={text} onChange={(_, { value }) => setText(value)} />
              </FluentField>
            </DialogContent>
            <DialogActions>
              <Button onClick={onCancel}>{strings.cancel}</Button>
              <Button type="submit" appearance="primary" disabledFocusable={!ready}>
                {strings.start}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

function SetDialog({ count, onSubmit, onCancel }: EditDialogProps) {
  const styles = useStyles();
  const metadata = useMetadata();
  const properties = metadata.leaves.filter(({ readOnly, collection }) => !readOnly && !collection);
  const [path, setPath] = useState('');
  const [value, setValue] = useState<unknown>(null);
  const property = properties.find((each) => each.path === path);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (property !== undefined)
      onSubmit({ kind: 'set', path, label: property.label, value: value === '' ? null : value });
  };
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onCancel()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{strings.setFieldTitle(count)}</DialogTitle>
            <DialogContent>
              <div className={styles.fields}>
                <p>{strings.setFieldWarning}</p>
                <FluentField label={strings.property}>
                  <Dropdown
                    value={property?.label ?? ''}
                    selectedOptions={[path]}
                    onOptionSelect={(_, { optionValue = '' }) => {
                      setPath(optionValue);
                      setValue(null);
                    }}
                  >
                    {properties.map((each) => (
                      <Option key={each.path} value={each.path}>
                        {each.label}
                      </Option>
                    ))}
                  </Dropdown>
                </FluentField>
                {property === undefined ? null : (
                  <Field key={path} property={property} value={value} onChange={setValue} />
                )}
              </div>
            </DialogContent>
            <DialogActions>
              <Button onClick={onCancel}>{strings.cancel}</Button>
              <Button type="submit" appearance="primary" disabledFocusable={property === undefined}>
                {strings.start}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
