import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newFamilyId } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { withRoot } from '../domain/directory/session.decider.js';
import { DEFAULT_PROJECT, type StreamKind } from '../domain/identifiers.js';
import type { Caller, FamilyContext } from '../domain/token-family/family.decision.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { isOtherParty } from '../domain/token-family/other-party.rules.js';
import type { Attribution, LoadedStream } from '../ledger/ledger.port.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { MASTER_KEYS } from '../vault/vault.tokens.js';
import type { RequestContext } from './request-context.js';
import { TokenSigning } from './token-signing.service.js';

/** So many of a family's newest events are searched for the last rotation. */
const EVENTS_SEARCHED = 24;

interface FamilyOwner {
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** Gathers what a decision on tokens may depend on, inside the flush that decides. */
@Injectable()
export class FamilyContexts {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(MASTER_KEYS) private readonly masterKeys: MasterKeys,
    private readonly signing: TokenSigning,
  ) {}

  /** The context of a decision on this stream, as its transaction sees it. */
  of(
    stream: LoadedStream<StreamKind>,
    caller: Caller,
    request: RequestContext,
    /** Whose the family is to be, where there is none yet. */
    owner: FamilyOwner = (stream.state ?? {}) as Partial<FamilyState>,
  ): FamilyContext {
    const { subject, sessionId } = owner;
    const { signing } = this;
    let incidentId: string | undefined;
    return {
      // Most decisions need none: it is made when it is first asked for.
      get incidentId() {
        return (incidentId ??= newFamilyId());
      },
      receivedAt: request.receivedAt,
      recordedAt: stream.recordedAt,
      epoch: stream.epoch,
      client: stream.find('client', caller.clientId),
      account: subject === undefined ? undefined : stream.find('account', subject),
      project: stream.find('project', DEFAULT_PROJECT),
      session: () => {
        const find = (id: string) => stream.find('session', id);
        return sessionId === undefined ? undefined : withRoot(find(sessionId), find);
      },
      accessTokenLifetime: this.settings.accessTokenLifetime,
      issuer: this.settings.issuer,
      get signingKeyId() {
        return signing.signingKeyId(stream);
      },
      canSign: (keyId) => signing.canSign(stream, keyId),
      refreshKeyId: this.masterKeys.activeKeyId,
      policyRevision: this.settings.policyRevision,
      digest: (text) => hash('sha256', text, 'base64url'),
      isOtherParty: () => isFromOtherParty(stream, request),
    };
  }

  /** What an event says of its request; who acted is said by the decision. */
  attribution({ correlationId, origin }: RequestContext): Attribution {
    return { actor: actorOf(undefined), correlationId, origin };
  }
}

/** Who is said to have acted. Only a registered client's id is named: others are free text. */
export function actorOf(client: { readonly clientId: string } | undefined): string {
  return client === undefined ? 'anonymous' : `client:${client.clientId}`;
}

function isFromOtherParty(stream: LoadedStream<StreamKind>, request: RequestContext): boolean {
  if (request.origin === undefined) return false;
  const rotation = stream
    .recent(EVENTS_SEARCHED)
    .find(({ event }) => event.type === 'RefreshTokenRotated');
  return rotation?.origin !== undefined && isOtherParty(rotation.origin, request.origin);
}
