/**
 * Loaded into a server under test before its own code: the test sets its clock over the channel to its parent, and
 * TEST_MODULES_FILE names a file that gets the address of every module the server loads.
 */
import { register } from 'node:module';

let shiftMs = 0;
const SystemDate = Date;

globalThis.Date = class extends SystemDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [SystemDate.now() + shiftMs] : parts));
  }

  static now() {
    return SystemDate.now() + shiftMs;
  }
};

process.on('message', ({ advanceMs }) => {
  shiftMs += advanceMs;
  process.send({ shiftMs });
});
// The channel must not keep a finished server alive.
process.channel?.unref();

register('./module-log.mjs', import.meta.url);
