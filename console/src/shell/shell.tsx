/** The frame of every page: header, navigation, banners, dialogs that may open anywhere. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useRef, useState } from 'react';
import { useSessionState } from '../context.tsx';
import { strings } from '../strings.ts';
import { Banners } from './banners.tsx';
import { Header } from './header.tsx';
import { Keyboard } from './keyboard.tsx';
import { NavigationRail } from './navigation.tsx';

const SessionEnded = lazy(() =>
  import('./session-ended.tsx').then(({ SessionEnded }) => ({ default: SessionEnded })),
);

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', height: '100dvh' },
  skip: {
    position: 'absolute',
    left: '8px',
    top: '-60px',
    zIndex: 1000,
    padding: '8px 16px',
    border: 'none',
    font: 'inherit',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorBrandForegroundLink,
    ':focus': { top: '6px', outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  below: { display: 'flex', flexGrow: 1, minHeight: 0 },
  main: {
    flexGrow: 1,
    minWidth: 0,
    overflowY: 'auto',
    // What has the focus is never hidden under something that sticks (WCAG 2.4.11).
    scrollPaddingTop: '64px',
    scrollPaddingBottom: '72px',
    backgroundColor: tokens.colorNeutralBackground2,
    outline: 'none',
  },
});

/** The frame; the router puts the page into it. */
export function Shell() {
  const styles = useStyles();
  const session = useSessionState().kind;
  const pathname = useRouterState({ select: ({ location }) => location.pathname });
  const [first] = useState(pathname);
  const navigated = useRef(false);
  if (pathname !== first) navigated.current = true;
  const main = useRef<HTMLElement>(null);
  return (
    <div className={styles.frame}>
      <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
        {strings.skipToContent}
      </button>
      <header>
        <Header />
        <Banners />
      </header>
      <div className={styles.below}>
        <NavigationRail />
        <main
          id="main"
          ref={main}
          tabIndex={-1}
          className={styles.main}
          data-navigated={navigated.current ? '' : undefined}
        >
          <Outlet />
        </main>
      </div>
      <Keyboard />
      {session === 'ended' ? (
        <Suspense fallback={null}>
          <SessionEnded />
        </Suspense>
      ) : null}
    </div>
  );
}
