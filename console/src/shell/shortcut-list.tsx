/** The keys that work on this page. */
import {
  Button,
  Dialog,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { Dismiss24Regular } from '@fluentui/react-icons';
import { useConsole, usePreferences, useStore } from '../context.tsx';
import type { Shortcut } from '../shortcuts.ts';
import { strings } from '../strings.ts';

const useStyles = makeStyles({
  group: { margin: '16px 0 8px', fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  list: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', gap: '6px 16px', margin: 0 },
  keys: {
    display: 'flex',
    gap: '4px',
    alignItems: 'center',
    margin: 0,
    color: tokens.colorNeutralForeground3,
  },
  key: {
    minWidth: '22px',
    boxSizing: 'border-box',
    padding: '1px 6px',
    textAlign: 'center',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusSmall,
    backgroundColor: tokens.colorNeutralBackground3,
  },
});

/** A dialog with every registered shortcut, by group. */
export function ShortcutList({ onClose }: { readonly onClose: () => void }) {
  const styles = useStyles();
  const [{ singleKeys }] = usePreferences();
  const registered = useStore(useConsole().shortcuts);
  const groups = new Map<string, Shortcut[]>();
  for (const { group, items } of registered.values()) {
    groups.set(group, [...(groups.get(group) ?? []), ...items]);
  }
  return (
    <Dialog open onOpenChange={onClose}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle
            action={
              <Button
                appearance="subtle"
                icon={<Dismiss24Regular />}
                aria-label={strings.close}
                onClick={onClose}
              />
            }
          >
            {strings.keyboardShortcuts}
          </DialogTitle>
          <DialogContent tabIndex={0} role="region" aria-label={strings.keyboardShortcuts}>
            {singleKeys ? null : (
              <MessageBar>
                <MessageBarBody>{strings.keyboardShortcutsOff}</MessageBarBody>
              </MessageBar>
            )}
            {[...groups].map(([group, items]) => (
              <section key={group}>
                <h3 className={styles.group}>{group}</h3>
                <dl className={styles.list}>
                  {items.map(({ keys, label }) => (
                    <ShortcutLine key={keys} keys={keys} label={label} />
                  ))}
                </dl>
              </section>
            ))}
          </DialogContent>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

/** `g a` → g, then, a; `Control+k` → Ctrl, K. */
function ShortcutLine({ keys, label }: { readonly keys: string; readonly label: string }) {
  const styles = useStyles();
  // `g g` has the same step twice: what came before a step tells them apart.
  const steps = keys.split(' ').map((step, position, all) => ({
    path: all.slice(0, position + 1).join(' '),
    first: position === 0,
    keys: step.split('+').map((key) => (key === 'Control' ? 'Ctrl' : key)),
  }));
  return (
    <>
      <dt>{label}</dt>
      <dd className={styles.keys}>
        {steps.map((step) => (
          <span key={step.path} className={styles.keys}>
            {step.first ? null : strings.sequence}
            {step.keys.map((key) => (
              <kbd key={key} className={styles.key}>
                {key}
              </kbd>
            ))}
          </span>
        ))}
      </dd>
    </>
  );
}
