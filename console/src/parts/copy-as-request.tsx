/** The exact request behind what is shown, to take elsewhere. */
import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Tooltip,
} from '@fluentui/react-components';
import { Code20Regular, CodeBlock20Regular, Link20Regular, Play20Regular } from '@fluentui/react-icons';
import { useConfig } from '../context.tsx';
import type { RequestDescription } from '../request-description.ts';
import { writeSearch } from '../search-text.ts';
import { useOpenHref } from '../shell/open-href.ts';
import { strings } from '../strings.ts';
import { useCopy } from './copy-button.tsx';

/** The address of the query runner with this request in it. */
export function queryHref({ method, path, headers = {}, body }: RequestDescription): string {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `/query${writeSearch({ method, path, body: text, headers: lines.join('\n') })}`;
}

/** The languages of snippets.ts, whose writers are loaded once somebody wants one. */
const snippets = [
  { id: 'curl', label: 'curl' },
  { id: 'typescript', label: 'TypeScript' },
  { id: 'powershell', label: 'PowerShell' },
  { id: 'python', label: 'Python' },
] as const;

/** What is copied, and where. */
export interface CopyAsRequestProps {
  readonly request: RequestDescription;
  /** Where several stand on a page: what this one is about; the button is an icon then. */
  readonly about?: string;
}

/** A menu: the address, the query runner, snippets. */
export function CopyAsRequest({ request, about }: CopyAsRequestProps) {
  const copy = useCopy();
  const open = useOpenHref();
  const { apiRoot, dev, scope } = useConfig();
  const address = location.origin + apiRoot;
  const copySnippet = async (language: (typeof snippets)[number]['id']) => {
    const { writeSnippet } = await import('../snippets.ts');
    await copy(writeSnippet(language, request, { apiRoot: address, dev, scope }));
  };
  return (
    <Menu>
      {about === undefined ? (
        <MenuTrigger disableButtonEnhancement>
          <Button icon={<CodeBlock20Regular />} appearance="subtle">
            {strings.copyAs}
          </Button>
        </MenuTrigger>
      ) : (
        <MenuTrigger disableButtonEnhancement>
          <Tooltip content={`${strings.copyAs}: ${about}`} relationship="label">
            <Button icon={<CodeBlock20Regular />} appearance="subtle" />
          </Tooltip>
        </MenuTrigger>
      )}
      <MenuPopover>
        <MenuList>
          <MenuItem icon={<Play20Regular />} onClick={() => open(queryHref(request))}>
            {strings.runInQuery}
          </MenuItem>
          <MenuItem icon={<Link20Regular />} onClick={() => void copy(address + request.path)}>
            {strings.copyUrl}
          </MenuItem>
          <MenuDivider />
          {snippets.map(({ id, label }) => (
            <MenuItem key={id} icon={<Code20Regular />} onClick={() => void copySnippet(id)}>
              {strings.copyAsSnippet(label)}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
