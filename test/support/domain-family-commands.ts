import type { Decision } from '../../src/domain/decision.js';
import type { RequestFault } from '../../src/domain/token-family/access-token.rules.js';
import {
  decideIssueGrant,
  decideRedeemCode,
  type GrantOutcome,
  type IssueGrant,
  type RedeemCode,
} from '../../src/domain/token-family/authorization-code.decider.js';
import type {
  Caller,
  FamilyContext,
  PresentationOutcome,
  PresentedToken,
  Refused,
} from '../../src/domain/token-family/family.decision.js';
import type { FamilyState } from '../../src/domain/token-family/family.state.js';
import { decideRefresh } from '../../src/domain/token-family/refresh.decider.js';
import {
  decideRevokeAccessToken,
  decideRevokeFamily,
  type RevocationOutcome,
  type RevokeAccessToken,
  type RevokeFamily,
} from '../../src/domain/token-family/revocation.decider.js';
import { decideRevokeRefreshToken } from '../../src/domain/token-family/token-revocation.decider.js';
import { POLICY } from './domain-family-events.js';
import {
  callerOf,
  CODE_CHALLENGE,
  DAY,
  FAMILY_ID,
  GRANTED_AT,
  MINUTE,
  PHOTOS_API,
  photoApp,
  REDIRECT_URI,
  REFRESH_KEY_ID,
  SCOPE,
  SUBJECT,
} from './domain-world.js';

/** Something that is asked of a family, and the decider that answers it. */
export interface FamilyCommand<Outcome> {
  readonly caller: Caller;
  readonly decide: (
    state: FamilyState | undefined,
    context: FamilyContext,
  ) => Decision<'family', Outcome>;
}

/** A refresh token is presented; unless said otherwise by the default client, for the whole grant. */
export function refresh(command: {
  generation: number;
  caller?: Caller;
  scope?: readonly string[];
  resources?: readonly string[];
  fault?: RequestFault;
  epoch?: number;
}): FamilyCommand<PresentationOutcome> {
  const { generation, caller = callerOf(photoApp), epoch = 0, ...request } = command;
  const presented = presentedRefreshToken(generation, epoch);
  return {
    caller,
    decide: (state, context) =>
      decideRefresh(existing(state), { ...request, presented, caller }, context),
  };
}

/** The authorization code is presented; unless said otherwise as it should be. */
export function redeemCode(
  command: Partial<Omit<RedeemCode, 'presented'>> & { epoch?: number } = {},
): FamilyCommand<PresentationOutcome> {
  const { caller = callerOf(photoApp), epoch = 0, ...rest } = command;
  const presented = {
    kind: 'code',
    familyId: FAMILY_ID,
    number: 0,
    keyId: REFRESH_KEY_ID,
    epoch,
  } as const;
  const proofs = { redirectUri: REDIRECT_URI, verifierChallenge: CODE_CHALLENGE };
  return {
    caller,
    decide: (state, context) =>
      decideRedeemCode(existing(state), { ...proofs, ...rest, presented, caller }, context),
  };
}

/** A resource owner authorized the default client. */
export function issueGrant(command: Partial<IssueGrant> = {}): FamilyCommand<GrantOutcome> {
  const caller = callerOf(photoApp);
  return {
    caller,
    decide: (state, context) =>
      decideIssueGrant(
        state,
        {
          caller,
          subject: SUBJECT,
          sessionId: 'session-1',
          scope: SCOPE,
          resources: [PHOTOS_API],
          authTime: GRANTED_AT,
          amr: ['pwd'],
          policy: POLICY,
          absoluteLifetime: 180 * DAY,
          codeLifetime: MINUTE,
          code: { redirectUri: REDIRECT_URI, codeChallenge: CODE_CHALLENGE },
          ...command,
        },
        context,
      ),
  };
}

/** A refresh token is given back; unless said otherwise by the default client. */
export function revokeRefreshToken(command: {
  generation: number;
  caller?: Caller;
  epoch?: number;
}): FamilyCommand<RevocationOutcome | Refused> {
  const { generation, caller = callerOf(photoApp), epoch = 0 } = command;
  const presented = presentedRefreshToken(generation, epoch);
  return {
    caller,
    decide: (state, context) =>
      decideRevokeRefreshToken(state, { presented, caller }, context, false),
  };
}

/** What a genuine refresh token of the family says of itself. */
export function presentedRefreshToken(generation: number, epoch = 0): PresentedToken {
  return {
    kind: 'refresh',
    familyId: FAMILY_ID,
    number: generation,
    keyId: REFRESH_KEY_ID,
    epoch,
  };
}

/** Someone ends the family. */
export function revokeFamily(
  command: Partial<RevokeFamily> = {},
): FamilyCommand<RevocationOutcome> {
  return {
    caller: callerOf(photoApp),
    decide: (state) =>
      decideRevokeFamily(state, { reason: 'operator_request', actor: 'operator', ...command }),
  };
}

/** Someone ends one access token. */
export function revokeAccessToken(command: RevokeAccessToken): FamilyCommand<RevocationOutcome> {
  return { caller: callerOf(photoApp), decide: (state) => decideRevokeAccessToken(state, command) };
}

function existing(state: FamilyState | undefined): FamilyState {
  if (state === undefined) throw new Error('no family is given');
  return state;
}
