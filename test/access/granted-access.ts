import { createHash } from 'node:crypto';
import { type ClientPreset, presetRegistration } from '../../src/directory/client-registration.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { RegisterClient } from '../../src/directory/register-client.handler.js';
import type { ClientState } from '../../src/domain/directory/directory.state.js';
import type { Subject } from '../../src/domain/identifiers.js';
import type { Caller } from '../../src/domain/token-family/family.decision.js';
import { IssueClientToken } from '../../src/grants/issue-client-token.command.js';
import { IssueGrant } from '../../src/grants/issue-grant.command.js';
import { RedeemCode } from '../../src/grants/redeem-code.command.js';
import type { RequestContext } from '../../src/grants/request-context.js';
import type { TokenAnswer } from '../../src/grants/token-answer.js';
import { type OpenedDirectory, operator } from '../directory/opened-directory.js';
import { codeOf, liveSession } from '../support/live-session.js';

const REDIRECT_URI = 'https://photos.example.com/callback';
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const DAY = 86_400_000;
/** A request that arrives now. */
export const request = (): RequestContext => ({
  receivedAt: Date.now(),
  correlationId: 'test',
  origin: undefined,
});

/** A client, and how it presents itself. */
export interface RegisteredClient {
  readonly client: ClientState;
  readonly caller: Caller;
}

/** Registers a client of this preset. */
export async function registered(
  directory: OpenedDirectory,
  preset: ClientPreset,
  choices: Parameters<typeof presetRegistration>[1] = {},
): Promise<RegisteredClient> {
  const registration = presetRegistration(preset, { redirectUris: [REDIRECT_URI], ...choices });
  const outcome = await directory.execute(new RegisterClient(registration, operator));
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  const client = (await directory.get(DirectoryReader).client(outcome.clientId))!;
  const { clientId, secretId } = client;
  const caller = { clientId, authMethod: client.metadata.authMethod, provenSecretId: secretId };
  return { client, caller };
}

/** An access token that a person let a client have. */
export async function grantedToken(...granted: Parameters<typeof grantedTokens>): Promise<string> {
  return (await grantedTokens(...granted)).accessToken;
}

/** The first tokens that a person let a client have. */
export async function grantedTokens(
  directory: OpenedDirectory,
  { client, caller }: RegisteredClient,
  subject: Subject,
  terms: { scope?: string[]; resources?: string[] } = {},
): Promise<TokenAnswer> {
  const sessionId = await liveSession(directory.resources.ledger, subject);
  const granted = await directory.execute(
    new IssueGrant(
      {
        caller,
        subject,
        sessionId,
        scope: terms.scope ?? ['openid', 'photos:read'],
        resources: terms.resources ?? [],
        authTime: Date.now(),
        amr: ['pwd'],
        policy: {
          rotation: 'rotate',
          retryWindow: 30_000,
          retryUntilUsed: false,
          idle: DAY,
          onReuse: 'revoke_family',
        },
        absoluteLifetime: DAY,
        codeLifetime: 60_000,
        code: { redirectUri: REDIRECT_URI, codeChallenge: CHALLENGE },
      },
      request(),
    ),
  );
  const redeem = new RedeemCode(codeOf(granted), caller, request(), REDIRECT_URI, VERIFIER);
  const outcome = await directory.execute(redeem);
  if (outcome.kind === 'refused') throw new Error(`${client.clientId}: ${outcome.reason}`);
  return outcome;
}

/** An access token that a client got for itself. */
export async function clientToken(
  directory: OpenedDirectory,
  { caller }: { caller: Caller },
): Promise<string> {
  const outcome = await directory.execute(new IssueClientToken({ caller }, request()));
  if (outcome.kind === 'refused') throw new Error(outcome.error);
  return outcome.accessToken;
}
