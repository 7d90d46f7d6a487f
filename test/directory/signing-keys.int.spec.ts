import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ActivateSigningKey } from '../../src/directory/activate-signing-key.handler.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import { RetireSigningKey } from '../../src/directory/retire-signing-key.handler.js';
import { SigningKeys } from '../../src/directory/signing-keys.service.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { VaultError } from '../../src/vault/vault.errors.js';
import { directories, type OpenedDirectory, operator } from './opened-directory.js';

const { newPlace, openWithProject } = directories();

async function create(directory: OpenedDirectory, activate: boolean): Promise<string> {
  const outcome = await directory.execute(new CreateSigningKey(activate, operator));
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.keyId;
}
const ringOf = (directory: OpenedDirectory) => directory.get(SigningKeyRing);
const sign = (directory: OpenedDirectory, keyId: string) =>
  ringOf(directory).signJwt({ typ: 'JWT' }, { sub: 'ana' }, keyId);

afterEach(() => void jest.restoreAllMocks());

/** Counts how often a directory looks for signing keys from now on; `before` may keep it from its answer. */
function searchesOf(
  { resources: { ledger } }: OpenedDirectory,
  before: () => Promise<void> = () => Promise.resolve(),
): { count: number } {
  const searches = { count: 0 };
  const streamsOfKind = ledger.streamsOfKind.bind(ledger);
  ledger.streamsOfKind = async (...page) => {
    searches.count += 1;
    await before();
    return streamsOfKind(...page);
  };
  return searches;
}

describe('signing keys', () => {
  it('are made once, and sign after a restart', async () => {
    const place = newPlace();
    const first = await openWithProject({ place });
    await first.get(SigningKeys).start(operator);
    const keyId = ringOf(first).activeKeyId ?? '';
    expect(await sign(first, keyId)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    await first.close();
    const second = await openWithProject({ place });
    await second.get(SigningKeys).start(operator);
    await second.get(SigningKeys).start(operator);
    expect(ringOf(second).activeKeyId).toBe(keyId);
    expect(await sign(second, keyId)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const created = (await second.events()).filter(({ type }) => type === 'SigningKeyCreated');
    expect(created).toHaveLength(1);
    expect(Object.keys(created[0]?.data['publicJwk'] as object).toSorted()).toEqual([
      'crv',
      'kty',
      'x',
      'y',
    ]);
  });

  it('are published before they sign', async () => {
    const directory = await openWithProject();
    await directory.get(SigningKeys).start(operator);
    const old = ringOf(directory).activeKeyId;
    const keyId = await create(directory, false);
    expect(ringOf(directory).jwks().keys).toHaveLength(2);
    expect(ringOf(directory).activeKeyId).toBe(old);
    await directory.execute(new ActivateSigningKey(keyId, operator));
    expect(ringOf(directory).activeKeyId).toBe(keyId);
    expect(await directory.execute(new ActivateSigningKey(keyId, operator))).toEqual({
      kind: 'already_active',
    });
    expect(await directory.execute(new ActivateSigningKey('unknown', operator))).toEqual({
      kind: 'refused',
      reason: 'unknown_key',
    });
  });

  it('are retired once another one signs, and still verify', async () => {
    const directory = await openWithProject();
    await directory.get(SigningKeys).start(operator);
    const old = ringOf(directory).activeKeyId ?? '';
    const keyId = await create(directory, false);
    const retire = (id: string) => directory.execute(new RetireSigningKey(id, operator));
    const inUse = { kind: 'refused', reason: 'key_in_use' };
    expect(await retire(old)).toEqual(inUse);
    await directory.execute(new ActivateSigningKey(keyId, operator));
    expect(await retire(keyId)).toEqual(inUse);
    expect(await retire(old)).toEqual({ kind: 'retired' });
    expect(await retire(old)).toEqual({ kind: 'already_retired' });
    expect(await retire('unknown')).toEqual({ kind: 'refused', reason: 'unknown_key' });
    expect(ringOf(directory).activeKeyId).toBe(keyId);
    expect(ringOf(directory).verificationKey(old)).toBeDefined();
    expect(await directory.execute(new ActivateSigningKey(old, operator))).toEqual({
      kind: 'refused',
      reason: 'key_retired',
    });
  });

  it('are judged as they are now, whatever this process has seen of them', async () => {
    const place = newPlace();
    const server = await openWithProject({ place });
    await server.get(SigningKeys).start(operator);
    const old = ringOf(server).activeKeyId ?? '';
    const commandLine = await openWithProject({ place, role: 'command_line' });
    const keyId = await create(commandLine, true);
    expect(ringOf(server).activeKeyId).toBe(old);
    expect(await server.execute(new RetireSigningKey(keyId, operator))).toMatchObject({
      reason: 'key_in_use',
    });
    expect(await server.execute(new RetireSigningKey(old, operator))).toEqual({ kind: 'retired' });
  });

  it('are not activated when the vault has lost them', async () => {
    const directory = await openWithProject();
    await directory.get(SigningKeys).start(operator);
    const keyId = await create(directory, false);
    const before = await directory.events();
    directory.resources.vault.privateKey = async () => undefined;
    await expect(directory.execute(new ActivateSigningKey(keyId, operator))).rejects.toThrow(
      `the vault has lost the private key of the signing key ${keyId}`,
    );
    expect(await directory.events()).toEqual(before);
  });

  it('of another process are found when a token names them', async () => {
    const place = newPlace();
    const server = await openWithProject({ place });
    await server.get(SigningKeys).start(operator);
    const commandLine = await openWithProject({ place, role: 'command_line' });
    const keyId = await create(commandLine, true);
    expect(ringOf(server).verificationKey(keyId)).toBeUndefined();
    expect(await server.get(SigningKeys).verifies(keyId)).toBe(true);
    expect(ringOf(server).activeKeyId).toBe(keyId);
    expect(await sign(server, keyId)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('are not searched for more than once a second, whatever tokens name', async () => {
    const directory = await openWithProject();
    await directory.get(SigningKeys).start(operator);
    const searches = searchesOf(directory);
    const keyIds = Array.from({ length: 50 }, (_, index) => `forged-${index}`);
    const found = await Promise.all(
      keyIds.map((keyId) => directory.get(SigningKeys).verifies(keyId)),
    );
    expect(found).toEqual(keyIds.map(() => false));
    expect(searches.count).toBe(1);
  });

  it('of another process are published with the next request', async () => {
    const place = newPlace();
    const server = await openWithProject({ place });
    await server.get(SigningKeys).start(operator);
    const commandLine = await openWithProject({ place, role: 'command_line' });
    const keyId = await create(commandLine, false);
    expect(ringOf(server).jwks().keys).toHaveLength(1);
    const { keys } = await server.get(SigningKeys).published();
    expect(keys.map(({ kid }) => kid)).toContain(keyId);
  });

  it('are looked for once a second for those who ask for them, and once for unknown ones', async () => {
    const directory = await openWithProject();
    const signingKeys = directory.get(SigningKeys);
    await signingKeys.start(operator);
    const searches = searchesOf(directory);
    let now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const ask = async () => {
      for (let time = 0; time < 50; time += 1) {
        await Promise.all([signingKeys.published(), signingKeys.verifies(`forged-${time}`)]);
      }
    };
    await ask();
    expect(searches.count).toBe(2);
    now += 999;
    await ask();
    expect(searches.count).toBe(2);
    now += 1;
    await ask();
    expect(searches.count).toBe(4);
  });

  it('are published as they were known while the ledger does not answer', async () => {
    const directory = await openWithProject();
    const signingKeys = directory.get(SigningKeys);
    await signingKeys.start(operator);
    const searches = searchesOf(directory, () => new Promise(() => undefined));
    expect((await signingKeys.published()).keys).toHaveLength(1);
    expect(searches.count).toBe(1);
  });

  it('stop the start when the vault has lost the active one', async () => {
    const directory = await openWithProject();
    await directory.get(SigningKeys).start(operator);
    const { vault } = directory.resources;
    vault.privateKey = async () => undefined;
    const other = new SigningKeys(directory.resources.ledger, vault, new SigningKeyRing());
    await expect(other.start(operator)).rejects.toThrow(VaultError);
    await expect(other.load()).rejects.toThrow(/has lost the private key/);
  });
});
