/** The pages: a rail beside the content, a menu where there is no room for it. */
import {
  Button,
  Menu,
  MenuItemLink,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components';
import {
  Apps20Filled,
  Apps20Regular,
  Board20Filled,
  Board20Regular,
  Code20Filled,
  Code20Regular,
  History20Filled,
  History20Regular,
  Navigation20Regular,
  Settings20Filled,
  Settings20Regular,
} from '@fluentui/react-icons';
import { Link, useRouter, useRouterState } from '@tanstack/react-router';
import { strings } from '../strings.ts';
import { useBarButtonStyles } from './bar-button.ts';

/** The pages in the navigation; `key` follows `g` on the keyboard. */
export const destinations = [
  { to: '/', label: strings.pages.overview, key: 'o', Icon: Board20Regular, Current: Board20Filled },
  { to: '/apps', label: strings.pages.apps, key: 'a', Icon: Apps20Regular, Current: Apps20Filled },
  {
    to: '/changes',
    label: strings.pages.changes,
    key: 'c',
    Icon: History20Regular,
    Current: History20Filled,
  },
  { to: '/query', label: strings.pages.query, key: 'q', Icon: Code20Regular, Current: Code20Filled },
  {
    to: '/settings',
    label: strings.pages.settings,
    key: 's',
    Icon: Settings20Regular,
    Current: Settings20Filled,
  },
] as const;

const narrow = '@media (max-width: 699.98px)';
const medium = '@media (max-width: 1099.98px)';

const useStyles = makeStyles({
  rail: {
    display: 'flex',
    flexDirection: 'column',
    gap: '2px',
    flexShrink: 0,
    width: '200px',
    boxSizing: 'border-box',
    padding: '12px 8px',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    [medium]: { width: '76px', padding: '8px 4px' },
    [narrow]: { display: 'none' },
  },
  link: {
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    gap: '12px',
    minHeight: '36px',
    padding: '0 12px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    fontSize: tokens.fontSizeBase300,
    ':hover': { backgroundColor: tokens.colorNeutralBackground3Hover, color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
    [medium]: {
      flexDirection: 'column',
      justifyContent: 'center',
      gap: '2px',
      minHeight: '52px',
      padding: '4px 2px',
      fontSize: tokens.fontSizeBase100,
    },
  },
  current: {
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    boxShadow: tokens.shadow2,
    '::before': {
      content: '""',
      position: 'absolute',
      left: 0,
      top: '9px',
      bottom: '9px',
      width: '3px',
      borderRadius: '2px',
      backgroundColor: tokens.colorCompoundBrandBackground,
      forcedColorAdjust: 'none',
    },
  },
  icon: { display: 'flex', color: tokens.colorBrandForeground1 },
  menuButton: { display: 'none', minWidth: '40px', [narrow]: { display: 'inline-flex' } },
});

/** Whether a destination's page, or one below it, is shown. */
function useIsCurrent(): (to: string) => boolean {
  const pathname = useRouterState({ select: ({ location }) => location.pathname });
  return (to) => (to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`));
}

/** The rail. */
export function NavigationRail() {
  const styles = useStyles();
  const isCurrent = useIsCurrent();
  return (
    <nav className={styles.rail} aria-label={strings.navigation}>
      {destinations.map(({ to, label, Icon, Current }) => {
        const current = isCurrent(to);
        return (
          <Link
            key={to}
            to={to}
            search={{}}
            className={mergeClasses(styles.link, current && styles.current)}
            aria-current={current ? 'page' : undefined}
          >
            {current ? <Current className={styles.icon} /> : <Icon />}
            {label}
          </Link>
        );
      })}
    </nav>
  );
}

/** The same as a menu, shown on narrow pages only. */
export function NavigationMenu() {
  const styles = useStyles();
  const { button } = useBarButtonStyles();
  const isCurrent = useIsCurrent();
  const router = useRouter();
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance="transparent"
          className={mergeClasses(button, styles.menuButton)}
          icon={<Navigation20Regular />}
          aria-label={strings.openMenu}
        />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {destinations.map(({ to, label, Icon }) => (
            <MenuItemLink
              key={to}
              href={router.buildLocation({ to, search: {} }).publicHref}
              icon={<Icon />}
              aria-current={isCurrent(to) ? 'page' : undefined}
              onClick={(event) => {
                event.preventDefault();
                void router.navigate({ to, search: {} });
              }}
            >
              {label}
            </MenuItemLink>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
