/** Messages that show in a corner for a moment. */
import {
  Link,
  Toast,
  ToastBody,
  Toaster,
  ToastTitle,
  useId,
  useToastController,
} from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import { type Notification, useConsole, useStore } from '../context.tsx';
import { strings } from '../strings.ts';

/** How long a message stays; faults wait for people, with a limit so that they do not pile up. */
const timeoutsMs: Readonly<Record<Notification['intent'], number>> = {
  success: 5000,
  info: 7000,
  warning: 12_000,
  error: 20_000,
};

/** Shows what was notified; loaded with the first message. */
export function Toasts() {
  const { notifications } = useConsole();
  const toasterId = useId('toaster');
  const { dispatchToast } = useToastController(toasterId);
  const waiting = useStore(notifications);
  useEffect(() => {
    if (waiting.length === 0) return;
    notifications.set([]);
    for (const { id, intent, title, detail, action } of waiting) {
      dispatchToast(
        <Toast>
          <ToastTitle action={action === undefined ? null : <Link onClick={action.run}>{action.label}</Link>}>
            {title}
          </ToastTitle>
          {detail === undefined ? null : <ToastBody>{detail}</ToastBody>}
        </Toast>,
        { intent, toastId: id, timeout: timeoutsMs[intent], pauseOnHover: true },
      );
    }
  }, [waiting, notifications, dispatchToast]);
  // A landmark of their own: what is in none is hard to find with a screen reader.
  const [landmark, setLandmark] = useState<HTMLElement | null>(null);
  return (
    <aside aria-label={strings.messages} ref={setLandmark}>
      <Toaster toasterId={toasterId} position="bottom-end" limit={4} mountNode={landmark} />
    </aside>
  );
}
