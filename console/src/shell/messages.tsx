/** What is said without being asked: to screen readers, and in a corner for a moment. */
import { makeStyles } from '@fluentui/react-components';
import { lazy, Suspense, useState } from 'react';
import { useConsole, useStore } from '../context.tsx';

const Toasts = lazy(() => import('./toasts.tsx').then(({ Toasts }) => ({ default: Toasts })));

const useStyles = makeStyles({
  spoken: {
    position: 'absolute',
    width: '1px',
    height: '1px',
    margin: '-1px',
    overflow: 'hidden',
    clipPath: 'inset(50%)',
    whiteSpace: 'nowrap',
  },
});

/** The live region and the toasts. */
export function Messages() {
  const styles = useStyles();
  const { announcements, notifications } = useConsole();
  const waiting = useStore(notifications).length > 0;
  const [needed, setNeeded] = useState(waiting);
  if (waiting && !needed) setNeeded(true);
  return (
    <>
      <div className={styles.spoken} role="status" aria-live="polite" data-announcements="">
        {useStore(announcements)}
      </div>
      <Suspense fallback={null}>{needed ? <Toasts /> : null}</Suspense>
    </>
  );
}
