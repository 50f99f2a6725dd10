/**
 * Compiles src/ to dist/, file by file, copies what is no TypeScript, builds the console to dist/console and bundles the
 * program into dist/cli. Any fault leaves no dist/ and exit code 1.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { bundle } from './bundle.mjs';

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
const source = join(root, 'src');
const target = join(root, 'dist');
const entryPoint = join(target, 'cli', 'main.js');
const compiler = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js');
const bundler = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
const consoleConfig = join(root, 'console', 'vite.config.ts');
const shebang = '#!/usr/bin/env node\n';

/** Ends the build: half a dist/ would start and then fail somewhere else. */
function fail(message) {
  rmSync(target, { recursive: true, force: true });
  console.error(`build: ${message}`);
  process.exit(1);
}

function compile() {
  if (!existsSync(compiler)) {
    fail('TypeScript is not installed. Run `npm ci` without --omit=dev; prune afterwards if need be.');
  }
  const arguments_ = [compiler, '-p', join(root, 'tsconfig.build.json'), '--noEmitOnError'];
  const { status, signal, error } = spawnSync(process.execPath, arguments_, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) fail(`the compiler did not start: ${error.message}`);
  if (status !== 0)
    fail(`the compiler refused (${signal ?? `exit code ${status}`}); the faults are listed above.`);
}

/** Copies by content, so that a read-only source does not make a read-only copy. */
function copyAssets() {
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.[cm]?tsx?$/.test(entry.name)) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(target, from.slice(source.length + 1));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, readFileSync(from));
  }
}

function makeExecutable() {
  if (!existsSync(entryPoint)) fail('src/cli/main.ts produced no dist/cli/main.js.');
  if (!readFileSync(entryPoint, 'utf8').startsWith(shebang))
    fail(`dist/cli/main.js must start with ${shebang}`);
  chmodSync(entryPoint, 0o755);
}

function buildConsole() {
  if (!existsSync(consoleConfig)) return;
  const arguments_ = [bundler, 'build', '--config', consoleConfig, '--logLevel', 'warn'];
  const { status, signal, error } = spawnSync(process.execPath, arguments_, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) fail(`the console's bundler did not start: ${error.message}`);
  if (status !== 0)
    fail(`the console was not built (${signal ?? `exit code ${status}`}); the faults are listed above.`);
  compressConsole(join(target, 'console'));
}

/** Below this a compressed copy saves no packet. */
const compressedBytesMin = 1024;

/** Compressed once and well, so that the service does not do it for each answer; pages differ with each answer. */
function compressConsole(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(js|css|svg|json|map)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    if (bytes.length < compressedBytesMin) continue;
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

rmSync(target, { recursive: true, force: true });
compile();
copyAssets();
buildConsole();
makeExecutable();
await bundle(entryPoint).catch((error) => fail(`the program was not bundled: ${error.message}`));
makeExecutable();
