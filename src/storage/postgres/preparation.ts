/** What must have happened once before the database can be used. */
import { databaseUnavailable } from './failure.ts';

export interface Preparation {
  isDone(): boolean;
  /** Joins the attempt under way or starts one; rejects with storageUnavailable, whose cause says why. */
  run(): Promise<void>;
}

/** Creates a preparation that is tried again with the next use after it failed. */
export function createPreparation(prepare: () => Promise<void>): Preparation {
  let done = false;
  let running: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    try {
      await prepare();
      done = true;
    } catch (error) {
      throw databaseUnavailable(error);
    } finally {
      running = undefined;
    }
  }

  return {
    isDone: () => done,
    run() {
      running ??= attempt();
      return running;
    },
  };
}
