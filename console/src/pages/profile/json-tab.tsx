/** The exact object of the API, editable: what differs joins the same unsaved changes as the form's. */

import { Button, makeStyles, Switch, tokens } from '@fluentui/react-components';
import { getRouteApi } from '@tanstack/react-router';
import type { EditorView } from '@uiw/react-codemirror';
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import type { Entity } from '../../api.ts';
import { completeJson } from '../../code/json-complete.ts';
import { useMetadata } from '../../context.tsx';
import { isSame, type Values, valueAt } from '../../merge/values.ts';
import { readWireEdit, type TextFault } from '../../merge/wire-edit.ts';
import type { PropertyInfo } from '../../metadata.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Loading } from '../../parts/state-views.tsx';
import { createRefusal } from './form-schema.ts';
import { words } from './strings.ts';
import type { ProfileEditor } from './use-profile-editor.ts';

const CodeEditor = lazy(() =>
  import('../../code/code-editor.tsx').then(({ CodeEditor }) => ({ default: CodeEditor })),
);

const useStyles = makeStyles({
  tab: { display: 'flex', flexDirection: 'column', gap: '10px' },
  row: { display: 'flex', flexWrap: 'wrap', gap: '4px 16px', alignItems: 'center' },
  hint: { flexGrow: 1, flexBasis: '320px', margin: 0, color: tokens.colorNeutralForeground2 },
  faults: {
    margin: 0,
    padding: '10px 14px',
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorStatusDangerBorder1}`,
    backgroundColor: tokens.colorStatusDangerBackground1,
    color: tokens.colorNeutralForeground1,
    overflowWrap: 'anywhere',
  },
  faultList: { margin: '4px 0 0', paddingLeft: '20px' },
  body: {
    margin: 0,
    padding: '10px 14px',
    maxHeight: '200px',
    overflow: 'auto',
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  title: { margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
});

const route = getRouteApi('/apps/$id');
/** What is shown of a long body; all of it is copied. */
const bodyMax = 5000;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The entity with edits in it, its members in their order. */
function withEdits(
  entity: Readonly<Record<string, unknown>>,
  edits: Values,
): Readonly<Record<string, unknown>> {
  const edited: Record<string, unknown> = { ...entity };
  for (const [path, value] of Object.entries(edits)) {
    const [name = '', member] = path.split('/');
    const parent = edited[name];
    edited[name] = member === undefined ? value : { ...(isObject(parent) ? parent : {}), [member]: value };
  }
  return edited;
}

const write = (value: unknown): string => JSON.stringify(value, null, 2);

/** The tab; `text` is what could not be taken over when the tab was left. */
export function JsonTab(props: {
  readonly entity: Entity;
  readonly editor: ProfileEditor;
  readonly readOnly: boolean;
  readonly text: string | undefined;
  readonly onText: (text: string | undefined) => void;
}) {
  const styles = useStyles();
  const metadata = useMetadata();
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const codeView = useRef<EditorView>(null);
  const { entity, editor, readOnly } = props;
  const original = useMemo(() => write(entity), [entity]);
  const [text, setText] = useState(() => props.text ?? write(withEdits(entity, editor.edits)));
  const refusals = useMemo(() => {
    const checks = new Map<string, (value: unknown) => string | undefined>();
    return (property: PropertyInfo, value: unknown) => {
      const check = checks.get(property.path) ?? createRefusal(property);
      checks.set(property.path, check);
      // The form reads an empty text as untouched; both tabs share the same changes.
      const emptied = value === '' && !isSame(valueAt(entity, property.path), '');
      return emptied ? words.jsonEmptyText : check(value);
    };
  }, [entity]);
  const [faults, setFaults] = useState<readonly TextFault[]>(() =>
    props.text === undefined ? [] : readWireEdit(props.text, entity, metadata.properties, refusals).faults,
  );
  const complete = useMemo(() => completeJson(metadata.properties), [metadata]);
  const onChange = (next: string) => {
    setText(next);
    const read = readWireEdit(next, entity, metadata.properties, refusals);
    setFaults(read.faults);
    props.onText(read.faults.length === 0 ? undefined : next);
    if (read.faults.length === 0) editor.setEdits(read.edits);
  };
  const goTo = (offset: number) => {
    const target = codeView.current;
    if (target === null) return;
    const anchor = Math.min(offset, target.state.doc.length);
    target.dispatch({ selection: { anchor }, scrollIntoView: true });
    target.focus();
  };
  const sent = write(editor.body);
  return (
    <div className={styles.tab}>
      <div className={styles.row}>
        <p className={styles.hint}>{readOnly ? words.jsonReadOnly : words.jsonHint}</p>
        {readOnly ? null : (
          <Switch
            label={words.jsonDiff}
            checked={view === 'diff'}
            onChange={(_, { checked }) =>
              void navigate({
                search: (old) => ({ ...old, view: checked ? 'diff' : undefined }) as typeof old,
                replace: true,
              })
            }
          />
        )}
        <CopyButton text={text} />
      </div>
      <Suspense fallback={<Loading rows={12} />}>
        <CodeEditor
          label={words.jsonLabel}
          text={text}
          onChange={onChange}
          readOnly={readOnly}
          isJson
          heightCss="58vh"
          original={view === 'diff' && !readOnly ? original : undefined}
          complete={complete}
          viewRef={codeView}
        />
      </Suspense>
      {faults.length === 0 ? null : (
        <div className={styles.faults} role="alert">
          {words.jsonFaults}
          <ul className={styles.faultList}>
            {faults.map(({ message, offset }) => (
              <li key={message}>
                <bdi>{message}</bdi>{' '}
                {offset === undefined ? null : (
                  <Button size="small" appearance="subtle" onClick={() => goTo(offset)}>
                    {words.jsonGoTo}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
      {editor.changes.length === 0 || faults.length > 0 ? null : (
        <>
          <div className={styles.row}>
            <h2 className={styles.title}>{words.jsonBody}</h2>
            <CopyButton text={sent} />
          </div>
          <ScrollRegion className={styles.body} label={words.jsonBody}>
            {sent.length > bodyMax ? `${sent.slice(0, bodyMax)}…` : sent}
          </ScrollRegion>
        </>
      )}
    </div>
  );
}
