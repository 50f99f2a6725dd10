/** The head of every page: title of the document, heading, what can be done with the page as a whole. */
import { makeStyles, tokens } from '@fluentui/react-components';
import { type ReactNode, useEffect, useRef } from 'react';
import { strings } from '../strings.ts';
import { AppLink } from './app-link.tsx';

const useStyles = makeStyles({
  page: {
    display: 'flex',
    flexDirection: 'column',
    gap: '12px',
    minHeight: '100%',
    boxSizing: 'border-box',
    padding: '16px 24px 24px',
    '@media (max-width: 699.98px)': { padding: '12px 12px 20px' },
  },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px 16px' },
  titles: { flexGrow: 1, minWidth: 0, maxWidth: '100%' },
  crumbs: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: '6px',
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase600,
    lineHeight: tokens.lineHeightBase600,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground1,
    overflowWrap: 'anywhere',
    ':focus': { outline: 'none' },
    '@media (max-width: 699.98px)': {
      fontSize: tokens.fontSizeBase500,
      lineHeight: tokens.lineHeightBase500,
    },
  },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
});

/** One step of the way to this page. */
export interface Crumb {
  readonly label: string;
  readonly to: '/' | '/apps' | '/changes' | '/query' | '/settings';
  readonly search?: Readonly<Record<string, unknown>>;
}

/** What a page is made of. */
export interface PageProps {
  /** Plain text: it is also the title of the document. */
  readonly title: string;
  /** Shown in place of the title where more than text is needed, such as DataText. */
  readonly heading?: ReactNode;
  readonly crumbs?: readonly Crumb[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** Longer titles of documents are of no use in a tab. */
const documentTitleMax = 80;

/** A page; its heading takes the focus when one came here from another page. */
export function Page({ title, heading, crumbs = [], actions, children }: PageProps) {
  const styles = useStyles();
  const headline = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title.slice(0, documentTitleMax)} · ${strings.product}`;
  }, [title]);
  useEffect(() => {
    const main = headline.current?.closest('main');
    if (main?.dataset.navigated !== undefined) headline.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <div className={styles.titles}>
          {crumbs.length === 0 ? null : (
            <nav aria-label={strings.breadcrumb}>
              <ol className={styles.crumbs}>
                {crumbs.map(({ label, to, search = {} }) => (
                  <li key={to}>
                    <AppLink to={to} search={search}>
                      {label}
                    </AppLink>{' '}
                    <span aria-hidden="true">/</span>
                  </li>
                ))}
              </ol>
            </nav>
          )}
          <h1 className={styles.title} ref={headline} tabIndex={-1}>
            {heading ?? <bdi>{title}</bdi>}
          </h1>
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}
