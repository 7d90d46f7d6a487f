import type { Command } from 'commander';
import { describe, expect, it } from '@jest/globals';
import { tokenLedgerProgram } from '../../src/cli/command-line.js';

describe('a command line that is not understood', () => {
  it.each([
    ['client lst', "unknown command 'lst' (Did you mean list?)"],
    ['verify --jsn', "unknown option '--jsn' (Did you mean --json?)"],
    ['verify more', "too many arguments for 'verify'. Expected 0 arguments but got 1."],
    ['client show', "missing required argument 'client-id'"],
    ['client create', "required option '--preset <kind>' not specified"],
    [
      'client create --preset king',
      "option '--preset <kind>' argument 'king' is invalid. Allowed choices are auditor, machine, native, resource-server, spa, web.",
    ],
    [
      'client create --preset spa --idle-seconds ten',
      "option '--idle-seconds <n>' argument 'ten' is invalid. It must be a whole number of seconds.",
    ],
    [
      'client create --preset spa --rotation often',
      "option '--rotation <rule>' argument 'often' is invalid. Allowed choices are rotate, fixed.",
    ],
    ['migrate-store --from sqlite:a', "required option '--to <postgres://…>' not specified"],
    ['account create', "required option '--username <name>' not specified"],
    [
      'account create --username ana --role king',
      "option '--role <role...>' argument 'king' is invalid. Allowed choices are administrator, auditor, responder.",
    ],
    [
      'family list --status dead',
      "option '--status <status>' argument 'dead' is invalid. Allowed choices are pending, active, expired, revoked, blocked.",
    ],
    [
      'incident list --limit none',
      "option '--limit <n>' argument 'none' is invalid. It must be a whole number from 1.",
    ],
    [
      'family list --account ana --subject bea',
      "option '--account, --subject <account>' argument 'bea' is invalid. It can be given once.",
    ],
    ['revocation start --client x', "required option '--position <n>' not specified"],
    [
      'revocation preview --address 192.0.2.0/33',
      "option '--address <range>' argument '192.0.2.0/33' is invalid. It must be an IP address or a range like 192.0.2.0/24.",
    ],
    [
      'revocation preview --client x --from yesterday',
      "option '--from <time>' argument 'yesterday' is invalid. It must be a time: 2026-11-21T02:14:07Z.",
    ],
    [
      'revocation preview --client x --position newest',
      "option '--position <n>' argument 'newest' is invalid. It must be a position of the ledger.",
    ],
    ['key activate', "missing required argument 'key-id'"],
    [
      'family show 00000000000000000000000000000000 --last 0',
      "option '--last <n>' argument '0' is invalid. It must be a whole number from 1.",
    ],
  ])('%s: %s', async (words, line) => {
    expect(await complaintOf(words.split(' '))).toBe(`error: ${line}\n`);
  });
});

async function complaintOf(words: readonly string[]): Promise<string> {
  const program = await tokenLedgerProgram(words);
  let complaint = '';
  const keep = (command: Command): void => {
    command.configureOutput({ writeErr: (text) => (complaint += text) });
    for (const one of command.commands) keep(one);
  };
  keep(program);
  await expect(program.parseAsync(words, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 });
  return complaint;
}
