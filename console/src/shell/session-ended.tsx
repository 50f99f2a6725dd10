/** The dialog over the page when the token is no longer good; what is on the page stays. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
} from '@fluentui/react-components';
import { useState } from 'react';
import { useConsole, useSessionState } from '../context.tsx';
import { strings } from '../strings.ts';

/** Opens by itself and closes when somebody has signed in. */
export function SessionEnded() {
  const { session } = useConsole();
  const state = useSessionState();
  const [asked, setAsked] = useState(false);
  if (state.kind !== 'ended') return null;
  return (
    <Dialog open modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{strings.sessionEnded}</DialogTitle>
          <DialogContent>
            {state.error === undefined ? null : (
              <MessageBar intent="error" layout="multiline">
                <MessageBarBody>{state.error}</MessageBarBody>
              </MessageBar>
            )}
            <p>{strings.sessionEndedDetail}</p>
          </DialogContent>
          <DialogActions fluid>
            {asked ? (
              <Button onClick={() => void session.signIn(location.pathname + location.search)}>
                {strings.sessionEndedReload}
              </Button>
            ) : null}
            <Button
              appearance="primary"
              onClick={() => {
                setAsked(true);
                void session.signInAgain();
              }}
            >
              {strings.sessionEndedContinue}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
