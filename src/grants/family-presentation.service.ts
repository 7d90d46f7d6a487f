import { Injectable, Logger } from '@nestjs/common';
import type { Decision } from '../domain/decision.js';
import { DEFAULT_PROJECT, type FamilyId, streamIdOf } from '../domain/identifiers.js';
import type {
  Caller,
  FamilyContext,
  PresentationOutcome,
  PresentedToken,
} from '../domain/token-family/family.decision.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { refusalOf } from '../domain/token-family/grant-type.rules.js';
import type { RevocationOutcome } from '../domain/token-family/revocation.decider.js';
import { decideUnknownFamily } from '../domain/token-family/unknown-family.decider.js';
import { Ledger } from '../ledger/ledger.port.js';
import { TokenCodec } from '../tokens/token-codec.js';
import { actorOf, FamilyContexts } from './family-contexts.service.js';
import { PresentationCounter } from './presentation-counter.service.js';
import type { RequestContext } from './request-context.js';
import type { TokenOutcome } from './token-answer.js';
import { TokenMinter } from './token-minter.service.js';
import { type MintableDecision, TokenSigning } from './token-signing.service.js';

/** Who presents a token, and with which request. */
export interface Presenting {
  readonly caller: Caller;
  readonly request: RequestContext;
}

/** A code or refresh token as text, and what is decided when it is genuine and its family known. */
export interface Presentation extends Presenting {
  readonly kind: PresentedToken['kind'];
  readonly text: string;
  readonly decide: (
    state: FamilyState,
    presented: PresentedToken,
    context: FamilyContext,
  ) => Decision<'family', PresentationOutcome>;
}

/** A genuine token, and what is decided about it. */
export interface GenuinePresentation<Outcome> extends Presenting {
  readonly presented: PresentedToken;
  /** The state is absent when the ledger does not know the family; an incident may say so already. */
  readonly decide: (
    state: FamilyState | undefined,
    context: FamilyContext,
    isIncidentOpen: boolean,
  ) => Decision<'family', Outcome>;
}

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
    private readonly signing: TokenSigning,
    private readonly minter: TokenMinter,
    private readonly counter: PresentationCounter,
  ) {}

  /** Decides and answers. A text that we did not mint never reaches the ledger's writer. */
  async present(presentation: Presentation): Promise<TokenOutcome> {
    const { kind, text, caller, request, decide } = presentation;
    const presented = this.genuine(kind, text);
    if (presented === undefined) return this.malformed(presentation);
    const decision = await this.decided<PresentationOutcome>({
      presented,
      caller,
      request,
      decide: (state, context, isIncidentOpen) =>
        state === undefined
          ? decideUnknownFamily(presented, caller, context, isIncidentOpen)
          : decide(state, presented, context),
    });
    const { outcome, epoch, signer } = decision;
    if (outcome.kind === 'refused') return outcome;
    const granted = { outcome, epoch, signer };
    return this.minter.answer(presented.familyId, granted, request.receivedAt);
  }

  /** What a text says of itself, if we minted it as this kind. It is attacker-controlled. */
  genuine(kind: PresentedToken['kind'], text: string): PresentedToken | undefined {
    const decoded = this.codec.decode(kind, text);
    if (decoded === undefined) return undefined;
    const { id, number, keyId, epoch } = decoded;
    return { kind, familyId: id as FamilyId, number, keyId, epoch };
  }

  /**
   * What is decided about a genuine token, once it is durable. Counts what was too much to be
   * recorded, and raises the alarm when the ledger has lost a family.
   */
  async decided<Outcome extends PresentationOutcome | RevocationOutcome>(
    presentation: GenuinePresentation<Outcome>,
  ): Promise<MintableDecision<Outcome>> {
    const { presented, caller, request } = presentation;
    const { familyId } = presented;
    const decided = await this.signing.execute<'family', Outcome>({
      kind: 'family',
      streamId: streamIdOf('family', familyId),
      project: DEFAULT_PROJECT,
      attribution: this.contexts.attribution(request),
      decide: (stream) => {
        const context = this.contexts.of(stream, caller, request);
        const actor = actorOf(context.client);
        const isIncidentOpen =
          stream.state === undefined && stream.find('incident', familyId) !== undefined;
        const { events, outcome, companions } = presentation.decide(
          stream.state,
          context,
          isIncidentOpen,
        );
        return { events, outcome, companions, actor };
      },
    });
    const { outcome } = decided;
    if (typeof outcome !== 'string') this.note(familyId, outcome, request);
    return decided;
  }

  private note(familyId: FamilyId, outcome: PresentationOutcome, request: RequestContext): void {
    if (outcome.counted !== undefined) this.counter.count(familyId, outcome.counted, request);
    if (outcome.kind === 'granted' || !rollbackReasons.has(outcome.reason)) return;
    this.logger.error(
      `A genuine token of family ${familyId} is unknown to this ledger: an old copy of it was restored.`,
    );
  }

  private async malformed({ kind, caller, request }: Presentation): Promise<TokenOutcome> {
    const client = await this.ledger.load('client', caller.clientId);
    const error = refusalOf(kind, caller, { client, receivedAt: request.receivedAt });
    return { kind: 'refused', error, reason: 'malformed_token' };
  }
}
