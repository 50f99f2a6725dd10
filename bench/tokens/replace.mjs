/** Loaded before the service (`node --import`): puts authentication.mjs in the place of its compose-authentication. */
import { register } from 'node:module';

register('./resolve.mjs', import.meta.url);
