import { describe, expect, it } from '@jest/globals';
import { AccessModule } from '../../src/access/access.module.js';
import {
  type ActiveAccessToken,
  AccessTokenStatuses,
} from '../../src/access/access-token-status.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { FirstStart } from '../../src/directory/first-start.service.js';
import { SignOutEverywhere } from '../../src/directory/sign-out-everywhere.handler.js';
import { VoidTokens } from '../../src/directory/void-tokens.handler.js';
import { DEFAULT_PROJECT, streamIdOf } from '../../src/domain/identifiers.js';
import type { Caller } from '../../src/domain/token-family/family.decision.js';
import { RevokeFamily } from '../../src/grants/revoke-family.command.js';
import { RevokeToken } from '../../src/grants/revoke-token.command.js';
import { mintAccessToken } from '../../src/tokens/access-token.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import {
  createAccount,
  directories,
  type OpenedDirectory,
  operator,
} from '../directory/opened-directory.js';
import { clientToken, grantedToken, registered, request } from './granted-access.js';

const { open, newPlace } = directories();

async function started(place = newPlace()): Promise<OpenedDirectory> {
  const directory = await open({ place, imports: [AccessModule] });
  await directory.get(FirstStart).complete();
  return directory;
}

async function withToken() {
  const directory = await started();
  const photos = await registered(directory, 'web');
  const subject = await createAccount(directory, 'ana');
  const token = await grantedToken(directory, photos, subject);
  const statuses = directory.get(AccessTokenStatuses);
  const statusOf = (text = token, now?: number) => statuses.statusOf(text, now);
  return { directory, photos, subject, token, statusOf };
}

async function revoke(directory: OpenedDirectory, token: string, caller: Caller): Promise<void> {
  const verified = await directory.get(AccessTokenStatuses).verify(token, Date.now());
  await directory.execute(new RevokeToken(token, caller, request(), verified));
}

async function disableProject(directory: OpenedDirectory): Promise<void> {
  await directory.resources.ledger.execute({
    kind: 'project',
    streamId: streamIdOf('project', DEFAULT_PROJECT),
    project: DEFAULT_PROJECT,
    attribution: operator,
    decide: () => ({ events: [{ type: 'ProjectDisabled', data: {} }], outcome: undefined }),
  });
}

describe('an access token', () => {
  it('is active with all that stands behind it', async () => {
    const { photos, subject, statusOf } = await withToken();
    expect(await statusOf()).toMatchObject({
      isActive: true,
      client: { clientId: photos.client.clientId },
      account: { subject },
      family: { subject, status: 'active' },
      scope: ['openid', 'photos:read'],
      audience: ['http://localhost:3000'],
    });
  });

  it('of a client for itself has no person behind it', async () => {
    const { directory, statusOf } = await withToken();
    const machine = await registered(directory, 'machine', { scope: 'photos:read' });
    const status = await statusOf(await clientToken(directory, machine));
    expect(status).toMatchObject({ isActive: true, scope: ['photos:read'] });
    expect((status as ActiveAccessToken).account).toBeUndefined();
  });

  it.each([
    [
      'its family is revoked',
      'family_revoked',
      async ({ directory, statusOf }) => {
        const status = (await statusOf()) as ActiveAccessToken;
        const terms = { reason: 'operator_request', actor: 'operator' } as const;
        await directory.execute(new RevokeFamily(status.token.familyId, terms, request()));
      },
    ],
    [
      'it is revoked',
      'access_token_revoked',
      async ({ directory, token, photos }) => {
        await revoke(directory, token, photos.caller);
      },
    ],
    [
      'its client is disabled',
      'client_disabled',
      async ({ directory, photos }) => {
        await directory.execute(new DisableClient(photos.client.clientId, operator));
      },
    ],
    [
      'all that its client was granted is voided',
      'not_before',
      async ({ directory, photos }) => {
        const { clientId } = photos.client;
        await directory.execute(new VoidTokens('client', clientId, Date.now() + 1, operator));
      },
    ],
    [
      'its account is disabled',
      'account_disabled',
      async ({ directory, subject }) => {
        await directory.execute(new DisableAccount(subject, operator));
      },
    ],
    [
      'its account signs out everywhere',
      'not_before',
      async ({ directory, subject }) => {
        await directory.execute(new SignOutEverywhere(subject, operator));
      },
    ],
    ['its project is disabled', 'project_disabled', ({ directory }) => disableProject(directory)],
  ] satisfies [string, string, (world: Awaited<ReturnType<typeof withToken>>) => Promise<void>][])(
    'is worth nothing from the moment that %s',
    async (_when, reason, end) => {
      const world = await withToken();
      await end(world);
      expect(await world.statusOf()).toEqual({ isActive: false, reason });
    },
  );

  it('of a client for itself ends with itself, its client and its project', async () => {
    const { directory, statusOf } = await withToken();
    const machine = await registered(directory, 'machine');
    const [first, second] = [
      await clientToken(directory, machine),
      await clientToken(directory, machine),
    ];
    await revoke(directory, first, machine.caller);
    expect(await statusOf(first)).toEqual({ isActive: false, reason: 'access_token_revoked' });
    expect(await statusOf(second)).toMatchObject({ isActive: true });
    const { clientId } = machine.client;
    await directory.execute(new VoidTokens('client', clientId, Date.now() + 1, operator));
    expect(await statusOf(second)).toEqual({ isActive: false, reason: 'not_before' });
    await disableProject(directory);
    expect(await statusOf(second)).toEqual({ isActive: false, reason: 'project_disabled' });
    await directory.execute(new DisableClient(machine.client.clientId, operator));
    expect(await statusOf(second)).toEqual({ isActive: false, reason: 'client_disabled' });
  });

  it('expires', async () => {
    const { statusOf } = await withToken();
    const expired = await statusOf(undefined, Date.now() + 700_000);
    expect(expired).toEqual({ isActive: false, reason: 'not_genuine' });
  });

  it.each([
    ['nothing', ''],
    ['no token', 'x'],
    ['no header', '.a.b'],
    ['a header that is no JSON', `${'x'.repeat(20)}.a.b`],
    ['a header that is null', `${Buffer.from('null').toString('base64url')}.a.b`],
    ['a header without a key', `${Buffer.from('{}').toString('base64url')}.a.b`],
    ['a header of absurd length', `${'e'.repeat(100_000)}.a.b`],
    ['an unknown key', `${Buffer.from('{"kid":"x","alg":"ES256"}').toString('base64url')}.a.b`],
  ])('is not %s', async (_what, text) => {
    const { statusOf } = await withToken();
    expect(await statusOf(text)).toEqual({ isActive: false, reason: 'not_genuine' });
  });

  it('is not one with another signature or other claims', async () => {
    const { token, statusOf } = await withToken();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const wider = Buffer.from(JSON.stringify({ ...claims, scope: 'admin' })).toString('base64url');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    for (const forged of [`${header}.${wider}.${signature}`, `${none}.${payload}.`]) {
      expect(await statusOf(forged)).toEqual({ isActive: false, reason: 'not_genuine' });
    }
  });

  it('signed by us but unknown to the ledger is worth nothing', async () => {
    const { directory, photos, statusOf } = await withToken();
    const ring = directory.get(SigningKeyRing);
    const known = (await statusOf()) as ActiveAccessToken;
    const now = Date.now();
    const mint = (familyId: string, sequence: number) =>
      mintAccessToken(
        {
          facts: {
            sequence,
            format: 'jwt',
            issuedAt: now,
            expiresAt: now + 60_000,
            scope: [],
            audience: [directory.resources.settings.issuer],
            signingKeyId: ring.activeKeyId ?? '',
          },
          familyId,
          issuer: directory.resources.settings.issuer,
          subject: 'ana',
          clientId: photos.client.clientId,
        },
        ring,
      );
    for (const text of [mint('0'.repeat(32), 0), mint(known.token.familyId, 1)]) {
      expect(await statusOf(await text)).toEqual({
        isActive: false,
        reason: 'unknown_to_ledger',
      });
    }
  });

  it('signed with a key that another process made is found to be good', async () => {
    const place = newPlace();
    const server = await started(place);
    const photos = await registered(server, 'web');
    const subject = await createAccount(server, 'ana');
    const other = await open({ place, role: 'command_line' });
    await other.execute(new CreateSigningKey(true, operator));
    const token = await grantedToken(other, photos, subject);
    expect(await server.get(AccessTokenStatuses).statusOf(token)).toMatchObject({ isActive: true });
  });
});
