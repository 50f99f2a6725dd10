/** The files of a folder by address: what is not listed there cannot be asked for, so no path is made of input. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { ContentCoding } from './content-coding.ts';

/** One file as it is sent; the same file may lie beside it compressed. */
export interface StaticFile {
  readonly contentType: string;
  /** The content in this coding, or as it is; undefined where there is no such copy. */
  read(coding: ContentCoding | undefined): Promise<Uint8Array> | undefined;
}

/** The files of one folder. */
export interface StaticFiles {
  /** @param path below the folder, with `/`, without one in front. */
  find(path: string): Promise<StaticFile | undefined>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const suffixes: Readonly<Record<ContentCoding, string>> = { br: '.br', gzip: '.gz' };

type Listing = ReadonlyMap<string, StaticFile>;

/** Lists the folder when it is first asked, and again when its `mark` was written anew; contents are kept in memory. */
export function openStaticFiles(folder: string, mark: string): StaticFiles {
  let listing: Promise<Listing> | undefined;
  let listedMs = Number.NaN;
  const list = async (): Promise<Listing> => {
    const writtenMs = await stat(join(folder, mark)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (listing === undefined || writtenMs !== listedMs) {
      listedMs = writtenMs;
      listing = listFiles(folder);
    }
    return listing;
  };
  return { find: async (path) => (await list()).get(path) };
}

async function listFiles(folder: string): Promise<Listing> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, '/'));
  const present = new Set(paths);
  return new Map(
    paths.flatMap((path) => {
      const contentType = contentTypes[extname(path)];
      // Compressed copies are no addresses of their own, and neither is what we have no type for.
      return contentType === undefined ? [] : [[path, openFile(folder, path, contentType, present)]];
    }),
  );
}

function openFile(
  folder: string,
  path: string,
  contentType: string,
  present: ReadonlySet<string>,
): StaticFile {
  const kept = new Map<string, Promise<Uint8Array>>();
  return {
    contentType,
    read(coding) {
      const name = coding === undefined ? path : path + suffixes[coding];
      if (!present.has(name)) return undefined;
      const content = kept.get(name) ?? readFile(join(folder, name));
      kept.set(name, content);
      return content;
    },
  };
}
