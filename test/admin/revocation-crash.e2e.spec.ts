import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { RevocationAnswer } from '../../src/admin/revocation.answer.js';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources } from '../../src/cli/resources.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { readSettings, type Settings } from '../../src/config/settings.js';
import { presetRegistration } from '../../src/directory/client-registration.js';
import { RegisterClient } from '../../src/directory/register-client.handler.js';
import { temporaryDirectories, useBuild } from '../cli/built-processes.js';
import { type SeededFamilies, seedFamilies } from '../support/seeded-families.js';
import { freePort } from '../support/postgres-server.js';
import { startServerProcess } from '../support/server-process.js';
import { newServerStore, problemsIn, storedEvents } from '../support/server-store.js';

const FAMILIES = 600;

useBuild();
const newDirectory = temporaryDirectories();

interface Ends {
  readonly families: number;
  readonly events: number;
}

/** How many families a revocation has ended, by how many events. */
async function endsIn(settings: Settings, revocationId: string): Promise<Ends> {
  const all = await storedEvents(settings, 'FamilyRevoked');
  const ends = all.filter(({ data }) => data['revocationId'] === revocationId);
  return { families: new Set(ends.map(({ streamId }) => streamId)).size, events: ends.length };
}

/** Registers a client that may administer, in a data directory that no server has open. */
async function registerAdministrator(settings: Settings): Promise<string> {
  const resources = await openResources(settings, 'command_line');
  const context = await NestFactory.createApplicationContext(ServiceModule.of(resources), {
    logger: false,
  });
  try {
    const registration = {
      ...presetRegistration('machine', { scope: 'reports' }),
      firstParty: true,
      operatorScopes: ['admin'],
    };
    const outcome = await context
      .get(CommandBus, { strict: false })
      .execute(new RegisterClient(registration, { actor: 'operator', correlationId: newUuid() }));
    if (outcome.kind !== 'registered') throw new Error(outcome.kind);
    return Buffer.from(`${outcome.clientId}:${outcome.clientSecret}`).toString('base64');
  } finally {
    await context.close();
    await closeResources(resources);
  }
}

describe('a server that is killed while it revokes', () => {
  let settings: Settings;
  let environment: Record<string, string>;
  let seeded: SeededFamilies;
  let administrator: string;
  let token = '';

  beforeAll(async () => {
    const directory = newDirectory();
    const port = await freePort();
    environment = {
      ...(await newServerStore()).environment,
      PORT: String(port),
      HOST: '127.0.0.1',
      TOKEN_LEDGER_ISSUER: `http://127.0.0.1:${port}`,
      TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
      TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys', 'master.key'),
      TOKEN_LEDGER_LOG_LEVEL: 'warn',
    };
    settings = readSettings(environment);
    seeded = await seedFamilies(settings, FAMILIES);
    administrator = await registerAdministrator(settings);
  }, 60_000);

  async function signIn(): Promise<void> {
    const response = await fetch(`${settings.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${administrator}` },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'admin',
        resource: `${settings.issuer}/admin`,
      }),
    });
    ({ access_token: token } = (await response.json()) as { access_token: string });
  }

  /** Asks once more where the views have not come to the position yet. */
  async function ask(path: string, body?: object): Promise<RevocationAnswer> {
    const response = await fetch(`${settings.issuer}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (response.status === 503) {
      await setTimeout(100);
      return ask(path, body);
    }
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as RevocationAnswer;
  }

  it('ends every family exactly once when it has started again', async () => {
    const server = await startServerProcess(environment, settings.issuer);
    await signIn();
    const position = (await storedEvents(settings)).length - 1;
    const { id, status } = await ask('/admin/revocations', { client: seeded.clientId, position });
    expect(status).toBe('running');
    while ((await endsIn(settings, id)).families === 0) await setTimeout(1);
    await server.kill();
    const { families } = await endsIn(settings, id);
    expect(families).toBeGreaterThan(0);
    expect(families).toBeLessThan(FAMILIES);

    const again = await startServerProcess(environment, settings.issuer);
    const refreshed = await fetch(`${settings.issuer}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: seeded.refreshTokens.at(-1) ?? '',
        client_id: seeded.clientId,
      }),
    });
    expect(refreshed.status).toBe(400);
    await signIn();
    let done = await ask(`/admin/revocations/${id}`);
    while (done.status !== 'completed') {
      await setTimeout(20);
      done = await ask(`/admin/revocations/${id}`);
    }
    expect(done.result).toMatchObject({
      families: FAMILIES,
      familiesRevoked: FAMILIES,
      familiesEnded: 0,
      setDigest: done.setDigest,
    });
    expect(await again.stop()).toBe(0);
    expect(await endsIn(settings, id)).toEqual({ families: FAMILIES, events: FAMILIES });
    expect(await problemsIn(settings)).toEqual([]);
  }, 90_000);
});
