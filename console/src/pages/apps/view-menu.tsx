/** Views: choosing one, keeping the present screen as one. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
} from '@fluentui/react-components';
import { Delete16Regular, Link16Regular, Save16Regular, Star20Regular } from '@fluentui/react-icons';
import { type FormEvent, useState } from 'react';
import { strings } from './strings.ts';
import type { View } from './views.ts';

const useStyles = makeStyles({
  button: { maxWidth: '100%' },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', maxWidth: 'min(320px, 60vw)' },
});

/** What the menu is given. */
export interface ViewMenuProps {
  readonly current: View | undefined;
  /** The screen differs from the view it started from. */
  readonly changed: boolean;
  readonly builtIn: readonly View[];
  readonly saved: readonly View[];
  readonly onChoose: (view: View) => void;
  readonly onSave: (name: string) => void;
  readonly onDelete: (view: View) => void;
  readonly onCopyLink: () => void;
}

/** The menu. */
export function ViewMenu(props: ViewMenuProps) {
  const styles = useStyles();
  const [saving, setSaving] = useState(false);
  const { current, changed, builtIn, saved } = props;
  const name = `${current?.name ?? strings.customView}${changed ? ` (${strings.viewChanged})` : ''}`;
  const choices = (views: readonly View[]) =>
    views.map((view) => (
      <MenuItem key={view.id} onClick={() => props.onChoose(view)} aria-current={view.id === current?.id}>
        <bdi>{view.name}</bdi>
      </MenuItem>
    ));
  return (
    <>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button className={styles.button} icon={<Star20Regular />}>
            <span className={styles.name}>{strings.view(name)}</span>
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuGroup>
              <MenuGroupHeader>{strings.viewsBuiltIn}</MenuGroupHeader>
              {choices(builtIn)}
            </MenuGroup>
            {saved.length === 0 ? null : (
              <MenuGroup>
                <MenuGroupHeader>{strings.viewsSaved}</MenuGroupHeader>
                {choices(saved)}
              </MenuGroup>
            )}
            <MenuDivider />
            <MenuItem icon={<Save16Regular />} onClick={() => setSaving(true)}>
              {strings.saveView}
            </MenuItem>
            <MenuItem icon={<Link16Regular />} onClick={props.onCopyLink}>
              {strings.copyLink}
            </MenuItem>
            {saved.map((view) =>
              view.id === current?.id ? (
                <MenuItem key={view.id} icon={<Delete16Regular />} onClick={() => props.onDelete(view)}>
                  {strings.deleteView(view.name)}
                </MenuItem>
              ) : null,
            )}
          </MenuList>
        </MenuPopover>
      </Menu>
      {saving ? (
        <SaveDialog
          onCancel={() => setSaving(false)}
          onSave={(chosen) => {
            setSaving(false);
            props.onSave(chosen);
          }}
        />
      ) : null}
    </>
  );
}

/** A name is a line in a menu. */
const nameMax = 60;

function SaveDialog({
  onSave,
  onCancel,
}: {
  readonly onSave: (name: string) => void;
  readonly onCancel: () => void;
}) {
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== '') onSave(name.trim());
  };
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onCancel()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{strings.saveViewTitle}</DialogTitle>
            <DialogContent>
              <Field label={strings.viewName} hint={strings.viewNameHint}>
                <Input
                  autoFocus
                  value={name}
                  maxLength={nameMax}
                  onChange={(_, { value }) => setName(value)}
                />
              </Field>
            </DialogContent>
            <DialogActions>
              <Button onClick={onCancel}>{strings.cancel}</Button>
              <Button type="submit" appearance="primary" disabledFocusable={name.trim() === ''}>
                {strings.save}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
