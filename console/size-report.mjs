/** Says how large the built scripts are, compressed, and fails a build whose first page loads too much. */
import { gzipSync } from 'node:zlib';

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;

/** The entry and all it imports statically: what the browser needs before the first page shows. */
function firstLoadOf(chunks) {
  const names = new Set();
  const visit = (name) => {
    if (names.has(name) || !chunks.has(name)) return;
    names.add(name);
    for (const imported of chunks.get(name).imports) visit(imported);
  };
  for (const [name, { isEntry }] of chunks) if (isEntry) visit(name);
  return names;
}

/** A Vite plugin; `firstLoadKbMax` is in thousands of bytes of gzip. */
export function sizeReport({ firstLoadKbMax }) {
  return {
    name: 'size-report',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = new Map(
        Object.values(bundle)
          .filter(({ type }) => type === 'chunk')
          .map((chunk) => [chunk.fileName, chunk]),
      );
      const first = firstLoadOf(chunks);
      const rows = [...chunks].map(([name, { code }]) => ({ name, bytes: gzipSync(code).length }));
      const total = rows.filter(({ name }) => first.has(name)).reduce((sum, { bytes }) => sum + bytes, 0);
      const lines = rows
        .sort((left, right) => right.bytes - left.bytes)
        .map(({ name, bytes }) => `  ${kilobytes(bytes)}  ${first.has(name) ? 'first' : 'later'}  ${name}`);
      console.log(
        [
          'scripts, gzip:',
          ...lines,
          `  ${kilobytes(total)}  first load, of ${firstLoadKbMax} kB allowed`,
        ].join('\n'),
      );
      if (total > firstLoadKbMax * 1000) {
        this.error(
          `The first load is ${kilobytes(total).trim()} of script; ${firstLoadKbMax} kB are allowed.`,
        );
      }
    },
  };
}
