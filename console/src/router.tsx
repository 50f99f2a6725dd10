/** Addresses → pages. Pages are chunks of their own; what stands in their addresses is validated before they load. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { parseAppsSearch } from './pages/apps/search.ts';
import { parseChangesSearch } from './pages/changes/search.ts';
import { parseOverviewSearch } from './pages/overview/search.ts';
import { parseProfileSearch } from './pages/profile/search.ts';
import { parseQuerySearch } from './pages/query/search.ts';
import { parseSettingsSearch } from './pages/settings/search.ts';
import { parseSearch, writeSearch } from './search-text.ts';
import { PageFailed, PageMissing, PagePending } from './shell/page-states.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: PageMissing });
const getParentRoute = () => root;

const overview = createRoute({
  getParentRoute,
  path: '/',
  validateSearch: parseOverviewSearch,
  component: lazyRouteComponent(() => import('./pages/overview/page.tsx'), 'OverviewPage'),
});
const apps = createRoute({
  getParentRoute,
  path: '/apps',
  validateSearch: parseAppsSearch,
  component: lazyRouteComponent(() => import('./pages/apps/page.tsx'), 'AppsPage'),
});
const profile = createRoute({
  getParentRoute,
  path: '/apps/$id',
  validateSearch: parseProfileSearch,
  component: lazyRouteComponent(() => import('./pages/profile/page.tsx'), 'ProfilePage'),
});
const changes = createRoute({
  getParentRoute,
  path: '/changes',
  validateSearch: parseChangesSearch,
  component: lazyRouteComponent(() => import('./pages/changes/page.tsx'), 'ChangesPage'),
});
const query = createRoute({
  getParentRoute,
  path: '/query',
  validateSearch: parseQuerySearch,
  component: lazyRouteComponent(() => import('./pages/query/page.tsx'), 'QueryPage'),
});
const settings = createRoute({
  getParentRoute,
  path: '/settings',
  validateSearch: parseSettingsSearch,
  component: lazyRouteComponent(() => import('./pages/settings/page.tsx'), 'SettingsPage'),
});

/** The router of the console, below `/console`. */
export const router = createRouter({
  routeTree: root.addChildren([overview, apps, profile, changes, query, settings]),
  basepath: '/console',
  parseSearch,
  stringifySearch: writeSearch,
  defaultPreload: 'intent',
  defaultPendingMs: 150,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageFailed,
  defaultNotFoundComponent: PageMissing,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
