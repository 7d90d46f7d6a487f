import {
  hasEndedWithSession,
  isEndedForGood,
  type RootedSession,
  withRoot,
} from '../directory/session.decider.js';
import type { RejectionReason } from '../events/token-family.events.js';
import type { Instant, Position } from '../identifiers.js';
import {
  isVoidByAccount,
  isVoidByClient,
  isVoidBySigningKey,
} from '../revocation/tokens-not-before.rules.js';
import { type FamilyContext, familyEnd, ownersEnd } from '../token-family/family.decision.js';
import { type FamilyState, isAccessTokenRevoked } from '../token-family/family.state.js';
import type { FamilyCourse } from './family-course.rules.js';
import type { Course, Watches } from './stream-course.rules.js';

/** All that a client depends on. */
export interface ClientGround {
  readonly client: Course<'client', 'inactive' | 'void'>;
  readonly project: Course<'project', 'inactive'>;
}

/** All that an account depends on. */
export interface AccountGround {
  readonly account: Course<'account', 'inactive' | 'void'>;
  readonly project: Course<'project', 'inactive'>;
}

/** What an access token depends on besides: what it was signed with; not begun where none is asked about. */
export interface SigningKeyGround {
  readonly signingKey: Course<'signing_key', 'void'>;
}

/** All that a family depends on; what has not begun where it has none. */
export interface FamilyGround extends ClientGround, AccountGround, SigningKeyGround {
  readonly family: FamilyCourse;
  /** The session that the family was granted in. */
  readonly session: Course<'session', 'ended'>;
  /** The root that this session names. */
  readonly rootSession: Course<'session', 'ended'>;
}

/** What is watched for in a project. */
export const PROJECT_WATCHES: Watches<'project', 'inactive'> = { inactive: isInactive };

/** What is watched for in a session. */
export const SESSION_WATCHES: Watches<'session', 'ended'> = { ended: isEndedForGood };

/** What is watched for in a client; `givenAt`: when what is asked about was given to it. */
export function clientWatches(givenAt = Infinity): Watches<'client', 'inactive' | 'void'> {
  return { inactive: isInactive, void: (client) => isVoidByClient(givenAt, client) };
}

/** What is watched for in an account; `signedIn`: when what is asked about began with a sign-in. */
export function accountWatches(signedIn = Infinity): Watches<'account', 'inactive' | 'void'> {
  return { inactive: isInactive, void: (account) => isVoidByAccount(signedIn, account) };
}

/** What is watched for in a signing key; `signedAt`: when it signed what is asked about. */
export function signingKeyWatches(signedAt = Infinity): Watches<'signing_key', 'void'> {
  return { void: (key) => isVoidBySigningKey(signedAt, key) };
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
      return signingKeyVoid(ground);
    case 'access_token_revoked':
      return { reason, by: ground.family.since.accessTokenRevoked };
    default:
      return familyEnding(ground, reason);
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
  return familyEnding(ground, 'session_ended');
}

/** Why the current refresh token of a family, or its code, was worth nothing, if so. */
export function refreshTokenEnding(
  ground: FamilyGround,
  family: FamilyState,
  at: Instant,
): Ending<RejectionReason> | undefined {
  const reason = familyEnd(family, at, ownersIn(ground));
  return reason && familyEnding(ground, reason);
}

/** Why a client could do nothing, if so. */
export function clientEnding(ground: ClientGround): Ending<RejectionReason> | undefined {
  return disabled('client', ground.client) ?? disabled('project', ground.project);
}

/** Whether an operator voided what the client was given, and by which events. */
export function clientVoid({ client }: ClientGround): Ending<RejectionReason> | undefined {
  const by = client.since.void;
  return by.length === 0 ? undefined : { reason: 'not_before', by };
}

/** Whether an operator voided what the key had signed, and by which events. */
export function signingKeyVoid({
  signingKey,
}: SigningKeyGround): Ending<RejectionReason> | undefined {
  const by = signingKey.since.void;
  return by.length === 0 ? undefined : { reason: 'not_before', by };
}

/** Why an account could do nothing, if so. */
export function accountEnding(ground: AccountGround): Ending<RejectionReason> | undefined {
  return disabled('project', ground.project) ?? disabled('account', ground.account);
}

/** What made a family, or an owner of it, end for this reason. */
function familyEnding(
  { family, session, rootSession, client, account, project }: FamilyGround,
  reason: RejectionReason,
): Ending<RejectionReason> {
  switch (reason) {
    case 'family_revoked':
      return { reason, by: family.since.revoked };
    case 'expired_absolute':
      return { reason, by: family.began };
    case 'client_disabled':
      return { reason, by: client.since.inactive };
    case 'project_disabled':
      return { reason, by: project.since.inactive };
    case 'account_disabled':
      return { reason, by: account.since.inactive };
    case 'not_before':
      // Usually one of them.
      return { reason, by: [...client.since.void, ...account.since.void] };
    case 'session_ended':
      return { reason, by: earlierOf(session.since.ended, rootSession.since.ended) };
    default:
      // What issued the token says already when it expires idle.
      return { reason, by: [] };
  }
}

type Disableable = 'client' | 'project' | 'account';

function disabled(
  kind: Disableable,
  { state, since }: Course<Disableable, 'inactive'>,
): Ending<RejectionReason> | undefined {
  if (state?.status === 'active') return undefined;
  return { reason: `${kind}_disabled`, by: since.inactive };
}

function isInactive({ status }: { readonly status: string }): boolean {
  return status !== 'active';
}

/** The end of the session or of its root, whichever came first. */
function earlierOf(...ends: readonly (readonly Position[])[]): readonly Position[] {
  return ends
    .flat()
    .sort((one, other) => one - other)
    .slice(0, 1);
}

function sessionIn({ session, rootSession }: FamilyGround): RootedSession | undefined {
  return withRoot(session.state, () => rootSession.state);
}

function ownersIn({ client, account, project }: FamilyGround): Owners {
  return { client: client.state, account: account.state, project: project.state };
}
