/** `node scripts/compatibility.mjs`: writes docs/compatibility.md from test/support/compatibility.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Imports a TypeScript module without a build: Node 20 cannot read types. */
async function importSource(path) {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'casp-compatibility-'));
  try {
    const outfile = join(folder, 'module.mjs');
    await build({
      entryPoints: [join(root, path)],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { areas, writeCompatibilityPage } = await importSource('test/support/compatibility.ts');
writeFileSync(join(root, 'docs', 'compatibility.md'), writeCompatibilityPage());
console.log(`docs/compatibility.md: ${areas.flatMap(({ behaviours }) => behaviours).length} behaviours`);
