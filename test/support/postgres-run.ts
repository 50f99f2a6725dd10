/**
 * What the test processes of one run share. Vitest's main process owns it: a test asks over loopback, so that the
 * server starts only when the first test needs it, and ends with the run.
 */
import { request } from 'node:http';

/** The server of the run. */
export interface RunServer {
  /** A database to connect to for making others. */
  readonly url: string;
  readonly version: string;
}

/** Where the run answers; set by the global setup for the processes it starts. */
export const runUrlVariable = 'CASP_TEST_RUN_URL';

/** Whether a run with a global setup is under way; a bench or a script has none. */
export const isRun = (): boolean => process.env[runUrlVariable] !== undefined;

/** Asks the run for its server or its binaries; rejects with what the run could not do. */
export async function askRun<Answer>(question: 'server' | 'binaries'): Promise<Answer> {
  const base = process.env[runUrlVariable];
  if (base === undefined)
    throw new Error('no global setup: start the tests with vitest and its configuration');
  const { status, text } = await ask(`${base}/${question}`);
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as Answer;
}

/** Not `fetch`, which tests replace. */
function ask(url: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += String(chunk);
      resolve({ status: answer.statusCode, text });
    });
    asking.on('error', reject);
    asking.end();
  });
}
