/** A button that copies text. */
import { Button, Tooltip } from '@fluentui/react-components';
import { Checkmark16Regular, Copy16Regular } from '@fluentui/react-icons';
import { useState } from 'react';
import { useAnnounce, useNotify } from '../context.tsx';
import { strings } from '../strings.ts';

/** Copies and says so; a browser that refuses is reported, never passed over. */
export function useCopy(): (text: string) => Promise<boolean> {
  const announce = useAnnounce();
  const notify = useNotify();
  return async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      announce(strings.copied);
      return true;
    } catch {
      notify({ intent: 'error', title: strings.copyFailed });
      return false;
    }
  };
}

/** `label` says what is copied. */
export function CopyButton({
  text,
  label = strings.copy,
}: {
  readonly text: string;
  readonly label?: string;
}) {
  const copy = useCopy();
  const [copied, setCopied] = useState(false);
  return (
    <Tooltip content={copied ? strings.copied : label} relationship="label">
      <Button
        appearance="subtle"
        size="small"
        icon={copied ? <Checkmark16Regular /> : <Copy16Regular />}
        onClick={() => void copy(text).then(setCopied)}
        onBlur={() => setCopied(false)}
      />
    </Tooltip>
  );
}
