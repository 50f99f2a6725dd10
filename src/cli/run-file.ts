/** `run.json` in the data folder: what a running server says about itself to the commands beside it. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const shape = z.object({
  version: z.string(),
  pid: z.int().positive(),
  startedAt: z.iso.datetime(),
  dev: z.boolean(),
  ephemeral: z.boolean(),
  /** Where the data are if not in the data folder, without a password. */
  database: z.string().optional(),
  sample: z.boolean(),
  throttle: z.boolean(),
  httpUrl: z.string().optional(),
  httpsUrl: z.string().optional(),
  publicUrl: z.string().optional(),
  /** In the test tenant of dev mode, when the server started. */
  profiles: z.int().optional(),
  issuers: z.array(z.string()),
  /** Whether only this machine can reach the server. */
  loopback: z.boolean(),
});

/** A running server: process, start and addresses. */
export type RunFile = Readonly<z.infer<typeof shape>>;

const pathOf = (data: string): string => join(data, 'run.json');

/** Writes the file whole or not at all: a reader never sees half of it. */
export function writeRunFile(data: string, run: RunFile): void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const temporary = `${pathOf(data)}.${run.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(run, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, pathOf(data));
}

/** What the file says; undefined when there is none or it is not ours. */
export function readRunFile(data: string): RunFile | undefined {
  try {
    return shape.safeParse(JSON.parse(readFileSync(pathOf(data), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Removes the file, unless another server has replaced it meanwhile. */
export function removeRunFile(data: string, run: RunFile): void {
  const current = readRunFile(data);
  if (current?.pid === run.pid && current.startedAt === run.startedAt) rmSync(pathOf(data), { force: true });
}
