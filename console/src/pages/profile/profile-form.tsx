/** The form of one app: groups of fields from $metadata, each edited in place. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { useMemo, useState } from 'react';
import { Controller } from 'react-hook-form';
import { useMetadata } from '../../context.tsx';
import { readWebAddress } from '../../data-text.ts';
import type { Metadata, PropertyInfo } from '../../metadata.ts';
import { ExternalAddress } from '../../parts/data-text.tsx';
import { Field } from '../../parts/field.tsx';
import { longTexts, sections, webAddresses } from '../../profile-meaning.ts';
import { LongTextField } from './long-text.tsx';
import { words } from './strings.ts';
import type { ProfileEditor } from './use-profile-editor.ts';

const useStyles = makeStyles({
  sections: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(460px, 100%), 1fr))',
    gap: '16px',
    alignItems: 'stretch',
    // What gets the focus does not end up below the bar of unsaved changes.
    '& :is(input, textarea, button)': { scrollMarginBottom: '160px', scrollMarginTop: '60px' },
  },
  section: {
    minWidth: 0,
    padding: '16px 20px 20px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    '@media (max-width: 699.98px)': { padding: '12px 14px 16px' },
  },
  heading: {
    margin: '0 0 12px',
    fontSize: tokens.fontSizeBase400,
    lineHeight: tokens.lineHeightBase400,
    fontWeight: tokens.fontWeightSemibold,
  },
  fields: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(200px, 100%), 1fr))',
    gap: '14px 20px',
    alignItems: 'start',
  },
  wide: { gridColumn: '1 / -1', minWidth: 0 },
  field: { minWidth: 0 },
});

interface Section {
  readonly title: string;
  readonly properties: readonly PropertyInfo[];
}

/** The groups of the model's properties; what no group names follows, what the service gives comes last. */
function groupProperties({ properties }: Metadata): readonly Section[] {
  const byPath = new Map(properties.map((property) => [property.path, property]));
  const named = new Set(sections.flatMap(({ paths }) => paths));
  const others = properties.filter(({ path }) => !named.has(path));
  return [
    ...sections.map(({ title, paths }) => ({
      title,
      properties: paths.flatMap((path) => byPath.get(path) ?? []),
    })),
    { title: words.otherSection, properties: others.filter(({ readOnly }) => !readOnly) },
    { title: words.serviceSection, properties: others.filter(({ readOnly }) => readOnly) },
  ].filter((section) => section.properties.length > 0);
}

/** Text that fills half a row would be cut, such as a GUID. */
const halfMax = 28;

const isWide = ({ path, collection }: PropertyInfo, started: unknown): boolean =>
  collection ||
  longTexts.includes(path) ||
  webAddresses.includes(path) ||
  (typeof started === 'string' && started.length > halfMax);

/** All fields; `disabled` shows them without letting anybody edit. */
export function ProfileForm({
  editor,
  disabled,
}: {
  readonly editor: ProfileEditor;
  readonly disabled: boolean;
}) {
  const styles = useStyles();
  const metadata = useMetadata();
  const groups = useMemo(() => groupProperties(metadata), [metadata]);
  return (
    <form
      className={styles.sections}
      noValidate
      onSubmit={(event) => event.preventDefault()}
      aria-label={words.tabs.profile}
    >
      {groups.map(({ title, properties }) => (
        <section key={title} className={styles.section} aria-label={title}>
          <h2 className={styles.heading}>{title}</h2>
          <div className={styles.fields}>
            {properties
              .flatMap((property) => (property.kind === 'complex' ? property.properties : [property]))
              .map((property) => (
                <div
                  key={property.path}
                  data-path={property.path}
                  className={isWide(property, editor.base.values[property.path]) ? styles.wide : styles.field}
                >
                  <ControlledField property={property} editor={editor} disabled={disabled} />
                </div>
              ))}
          </div>
        </section>
      ))}
    </form>
  );
}

/** Text that starts long gets several lines; a field that changes its shape would lose the focus. */
const lineMax = 100;
/** Longer than this it is shown in a viewer. */
const longMin = 2000;

function ControlledField(props: {
  readonly property: PropertyInfo;
  readonly editor: ProfileEditor;
  readonly disabled: boolean;
}) {
  const { property, editor, disabled } = props;
  const { path } = property;
  const started = editor.base.values[path];
  const text = typeof started === 'string' ? started : '';
  const [multiline] = useState(() => text.length > lineMax || text.includes('\n'));
  const emptied = editor.emptied.has(path) && started !== null;
  return (
    <Controller
      name={path}
      control={editor.form.control}
      render={({ field, fieldState }) => {
        if (property.kind === 'text' && !property.readOnly && !property.collection) {
          const long = typeof field.value === 'string' && field.value.length > longMin;
          if (long || longTexts.includes(path)) {
            return (
              <LongTextField
                property={property}
                value={field.value}
                onChange={field.onChange}
                disabled={disabled}
                error={fieldState.error?.message}
              />
            );
          }
        }
        const address = webAddresses.includes(path) && typeof field.value === 'string' ? field.value : '';
        const hint = emptied ? (
          words.emptied
        ) : readWebAddress(address) === undefined ? undefined : (
          <>
            {property.description} <ExternalAddress text={address} hideText />
          </>
        );
        return (
          <Field
            property={property}
            value={field.value}
            onChange={field.onChange}
            disabled={disabled}
            multiline={multiline}
            error={fieldState.error?.message}
            {...(hint === undefined ? {} : { hint })}
          />
        );
      }}
    />
  );
}

/** Moves the focus into the field of a property; false where there is none on the page. */
export function focusField(path: string): boolean {
  const field = document.querySelector(`[data-path="${CSS.escape(path)}"]`);
  const control = field?.querySelector('input, textarea, button, [role="combobox"]');
  if (!(control instanceof HTMLElement)) return false;
  control.focus();
  return true;
}
