import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newFamilyId } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type {
  AccountState,
  ClientState,
  ProjectState,
} from '../domain/directory/directory.state.js';
import { type RootedSession, withRoot } from '../domain/directory/session.decider.js';
import { DEFAULT_PROJECT, type Instant, type StreamKind } from '../domain/identifiers.js';
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
    return new ReadContext(
      stream,
      caller,
      request,
      owner,
      this.settings,
      this.masterKeys.activeKeyId,
      this.signing,
    );
  }

  /** What an event says of its request; who acted is said by the decision. */
  attribution({ correlationId, origin }: RequestContext): Attribution {
    return { actor: actorOf(undefined), correlationId, origin };
  }
}

/**
 * A context that reads what few decisions need when it is first asked for. It is a class because there is
 * one for every decision: an object literal with accessors is ten times as dear.
 */
class ReadContext implements FamilyContext {
  readonly receivedAt: Instant;
  readonly recordedAt: Instant;
  readonly epoch: number;
  readonly client: ClientState | undefined;
  readonly account: AccountState | undefined;
  readonly project: ProjectState | undefined;
  readonly accessTokenLifetime: number;
  readonly issuer: string;
  readonly policyRevision: string;
  private madeIncidentId: string | undefined;

  constructor(
    private readonly stream: LoadedStream<StreamKind>,
    caller: Caller,
    private readonly request: RequestContext,
    private readonly owner: FamilyOwner,
    settings: Settings,
    readonly refreshKeyId: string,
    private readonly signing: TokenSigning,
  ) {
    const { subject } = owner;
    this.receivedAt = request.receivedAt;
    this.recordedAt = stream.recordedAt;
    this.epoch = stream.epoch;
    this.client = stream.find('client', caller.clientId);
    this.account = subject === undefined ? undefined : stream.find('account', subject);
    this.project = stream.find('project', DEFAULT_PROJECT);
    this.accessTokenLifetime = settings.accessTokenLifetime;
    this.issuer = settings.issuer;
    this.policyRevision = settings.policyRevision;
  }

  get incidentId(): string {
    return (this.madeIncidentId ??= newFamilyId());
  }

  get signingKeyId(): string {
    return this.signing.signingKeyId(this.stream);
  }

  session(): RootedSession | undefined {
    const { sessionId } = this.owner;
    const find = (id: string) => this.stream.find('session', id);
    return sessionId === undefined ? undefined : withRoot(find(sessionId), find);
  }

  canSign(keyId: string): boolean {
    return this.signing.canSign(this.stream, keyId);
  }

  digest(text: string): string {
    return hash('sha256', text, 'base64url');
  }

  isOtherParty(): boolean {
    return isFromOtherParty(this.stream, this.request);
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
