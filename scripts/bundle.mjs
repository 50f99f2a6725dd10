/**
 * Joins the compiled modules below dist/cli/main.js and the JavaScript packages they need into few files, because a
 * start spends most of its time on finding and loading hundreds of small ones. What nothing needs at the start stays
 * in a file of its own, loaded by its `import()`. The separate modules stay in dist/: threads start from them.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';

/** Packages with native code, with files of their own beside their code, or needed by few. */
const external = ['better-sqlite3', 'pg', 'pg-cursor', 'swagger-ui-dist', '@peculiar/x509'];

/** Modules find files by their own address: in the bundle they keep the one they had. */
function keepAddresses(outputFolder, modulesFolder) {
  const filter = /\.js$/;
  return {
    name: 'keep-addresses',
    setup({ onLoad }) {
      onLoad({ filter }, ({ path }) => {
        if (!path.startsWith(modulesFolder + sep)) return undefined;
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta.url')) return undefined;
        const place = JSON.stringify(relative(outputFolder, path).split(sep).join('/'));
        return {
          contents: text.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`),
          loader: 'js',
        };
      });
    },
  };
}

/** Which modules of dist/ each file of the bundle holds, by their paths below it, for tests of what a process loads. */
function listModules(outputs, modulesFolder) {
  const below = (path) => relative(modulesFolder, resolve(path)).split(sep).join('/');
  return Object.fromEntries(
    Object.entries(outputs).map(([file, { inputs }]) => [
      below(file),
      Object.keys(inputs)
        .map(below)
        .filter((path) => !path.startsWith('..')),
    ]),
  );
}

/**
 * Bundles dist/cli/main.js in place; throws with esbuild's faults. `modules.js` beside it starts the same program from
 * the separate modules, `parts.json` says which of them each file of the bundle holds.
 */
export async function bundle(entryPoint) {
  const outputFolder = dirname(entryPoint);
  copyFileSync(entryPoint, join(outputFolder, 'modules.js'));
  const { metafile } = await build({
    metafile: true,
    entryPoints: [entryPoint],
    outdir: outputFolder,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    chunkNames: 'part-[name]-[hash]',
    external,
    legalComments: 'linked',
    logLevel: 'warning',
    keepNames: true,
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
    },
    plugins: [keepAddresses(outputFolder, dirname(outputFolder))],
  });
  const parts = listModules(metafile.outputs, dirname(outputFolder));
  writeFileSync(join(outputFolder, 'parts.json'), JSON.stringify(parts));
}
