/** One line for an address: completion from $metadata, and a mark where the service found a fault. */
import { autocompletion, type CompletionSource } from '@codemirror/autocomplete';
import { makeStyles, tokens } from '@fluentui/react-components';
import ReactCodeMirror, {
  Decoration,
  EditorState,
  EditorView,
  type Extension,
  keymap,
  Prec,
} from '@uiw/react-codemirror';
import { useMemo, useRef } from 'react';
import { editorTheme } from '../../code/code-editor.tsx';
import { completeAddress, type Span } from '../../completion.ts';
import { useMetadata, useNonce } from '../../context.tsx';
import type { Metadata } from '../../metadata.ts';

const useStyles = makeStyles({
  frame: {
    flexGrow: 1,
    flexBasis: '320px',
    minWidth: 0,
    boxSizing: 'border-box',
    padding: '1px 4px',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderBottomColor: tokens.colorNeutralStrokeAccessible,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    ':focus-within': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '1px' },
  },
  wrong: { border: `1px solid ${tokens.colorStatusDangerBorder2}` },
});

const faultTheme = EditorView.theme({
  '.casp-fault': {
    backgroundColor: tokens.colorStatusDangerBackground2,
    textDecoration: `underline wavy ${tokens.colorStatusDangerForeground1}`,
  },
});

/** A pasted line break becomes a blank: there is one line only. */
const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (transaction.newDoc.lines === 1) return transaction;
  const insert = transaction.newDoc.toString().replace(/\s*\n\s*/g, ' ');
  return [
    {
      changes: { from: 0, to: transaction.startState.doc.length, insert },
      selection: { anchor: insert.length },
    },
  ];
});

const kinds = {
  path: 'namespace',
  option: 'keyword',
  property: 'property',
  function: 'function',
  operator: 'keyword',
  value: 'constant',
} as const;

const sourceFor =
  (metadata: Metadata): CompletionSource =>
  ({ state, pos }) => {
    const found = completeAddress(state.doc.toString(), pos, metadata);
    if (found === undefined || found.options.length === 0) return null;
    const options = found.options.map(({ label, apply, detail, kind }, index) => ({
      label,
      apply,
      type: kinds[kind],
      boost: -index,
      ...(detail === undefined ? {} : { detail }),
    }));
    return { from: found.from, options, filter: false };
  };

const setup = {
  lineNumbers: false,
  foldGutter: false,
  highlightActiveLine: false,
  highlightActiveLineGutter: false,
  highlightSelectionMatches: false,
  autocompletion: false,
  searchKeymap: false,
  lintKeymap: false,
  syntaxHighlighting: false,
} as const;

/** The field; Enter runs the request. */
export function AddressField(props: {
  readonly label: string;
  readonly text: string;
  readonly fault: Span | undefined;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}) {
  const styles = useStyles();
  const nonce = useNonce();
  const metadata = useMetadata();
  const { label, fault, onRun } = props;
  const run = useRef(onRun);
  run.current = onRun;
  const fixed = useMemo((): readonly Extension[] => {
    const runNow = () => {
      run.current();
      return true;
    };
    return [
      EditorView.cspNonce.of(nonce),
      editorTheme,
      faultTheme,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label, 'data-search': '' }),
      oneLine,
      autocompletion({ override: [sourceFor(metadata)], icons: false, activateOnTyping: true }),
      Prec.highest(keymap.of([{ key: 'Mod-Enter', run: runNow }])),
      Prec.high(keymap.of([{ key: 'Enter', run: runNow }])),
    ];
  }, [nonce, label, metadata]);
  const extensions = useMemo(() => {
    if (fault === undefined) return [...fixed];
    const mark = Decoration.mark({ class: 'casp-fault' }).range(fault.from, fault.to);
    return [...fixed, EditorView.decorations.of(Decoration.set([mark]))];
  }, [fixed, fault]);
  return (
    <div className={fault === undefined ? styles.frame : `${styles.frame} ${styles.wrong}`}>
      <ReactCodeMirror
        value={props.text}
        theme="none"
        basicSetup={setup}
        indentWithTab={false}
        extensions={extensions}
        onChange={props.onChange}
      />
    </div>
  );
}
