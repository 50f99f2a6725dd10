/** Styles of the document itself, and what CSS needs to know of the preferences. */
import { makeStaticStyles, tokens } from '@fluentui/react-components';
import { useEffect } from 'react';
import { usePreferences } from '../context.tsx';

const useDocumentStyles = makeStaticStyles({
  'html, body': { margin: 0, padding: 0, height: '100%' },
  body: { overflowWrap: 'anywhere' },
  '#root': { height: '100%' },
  '#root > .fui-FluentProvider': {
    minHeight: '100%',
    backgroundColor: tokens.colorNeutralBackground2,
    colorScheme: 'light dark',
  },
  ':root[data-theme="light"]': { colorScheme: 'light' },
  ':root[data-theme="dark"]': { colorScheme: 'dark' },
  // Heights of a row and of a control's line; tables and forms read them.
  ':root[data-density="comfortable"]': { '--casp-row-height': '44px', '--casp-gap': '16px' },
  ':root[data-density="compact"]': { '--casp-row-height': '32px', '--casp-gap': '10px' },
  // Explanations of fields are for those who are not here every day.
  ':root[data-density="compact"] .casp-hint': { display: 'none' },
  '@media (prefers-reduced-motion: reduce)': {
    '*, *::before, *::after': {
      animationDuration: '0.01ms !important',
      animationIterationCount: '1 !important',
      transitionDuration: '0.01ms !important',
      scrollBehavior: 'auto !important',
    },
  },
});

/** Renders nothing; sets what the whole document shows. */
export function AppearanceStyles({ dark }: { readonly dark: boolean }) {
  useDocumentStyles();
  const [{ density }] = usePreferences();
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    document.documentElement.dataset.density = density;
  }, [dark, density]);
  return null;
}
