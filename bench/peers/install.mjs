/** The peers' own packages: installed below this folder the first time they are asked for. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const readVersion = (name) => {
  try {
    return JSON.parse(readFileSync(`${folder}node_modules/${name}/package.json`, 'utf8')).version;
  } catch {
    return undefined;
  }
};

/**
 * Installs the packages unless they are there in the very versions that package.json names.
 * Answers names to versions; throws when npm fails.
 */
export function installPeers(log) {
  const { dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));
  const missing = Object.keys(dependencies).filter((name) => readVersion(name) !== dependencies[name]);
  if (missing.length === 0) return dependencies;
  log(
    `installing ${missing.join(', ')} in bench/peers (npm ci; some minutes where SQLite has to be compiled)`,
  );
  // npm's own words go to standard error: standard output is the report's.
  const { status } = spawnSync('npm', ['ci'], { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci in bench/peers failed');
  return dependencies;
}
