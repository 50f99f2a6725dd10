/** What people see who are not signed in. */
import {
  Button,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useEffect } from 'react';
import { useConsole } from '../context.tsx';
import type { SessionState } from '../session.ts';
import { strings } from '../strings.ts';
import { Logo } from './logo.tsx';

const useStyles = makeStyles({
  page: {
    display: 'grid',
    placeItems: 'center',
    minHeight: '100vh',
    padding: '16px',
    boxSizing: 'border-box',
    background: `linear-gradient(160deg, ${tokens.colorBrandBackground2} 0%, ${tokens.colorNeutralBackground2} 55%)`,
  },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '20px',
    width: 'min(420px, 100%)',
    boxSizing: 'border-box',
    padding: '36px 32px 32px',
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow16,
    border: `1px solid ${tokens.colorTransparentStroke}`,
  },
  brand: { display: 'flex', alignItems: 'center', gap: '12px' },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: 600,
  },
  small: { color: tokens.colorNeutralForeground3 },
});

/** A button that leads to the issuer, or why there is none. */
export function SignInPage({ state }: { readonly state: SessionState }) {
  const styles = useStyles();
  const { config, session } = useConsole();
  useEffect(() => {
    document.title = `${strings.signIn} · ${strings.product}`;
  }, []);
  const error = state.kind === 'signedOut' ? state.error : undefined;
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Logo size={36} />
          <div>
            <h1 className={styles.title}>{strings.productLong}</h1>
            <Text size={200} className={styles.small}>
              {strings.product} {config.version}
            </Text>
          </div>
        </div>
        <Text>{strings.signInIntro}</Text>
        {error === undefined ? null : (
          <MessageBar intent="error" layout="multiline">
            <MessageBarBody>
              <MessageBarTitle>{strings.signInFailed}</MessageBarTitle> {error}
            </MessageBarBody>
          </MessageBar>
        )}
        {config.clientId === null ? (
          <NotConfigured />
        ) : state.kind === 'signingIn' ? (
          <Spinner label={strings.signingIn} size="small" />
        ) : (
          <Button
            appearance="primary"
            size="large"
            onClick={() => void session.signIn(location.pathname + location.search)}
          >
            {strings.signInWith(config.issuerName)}
          </Button>
        )}
        {config.dev ? (
          <Text size={200} className={styles.small}>
            {strings.devBanner}
          </Text>
        ) : null}
      </div>
    </main>
  );
}

function NotConfigured() {
  return (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{strings.signInNotConfigured}</MessageBarTitle>
        <p>{strings.signInNotConfiguredDetail}</p>
        <code>{`${location.origin}/console/signed-in`}</code>
      </MessageBarBody>
    </MessageBar>
  );
}
