/** The bill of materials names everything that is shipped, from the lock file, the same every time. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Component {
  readonly type: string;
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

function makeBill(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/sbom.mjs'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('the software bill of materials', () => {
  const text = makeBill();
  const bill = JSON.parse(text) as Bill;
  const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly version: string; readonly dev?: boolean; readonly dependencies?: object }>
    >;
  };

  it('is CycloneDX 1.5 as its schema wants it', () => {
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 });
    expect(bill.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(bill.metadata.component).toMatchObject({ type: 'application', name: 'casp' });
    for (const component of bill.components) {
      expect(component).toMatchObject({
        type: 'library',
        name: expect.any(String),
        version: expect.any(String),
      });
      expect(component.purl).toMatch(/^pkg:npm\/(%40[^/@]+\/)?[^/@]+@[^@]+$/);
      for (const { alg, content } of component.hashes ?? []) {
        expect(content).toMatch({ 'SHA-512': /^[0-9a-f]{128}$/, 'SHA-1': /^[0-9a-f]{40}$/ }[alg] ?? /^$/);
      }
    }
    const references = [bill.metadata.component, ...bill.components].map((each) => each['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    expect(bill.dependencies.map(({ ref }) => ref)).toEqual(references);
    const unknown = bill.dependencies
      .flatMap(({ dependsOn }) => dependsOn)
      .filter((ref) => !references.includes(ref));
    expect(unknown).toEqual([]);
  });

  it('names what the program needs, with its hash and licence, and nothing of what only builds and tests it', () => {
    const shipped = Object.entries(lock.packages).filter(
      ([path, entry]) => path !== '' && entry.dev !== true,
    );
    const named = new Set(bill.components.map((component) => component['bom-ref']));
    const optional = (path: string) => 'optional' in (lock.packages[path] ?? {});
    expect(shipped.map(([path]) => path).filter((path) => !named.has(path) && !optional(path))).toEqual([]);
    expect([...named].filter((path) => lock.packages[path]?.dev === true)).toEqual([]);
    const own = Object.keys(lock.packages['']?.dependencies ?? {});
    expect(own.filter((name) => !named.has(`node_modules/${name}`))).toEqual([]);
    for (const { name, licenses, hashes } of bill.components) {
      expect({ name, licensed: licenses?.length, hashed: hashes?.length }).toEqual({
        name,
        licensed: 1,
        hashed: 1,
      });
    }
  });

  it('is the same every time, and holds no path or host of a machine', () => {
    expect(makeBill()).toBe(text);
    expect(text).not.toContain(root);
    expect(text).not.toMatch(/"resolved"|https:\/\/(?!cyclonedx)/);
  });
});
