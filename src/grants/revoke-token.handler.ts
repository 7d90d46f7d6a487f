import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Decision, noEvents } from '../domain/decision.js';
import { decideRevokeClientToken } from '../domain/directory/client-token.decider.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import type { StateOf } from '../domain/streams.js';
import type { Refused } from '../domain/token-family/family.decision.js';
import {
  decideRevokeAccessToken,
  type RevocationOutcome,
} from '../domain/token-family/revocation.decider.js';
import {
  decideRevokeRefreshToken,
  revokerRefused,
  type RevokerRefused,
} from '../domain/token-family/token-revocation.decider.js';
import { Ledger } from '../ledger/ledger.port.js';
import type { VerifiedAccessToken } from '../tokens/access-token.js';
import { actorOf, FamilyContexts } from './family-contexts.service.js';
import { FamilyPresentations } from './family-presentation.service.js';
import { RevokeToken, type TokenRevocationOutcome } from './revoke-token.command.js';

type Outcome = RevocationOutcome | Refused | RevokerRefused;

/** Revokes what a client gives back, if it is the client that it says it is and the token its own. */
@CommandHandler(RevokeToken)
export class RevokeTokenHandler implements ICommandHandler<RevokeToken> {
  constructor(
    private readonly ledger: Ledger,
    private readonly contexts: FamilyContexts,
    private readonly presentations: FamilyPresentations,
  ) {}

  async execute(command: RevokeToken): Promise<TokenRevocationOutcome> {
    const { token, caller, request, accessToken } = command;
    const presented = this.presentations.genuine('refresh', token);
    if (presented !== undefined) {
      const { outcome } = await this.presentations.decided<RevocationOutcome | Refused>({
        presented,
        caller,
        request,
        decide: (state, context, isIncidentOpen) =>
          decideRevokeRefreshToken(state, { presented, caller }, context, isIncidentOpen),
      });
      return answerOf(outcome);
    }
    if (accessToken === undefined) return answerOf(await this.unknown(command));
    const revoked = await this.revokeAccessToken(command, accessToken);
    return answerOf(
      revoked === 'unknown' ? await this.revokeClientToken(command, accessToken) : revoked,
    );
  }

  private revokeAccessToken(
    command: RevokeToken,
    { familyId, sequence, claims }: VerifiedAccessToken,
  ): Promise<Outcome> {
    const expiresAt = (claims.exp ?? 0) * 1000;
    return this.revoke('family', familyId, command, (state) =>
      decideRevokeAccessToken(state, { sequence, expiresAt, reason: 'client_request' }),
    );
  }

  private revokeClientToken(
    command: RevokeToken,
    { familyId }: VerifiedAccessToken,
  ): Promise<Outcome> {
    return this.revoke('client_token', familyId, command, (state) =>
      decideRevokeClientToken(state, 'client_request'),
    );
  }

  private revoke<Kind extends 'family' | 'client_token'>(
    kind: Kind,
    id: string,
    { caller, request }: RevokeToken,
    decide: (state: StateOf<Kind> | undefined) => Decision<Kind, RevocationOutcome>,
  ): Promise<Outcome> {
    return this.ledger.execute<Kind, Outcome>({
      kind,
      streamId: streamIdOf(kind, id),
      project: DEFAULT_PROJECT,
      attribution: this.contexts.attribution(request),
      decide: (stream) => {
        const { state } = stream;
        const client = stream.find('client', caller.clientId);
        const { receivedAt } = request;
        const ownerId = state?.clientId ?? caller.clientId;
        const refused = revokerRefused(caller, { client, receivedAt }, ownerId);
        const decision = refused === undefined ? decide(state) : noEvents<Kind, Outcome>(refused);
        return { ...decision, actor: actorOf(client) };
      },
    });
  }

  /** What is no token of ours is answered like one that is revoked already, to clients. */
  private async unknown({ caller, request }: RevokeToken): Promise<Outcome> {
    const client = await this.ledger.load('client', caller.clientId);
    const { receivedAt } = request;
    return revokerRefused(caller, { client, receivedAt }, caller.clientId) ?? 'unknown';
  }
}

function answerOf(outcome: Outcome): TokenRevocationOutcome {
  if (outcome === 'revoked') return 'revoked';
  if (typeof outcome === 'string') return 'ignored';
  if (outcome.error === 'invalid_client') return 'invalid_client';
  return outcome.reason === 'foreign_client' ? 'foreign_client' : 'ignored';
}
