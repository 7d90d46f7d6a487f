import { createHash } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources, type Resources } from '../../src/cli/resources.js';
import { newUuid, randomToken } from '../../src/config/random-identifiers.js';
import type { Settings } from '../../src/config/settings.js';
import {
  type ClientRegistration,
  presetRegistration,
} from '../../src/directory/client-registration.js';
import { CreateAccount } from '../../src/directory/create-account.handler.js';
import { FirstStart } from '../../src/directory/first-start.service.js';
import {
  type ClientRegistered,
  RegisterClient,
} from '../../src/directory/register-client.handler.js';
import { familyPolicyFor } from '../../src/domain/directory/family-policy.rules.js';
import type { ClientId } from '../../src/domain/identifiers.js';
import { IssueGrant } from '../../src/grants/issue-grant.command.js';
import { RedeemCode } from '../../src/grants/redeem-code.command.js';
import type { RequestContext } from '../../src/grants/request-context.js';
import type { TokenAnswer } from '../../src/grants/token-answer.js';
import { codeOf, liveSession } from './live-session.js';

const REDIRECT_URI = 'http://127.0.0.1/callback';
const SCOPE = ['api', 'offline_access'];

/** Families made without a browser: one public client's, each with its first refresh token. */
export interface SeededFamilies {
  readonly clientId: string;
  readonly refreshTokens: readonly string[];
}

/** An authorization code that nobody has redeemed, and what it is redeemed with. */
export interface SeededCode {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/** Families of a public client, codes of the same one, and a confidential client beside it. */
export interface SeededTraffic extends SeededFamilies {
  readonly codes: readonly SeededCode[];
  /** It may take tokens of its own, and introspect those of others. */
  readonly service: { readonly clientId: string; readonly clientSecret: string };
}

/** The family's id as a code or refresh token has it: 16 bytes after version, kind, key, epoch and log. */
export function familyIdOf(token: string): string {
  const bytes = Buffer.from(token.slice('tlr_'.length), 'base64url');
  return bytes.toString('hex', 8, 24);
}

/**
 * Makes families of a new account through the write side itself. The data directory is one that no
 * server has open.
 */
export function seedFamilies(
  settings: Settings,
  count: number,
  username = 'seed',
): Promise<SeededFamilies> {
  return withSeeder(settings, username, (seeder) => seeder.families(count));
}

/** The same, and as many codes as told, each of a family that begins with it. */
export function seedTraffic(
  settings: Settings,
  count: { readonly families: number; readonly codes: number },
  username: string,
): Promise<SeededTraffic> {
  return withSeeder(settings, username, async (seeder) => {
    const seeded = await seeder.families(count.families);
    // Those of one turn of the event loop are one transaction.
    const codes = await Promise.all(Array.from({ length: count.codes }, () => seeder.code()));
    return { ...seeded, codes, service: await seeder.service() };
  });
}

async function withSeeder<Seeded>(
  settings: Settings,
  username: string,
  seed: (seeder: Seeder) => Promise<Seeded>,
): Promise<Seeded> {
  const resources = await openResources(settings, 'server');
  const context = await NestFactory.createApplicationContext(ServiceModule.of(resources), {
    logger: false,
  });
  try {
    await context.get(FirstStart).complete();
    const commands = context.get(CommandBus, { strict: false });
    return await seed(await Seeder.make(commands, resources, username));
  } finally {
    await context.close();
    await closeResources(resources);
  }
}

const ATTRIBUTION = { actor: 'operator', correlationId: newUuid() };

/** Authorizes one public client, as its one account. */
class Seeder {
  private constructor(
    private readonly commands: CommandBus,
    private readonly settings: Settings,
    private readonly client: ClientRegistered,
    private readonly subject: string,
    private readonly sessionId: string,
  ) {}

  static async make(
    commands: CommandBus,
    { ledger, settings }: Resources,
    username: string,
  ): Promise<Seeder> {
    const registration = presetRegistration('native', { redirectUris: [REDIRECT_URI] });
    const client = await registered(commands, registration);
    const account = await commands.execute(
      new CreateAccount({ username, password: randomToken(16), roles: [] }, ATTRIBUTION),
    );
    if (account.kind !== 'created') throw new Error('seeding failed');
    const sessionId = await liveSession(ledger, account.subject);
    return new Seeder(commands, settings, client, account.subject, sessionId);
  }

  async families(count: number): Promise<SeededFamilies> {
    const refreshTokens: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { code, verifier } = await this.code();
      const outcome = await this.commands.execute(
        new RedeemCode(code, this.caller, requestNow(), REDIRECT_URI, verifier),
      );
      refreshTokens.push((outcome as TokenAnswer).refreshToken as string);
    }
    return { clientId: this.client.clientId, refreshTokens };
  }

  async code(): Promise<SeededCode> {
    const request = requestNow();
    const verifier = randomToken(48);
    const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
    const { policy, absoluteLifetime } = familyPolicyFor(this.client, this.settings);
    const granted = await this.commands.execute(
      new IssueGrant(
        {
          caller: this.caller,
          subject: this.subject,
          sessionId: this.sessionId,
          scope: SCOPE,
          resources: [],
          authTime: request.receivedAt,
          amr: ['pwd'],
          policy,
          absoluteLifetime,
          codeLifetime: this.settings.codeLifetime,
          code: { redirectUri: REDIRECT_URI, codeChallenge },
        },
        request,
      ),
    );
    return { code: codeOf(granted), verifier, redirectUri: REDIRECT_URI };
  }

  async service(): Promise<SeededTraffic['service']> {
    const registration = presetRegistration('machine', { scope: 'api', mayIntrospect: true });
    const { clientId, clientSecret } = await registered(this.commands, registration);
    return { clientId, clientSecret: clientSecret as string };
  }

  private get caller(): { readonly clientId: ClientId; readonly authMethod: 'none' } {
    return { clientId: this.client.clientId, authMethod: 'none' };
  }
}

async function registered(
  commands: CommandBus,
  registration: ClientRegistration,
): Promise<ClientRegistered> {
  const client = await commands.execute(new RegisterClient(registration, ATTRIBUTION));
  if (client.kind !== 'registered') throw new Error('seeding failed');
  return client;
}

function requestNow(): RequestContext {
  return { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
}
