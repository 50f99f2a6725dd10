/** The README's transcript, executed: what it prints is what a newcomer sees. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, plainEnvironment } from './support/running-server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly command: string;
  readonly output: string;
}

/** The `$ command` lines of console blocks, each with the lines it prints. */
function readSteps(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/```console\n(.*?)```/gs)].map(([, body = '']) => body);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...lines] = text.split('\n');
        return { command, output: lines.join('\n').trim() };
      }),
  );
}

/** `…` stands for whatever is not the point of the example. */
function pattern(output: string): RegExp {
  const parts = output.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*?')}$`, 's');
}

describe('README', async () => {
  const markdown = await readFile(join(root, 'README.md'), 'utf8');
  const steps = readSteps(markdown);
  let folder = '';
  let server: ChildProcess | undefined;
  let httpPort = 0;
  const environment = plainEnvironment();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'casp-readme-'));
    for (const name of ['dist', 'node_modules', 'package.json'])
      await symlink(join(root, name), join(folder, name));
    httpPort = await freePort();
    environment.CASP_HTTP_PORT = String(httpPort);
    environment.CASP_HTTPS_PORT = String(await freePort());
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    // The start script itself, without npm between us and the process we have to end.
    server = spawn('sh', ['-c', `exec ${scripts.start}`], { cwd: folder, env: environment, stdio: 'ignore' });
    for (;;) {
      const answer = await fetch(`http://localhost:${httpPort}/livez`).catch(() => undefined);
      if (answer?.ok === true) break;
      if (server.exitCode !== null) throw new Error('npm start ended');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  afterAll(async () => {
    const gone = new Promise((resolve) => server?.once('exit', resolve));
    server?.kill('SIGTERM');
    await gone;
    await rm(folder, { recursive: true, force: true });
  });

  it('names the two commands that package.json has', () => {
    expect(markdown).toContain('npm ci && npm start');
    expect(markdown).toContain('npm ci && npm test');
  });

  it('has a transcript', () => {
    expect(steps.length).toBeGreaterThanOrEqual(5);
  });

  it.each(steps.map((step, index) => [index + 1, step.command, step] as const))(
    'step %i: %s',
    (_, __, step) => {
      const command = step.command.replaceAll(':7080', `:${httpPort}`);
      const shell = `${command}\nstatus=$?\nprintf '\\n--exported--%s' "$CASP_TOKEN"\nexit $status`;
      const { stdout, stderr, status } = spawnSync('bash', ['-c', shell], {
        cwd: folder,
        env: environment,
        encoding: 'utf8',
      });
      const [printed = '', exported = ''] = stdout.split('\n--exported--');
      environment.CASP_TOKEN = exported;
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(printed.replaceAll(`:${httpPort}`, ':7080').trim()).toMatch(pattern(step.output));
    },
  );
});
