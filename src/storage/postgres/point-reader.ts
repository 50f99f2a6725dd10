/** Reads of rows by key: many share a connection, each answered in its turn, so that none waits for a free one. */
import type { Statement } from '../../sql/statement.ts';
import type { Row, Session } from '../database.ts';
import type { PostgresConnection } from './connection.ts';
import { isLoss, serverStopping, translate, unreachableDatabase } from './failure.ts';
import { type Guard, nameTenant } from './transaction.ts';

export interface PointReaderOptions {
  /** Connections that are shared. */
  readonly connections: number;
  readonly open: () => Promise<PostgresConnection>;
  readonly guard: Guard;
  readonly rowLevelSecurity: boolean;
}

export interface PointReader {
  readonly session: Session;
  /** Ends the connections after the reads under way; refuses later ones with serverStopping. */
  close(): Promise<void>;
}

/** Reads change nothing, so one that lost its connection may run again: once for a restart, once for bad luck. */
const attemptsMax = 3;

/** Creates the reader; each connection is made when its turn first comes. */
export function createPointReader({
  connections,
  open,
  guard,
  rowLevelSecurity,
}: PointReaderOptions): PointReader {
  const slots: (Promise<PostgresConnection> | undefined)[] = Array.from({ length: connections });
  let turn = 0;
  let stopping = false;

  function connect(index: number): Promise<PostgresConnection> {
    const opened = open();
    slots[index] = opened;
    const forget = () => {
      if (slots[index] === opened) slots[index] = undefined;
    };
    opened.catch(forget);
    return opened;
  }

  async function next(): Promise<PostgresConnection> {
    if (stopping) throw serverStopping();
    turn = (turn + 1) % connections;
    const index = turn;
    const known = await slots[index]?.catch(() => undefined);
    if (known !== undefined && !known.isLost()) return known;
    if (known !== undefined) slots[index] = undefined;
    try {
      return await (slots[index] ?? connect(index));
    } catch (error) {
      // The server may have no more connections to give: those there are will do.
      const other = await findWhole();
      if (other === undefined) throw error;
      return other;
    }
  }

  async function findWhole(): Promise<PostgresConnection | undefined> {
    const settled = await Promise.allSettled(slots);
    const opened = settled.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
    return opened.find((each) => each !== undefined && !each.isLost());
  }

  /** Sent together, so that no other read comes between. */
  async function ask(connection: PostgresConnection, statement: Statement): Promise<readonly Row[]> {
    const owner = guard(statement);
    if (!rowLevelSecurity || owner === undefined) return connection.run(statement);
    const answers = [
      connection.control('begin read only'),
      connection.run(nameTenant(owner)),
      connection.run(statement),
      connection.control('commit'),
    ] as const;
    const [, , rows] = await Promise.all(answers);
    return rows;
  }

  async function run(statement: Statement): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt += 1) {
      const connection = await next().catch((error: unknown) => {
        throw unreachableDatabase(error);
      });
      try {
        return await ask(connection, statement);
      } catch (error) {
        if (isLoss(error)) connection.destroy();
        if (!isLoss(error) || attempt === attemptsMax) throw translate(error);
      }
    }
  }

  return {
    session: { run, send: async (statement) => void (await run(statement)) },
    async close() {
      stopping = true;
      const opened = await Promise.allSettled(slots);
      await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value?.end() : undefined)));
    },
  };
}
