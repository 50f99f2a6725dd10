/** The bar at the top: where one is, search, work in the background, who one is. */
import { Button, makeStyles, mergeClasses, Tooltip, tokens } from '@fluentui/react-components';
import { Keyboard20Regular, Search20Regular } from '@fluentui/react-icons';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useJobs } from '../context.tsx';
import { strings } from '../strings.ts';
import { useBarButtonStyles } from './bar-button.ts';
import { openPalette, openShortcutList } from './keyboard.tsx';
import { Logo } from './logo.tsx';
import { NavigationMenu } from './navigation.tsx';
import { UserMenu } from './user-menu.tsx';

const JobsMenu = lazy(() => import('./jobs-menu.tsx').then(({ JobsMenu }) => ({ default: JobsMenu })));

const narrow = '@media (max-width: 699.98px)';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    alignItems: 'center',
    gap: '4px',
    flexShrink: 0,
    height: '48px',
    padding: '0 8px 0 12px',
    boxSizing: 'border-box',
    color: '#ffffff',
    backgroundColor: '#0f548c',
    borderBottom: '1px solid transparent',
    [narrow]: { padding: '0 4px' },
  },
  brand: {
    display: 'flex',
    alignItems: 'center',
    gap: '10px',
    color: 'inherit',
    textDecorationLine: 'none',
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase400,
    whiteSpace: 'nowrap',
    borderRadius: tokens.borderRadiusMedium,
    padding: '4px 6px',
    ':focus-visible': { outline: '2px solid #ffffff' },
  },
  long: {
    fontWeight: tokens.fontWeightRegular,
    fontSize: tokens.fontSizeBase300,
    opacity: 0.9,
    '@media (max-width: 1099.98px)': { display: 'none' },
  },
  middle: { flexGrow: 1, display: 'flex', justifyContent: 'center', minWidth: 0, padding: '0 8px' },
  search: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    width: 'min(480px, 100%)',
    minWidth: 0,
    height: '32px',
    padding: '0 10px',
    border: '1px solid transparent',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: 'rgba(255, 255, 255, 0.16)',
    color: '#ffffff',
    font: 'inherit',
    fontSize: tokens.fontSizeBase300,
    textAlign: 'left',
    cursor: 'pointer',
    ':hover': { backgroundColor: 'rgba(255, 255, 255, 0.26)' },
    ':focus-visible': { outline: '2px solid #ffffff', outlineOffset: '1px' },
    '@media (forced-colors: active)': { border: '1px solid ButtonText' },
  },
  searchText: { flexGrow: 1, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  key: {
    fontSize: tokens.fontSizeBase200,
    opacity: 0.95,
    whiteSpace: 'nowrap',
    [narrow]: { display: 'none' },
  },
  keyboardButton: { [narrow]: { display: 'none' } },
});

/** The bar. */
export function Header() {
  const styles = useStyles();
  const { button } = useBarButtonStyles();
  const { jobs } = useJobs();
  return (
    <div className={styles.bar}>
      <NavigationMenu />
      <Link to="/" search={{}} className={styles.brand}>
        <Logo size={24} inverted />
        {strings.product}
        <span className={styles.long}>{strings.productLong}</span>
      </Link>
      <div className={styles.middle}>
        <button
          type="button"
          className={styles.search}
          onClick={openPalette}
          aria-haspopup="dialog"
          aria-keyshortcuts="Control+K"
        >
          <Search20Regular />
          <span className={styles.searchText}>{strings.search}</span>
          <kbd className={styles.key}>{strings.searchHint}</kbd>
        </button>
      </div>
      {jobs.length === 0 ? null : (
        <Suspense fallback={null}>
          <JobsMenu />
        </Suspense>
      )}
      <Tooltip content={strings.keyboardShortcuts} relationship="label">
        <Button
          appearance="transparent"
          className={mergeClasses(button, styles.keyboardButton)}
          icon={<Keyboard20Regular />}
          onClick={openShortcutList}
        />
      </Tooltip>
      <UserMenu />
    </div>
  );
}
