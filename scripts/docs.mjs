/**
 * `npm run docs`: brings docs/errors.md up to the table in src/errors.ts. Advice written there by hand stays; a new code
 * gets a section whose advice is empty, which the tidy test refuses until somebody writes it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs', 'errors.md');
const adviceMark = '**What to do:**';

const introduction = `# Errors

Every refusal has Graph's body, whatever refused it:

\`\`\`json
{ "error": { "code": "BadRequest", "message": "…", "target": "$filter",
    "innerError": { "code": "propertyUnknown", "date": "…", "request-id": "…", "client-request-id": "…" } } }
\`\`\`

\`error.code\` is Graph's word for the status, the one client libraries switch on. \`error.innerError.code\` says what
happened; each has its section here. The message names the property, option or position at fault; \`request-id\` finds
the request in the log. Sections come from the table in \`src/errors.ts\` by \`npm run docs\`; the advice is written by hand.
`;

/** Imports a TypeScript module of src/ without a build: Node 20 cannot read types. */
async function importSource(path) {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'casp-docs-'));
  try {
    const outfile = join(folder, 'module.mjs');
    await build({
      entryPoints: [join(root, path)],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'error',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Advice by code, as it stands in the page; empty when there is no page yet. */
function readAdvice() {
  let text = '';
  try {
    text = readFileSync(page, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const sections = text.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const code = section.split('\n', 1)[0].trim();
      const start = section.indexOf(adviceMark);
      return [code, start < 0 ? '' : section.slice(start + adviceMark.length).trim()];
    }),
  );
}

function formatSection(code, { status, graphCode, meaning }, advice) {
  const facts = `Status ${status}, \`error.code\` is \`${graphCode}\`.`;
  return `## ${code}\n\n${facts}\n\n${meaning}\n\n${`${adviceMark} ${advice}`.trim()}\n`;
}

const { errorTable } = await importSource('src/errors.ts');
const advice = readAdvice();
const sections = Object.entries(errorTable).map(([code, entry]) =>
  formatSection(code, entry, advice.get(code) ?? ''),
);
writeFileSync(page, [introduction, ...sections].join('\n'));

const without = Object.keys(errorTable).filter((code) => !advice.get(code));
const dropped = [...advice.keys()].filter((code) => !(code in errorTable));
if (dropped.length > 0) console.log(`no longer in the table, removed: ${dropped.join(', ')}`);
if (without.length > 0) console.log(`docs/errors.md wants advice for: ${without.join(', ')}`);
console.log(`docs/errors.md: ${sections.length} codes`);
