/** CodeMirror in the look of the console: colours from the theme's variables, styles under the page's nonce. */
import { autocompletion, type CompletionSource } from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { unifiedMergeView } from '@codemirror/merge';
import { makeStyles, tokens } from '@fluentui/react-components';
import ReactCodeMirror, {
  Decoration,
  type DecorationSet,
  EditorState,
  EditorView,
  type Extension,
  type KeyBinding,
  keymap,
  MatchDecorator,
  Prec,
  ViewPlugin,
  type ViewUpdate,
} from '@uiw/react-codemirror';
import { type RefObject, useMemo } from 'react';
import { useNonce } from '../context.tsx';

const useStyles = makeStyles({
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground1,
    ':focus-within': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '1px' },
  },
});

/** The look of all editors. */
export const editorTheme = EditorView.theme({
  '&': { color: tokens.colorNeutralForeground1, backgroundColor: 'transparent', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { caretColor: tokens.colorNeutralForeground1, fontFamily: tokens.fontFamilyMonospace },
  '.cm-cursor': { borderLeftColor: tokens.colorNeutralForeground1 },
  '.cm-gutters': {
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground3,
    border: 'none',
  },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '.cm-activeLineGutter': { backgroundColor: tokens.colorNeutralBackground4 },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: `${tokens.colorBrandBackground2} !important`,
  },
  '.cm-tooltip': {
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    boxShadow: tokens.shadow8,
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: tokens.colorBrandBackground,
    color: tokens.colorNeutralForegroundOnBrand,
  },
  '.cm-panels': { backgroundColor: tokens.colorNeutralBackground3, color: tokens.colorNeutralForeground1 },
  '.casp-name': { color: tokens.colorBrandForeground1 },
  '.casp-literal': { color: tokens.colorPaletteBerryForeground2 },
  '.cm-changedLine, .cm-insertedLine': { backgroundColor: tokens.colorStatusSuccessBackground1 },
  '.cm-deletedChunk': { backgroundColor: tokens.colorStatusDangerBackground1 },
  '.cm-changedText': { background: tokens.colorStatusSuccessBackground2 },
  '.cm-deletedChunk .cm-deletedText': { background: tokens.colorStatusDangerBackground2 },
  // `&light` and `&dark` are for base themes only; a theme that names them throws.
  '&.cm-editor .cm-collapsedLines': {
    background: tokens.colorNeutralBackground4,
    color: tokens.colorNeutralForeground2,
    padding: '2px 8px',
    // The usual mark is a character that many fonts lack.
    '&:before': { content: '"⋯"' },
    '&:after': { content: '"⋯"' },
  },
  '.cm-foldPlaceholder': {
    backgroundColor: tokens.colorNeutralBackground4,
    color: tokens.colorNeutralForeground2,
    border: 'none',
  },
});

/** Names and literals of JSON; marks the lines on the screen only. */
const matcher = new MatchDecorator({
  regexp: /"(?:[^"\\]|\\.)*"(\s*:)?|\b(?:true|false|null)\b|-?\b\d+(?:\.\d+)?\b/g,
  decorate(add, from, to, match) {
    const text = match[0].startsWith('"');
    const colon = match[1];
    // A text that is no name is matched so that nothing inside of it is.
    if (text && colon === undefined) return;
    const end = to - (colon?.length ?? 0);
    add(from, end, Decoration.mark({ class: text ? 'casp-name' : 'casp-literal' }));
  },
});

const colours = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = matcher.createDeco(view);
    }
    update(update: ViewUpdate) {
      this.decorations = matcher.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

const noKeys: readonly KeyBinding[] = [];

const basicSetup = {
  syntaxHighlighting: false,
  autocompletion: false,
  highlightActiveLine: false,
  highlightSelectionMatches: false,
  lintKeymap: false,
} as const;

/** What the editor is given. */
export interface CodeEditorProps {
  readonly label: string;
  readonly text: string;
  readonly onChange?: (text: string) => void;
  readonly readOnly?: boolean;
  readonly heightCss?: string;
  readonly isJson?: boolean;
  /** Marks what differs from this text. */
  readonly original?: string | undefined;
  readonly complete?: CompletionSource;
  /** Keys before those of the editor; keep the list stable. */
  readonly keys?: readonly KeyBinding[];
  /** Gives the view to who wants to move its selection. */
  readonly viewRef?: RefObject<EditorView | null>;
}

/** Tab leaves the editor, as it leaves every other field. */
export function CodeEditor(props: CodeEditorProps) {
  const styles = useStyles();
  const nonce = useNonce();
  const { label, readOnly = false, isJson = false, original, complete, keys = noKeys, viewRef } = props;
  const extensions = useMemo((): readonly Extension[] => {
    return [
      EditorView.cspNonce.of(nonce),
      editorTheme,
      EditorView.lineWrapping,
      EditorView.perLineTextDirection.of(true),
      EditorView.contentAttributes.of({
        'aria-label': label,
        // What scrolls has to be reachable by keyboard; not every reader knows that editable text is.
        tabindex: '0',
        ...(readOnly ? { 'aria-readonly': 'true' } : {}),
      }),
      EditorState.tabSize.of(2),
      Prec.highest(keymap.of([...keys])),
      ...(isJson ? [json(), colours] : []),
      ...(complete === undefined ? [] : [autocompletion({ override: [complete], icons: false })]),
      ...(original === undefined
        ? []
        : [
            unifiedMergeView({
              original,
              mergeControls: false,
              collapseUnchanged: { margin: 2, minSize: 6 },
            }),
          ]),
    ];
  }, [nonce, label, readOnly, isJson, original, complete, keys]);
  return (
    <div className={styles.frame}>
      <ReactCodeMirror
        value={props.text}
        theme="none"
        basicSetup={basicSetup}
        indentWithTab={false}
        readOnly={readOnly}
        extensions={[...extensions]}
        maxHeight={props.heightCss ?? '60vh'}
        minHeight="120px"
        onCreateEditor={(view) => {
          if (viewRef !== undefined) viewRef.current = view;
        }}
        onChange={(text) => props.onChange?.(text)}
      />
    </div>
  );
}
