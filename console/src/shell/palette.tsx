/** Ctrl+K: pages, commands and apps by a few letters. */
import {
  Dialog,
  DialogBody,
  DialogContent,
  DialogSurface,
  Input,
  makeStyles,
  mergeClasses,
  Text,
  tokens,
} from '@fluentui/react-components';
import { Search20Regular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react';
import type { Entity } from '../api.ts';
import { type PaletteCommand, useApi, useConsole, useStore } from '../context.tsx';
import { display } from '../data-text.ts';
import { writeSearchWords } from '../odata.ts';
import { strings } from '../strings.ts';

const useStyles = makeStyles({
  surface: {
    padding: '12px',
    width: 'min(600px, calc(100vw - 24px))',
    marginTop: '10vh',
    alignSelf: 'start',
  },
  input: { width: '100%' },
  list: { margin: '8px 0 0', padding: 0, listStyleType: 'none', maxHeight: '50vh', overflowY: 'auto' },
  item: {
    display: 'flex',
    justifyContent: 'space-between',
    gap: '12px',
    padding: '8px 10px',
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  active: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    outline: '2px solid transparent',
    '@media (forced-colors: active)': { outline: '2px solid Highlight' },
  },
  group: { color: tokens.colorNeutralForeground3, whiteSpace: 'nowrap' },
});

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A line with the group it comes from. */
type Line = PaletteCommand & { readonly group: string };

/** Apps shown while one types; more are one line away. */
const appsMax = 6;

/** Apps that have the words, by the search of the service. */
function useApps(text: string): readonly Entity[] {
  const api = useApi();
  const search = writeSearchWords(useDeferredValue(text));
  const { data } = useQuery({
    queryKey: ['profiles', 'palette', search],
    queryFn: ({ signal }) =>
      api.getPage({ search, select: ['id', 'name', 'publisher'], top: appsMax }, signal),
    enabled: search !== '',
  });
  return search === '' ? [] : (data?.items ?? []);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function useLines(text: string): readonly Line[] {
  const { commands } = useConsole();
  const router = useRouter();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const registered = [...useStore(commands).values()].flatMap(({ group, items }) =>
    items.map((item) => ({ ...item, group })),
  );
  const found = registered.filter(({ label, keywords = '' }) =>
    words.every((word) => `${label} ${keywords}`.toLowerCase().includes(word)),
  );
  const apps = useApps(text).map(
    ({ id, name, publisher }): Line => ({
      id,
      group: display(textOf(publisher), 30) || strings.paletteApp,
      label: display(textOf(name), 60) || id,
      run: () => void router.navigate({ to: '/apps/$id', params: { id }, search: {} }),
    }),
  );
  const asked = text.trim();
  if (asked === '') return found;
  const search: Line = {
    id: 'find-apps',
    group: strings.pages.apps,
    label: strings.paletteFindApps(asked),
    run: () => router.history.push(`/console/apps?search=${encodeURIComponent(asked)}`),
  };
  const open: Line = {
    id: 'open-id',
    group: strings.pages.apps,
    label: strings.paletteOpenId(asked),
    run: () => void router.navigate({ to: '/apps/$id', params: { id: asked }, search: {} }),
  };
  return guidPattern.test(asked) ? [open, ...found, search] : [...apps, ...found, search];
}

/** A combobox of commands in a dialog. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const styles = useStyles();
  const listId = useId();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const lines = useLines(text);
  const current = Math.min(active, lines.length - 1);
  const choose = (line: Line | undefined) => {
    if (line === undefined) return;
    onClose();
    line.run();
  };
  const move = (event: KeyboardEvent, to: number) => {
    event.preventDefault();
    setActive((to + lines.length) % Math.max(1, lines.length));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') move(event, current + 1);
    else if (event.key === 'ArrowUp') move(event, current - 1);
    else if (event.key === 'Enter') choose(lines[current]);
  };
  return (
    <Dialog open onOpenChange={onClose}>
      <DialogSurface className={styles.surface} aria-label={strings.paletteTitle}>
        <DialogBody>
          <DialogContent>
            <Input
              autoFocus
              className={styles.input}
              size="large"
              contentBefore={<Search20Regular />}
              placeholder={strings.palettePlaceholder}
              value={text}
              onChange={(_, { value }) => {
                setText(value);
                setActive(0);
              }}
              onKeyDown={onKeyDown}
              role="combobox"
              aria-label={strings.palettePlaceholder}
              aria-expanded
              aria-controls={listId}
              aria-activedescendant={lines[current] === undefined ? undefined : `${listId}-${current}`}
              aria-autocomplete="list"
            />
            <div id={listId} role="listbox" aria-label={strings.paletteTitle} className={styles.list}>
              {lines.map((line, index) => (
                <div
                  key={`${line.group} ${line.id}`}
                  id={`${listId}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === current}
                  className={mergeClasses(styles.item, index === current && styles.active)}
                  onClick={() => choose(line)}
                  onKeyDown={onKeyDown}
                >
                  <bdi>{line.label}</bdi>
                  <Text size={200} className={styles.group}>
                    <bdi>{line.group}</bdi>
                  </Text>
                </div>
              ))}
            </div>
          </DialogContent>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
