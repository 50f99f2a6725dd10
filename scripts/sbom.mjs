/**
 * `npm run sbom`: the software bill of materials of what is shipped, CycloneDX as JSON on stdout or into the file that
 * is named. Read from the lock file alone, so it needs no network, and the same lock file always gives the same bytes.
 * (`npm sbom --omit=dev` leaves out packages that a development dependency needs as well, such as pg.)
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const lockText = readFileSync(fileURLToPath(new URL('../package-lock.json', import.meta.url)), 'utf8');
const { packages } = JSON.parse(lockText);
const modules = 'node_modules/';

/** The name a package is imported by: what follows the last folder of modules. */
const nameAt = (path) => path.slice(path.lastIndexOf(modules) + modules.length);

/** What Node would find: the nearest folder of modules upwards that has the name. */
function resolve(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf(`/${modules}`)))) {
    const path = folder === '' ? `${modules}${name}` : `${folder}/${modules}${name}`;
    if (path in packages) return path;
    if (folder === '') return undefined;
  }
}

function dependenciesOf(path) {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path];
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  return names.map((name) => resolve(path, name)).filter((found) => found !== undefined);
}

/** Everything the program can reach at run time, from its own dependencies on. */
function reachable() {
  const reached = new Set();
  const waiting = dependenciesOf('');
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...dependenciesOf(path));
  }
  return [...reached];
}

const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;
/** Unlike a purl it tells two copies of one version apart. */
const referenceOf = (path) => (path === '' ? `${packages[''].name}@${packages[''].version}` : path);

function licensesOf(license) {
  if (license === undefined) return {};
  return { licenses: [/ (OR|AND) /.test(license) ? { expression: license } : { license: { id: license } }] };
}

const hashNames = { sha512: 'SHA-512', sha384: 'SHA-384', sha256: 'SHA-256', sha1: 'SHA-1' };

function hashesOf(integrity = '') {
  const hashes = integrity.split(' ').flatMap((text) => {
    const [name, value] = text.split(/-(.*)/s);
    return name in hashNames
      ? [{ alg: hashNames[name], content: Buffer.from(value, 'base64').toString('hex') }]
      : [];
  });
  return hashes.length === 0 ? {} : { hashes };
}

function describe(path, type) {
  const { version, license, integrity } = packages[path];
  const name = path === '' ? packages[''].name : nameAt(path);
  return {
    type,
    'bom-ref': referenceOf(path),
    name,
    version,
    purl: purlOf(name, version),
    ...licensesOf(license),
    ...hashesOf(integrity),
  };
}

/** A UUID that follows from the lock file, in place of a random one. */
function serialNumber() {
  const digest = createHash('sha256').update(lockText).digest('hex');
  const parts = [
    [0, 8],
    [8, 12],
    [13, 16],
    [17, 20],
    [20, 32],
  ].map(([start, end]) => digest.slice(start, end));
  const [first, second, third, fourth, fifth] = parts;
  return `urn:uuid:${first}-${second}-5${third}-8${fourth}-${fifth}`;
}

const byText = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
const paths = reachable().sort(byText);
const bill = {
  $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: serialNumber(),
  version: 1,
  metadata: { component: describe('', 'application') },
  components: paths.map((path) => describe(path, 'library')),
  dependencies: ['', ...paths].map((path) => ({
    ref: referenceOf(path),
    dependsOn: [...new Set(dependenciesOf(path))].sort(byText),
  })),
};

const text = `${JSON.stringify(bill, undefined, 2)}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
