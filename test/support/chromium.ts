/** Finds a Chromium that was not downloaded for the tests: one of the system, or the one inside an npm package. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** A browser's program file and what its process needs in the environment. */
export interface Chromium {
  readonly executablePath: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The first there is: `$CHROMIUM_PATH`, a headless shell, the packaged one, the desktop one. */
export async function findChromium(): Promise<Chromium> {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') return installed(named);
  const headlessShell = '/usr/bin/chromium-headless-shell';
  if (existsSync(headlessShell)) return installed(headlessShell);
  const faults: string[] = [];
  try {
    return await packaged();
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  const desktop = '/usr/bin/chromium';
  if (existsSync(desktop)) return installed(desktop);
  throw new Error(`no Chromium: set CHROMIUM_PATH or install one (${faults.join('; ')})`);
}

const installed = (executablePath: string): Chromium => ({ executablePath, environment: {} });

/** Inflates the package's browser once for all test files of this machine; renamed when whole, so never seen half. */
async function packaged(): Promise<Chromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('the packaged browser is for linux-x64');
  }
  const folder = join(tmpdir(), `casp-chromium-${await packageVersion()}`);
  if (!existsSync(folder)) await inflateInto(folder);
  return runnable(folder);
}

async function packageVersion(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const manifest: unknown = JSON.parse(
    await readFile(join(dirname(entry), '..', '..', 'package.json'), 'utf8'),
  );
  const version = (manifest as { readonly version?: unknown }).version;
  if (typeof version !== 'string') throw new Error('@sparticuz/chromium states no version');
  return version;
}

async function inflateInto(folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'casp-chromium-'));
  // The package inflates into TMPDIR; it adds its libraries only where it believes to be a Lambda.
  const code = `import chromium from '@sparticuz/chromium'; await chromium.executablePath();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: work, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x', NODE_OPTIONS: '' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the packaged browser did not inflate: ${stderr}`);
  try {
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    // Another worker was first; its copy is as good.
    if (!existsSync(folder)) throw error;
  }
}

/** With the machine's own libraries where they do, else with those the package carries. */
async function runnable(folder: string): Promise<Chromium> {
  const executablePath = join(folder, 'chromium');
  const fonts = join(folder, 'fonts.conf');
  await writeFile(fonts, fontConfiguration(folder));
  const carried = [join(folder, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean);
  for (const libraries of [{}, { LD_LIBRARY_PATH: carried.join(delimiter) }]) {
    const environment = { FONTCONFIG_FILE: fonts, ...libraries };
    const { status } = spawnSync(executablePath, ['--version'], { env: { ...process.env, ...environment } });
    if (status === 0) return { executablePath, environment };
  }
  throw new Error('the packaged browser does not start on this machine');
}

const fontConfiguration = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
