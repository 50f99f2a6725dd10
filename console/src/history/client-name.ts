/** The client a change came through, as people know it. */
import type { ChangeRecord } from '../api.ts';
import type { ConsoleConfig } from '../config.ts';
import { historyWords as words } from './strings.ts';

/** `this console`, or the client's id. */
export const clientName = (
  { clientId }: ChangeRecord['author'],
  config: Pick<ConsoleConfig, 'clientId'>,
): string => (clientId !== null && clientId === config.clientId ? words.thisConsole : (clientId ?? ''));
