import { describe, expect, it } from '@jest/globals';
import { ChangePassword } from '../../src/directory/change-password.handler.js';
import { CreateAccount, type NewAccount } from '../../src/directory/create-account.handler.js';
import { CreateProject, CreateProjectHandler } from '../../src/directory/create-project.handler.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { SignIns } from '../../src/directory/sign-ins.service.js';
import { SignOutEverywhere } from '../../src/directory/sign-out-everywhere.handler.js';
import { Usernames } from '../../src/directory/usernames.js';
import { DEFAULT_PROJECT, type ProjectId, type Subject } from '../../src/domain/identifiers.js';
import { LedgerUnavailable } from '../../src/ledger/ledger.errors.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { DerivedMasterKeys } from '../../src/vault/master-keys.js';
import { openWithClock, sealedInVault } from '../support/server-store.js';
import {
  createAccount,
  directories,
  type OpenedDirectory,
  operator,
  PASSWORD,
} from './opened-directory.js';

const { open, openWithProject } = directories();

const outOfReach = () => new LedgerUnavailable('ledger_unavailable', 'the ledger is out of reach');
const create = (directory: OpenedDirectory, account: Partial<NewAccount>) =>
  directory.execute(
    new CreateAccount({ username: 'ana', password: PASSWORD, roles: [], ...account }, operator),
  );
const signIn = (directory: OpenedDirectory, username: string, password: string) =>
  directory.get(SignIns).check(username, password);

describe('a new account', () => {
  it('is found by its user name however it is written, and by nothing of it in the ledger', async () => {
    const directory = await openWithProject();
    const outcome = await create(directory, {
      username: ' Zoë@Example.com',
      email: 'zoe@example.com',
      emailVerified: true,
      name: 'Zoë Ångström',
      roles: ['auditor'],
    });
    expect(outcome).toEqual({
      kind: 'created',
      subject: expect.stringMatching(/^[\w-]{22}$/),
      username: 'zoë@example.com',
    });
    const { subject } = outcome as { subject: Subject };
    const reader = directory.get(DirectoryReader);
    const account = await reader.accountByUsername('ZOE\u0308@EXAMPLE.COM');
    expect(account).toMatchObject({ subject, roles: ['auditor'], status: 'active' });
    expect(await reader.account(subject)).toEqual(account);
    expect(await directory.resources.vault.profile(subject)).toEqual({
      username: 'zoë@example.com',
      email: 'zoe@example.com',
      emailVerified: true,
      name: 'Zoë Ångström',
    });
    expect(JSON.stringify(await directory.events())).not.toMatch(
      /zo[eë]|example\.com|ngström|argon|horse/i,
    );
  });

  it.each([
    [{ username: '' }, 'username_invalid'],
    [{ username: 'a\0b' }, 'username_invalid'],
    [{ password: 'short' }, 'password_too_short'],
    [{ password: 'a'.repeat(1025) }, 'password_too_long'],
    [{ email: 'nobody' }, 'email_invalid'],
    [{ name: '\n' }, 'name_invalid'],
  ])('is refused with %j', async (account, reason) => {
    const directory = await openWithProject();
    expect(await create(directory, account)).toEqual({ kind: 'refused', reason });
    expect(await directory.get(DirectoryReader).accountByUsername('ana')).toBeUndefined();
  });

  it('is refused without a project, and leaves no person in the vault', async () => {
    const directory = await open();
    const erased: Subject[] = [];
    const { vault } = directory.resources;
    const erase = vault.erase.bind(vault);
    vault.erase = async (subject) => {
      erased.push(subject);
      return erase(subject);
    };
    expect(await create(directory, {})).toEqual({ kind: 'refused', reason: 'project_unavailable' });
    expect(erased).toHaveLength(1);
    expect(await vault.profile(erased[0]!)).toBeUndefined();
  });

  it('leaves no person in the vault when the ledger refuses to write', async () => {
    const directory = await openWithProject();
    const { settings } = directory.resources;
    // Another process wrote in the future: this one's clock is behind, so nothing can be written.
    const ahead = await openWithClock(settings, () => Date.now() + 3_600_000);
    const project = 'of-tomorrow' as ProjectId;
    await new CreateProjectHandler(ahead).execute(new CreateProject(project, operator));
    await ahead.close();
    await expect(create(directory, { email: 'ana@example.com' })).rejects.toMatchObject({
      code: 'clock_behind',
    });
    expect(await sealedInVault(settings, 'profiles')).toEqual([]);
    expect(await sealedInVault(settings, 'password_hashes')).toEqual([]);
    expect(await directory.get(DirectoryReader).accountByUsername('ana')).toBeUndefined();
  });

  it.each<[how: string, load: Ledger['load'] | undefined]>([
    ['and it is there', undefined],
    ['and nor can it be asked for', () => Promise.reject(outOfReach())],
  ])('keeps its password when nobody says that it was created, %s', async (_how, load) => {
    const directory = await openWithProject();
    const { ledger, settings } = directory.resources;
    const execute = ledger.execute.bind(ledger);
    // The answer to the commit is lost on the way.
    ledger.execute = async (execution) => {
      await execute(execution);
      throw outOfReach();
    };
    if (load !== undefined) ledger.load = load;
    await expect(create(directory, {})).rejects.toMatchObject({ code: 'ledger_unavailable' });
    for (const method of ['execute', 'load'] as const) Reflect.deleteProperty(ledger, method);
    expect(await sealedInVault(settings, 'profiles')).toHaveLength(1);
    expect(await signIn(directory, 'ana', PASSWORD)).toMatchObject({ kind: 'proven' });
  });

  it('has a user name that nobody else gets, however many ask at once', async () => {
    const directory = await openWithProject();
    const outcomes = await Promise.all(
      ['ana', 'Ana', 'ANA ', 'ａｎａ'].map((username) => create(directory, { username })),
    );
    const created = outcomes.filter(({ kind }) => kind === 'created');
    expect(created).toHaveLength(1);
    expect(outcomes.filter((one) => one.kind === 'refused')).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'refused', reason: 'username_taken' })),
    );
    expect(await create(directory, { username: 'aNA' })).toMatchObject({
      reason: 'username_taken',
    });
    const [{ subject }] = created as unknown as [{ subject: Subject }];
    expect(await directory.get(DirectoryReader).accountByUsername('ana')).toMatchObject({
      subject,
    });
  });
});

describe('signing in', () => {
  it('proves an account by user name and password', async () => {
    const directory = await openWithProject();
    const subject = await createAccount(directory, 'ana');
    const account = await directory.get(DirectoryReader).account(subject);
    expect(await signIn(directory, 'Ana', PASSWORD)).toEqual({
      kind: 'proven',
      account,
      signIn: { subject, credentialId: account?.credentialId, amr: ['pwd'] },
    });
  });

  it('is refused alike, whatever was wrong', async () => {
    const directory = await openWithProject();
    await createAccount(directory, 'ana');
    const bob = await createAccount(directory, 'bob');
    await directory.execute(new DisableAccount(bob, operator));
    const attempts = [
      ['ana', 'wrong password'],
      ['nobody', PASSWORD],
      ['bob', PASSWORD],
      ['\0', PASSWORD],
      ['ana', ''],
      ['ana', 'a'.repeat(100_000)],
    ] as const;
    for (const [username, password] of attempts) {
      expect(await signIn(directory, username, password)).toEqual({ kind: 'refused' });
    }
  });

  it('works as hard for an unknown name as for a known one', async () => {
    const directory = await openWithProject();
    await createAccount(directory, 'ana');
    const timed = async (username: string): Promise<number> => {
      const startedAt = performance.now();
      await signIn(directory, username, 'wrong password');
      return performance.now() - startedAt;
    };
    await timed('ana');
    const known = Math.min(await timed('ana'), await timed('ana'), await timed('ana'));
    const unknown = Math.min(await timed('eve'), await timed('eve'), await timed('eve'));
    expect(unknown).toBeGreaterThan(known / 3);
  });

  it('says that it is busy when too many wait', async () => {
    const directory = await openWithProject();
    await createAccount(directory, 'ana');
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => signIn(directory, 'ana', PASSWORD)),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['proven', 'busy']));
  }, 30_000);
});

describe('changing an account', () => {
  it('lets only the new password count', async () => {
    const directory = await openWithProject();
    const subject = await createAccount(directory, 'ana');
    const change = { password: 'a better password', signOutEverywhere: true };
    expect(await directory.execute(new ChangePassword(subject, change, operator))).toEqual({
      kind: 'changed',
    });
    expect(await signIn(directory, 'ana', PASSWORD)).toEqual({ kind: 'refused' });
    expect(await signIn(directory, 'ana', 'a better password')).toMatchObject({ kind: 'proven' });
    const { tokensNotBefore = 0 } = (await directory.get(DirectoryReader).account(subject)) ?? {};
    expect(tokensNotBefore).toBeGreaterThan(0);
  });

  it('refuses a password that is too short', async () => {
    const directory = await openWithProject();
    const subject = await createAccount(directory, 'ana');
    const change = { password: 'short', signOutEverywhere: false };
    expect(await directory.execute(new ChangePassword(subject, change, operator))).toEqual({
      kind: 'refused',
      reason: 'password_too_short',
    });
  });

  it('signs out everywhere, and disables', async () => {
    const directory = await openWithProject();
    const subject = await createAccount(directory, 'ana');
    const before = Date.now();
    const signedOut = await directory.execute(new SignOutEverywhere(subject, operator));
    expect(signedOut).toMatchObject({ kind: 'signed_out' });
    expect((signedOut as { tokensNotBefore: number }).tokensNotBefore).toBeGreaterThan(before);
    const disable = new DisableAccount(subject, operator);
    expect(await directory.execute(disable)).toEqual({ kind: 'disabled' });
    expect(await directory.execute(disable)).toEqual({ kind: 'already_disabled' });
    expect(await directory.execute(new SignOutEverywhere(subject, operator))).toEqual({
      kind: 'refused',
      reason: 'account_disabled',
    });
  });
});

describe('the keys of user names', () => {
  const keys = (fills: Readonly<Record<string, number>>) =>
    new Usernames(
      new DerivedMasterKeys(
        new Map(Object.entries(fills).map(([keyId, fill]) => [keyId, Buffer.alloc(32, fill)])),
      ),
    );

  it('are digests that only the master key can make', () => {
    const one = keys({ '1': 1 }).keysOf(DEFAULT_PROJECT, 'Ana');
    expect(one).toEqual({ username: 'ana', keys: [expect.stringMatching(/^[\w-]{43}$/)] });
    expect(keys({ '1': 2 }).keysOf(DEFAULT_PROJECT, 'Ana')).not.toEqual(one);
  });

  it('still have the old digest after the master key was rotated', () => {
    const before = keys({ '1': 1 }).keysOf(DEFAULT_PROJECT, 'ana');
    const after = keys({ '1': 1, '3': 3 }).keysOf(DEFAULT_PROJECT, 'ana');
    expect(after?.keys).toHaveLength(2);
    expect(after?.keys[1]).toBe(before?.keys[0]);
  });

  it('are of every master key, the active one first, in whatever order the key file has them', () => {
    const fills = [
      ['9', 9],
      ['40', 40],
      ['7', 7],
    ] as const;
    const digestUnder = (keyId: string, fill: number) =>
      keys({ [keyId]: fill }).keysOf(DEFAULT_PROJECT, 'ana')?.keys[0];
    const all = new Usernames(
      new DerivedMasterKeys(new Map(fills.map(([id, fill]) => [id, Buffer.alloc(32, fill)]))),
    );
    expect(all.keysOf(DEFAULT_PROJECT, 'ana')?.keys).toEqual([
      digestUnder('7', 7),
      digestUnder('40', 40),
      digestUnder('9', 9),
    ]);
  });

  it('differ between projects', () => {
    const other = 'other' as typeof DEFAULT_PROJECT;
    const usernames = keys({ '1': 1 });
    expect(usernames.keysOf(other, 'ana')).not.toEqual(usernames.keysOf(DEFAULT_PROJECT, 'ana'));
  });
});
