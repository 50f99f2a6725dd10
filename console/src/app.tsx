/** The frame around all pages: theme, styles with their nonce, data, sign-in. */
import {
  createDOMRenderer,
  FluentProvider,
  RendererProvider,
  type Theme,
  webDarkTheme,
  webLightTheme,
} from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type ConsoleParts, ConsoleProvider, useMedia, usePreferences, useSessionState } from './context.tsx';
import { router } from './router.tsx';
import { AppearanceStyles } from './shell/appearance.tsx';
import { Messages } from './shell/messages.tsx';
import { SignInPage } from './shell/sign-in-page.tsx';

/** Waiting and repeating are the API's; a query fails once. */
const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: false, networkMode: 'always', staleTime: 15_000, refetchOnWindowFocus: true },
      mutations: { retry: false, networkMode: 'always' },
    },
  });

/** The console. */
export function App({ parts }: { readonly parts: ConsoleParts }) {
  const renderer = useMemo(
    () => createDOMRenderer(document, { styleElementAttributes: { nonce: parts.nonce } }),
    [parts.nonce],
  );
  const queries = useMemo(createQueryClient, []);
  return (
    <ConsoleProvider value={parts}>
      <RendererProvider renderer={renderer} targetDocument={document}>
        <QueryClientProvider client={queries}>
          <Themed />
        </QueryClientProvider>
      </RendererProvider>
    </ConsoleProvider>
  );
}

function Themed() {
  const [{ theme }] = usePreferences();
  const systemDark = useMedia('(prefers-color-scheme: dark)');
  const dark = theme === 'dark' || (theme === 'system' && systemDark);
  return (
    <FluentProvider theme={dark ? darkTheme : lightTheme} applyStylesToPortals>
      <AppearanceStyles dark={dark} />
      <Messages />
      <Gate />
    </FluentProvider>
  );
}

/** A little denser than Fluent's own: people compare many rows. */
const refine = (theme: Theme): Theme => ({ ...theme, borderRadiusMedium: '4px' });
const lightTheme = refine(webLightTheme);
const darkTheme = refine(webDarkTheme);

/** Pages are for people who are signed in; the page stays when a session ends. */
function Gate() {
  const state = useSessionState();
  return state.kind === 'signedIn' || state.kind === 'ended' ? (
    <RouterProvider router={router} />
  ) : (
    <SignInPage state={state} />
  );
}
