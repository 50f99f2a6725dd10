/** A text of many lines, such as a manifest: its beginning in the form, all of it in a viewer that stays fast. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field as FluentField,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { lazy, Suspense, useState } from 'react';
import { useFormat } from '../../context.tsx';
import { display } from '../../data-text.ts';
import type { PropertyInfo } from '../../metadata.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Loading } from '../../parts/state-views.tsx';
import { strings } from '../../strings.ts';
import { words } from './strings.ts';

const CodeEditor = lazy(() =>
  import('../../code/code-editor.tsx').then(({ CodeEditor }) => ({ default: CodeEditor })),
);

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: '6px', minWidth: 0 },
  preview: {
    margin: 0,
    maxHeight: '76px',
    overflow: 'hidden',
    padding: '8px 10px',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground2,
  },
  unset: { color: tokens.colorNeutralForeground3, paddingTop: '6px' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '6px', alignItems: 'center' },
  size: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  surface: { maxWidth: 'min(960px, calc(100vw - 24px))' },
});

const previewMax = 240;

/** The field; edits in the viewer join the form when they are applied. */
export function LongTextField(props: {
  readonly property: PropertyInfo;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly disabled: boolean;
  readonly error: string | undefined;
}) {
  const styles = useStyles();
  const format = useFormat();
  const { property, value, onChange, disabled, error } = props;
  const [open, setOpen] = useState(false);
  const text = typeof value === 'string' ? value : '';
  const isSet = typeof value === 'string';
  const action = disabled ? words.view : words.viewAndEdit;
  return (
    <FluentField
      label={property.label}
      hint={{ className: 'casp-hint', children: property.description ?? null }}
      validationState={error === undefined ? 'none' : 'error'}
      validationMessage={error ?? null}
    >
      <div className={styles.box} role="group" aria-label={property.label}>
        {isSet ? (
          <pre className={styles.preview}>
            <bdi>{display(text, previewMax)}</bdi>
          </pre>
        ) : (
          <span className={styles.unset}>{strings.notSet}</span>
        )}
        <div className={styles.actions}>
          {isSet || !disabled ? (
            <Button size="small" onClick={() => setOpen(true)} aria-label={`${action}: ${property.label}`}>
              {action}
            </Button>
          ) : null}
          {isSet && !disabled && property.nullable ? (
            <Button
              size="small"
              appearance="subtle"
              aria-label={strings.clearLabel(property.label)}
              onClick={() => onChange(null)}
            >
              {strings.clear}
            </Button>
          ) : null}
          {isSet ? <span className={styles.size}>{words.longText(format.number(text.length))}</span> : null}
        </div>
        {open ? (
          <LongTextDialog
            label={property.label}
            text={text}
            disabled={disabled}
            onClose={() => setOpen(false)}
            onApply={(next) => {
              setOpen(false);
              onChange(next === '' && !isSet ? null : next);
            }}
          />
        ) : null}
      </div>
    </FluentField>
  );
}

function LongTextDialog(props: {
  readonly label: string;
  readonly text: string;
  readonly disabled: boolean;
  readonly onClose: () => void;
  readonly onApply: (text: string) => void;
}) {
  const styles = useStyles();
  const [text, setText] = useState(props.text);
  const pretty = prettyJson(text);
  return (
    <Dialog open onOpenChange={props.onClose}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{props.label}</DialogTitle>
          <DialogContent>
            <Suspense fallback={<Loading rows={8} />}>
              <CodeEditor
                label={props.label}
                text={text}
                onChange={setText}
                readOnly={props.disabled}
                heightCss="56vh"
              />
            </Suspense>
          </DialogContent>
          <DialogActions fluid>
            <CopyButton text={text} />
            {props.disabled || pretty === undefined || pretty === text ? null : (
              <Button onClick={() => setText(pretty)}>{words.format}</Button>
            )}
            <Button onClick={props.onClose}>{strings.close}</Button>
            {props.disabled ? null : (
              <Button
                appearance="primary"
                disabledFocusable={text === props.text}
                onClick={() => props.onApply(text)}
              >
                {words.apply}
              </Button>
            )}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

/** Larger texts are not laid out anew on each key. */
const prettyMax = 50_000;

function prettyJson(text: string): string | undefined {
  if (text.length > prettyMax || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}
