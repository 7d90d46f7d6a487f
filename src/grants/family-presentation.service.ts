import { Injectable, Logger } from '@nestjs/common';
import type { Decision } from '../domain/decision.js';
import { DEFAULT_PROJECT, type FamilyId, streamIdOf } from '../domain/identifiers.js';
import {
  type Caller,
  type FamilyContext,
  isAuthenticated,
  type PresentationOutcome,
  type PresentedToken,
} from '../domain/token-family/family.decision.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { decideUnknownFamily } from '../domain/token-family/unknown-family.decider.js';
import { Ledger } from '../ledger/ledger.port.js';
import { TokenCodec } from '../tokens/token-codec.js';
import { actorOf, FamilyContexts } from './family-contexts.service.js';
import { PresentationCounter } from './presentation-counter.service.js';
import type { RequestContext } from './request-context.js';
import type { TokenOutcome } from './token-answer.js';
import { TokenMinter } from './token-minter.service.js';

/** A code or refresh token as text, who presents it, and what is decided when it is genuine. */
export interface Presentation {
  readonly kind: 'code' | 'refresh';
  readonly text: string;
  readonly caller: Caller;
  readonly request: RequestContext;
  readonly decide: (
    state: FamilyState,
    presented: PresentedToken,
    context: FamilyContext,
  ) => Decision<'family', PresentationOutcome>;
}

const grantTypeOf = { code: 'authorization_code', refresh: 'refresh_token' } as const;

/** Refusals that mean that the ledger has lost what it knew. */
const rollbackReasons: ReadonlySet<string> = new Set(['unknown_family', 'rollback_suspected']);

/** Takes a presented code or refresh token to its family's decision, and answers after the commit. */
@Injectable()
export class FamilyPresentations {
  private readonly logger = new Logger('Ledger');

  constructor(
    private readonly ledger: Ledger,
    private readonly codec: TokenCodec,
    private readonly contexts: FamilyContexts,
    private readonly minter: TokenMinter,
    private readonly counter: PresentationCounter,
  ) {}

  /** Decides and answers. A text that we did not mint never reaches the ledger's writer. */
  async present(presentation: Presentation): Promise<TokenOutcome> {
    const { kind, text, caller, request } = presentation;
    const decoded = this.codec.decode(kind, text);
    if (decoded === undefined) return this.malformed(caller, request);
    const { id, number, keyId, epoch } = decoded;
    const presented: PresentedToken = { kind, familyId: id as FamilyId, number, keyId, epoch };
    const { outcome, currentEpoch } = await this.ledger.execute({
      kind: 'family',
      streamId: streamIdOf('family', id),
      project: DEFAULT_PROJECT,
      attribution: this.contexts.attribution(request),
      decide: (stream) => {
        const context = this.contexts.of(stream, caller, request);
        const actor = actorOf(context.client);
        const isIncidentOpen =
          stream.state === undefined && stream.find('incident', id) !== undefined;
        const decision =
          unauthorized(kind, caller, context) ??
          (stream.state === undefined
            ? decideUnknownFamily(presented, caller, context, isIncidentOpen)
            : presentation.decide(stream.state, presented, context));
        const outcome = { outcome: decision.outcome, currentEpoch: stream.epoch };
        return { ...decision, actor, outcome };
      },
    });
    if (outcome.kind === 'unauthorized') return UNAUTHORIZED;
    if (outcome.counted !== undefined) this.counter.count(id, outcome.counted, request);
    if (outcome.kind === 'refused') {
      if (rollbackReasons.has(outcome.reason)) this.alarm(id);
      return outcome;
    }
    return this.minter.answer(id, outcome, currentEpoch, request.receivedAt);
  }

  private alarm(familyId: string): void {
    this.logger.error(
      `A genuine token of family ${familyId} is unknown to this ledger: an old copy of it was restored.`,
    );
  }

  private async malformed(caller: Caller, { receivedAt }: RequestContext): Promise<TokenOutcome> {
    const client = await this.ledger.load('client', caller.clientId);
    const isKnown = isAuthenticated(caller, client, receivedAt);
    const error = isKnown ? 'invalid_grant' : 'invalid_client';
    return { kind: 'refused', error, reason: 'malformed_token' };
  }
}

const UNAUTHORIZED = {
  kind: 'refused',
  error: 'unauthorized_client',
  reason: 'unauthorized_client',
} as const satisfies TokenOutcome;

/** A client that may not use this grant type gets nothing, whatever it presents (RFC 6749, 5.2). */
function unauthorized(
  kind: Presentation['kind'],
  caller: Caller,
  { client, receivedAt }: FamilyContext,
): Decision<'family', { readonly kind: 'unauthorized' }> | undefined {
  const isKnown = client !== undefined && isAuthenticated(caller, client, receivedAt);
  if (!isKnown || client.metadata.grantTypes.includes(grantTypeOf[kind])) return undefined;
  return { events: [], outcome: { kind: 'unauthorized' } };
}
