/** The edit of one app: what it started from, what was changed, and the draft that outlives a reload. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type UseFormReturn, useForm, useWatch } from 'react-hook-form';
import type { Entity } from '../../api.ts';
import { useDraft } from '../../context.tsx';
import { changesBetween, type FieldChange } from '../../merge/field-changes.ts';
import { flatten, isSame, type Values, versionOf, writePatch } from '../../merge/values.ts';
import type { Metadata, PropertyInfo } from '../../metadata.ts';
import { createValidator, isUntouched } from './form-schema.ts';

/** The state an edit started from. */
export interface Base {
  readonly etag: string;
  readonly values: Values;
  /** As it was on the wire; unknown for a draft that is older than the app is now. */
  readonly entity: Entity | undefined;
}

/** Values of the form by path. */
export type FormValues = Record<string, unknown>;

/** What is kept of an edit across a reload: the fields changed, with what they were. */
interface Draft {
  readonly etag: string;
  readonly before: Values;
  readonly after: Values;
}

/** The edit. */
export interface ProfileEditor {
  readonly base: Base;
  readonly form: UseFormReturn<FormValues>;
  readonly values: Values;
  readonly changes: readonly FieldChange[];
  /** What Save would set, by path. */
  readonly edits: Values;
  readonly body: Readonly<Record<string, unknown>>;
  /** Fields emptied without Clear: not sent. */
  readonly emptied: ReadonlySet<string>;
  /** Whether a draft of an earlier visit was taken up. */
  readonly restored: boolean;
  /** Makes these all the edits there are. */
  setEdits(edits: Values): void;
  discard(): void;
  /** Starts from another state of the app, with these edits on top. */
  adopt(entity: Entity, edits?: Values): void;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Drafts were written by this page, perhaps by an older version of it: unknown fields are dropped. */
function readDraft(stored: unknown, leaves: readonly PropertyInfo[]): Draft | undefined {
  if (!isObject(stored) || typeof stored.etag !== 'string') return undefined;
  const known = new Set(leaves.filter(({ readOnly }) => !readOnly).map(({ path }) => path));
  const pick = (values: unknown): Values =>
    Object.fromEntries(Object.entries(isObject(values) ? values : {}).filter(([path]) => known.has(path)));
  const draft = { etag: stored.etag, before: pick(stored.before), after: pick(stored.after) };
  return Object.keys(draft.after).length === 0 ? undefined : draft;
}

/** An answer that was under way while this page saved may be older than what was saved. */
function isNewer(etag: string, than: string): boolean {
  const [version, known] = [versionOf(etag), versionOf(than)];
  return version === undefined || known === undefined ? etag !== than : version > known;
}

/** Starts an edit of `entity`, or goes on with the draft there is of it. */
export function useProfileEditor(entity: Entity, metadata: Metadata): ProfileEditor {
  const { leaves } = metadata;
  const [stored, setStored] = useDraft<unknown>(`profile.${entity.id}`);
  const [initial] = useState(() => {
    const values = flatten(entity, leaves);
    const draft = readDraft(stored, leaves);
    if (draft === undefined)
      return { base: { etag: entity['@odata.etag'], values, entity }, edits: {}, restored: false };
    // What the untouched fields were then is not known here; the change records tell when it matters.
    const current = draft.etag === entity['@odata.etag'];
    const base = {
      etag: draft.etag,
      values: { ...values, ...draft.before },
      entity: current ? entity : undefined,
    };
    return { base, edits: draft.after, restored: true };
  });
  const [base, setBase] = useState<Base>(initial.base);
  const [restored, setRestored] = useState(initial.restored);
  const started = useRef(base);
  started.current = base;
  const validate = useMemo(() => createValidator(leaves), [leaves]);
  const form = useForm<FormValues>({
    defaultValues: { ...initial.base.values, ...initial.edits },
    mode: 'onChange',
    resolver: (values) => {
      const faults = Object.entries(validate(values, started.current.values));
      if (faults.length === 0) return { values, errors: {} };
      const errors = Object.fromEntries(faults.map(([path, message]) => [path, { type: 'schema', message }]));
      return { values: {}, errors };
    },
  });
  const values = useWatch({ control: form.control }) as Values;

  const { changes, emptied } = useMemo(() => {
    const editable = leaves.filter(({ readOnly }) => !readOnly);
    const isEmptied = ({ path }: PropertyInfo) => isUntouched(values[path], base.values[path]);
    return {
      changes: changesBetween(
        editable.filter((property) => !isEmptied(property)),
        base.values,
        values,
      ),
      emptied: new Set(editable.filter(isEmptied).map(({ path }) => path)),
    };
  }, [leaves, values, base]);
  const edits = useMemo(
    () => Object.fromEntries(changes.map(({ property, after }) => [property.path, after])),
    [changes],
  );

  const saved = useRef<string>(undefined);
  useEffect(() => {
    const before = Object.fromEntries(changes.map((change) => [change.property.path, change.before]));
    const draft = changes.length === 0 ? undefined : { etag: base.etag, before, after: edits };
    const text = JSON.stringify(draft);
    if (text === saved.current) return;
    saved.current = text;
    setStored(draft);
  }, [changes, edits, base, setStored]);

  const setEdits = useCallback(
    (next: Values) => {
      for (const { path, readOnly } of leaves) {
        const value = path in next ? next[path] : started.current.values[path];
        if (!readOnly && !isSame(form.getValues(path), value)) form.setValue(path, value);
      }
      void form.trigger();
    },
    [form, leaves],
  );
  const adopt = useCallback(
    (next: Entity, onTop: Values = {}) => {
      const adopted = { etag: next['@odata.etag'], values: flatten(next, leaves), entity: next };
      started.current = adopted;
      setBase(adopted);
      setRestored(false);
      form.reset({ ...adopted.values, ...onTop });
    },
    [form, leaves],
  );

  // What was read again while nothing is edited here is simply shown; an edit keeps what it started from.
  const untouched = useRef(true);
  untouched.current = changes.length === 0 && emptied.size === 0;
  useEffect(() => {
    if (untouched.current && isNewer(entity['@odata.etag'], started.current.etag)) adopt(entity);
  }, [entity, adopt]);

  const discard = useCallback(() => {
    setRestored(false);
    form.reset({ ...started.current.values });
  }, [form]);
  const body = useMemo(() => writePatch(edits), [edits]);
  return { base, form, values, changes, edits, body, emptied, restored, setEdits, discard, adopt };
}
