import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { decideRevokeClientToken } from '../domain/directory/client-token.decider.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import {
  decideRevokeAccessToken,
  decideRevokeFamily,
} from '../domain/token-family/revocation.decider.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { type VerifiedAccessToken, verifyAccessToken } from '../tokens/access-token.js';
import { SigningKeyRing } from '../tokens/signing-key-ring.js';
import { TokenCodec } from '../tokens/token-codec.js';
import { RevokeToken, type TokenRevocationOutcome } from './revoke-token.command.js';

type Outcome = 'revoked' | 'already_revoked' | 'unknown' | 'foreign_client';

/** Revokes what a client gives back, if it is its own. The client was authenticated before. */
@CommandHandler(RevokeToken)
export class RevokeTokenHandler implements ICommandHandler<RevokeToken> {
  constructor(
    private readonly ledger: Ledger,
    private readonly codec: TokenCodec,
    private readonly ring: SigningKeyRing,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async execute(command: RevokeToken): Promise<TokenRevocationOutcome> {
    const refresh = this.codec.decode('refresh', command.token);
    if (refresh !== undefined) return answerOf(await this.revokeFamily(refresh.id, command));
    const { issuer } = this.settings;
    const access = await verifyAccessToken(command.token, { issuer, ring: this.ring });
    if (access === undefined) return 'ignored';
    const revoked = await this.revokeAccessToken(access, command);
    return answerOf(
      revoked === 'unknown' ? await this.revokeClientToken(access, command) : revoked,
    );
  }

  private revokeFamily(familyId: string, command: RevokeToken): Promise<Outcome> {
    const attribution = attributionOf(command);
    return this.ledger.execute<'family', Outcome>({
      kind: 'family',
      streamId: streamIdOf('family', familyId),
      project: DEFAULT_PROJECT,
      attribution,
      decide: ({ state }) =>
        state !== undefined && state.clientId !== command.caller.clientId
          ? { events: [], outcome: 'foreign_client' }
          : decideRevokeFamily(state, { reason: 'client_request', actor: attribution.actor }),
    });
  }

  private revokeAccessToken(access: VerifiedAccessToken, command: RevokeToken): Promise<Outcome> {
    const { familyId, sequence, claims } = access;
    const expiresAt = (claims.exp ?? 0) * 1000;
    return this.ledger.execute<'family', Outcome>({
      kind: 'family',
      streamId: streamIdOf('family', familyId),
      project: DEFAULT_PROJECT,
      attribution: attributionOf(command),
      decide: ({ state }) =>
        state !== undefined && state.clientId !== command.caller.clientId
          ? { events: [], outcome: 'foreign_client' }
          : decideRevokeAccessToken(state, { sequence, expiresAt, reason: 'client_request' }),
    });
  }

  private revokeClientToken(access: VerifiedAccessToken, command: RevokeToken): Promise<Outcome> {
    return this.ledger.execute<'client_token', Outcome>({
      kind: 'client_token',
      streamId: streamIdOf('client_token', access.familyId),
      project: DEFAULT_PROJECT,
      attribution: attributionOf(command),
      decide: ({ state }) =>
        state !== undefined && state.clientId !== command.caller.clientId
          ? { events: [], outcome: 'foreign_client' }
          : decideRevokeClientToken(state, 'client_request'),
    });
  }
}

function attributionOf({ caller, request }: RevokeToken): Attribution {
  const { correlationId, origin } = request;
  return { actor: `client:${caller.clientId}`, correlationId, origin };
}

function answerOf(outcome: Outcome): TokenRevocationOutcome {
  if (outcome === 'revoked' || outcome === 'foreign_client') return outcome;
  return 'ignored';
}
