/** Groups of changes that meet on the same rows wait for each other in one order, so that no server has to break a tie. */
import { expect, it } from 'vitest';
import { collectionPath, membersOf } from '../support/conformance.ts';
import { createExchange } from '../support/exchange.ts';
import { sharedPostgres } from '../support/postgres-server.ts';
import { startServer } from '../support/running-server.ts';

it('atomicity groups and single changes of the same profiles never deadlock', async () => {
  const { url, drop } = await sharedPostgres();
  const server = await startServer({ flags: ['--no-sample', '--database', url] });
  const { send, close } = createExchange(server.httpUrl);
  try {
    const token = server.token();
    const make = async (name: string) => {
      const answer = await send({ method: 'POST', path: collectionPath, body: { name }, token });
      return String(membersOf(answer).id);
    };
    const ids = [await make('a'), await make('b'), await make('c')];
    const group = (order: readonly string[], name: string) => ({
      requests: order.map((id, index) => ({
        id: String(index),
        atomicityGroup: 'g',
        method: 'PATCH',
        url: `/security/cloudAppSecurityProfiles/${id}`,
        headers: { 'content-type': 'application/json' },
        body: { name },
      })),
    });
    const works = Array.from({ length: 60 }, async (_, index) => {
      const name = `n${index}`;
      if (index % 3 === 0) {
        return send({ path: `${collectionPath}/${ids[index % 2]}`, body: { name }, token });
      }
      const order = index % 3 === 1 ? ids : ids.toReversed();
      return send({ method: 'POST', path: '/v1.0/$batch', body: group(order, name), token });
    });
    const answers = await Promise.all(works);
    const parts = answers.flatMap((answer) => {
      const { responses } = membersOf(answer);
      return Array.isArray(responses) ? (responses as { status: number }[]) : [{ status: answer.status }];
    });
    expect(new Set(parts.map(({ status }) => status))).toEqual(new Set([200]));
    // A tie that was broken would have been retried, and the log would say so.
    expect(server.output()).not.toContain('40P01');
  } finally {
    close();
    await server.stop();
    await drop();
  }
});
