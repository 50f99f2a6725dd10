/** Each journey is as its file says. After a change that was meant: `npm run journeys -- --write`, and read the diff. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openTraveller } from '../support/journey.ts';
import { type JourneyCase, journeyCases } from './cases.ts';

const write = process.env.CASP_JOURNEYS === 'write';
const folder = fileURLToPath(new URL('.', import.meta.url));
const fileOf = (name: string) => `${folder}${name}.txt`;

/** Travels a case from an empty database. */
async function tell({ shows, given, requests }: JourneyCase): Promise<string> {
  const traveller = await openTraveller();
  try {
    const target = '/v1.0/security/cloudAppSecurityProfiles';
    for (const body of given) await traveller.travel({ method: 'POST', target, body });
    const parts = [`# ${shows}\n`];
    let previous = '';
    for (const request of requests) {
      const { lines, answer } = await traveller.travel(
        typeof request === 'function' ? request(previous) : request,
      );
      parts.push(`${lines.join('\n')}\n`);
      previous = String(answer.body);
    }
    return parts.join('\n');
  } finally {
    await traveller.close();
  }
}

describe('journeys', () => {
  it.each(journeyCases.map((journey) => [journey.name, journey] as const))('%s', async (name, journey) => {
    const told = await tell(journey);
    if (write) writeFileSync(fileOf(name), told);
    expect(told, 'run `npm run journeys -- --write` if this was meant').toBe(
      readFileSync(fileOf(name), 'utf8'),
    );
  });

  it('have a file each, and no file is without a case', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
    expect(files.sort()).toEqual(journeyCases.map(({ name }) => `${name}.txt`).sort());
  });
});
