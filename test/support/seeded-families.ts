import { createHash } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources, type Resources } from '../../src/cli/resources.js';
import { newUuid, randomToken } from '../../src/config/random-identifiers.js';
import type { Settings } from '../../src/config/settings.js';
import { presetRegistration } from '../../src/directory/client-registration.js';
import { CreateAccount } from '../../src/directory/create-account.handler.js';
import { FirstStart } from '../../src/directory/first-start.service.js';
import { RegisterClient } from '../../src/directory/register-client.handler.js';
import { familyPolicyFor } from '../../src/domain/directory/family-policy.rules.js';
import { IssueGrant } from '../../src/grants/issue-grant.command.js';
import { RedeemCode } from '../../src/grants/redeem-code.command.js';
import type { TokenAnswer } from '../../src/grants/token-answer.js';
import { codeOf, liveSession } from './live-session.js';

const REDIRECT_URI = 'http://127.0.0.1/callback';
const SCOPE = ['api', 'offline_access'];

/** Families made without a browser: one public client's, each with its first refresh token. */
export interface SeededFamilies {
  readonly clientId: string;
  readonly refreshTokens: readonly string[];
}

/** The family's id as the token carries it: 16 bytes after version, kind, key id, epoch and log. */
export function familyIdOf(refreshToken: string): string {
  const bytes = Buffer.from(refreshToken.slice('tlr_'.length), 'base64url');
  return bytes.toString('hex', 8, 24);
}

/**
 * Makes families of a new account through the write side itself. The data directory is one that no
 * server has open.
 */
export async function seedFamilies(
  settings: Settings,
  count: number,
  username = 'seed',
): Promise<SeededFamilies> {
  const resources = await openResources(settings, 'server');
  const context = await NestFactory.createApplicationContext(ServiceModule.of(resources), {
    logger: false,
  });
  try {
    await context.get(FirstStart).complete();
    const commands = context.get(CommandBus, { strict: false });
    return await makeFamilies(commands, resources, username, count);
  } finally {
    await context.close();
    await closeResources(resources);
  }
}

async function makeFamilies(
  commands: CommandBus,
  { ledger, settings }: Resources,
  username: string,
  count: number,
): Promise<SeededFamilies> {
  const attribution = { actor: 'operator', correlationId: newUuid() };
  const registration = presetRegistration('native', { redirectUris: [REDIRECT_URI] });
  const client = await commands.execute(new RegisterClient(registration, attribution));
  const account = await commands.execute(
    new CreateAccount({ username, password: randomToken(16), roles: [] }, attribution),
  );
  if (client.kind !== 'registered' || account.kind !== 'created') throw new Error('seeding failed');
  const { clientId, metadata } = client;
  const caller = { clientId, authMethod: 'none' } as const;
  const sessionId = await liveSession(ledger, account.subject);
  const refreshTokens: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const request = { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
    const verifier = randomToken(48);
    const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
    const { policy, absoluteLifetime } = familyPolicyFor({ metadata }, settings);
    const granted = await commands.execute(
      new IssueGrant(
        {
          caller,
          subject: account.subject,
          sessionId,
          scope: SCOPE,
          resources: [],
          authTime: request.receivedAt,
          amr: ['pwd'],
          policy,
          absoluteLifetime,
          codeLifetime: settings.codeLifetime,
          code: { redirectUri: REDIRECT_URI, codeChallenge },
        },
        request,
      ),
    );
    const outcome = await commands.execute(
      new RedeemCode(codeOf(granted), caller, request, REDIRECT_URI, verifier),
    );
    refreshTokens.push((outcome as TokenAnswer).refreshToken as string);
  }
  return { clientId, refreshTokens };
}
