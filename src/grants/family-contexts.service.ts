import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newFamilyId } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DEFAULT_PROJECT, type StreamKind } from '../domain/identifiers.js';
import type { Caller, FamilyContext } from '../domain/token-family/family.decision.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { isOtherParty } from '../domain/token-family/other-party.rules.js';
import type { Attribution, LoadedStream } from '../ledger/ledger.port.js';
import { SigningKeyRing } from '../tokens/signing-key-ring.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { MASTER_KEYS } from '../vault/vault.tokens.js';
import type { RequestContext } from './request-context.js';

/** So many of a family's newest events are searched for the last rotation. */
const EVENTS_SEARCHED = 24;

/** Gathers what a decision on tokens may depend on, inside the flush that decides. */
@Injectable()
export class FamilyContexts {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(MASTER_KEYS) private readonly masterKeys: MasterKeys,
    private readonly ring: SigningKeyRing,
  ) {}

  /** The context of a decision on this stream, as its transaction sees it. */
  of(stream: LoadedStream<StreamKind>, caller: Caller, request: RequestContext): FamilyContext {
    const { subject, sessionId } = (stream.state ?? {}) as Partial<FamilyState>;
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
      session: () => (sessionId === undefined ? undefined : stream.find('session', sessionId)),
      accessTokenLifetime: this.settings.accessTokenLifetime,
      issuer: this.settings.issuer,
      signingKeyId: this.signingKeyId(),
      canSign: (keyId) => this.ring.canSign(keyId),
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

  private signingKeyId(): string {
    const keyId = this.ring.activeKeyId;
    if (keyId === undefined) throw new Error('there is no active signing key');
    return keyId;
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
