import {
  hasEndedWithSession,
  isEndedForGood,
  type RootedSession,
  withRoot,
} from '../directory/session.decider.js';
import type { RecordedEvent } from '../envelope.js';
import type { RejectionReason } from '../events/token-family.events.js';
import type { Instant, Position, StreamKind } from '../identifiers.js';
import { isVoidByAccount, isVoidByClient } from '../revocation/tokens-not-before.rules.js';
import type { StateOf } from '../streams.js';
import {
  type FamilyContext,
  familyEnd,
  ownersEnd,
  signedInAt,
} from '../token-family/family.decision.js';
import { type FamilyState, isAccessTokenRevoked } from '../token-family/family.state.js';
import { stateAfter, stateAt } from './state-difference.rules.js';

/** Events of one stream up to a moment, oldest first. */
export type Events = readonly RecordedEvent[];

/** All that a client depends on. */
export interface ClientGround {
  readonly client: Events;
  readonly project: Events;
}

/** All that an account depends on. */
export interface AccountGround {
  readonly account: Events;
  readonly project: Events;
}

/** All that a family depends on; no events where it has none. */
export interface FamilyGround extends ClientGround, AccountGround {
  readonly family: Events;
  /** Of the session that the family was granted in. */
  readonly session: Events;
  /** Of the root that this session names. */
  readonly rootSession: Events;
}

/** Why something was worth nothing, and the events that made it so. */
export interface Ending<Reason> {
  readonly reason: Reason;
  readonly by: readonly Position[];
}

/** Why an access token is worth nothing although it has not expired. */
export type AccessTokenEnd = RejectionReason | 'access_token_revoked';

type Owners = Pick<FamilyContext, 'client' | 'account' | 'project'>;

/** Why an access token of a family is worth nothing although it has not expired, if so. */
export function accessTokenEnd(
  family: FamilyState,
  sequence: number,
  owners: Owners & { readonly session: RootedSession | undefined },
): AccessTokenEnd | undefined {
  if (family.status === 'revoked') return 'family_revoked';
  if (isAccessTokenRevoked(family, sequence)) return 'access_token_revoked';
  if (hasEndedWithSession(family, owners.session)) return 'session_ended';
  return ownersEnd(family, owners);
}

/** The same with the events that made it so. */
export function accessTokenEnding(
  ground: FamilyGround,
  family: FamilyState,
  sequence: number,
): Ending<AccessTokenEnd> | undefined {
  const session = sessionIn(ground);
  const reason = accessTokenEnd(family, sequence, { ...ownersIn(ground), session });
  switch (reason) {
    case undefined:
      return undefined;
    case 'access_token_revoked':
      return {
        reason,
        by: since('family', ground.family, (state) => isAccessTokenRevoked(state, sequence)),
      };
    default:
      return familyEnding(ground, family, reason);
  }
}

/** Why the code of a family that nobody redeemed was worth nothing, if so: as its redemption asks. */
export function codeEnding(
  ground: FamilyGround,
  family: FamilyState,
  expiresAt: Instant,
  at: Instant,
): Ending<RejectionReason> | undefined {
  const isExpired = family.status !== 'revoked' && expiresAt <= at;
  if (isExpired) return { reason: 'code_expired', by: [] };
  const ending = refreshTokenEnding(ground, family, at);
  if (ending !== undefined || !hasEndedWithSession(family, sessionIn(ground))) return ending;
  return familyEnding(ground, family, 'session_ended');
}

/** Why the current refresh token of a family, or its code, was worth nothing, if so. */
export function refreshTokenEnding(
  ground: FamilyGround,
  family: FamilyState,
  at: Instant,
): Ending<RejectionReason> | undefined {
  const reason = familyEnd(family, at, ownersIn(ground));
  return reason && familyEnding(ground, family, reason);
}

/** Why a client could do nothing, if so. */
export function clientEnding(ground: ClientGround): Ending<RejectionReason> | undefined {
  return disabled('client', ground.client) ?? disabled('project', ground.project);
}

/** Whether an operator voided what a client was given at an instant, and by which events. */
export function clientVoid(
  { client }: ClientGround,
  givenAt: Instant,
): Ending<RejectionReason> | undefined {
  const by = since('client', client, (state) => isVoidByClient(givenAt, state));
  return by.length === 0 ? undefined : { reason: 'not_before', by };
}

/** Why an account could do nothing, if so. */
export function accountEnding(ground: AccountGround): Ending<RejectionReason> | undefined {
  return disabled('project', ground.project) ?? disabled('account', ground.account);
}

/** The event since which something has held of a stream without interruption; none: it never did. */
export function since<Kind extends StreamKind>(
  kind: Kind,
  events: Events,
  holds: (state: StateOf<Kind>) => boolean,
): readonly Position[] {
  let state: StateOf<Kind> | undefined;
  let began: readonly Position[] = [];
  for (const event of events) {
    state = stateAfter(kind, state, event);
    if (!holds(state)) began = [];
    else if (began.length === 0) began = [event.position];
  }
  return began;
}

/** What made a family, or an owner of it, end for this reason. */
function familyEnding(
  ground: FamilyGround,
  family: FamilyState,
  reason: RejectionReason,
): Ending<RejectionReason> {
  switch (reason) {
    case 'family_revoked':
      return { reason, by: since('family', ground.family, ({ status }) => status === 'revoked') };
    case 'expired_absolute':
      return { reason, by: firstOf(ground.family) };
    case 'client_disabled':
      return { reason, by: sinceInactive('client', ground.client) };
    case 'project_disabled':
      return { reason, by: sinceInactive('project', ground.project) };
    case 'account_disabled':
      return { reason, by: sinceInactive('account', ground.account) };
    case 'not_before':
      return { reason, by: sinceVoid(ground, family) };
    case 'session_ended':
      return { reason, by: sinceSessionEnded(ground) };
    default:
      // What issued the token says already when it expires idle.
      return { reason, by: [] };
  }
}

/** The first event, if there is one. */
export function firstOf(events: Events): readonly Position[] {
  return events.slice(0, 1).map(({ position }) => position);
}

type Disableable = 'client' | 'project' | 'account';

function disabled(kind: Disableable, events: Events): Ending<RejectionReason> | undefined {
  if (stateAt(kind, events)?.status === 'active') return undefined;
  return { reason: `${kind}_disabled`, by: sinceInactive(kind, events) };
}

function sinceInactive(kind: Disableable, events: Events): readonly Position[] {
  return since(kind, events, ({ status }) => status !== 'active');
}

/** The end of the session or of its root, whichever came first. */
function sinceSessionEnded({ session, rootSession }: FamilyGround): readonly Position[] {
  const ends = [session, rootSession].flatMap((events) => since('session', events, isEndedForGood));
  return ends.toSorted((one, other) => one - other).slice(0, 1);
}

/** The client's or the account's events since which the family was void; usually one of them. */
function sinceVoid({ client, account }: FamilyGround, family: FamilyState): readonly Position[] {
  const signedIn = signedInAt(family);
  return [
    ...since('client', client, (state) => isVoidByClient(family.grantedAt, state)),
    ...since('account', account, (state) => isVoidByAccount(signedIn, state)),
  ];
}

function sessionIn({ session, rootSession }: FamilyGround): RootedSession | undefined {
  return withRoot(stateAt('session', session), () => stateAt('session', rootSession));
}

function ownersIn({ client, account, project }: FamilyGround): Owners {
  return {
    client: stateAt('client', client),
    account: stateAt('account', account),
    project: stateAt('project', project),
  };
}
