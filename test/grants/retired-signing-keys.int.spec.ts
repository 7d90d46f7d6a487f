import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { ActivateSigningKey } from '../../src/directory/activate-signing-key.handler.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import { RetireSigningKey } from '../../src/directory/retire-signing-key.handler.js';
import { SigningKeys } from '../../src/directory/signing-keys.service.js';
import { RefreshTokens } from '../../src/grants/refresh-tokens.command.js';
import type { TokenAnswer } from '../../src/grants/token-answer.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import {
  clientToken,
  grantedTokens,
  registered,
  type RegisteredClient,
  request,
} from '../access/granted-access.js';
import {
  createAccount,
  directories,
  type OpenedDirectory,
  operator,
} from '../directory/opened-directory.js';

const { newPlace, openWithProject } = directories();
const keyIdOf = (text: string) => decodeProtectedHeader(text).kid;
const ringOf = (directory: OpenedDirectory) => directory.get(SigningKeyRing);

/** A server, and the command line that changes its keys without telling it. */
async function twoProcesses() {
  const place = newPlace();
  const server = await openWithProject({ place });
  await server.get(SigningKeys).start(operator);
  const commandLine = await openWithProject({ place, role: 'command_line' });
  return { server, commandLine, old: String(ringOf(server).activeKeyId) };
}

async function create(directory: OpenedDirectory, activate: boolean): Promise<string> {
  const outcome = await directory.execute(new CreateSigningKey(activate, operator));
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.keyId;
}

async function retire(directory: OpenedDirectory, keyId: string): Promise<void> {
  const outcome = await directory.execute(new RetireSigningKey(keyId, operator));
  expect(outcome).toEqual({ kind: 'retired' });
}

async function refreshed(
  directory: OpenedDirectory,
  { caller }: RegisteredClient,
  refreshToken: string | undefined,
): Promise<TokenAnswer> {
  const command = new RefreshTokens(refreshToken ?? '', caller, request(), {});
  const outcome = await directory.execute(command);
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome;
}

async function family(server: OpenedDirectory) {
  const app = await registered(server, 'spa');
  const ana = await createAccount(server, 'ana');
  const first = await grantedTokens(server, app, ana, { scope: ['offline_access', 'openid'] });
  return { app, ana, first };
}

describe('a signing key that another process has retired', () => {
  it('signs nothing new, although this one has not seen it yet', async () => {
    const { server, commandLine, old } = await twoProcesses();
    const { app, ana, first } = await family(server);
    const machine = await registered(server, 'machine');
    const young = await create(commandLine, true);
    await retire(commandLine, old);
    expect(ringOf(server).activeKeyId).toBe(old);
    expect(keyIdOf(await clientToken(server, machine))).toBe(young);
    const next = await refreshed(server, app, first.refreshToken);
    expect([keyIdOf(next.accessToken), keyIdOf(String(next.idToken))]).toEqual([young, young]);
    expect(keyIdOf((await grantedTokens(server, app, ana)).accessToken)).toBe(young);
  });

  it('gives way at once to one that this process has already', async () => {
    const { server, commandLine, old } = await twoProcesses();
    const machine = await registered(server, 'machine');
    const young = await create(commandLine, false);
    await server.get(SigningKeys).load();
    await commandLine.execute(new ActivateSigningKey(young, operator));
    await retire(commandLine, old);
    expect(keyIdOf(await clientToken(server, machine))).toBe(young);
    expect(ringOf(server).canSign(old)).toBe(true);
  });

  it('signs no answer again that it had signed', async () => {
    const { server, commandLine, old } = await twoProcesses();
    const { app, first } = await family(server);
    const answered = await refreshed(server, app, first.refreshToken);
    expect(keyIdOf(answered.accessToken)).toBe(old);
    const young = await create(commandLine, true);
    await retire(commandLine, old);
    const again = await refreshed(server, app, first.refreshToken);
    expect(again.refreshToken).toBe(answered.refreshToken);
    expect(keyIdOf(again.accessToken)).toBe(young);
  });

  it('is dropped when its retirement is taken over, and still verifies', async () => {
    const { server, commandLine, old } = await twoProcesses();
    await create(commandLine, true);
    await retire(commandLine, old);
    await server.get(SigningKeys).load();
    expect(ringOf(server).canSign(old)).toBe(false);
    expect(ringOf(server).verificationKey(old)).toBeDefined();
  });

  it('still signs what was decided before', async () => {
    const { server, commandLine, old } = await twoProcesses();
    const machine = await registered(server, 'machine');
    await create(commandLine, true);
    const { ledger } = server.resources;
    const execute = ledger.execute.bind(ledger);
    // The slowest that minting can be: the retirement is taken over between the commit and the answer.
    ledger.execute = async (execution) => {
      const outcome = await execute(execution);
      ledger.execute = execute;
      await retire(commandLine, old);
      await server.get(SigningKeys).load();
      return outcome;
    };
    expect(keyIdOf(await clientToken(server, machine))).toBe(old);
    expect(ringOf(server).canSign(old)).toBe(false);
  });
});

describe('a service whose ledger lets no key sign', () => {
  it('issues nothing', async () => {
    const { server, old } = await twoProcesses();
    const machine = await registered(server, 'machine');
    const before = await server.events();
    ringOf(server).remove(old);
    ringOf(server).filledBy(() => Promise.resolve());
    await expect(clientToken(server, machine)).rejects.toThrow('no active signing key');
    expect(await server.events()).toEqual(before);
  });
});
