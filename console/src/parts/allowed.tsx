/** Actions a person lacks are shown, disabled, with the reason. */
import { Tooltip } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { useRights } from '../context.tsx';

/** What the action gets: spread it on a Button, which stays in the tab order so that the reason can be read. */
export interface AllowedProps {
  readonly disabledFocusable: boolean;
}

/** `<Allowed>{(rights) => <Button {...rights}>Save</Button>}</Allowed>` */
export function Allowed(props: {
  readonly kind?: 'read' | 'write';
  readonly children: (rights: AllowedProps) => ReactElement;
}) {
  const { kind = 'write' } = props;
  const rights = useRights();
  const allowed = kind === 'write' ? rights.mayWrite : rights.mayRead;
  const action = props.children({ disabledFocusable: !allowed });
  if (allowed) return action;
  return (
    <Tooltip content={rights.missing(kind)} relationship="description">
      {action}
    </Tooltip>
  );
}
