import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';

const page = readFileSync(new URL('../../docs/identity.md', import.meta.url), 'utf8');
const recipes = page
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const text = /```jsonc\n([\s\S]*?)```/.exec(section)?.[1];
    return text === undefined ? [] : [[section.split('\n', 1)[0] ?? '', text] as const];
  });

const folder = mkdtempSync(join(tmpdir(), 'casp-recipes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/identity.md', () => {
  it('has a recipe for each kind of issuer', () => {
    expect(recipes.map(([title]) => title)).toEqual([
      'Microsoft Entra ID, one tenant',
      'Microsoft Entra ID, several tenants',
      'Keycloak',
      'Okta',
    ]);
  });

  it.each(recipes)('%s: the recipe is a configuration without problems', (_title, text) => {
    writeFileSync(join(folder, 'casp.config.json'), text);
    const sources = { flags: {}, env: {}, workingFolder: folder, platform: 'linux', cores: 2 };
    const { config, problems } = loadConfig(sources);
    expect(problems).toEqual([]);
    expect(config?.issuers.length).toBeGreaterThan(0);
  });
});
