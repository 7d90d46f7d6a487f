import { describe, expect, it } from '@jest/globals';
import { CreateProject } from '../../src/directory/create-project.handler.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { FirstStart } from '../../src/directory/first-start.service.js';
import { SignIns } from '../../src/directory/sign-ins.service.js';
import { DEFAULT_PROJECT } from '../../src/domain/identifiers.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { createAccount, directories, type OpenedDirectory, operator } from './opened-directory.js';

const { newPlace, open, openWithProject } = directories();

const complete = (directory: OpenedDirectory) => directory.get(FirstStart).complete();

async function expectComplete(directory: OpenedDirectory): Promise<void> {
  expect(await directory.get(DirectoryReader).project('default')).toMatchObject({
    status: 'active',
  });
  const ring = directory.get(SigningKeyRing);
  expect(ring.canSign(ring.activeKeyId ?? '')).toBe(true);
}

describe('the first start', () => {
  it('makes project, signing key and an administrator whose sign-in works', async () => {
    const directory = await open();
    const first = await complete(directory);
    expect(first).toEqual({
      username: 'admin',
      generatedPassword: expect.stringMatching(/^[\w-]{20,}$/),
    });
    await expectComplete(directory);
    const password = first?.generatedPassword ?? '';
    expect(await directory.get(SignIns).check('admin', password)).toMatchObject({
      kind: 'proven',
      account: { roles: ['administrator'] },
    });
    expect(JSON.stringify(await directory.events())).not.toContain(password);
  });

  it('takes the password of the settings, and does not repeat it', async () => {
    const password = 'what the operator chose';
    const directory = await open({ environment: { TOKEN_LEDGER_ADMIN_PASSWORD: password } });
    expect(await complete(directory)).toEqual({ username: 'admin' });
    expect(await directory.get(SignIns).check('admin', password)).toMatchObject({ kind: 'proven' });
  });
});

describe('every later start', () => {
  it('changes nothing and shows no sign-in', async () => {
    const place = newPlace();
    const first = await open({ place });
    await complete(first);
    const before = await first.events();
    await first.close();
    const second = await open({
      place,
      environment: { TOKEN_LEDGER_ADMIN_PASSWORD: 'x'.repeat(12) },
    });
    expect(await complete(second)).toBeUndefined();
    expect(await complete(second)).toBeUndefined();
    expect(await second.events()).toEqual(before);
    await expectComplete(second);
  });

  it('completes what was killed after the project', async () => {
    const directory = await openWithProject();
    expect(await complete(directory)).toMatchObject({ username: 'admin' });
    await expectComplete(directory);
  });

  it('completes what was killed after the signing key', async () => {
    const directory = await openWithProject();
    await directory.execute(new CreateSigningKey(true, operator));
    const keyId = directory.get(SigningKeyRing).activeKeyId;
    expect(await complete(directory)).toMatchObject({ username: 'admin' });
    await expectComplete(directory);
    expect(directory.get(SigningKeyRing).activeKeyId).toBe(keyId);
  });

  it('completes what was killed before the administrator was recorded', async () => {
    const directory = await openWithProject();
    const { vault } = directory.resources;
    await vault.putProfile('orphan' as never, { username: 'admin' });
    expect(await complete(directory)).toMatchObject({ username: 'admin' });
  });

  it('makes no other administrator when there is one of any name, disabled or not', async () => {
    const directory = await openWithProject();
    const subject = await createAccount(directory, 'root', ['administrator']);
    await directory.execute(new DisableAccount(subject, operator));
    expect(await complete(directory)).toBeUndefined();
  });

  it('leaves the name to someone else who has it', async () => {
    const directory = await openWithProject();
    await createAccount(directory, 'admin');
    const first = await complete(directory);
    expect(first?.username).toMatch(/^admin-[\w-]{8}$/);
    const password = first?.generatedPassword ?? '';
    expect(await directory.get(SignIns).check(first?.username ?? '', password)).toMatchObject({
      kind: 'proven',
    });
    expect(await complete(directory)).toBeUndefined();
  });

  it('creates the project once', async () => {
    const directory = await openWithProject();
    expect(await directory.execute(new CreateProject(DEFAULT_PROJECT, operator))).toEqual({
      kind: 'already_exists',
    });
  });
});
