import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainStart } from '../../../src/cli/serve.ts';
import { loadConfig, options } from '../../../src/config.ts';
import { createWorkspace, type Workspace } from './support.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = createWorkspace();
});
afterEach(() => workspace.remove());

const commands = [
  [],
  ['serve'],
  ['status'],
  ['token'],
  ['cert'],
  ['cert', 'path'],
  ['config'],
  ['config', 'explain'],
  ['doctor'],
  ['version'],
];

describe('help', () => {
  it.each(commands.map((words) => ({ words })))(
    'of casp $words.0 $words.1 goes to stdout and ends with examples',
    async ({ words }) => {
      const { code, out, error } = await workspace.run([...words, '--help']);
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(out).toMatch(new RegExp(`^Usage: casp ${words.join(' ')}`));
      const [, shown = ''] = out.split('\nExamples:\n');
      expect(
        shown
          .trimEnd()
          .split('\n')
          .filter((line) => !line.startsWith('  casp ')),
      ).toEqual([]);
    },
  );

  it('lists the commands', async () => {
    const { out } = await workspace.run(['--help']);
    const [, listed = ''] = out.split('Commands:\n');
    const names = listed.match(/^ {2}(\w+)/gm)?.map((name) => name.trim());
    expect(names).toEqual([
      'serve',
      'status',
      'token',
      'cert',
      'config',
      'doctor',
      'migrate',
      'copy',
      'version',
      'help',
      'casp',
      'casp',
      'casp',
    ]);
  });

  it('of serve names every option', async () => {
    const { out } = await workspace.run(['serve', '--help']);
    const missing = options.filter(
      ({ flag }) => !out.includes(flag) && !out.includes(flag.replace('--', '--no-')),
    );
    expect(missing.map(({ flag }) => flag)).toEqual([]);
  });

  it('is what `casp help serve` prints too', async () => {
    expect(await workspace.run(['help', 'serve'])).toEqual(await workspace.run(['serve', '--help']));
  });

  it('without any command is an incomplete command line', async () => {
    const { code, out, error } = await workspace.run([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/^Usage: casp /);
  });
});

describe('wrong usage', () => {
  it.each([
    [['serv'], "error: unknown command 'serv'\n(Did you mean serve?)\n(casp --help shows how)\n"],
    [
      ['serve', '--htp-port', '1'],
      "error: unknown option '--htp-port'\n(Did you mean --http-port?)\n(casp serve --help shows how)\n",
    ],
    [['token', '--ttl'], "error: option '--ttl <time>' argument missing\n(casp token --help shows how)\n"],
    [
      ['token', '--ttl', '12'],
      "error: option '--ttl <time>' argument '12' is invalid. \"12\" is not a lifetime. Write 90s, 30m, 12h or 7d; 365d at most.\n(casp token --help shows how)\n",
    ],
    [
      ['token', '--role', 'boss'],
      "error: option '--role <role>' argument 'boss' is invalid. Allowed choices are reader, analyst, engineer, admin, no-access.\n(casp token --help shows how)\n",
    ],
    [
      ['token', 'extra'],
      "error: too many arguments for 'token'. Expected 0 arguments but got 1.\n(casp token --help shows how)\n",
    ],
    [
      ['token', '--app', '--personal'],
      "error: option '--app' cannot be used with option '--personal'\n(casp token --help shows how)\n",
    ],
  ])('%j exits 2 and says what is wrong', async (words, expected) => {
    expect(await workspace.run(words)).toEqual({ code: 2, out: '', error: expected });
  });
});

describe('version', () => {
  it.each([[['version']], [['--version']], [['-V']]])('%j prints the version alone', async (words) => {
    expect(await workspace.run(words)).toEqual({ code: 0, out: '1.2.3\n', error: '' });
  });
});

describe('colour', () => {
  const coloured = { colour: { out: true, error: true } };

  it('marks the word error on a terminal', async () => {
    const { error } = await workspace.run(['serv'], coloured);
    expect(error).toContain('\u001b[31merror:\u001b[39m unknown command');
  });

  it('is off with --no-color, wherever it stands', async () => {
    for (const words of [
      ['--no-color', 'status'],
      ['status', '--no-color'],
    ]) {
      const { error } = await workspace.run(words, coloured);
      expect(error).not.toContain('\u001b');
    }
  });
});

describe('serve', () => {
  it('refuses a wrong configuration before anything is made, all problems at once', async () => {
    const { code, out, error } = await workspace.run(['serve', '--http-port', 'x', '--log-level', 'loud']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error.split('\n').map((line) => line.trim().split(/\s/)[0])).toEqual([
      'casp',
      'httpPort',
      'logLevel',
      'issuers',
      'audiences',
      'publicUrl',
      '',
    ]);
    expect(error).toMatch(/^casp cannot start: 5 problems in the configuration\n/);
    expect(existsSync(join(workspace.folder, '.casp'))).toBe(false);
  });

  it('never removes a folder that holds something else', async () => {
    const data = join(workspace.folder, 'precious');
    mkdirSync(data);
    writeFileSync(join(data, 'thesis.txt'), '');
    expect(await workspace.run(['serve', '--dev', '--ephemeral', '--data', data])).toEqual({
      code: 2,
      out: '',
      error: [
        'casp cannot start: "./precious" is not empty, and ephemeral data is removed at exit',
        '  It holds thesis.txt. Name another folder with --data, or leave --ephemeral out.',
        '',
      ].join('\n'),
    });
    expect(existsSync(join(data, 'thesis.txt'))).toBe(true);
  });

  it('says when the data folder cannot be made', async () => {
    writeFileSync(join(workspace.folder, 'file'), '');
    const data = join(workspace.folder, 'file', 'data');
    expect(await workspace.run(['serve', '--dev', '--data', data])).toEqual({
      code: 2,
      out: '',
      error: `casp cannot start: the data folder "${data}" cannot be made (ENOTDIR)\n  Name another folder with --data.\n`,
    });
  });

  it('explains what keeps a port from being opened', () => {
    const { context } = workspace;
    const { config } = loadConfig({ ...context, flags: { dev: true, httpPort: '80' } });
    if (config === undefined) throw new Error('the configuration is refused');
    const fail = (code: string, port: number) =>
      Object.assign(new Error('raw'), { code, port, syscall: 'listen' });
    expect(explainStart(fail('EADDRINUSE', 7443), config, context)).toMatchObject({
      exitCode: 2,
      message: 'port 7443 on 127.0.0.1 is in use by another program',
      advice: [
        'Stop that program, or choose another port: --https-port N (0 takes any free one).',
        'If it is casp: casp status',
      ],
    });
    expect(explainStart(fail('EACCES', 80), config, context)).toMatchObject({
      exitCode: 2,
      message: 'port 80 may not be opened by this user',
      advice: ['Choose a port above 1023: --http-port N.'],
    });
    expect(explainStart(fail('EADDRNOTAVAIL', 80), config, context)).toMatchObject({
      message: '"127.0.0.1" is not an address of this machine',
    });
    const bug = new Error('bug');
    expect(explainStart(bug, config, context)).toBe(bug);
  });
});

describe('config explain', () => {
  it('shows value, source and what lost', async () => {
    writeFileSync(join(workspace.folder, 'casp.config.json'), '{"httpPort": 1}');
    const env = { CASP_HTTP_PORT: '2' };
    const { code, out, error } = await workspace.run(['config', 'explain', '--dev', '--http-port', '3'], {
      env,
    });
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const lines = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['OPTION', 'VALUE', 'FROM', 'OVERRULED']);
    expect(lines.find(([name]) => name === 'httpPort')).toEqual([
      'httpPort',
      '3',
      '--http-port',
      `CASP_HTTP_PORT: 2; ${join(workspace.folder, 'casp.config.json')}: 1`,
    ]);
    expect(lines.slice(1, -1).map(([name]) => name)).toEqual(options.map(({ name }) => name));
  });

  it('shows what there is and then the problems, as JSON too', async () => {
    const { code, out, error } = await workspace.run([
      'config',
      'explain',
      '-o',
      'json',
      '--no-dev',
      '--host',
      '!',
    ]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toContainEqual({ name: 'host', value: '!', source: '--host', losers: [] });
    expect(JSON.parse(out)).toContainEqual({ name: 'dev', value: 'false', source: '--no-dev', losers: [] });
    expect(error).toMatch(/^error: 4 problems in the configuration\n {2}host {7}"!" is not a host\./);
  });
});
