import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from '@jest/globals';
import { tokenLedgerProgram } from '../../src/cli/command-line.js';

const VERBS = [
  'serve',
  'client create',
  'client list',
  'client show',
  'client update',
  'client rotate-secret',
  'client disable',
  'account create',
  'account list',
  'account set-password',
  'account disable',
  'account erase',
  'account sign-out-everywhere',
  'family list',
  'family show',
  'family revoke',
  'incident list',
  'incident show',
  'incident judge',
  'revocation list',
  'revocation preview',
  'revocation start',
  'revocation show',
  'key list',
  'key create',
  'key activate',
  'key retire',
  'verify',
  'checkpoint show',
  'recover',
  'migrate-store',
  'views rebuild',
  'views status',
  'replay state',
  'replay diff',
  'replay until',
  'backtest',
  'bundle export',
  'verify-bundle',
  'registration-token',
];

describe('the command line', () => {
  it('has these verbs', async () => {
    expect(verbsOf(await tokenLedgerProgram())).toEqual(VERBS);
  });

  it('is in the README: every verb, and nothing else', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
    const [, section = ''] = /\n## Command line\n(.*?)\n## /s.exec(readme) ?? [];
    const rows = [...section.matchAll(/^\| (`.+?`) +\| /gm)].map(([, cell = '']) => cell);
    expect(rows.flatMap(verbsInCell).sort()).toEqual(VERBS.toSorted());
  });

  it.each([
    ['verify --json', ['verify']],
    ['client show some-id', ['client show']],
    ['views --help', ['views rebuild', 'views status']],
    ['no such verb', VERBS],
  ])('makes no other verbs than what is named: %s', async (words, verbs) => {
    expect(verbsOf(await tokenLedgerProgram(words.split(' ')))).toEqual(verbs);
  });

  it.each(VERBS)('%s --help has examples that begin with the verb', async (words) => {
    const help = await helpOf(words.split(' '));
    expect(help).toContain(`Usage: token-ledger ${words}`);
    const examples = help.slice(help.indexOf('\nExamples:'));
    expect(examples).toMatch(new RegExp(`\\$ .*token-ledger ${words}( |\\n|\\))`));
  });

  it.each(VERBS.filter((words) => words !== 'serve'))(
    '%s --help says what --json prints',
    async (words) => {
      const help = await helpOf(words.split(' '));
      expect(help).toMatch(/^ +--json +print JSON, for scripts$/m);
      expect(help).toMatch(/\nWith --json it prints:\n +\S/);
    },
  );

  it('says of itself where settings come from', async () => {
    expect(await helpOf([])).toContain('Settings come from the environment and from .env');
  });
});

/** A group is named before its first verb alone: `client create` `list`. */
function verbsInCell(cell: string): string[] {
  const [first = '', ...others] = [...cell.matchAll(/`(.+?)`/g)].map(([, words = '']) => words);
  const [group] = first.split(' ');
  return [first, ...others.map((name) => `${group} ${name}`)];
}

function verbsOf(command: Command, above: readonly string[] = []): string[] {
  return command.commands.flatMap((one) => {
    const words = [...above, one.name()];
    return one.commands.length === 0 ? [words.join(' ')] : verbsOf(one, words);
  });
}

async function helpOf(words: readonly string[]): Promise<string> {
  const program = await tokenLedgerProgram(words);
  let help = '';
  const keep = (command: Command): void => {
    command.configureOutput({ writeOut: (text) => (help += text) });
    for (const one of command.commands) keep(one);
  };
  keep(program);
  const asked = program.parseAsync([...words, '--help'], { from: 'user' });
  await expect(asked).rejects.toMatchObject({ code: 'commander.helpDisplayed', exitCode: 0 });
  return help;
}
