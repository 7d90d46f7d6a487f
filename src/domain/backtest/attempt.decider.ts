import type { Decision } from '../decision.js';
import type { AccountState, ClientState, ProjectState } from '../directory/directory.state.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { FamilyId, Instant, Subject } from '../identifiers.js';
import { decideRedeemCode } from '../token-family/authorization-code.decider.js';
import type {
  Caller,
  FamilyContext,
  PresentationOutcome,
} from '../token-family/family.decision.js';
import type { FamilyState } from '../token-family/family.state.js';
import { decideRefresh } from '../token-family/refresh.decider.js';
import type { BacktestPolicy } from './backtest-policy.rules.js';
import {
  type AttemptOutcome,
  attemptOutcomeOf,
  type RecordedAttempt,
} from './recorded-attempt.rules.js';

/** Stands for what no event tells, and no outcome depends on. */
const UNTOLD = '';
const SECRET_ID = 'secret';
const EPOCH = 0;
const ACCOUNT: AccountState = {
  subject: UNTOLD as Subject,
  status: 'active',
  credentialId: UNTOLD,
  roles: [],
  usernameDigest: UNTOLD,
  tokensNotBefore: 0,
  createdAt: 0,
};
const PROJECT: ProjectState = { slug: UNTOLD, status: 'active' };

/** What an attempt comes to when it is decided again. */
export interface Redecided {
  readonly outcome: AttemptOutcome;
  readonly events: readonly EventOf<'family'>[];
}

/**
 * Decides a recorded attempt again, by the deciders themselves, on a family as it would have been. All
 * they ask for is rebuilt from the event. What was looked at only after the recorded refusal is taken
 * to be in order: the client authenticates, it and the owner are active, and no more is asked for than
 * was granted unless the event says so.
 */
export function decideAttempt(
  simulated: FamilyState,
  recorded: FamilyState,
  attempt: RecordedAttempt,
  policy: BacktestPolicy,
  recordedAt: Instant,
): Redecided {
  const { by } = attempt;
  const number = presentedNumber(simulated, recorded, attempt.generation);
  const context = contextOf(simulated, attempt, policy, recordedAt);
  const { events, outcome } = decide(simulated, attempt, number, context);
  const again = attemptOutcomeOf(outcome);
  const isRedemption = attempt.kind === 'code' && again === 'issued';
  const isUnconstrained = by.authMethod === 'none' && by.senderKey === undefined;
  if (policy.requireSenderConstraint === true && isRedemption && isUnconstrained) {
    return { outcome: 'refused:sender_mismatch', events: [] };
  }
  return { outcome: again, events };
}

function decide(
  state: FamilyState,
  { kind, by, fault }: RecordedAttempt,
  number: number,
  context: FamilyContext,
): Decision<'family', PresentationOutcome> {
  const { clientId, code } = state;
  const { authMethod, senderKey } = by;
  const caller: Caller = { clientId, authMethod, provenSecretId: SECRET_ID, senderKey };
  const presented = { kind, number, familyId: UNTOLD as FamilyId, keyId: UNTOLD, epoch: EPOCH };
  const asked = { presented, caller, fault };
  if (kind === 'refresh') return decideRefresh(state, asked, context);
  const proofs = { redirectUri: code?.redirectUri, verifierChallenge: code?.codeChallenge };
  return decideRedeemCode(state, { ...asked, ...proofs }, context);
}

/**
 * The token that whoever presented this generation would have presented. Where refresh tokens do not
 * rotate there is one, so that all who present any present that. Where they did not, nothing tells an
 * older copy from the newest: it is taken for the newest.
 */
function presentedNumber(
  simulated: FamilyState,
  recorded: FamilyState,
  generation: number,
): number {
  const behind = (recorded.generation ?? 0) - generation;
  const isFixed = simulated.policy.rotation === 'fixed';
  return (simulated.generation ?? 0) - (isFixed ? Math.min(behind, 0) : behind);
}

function contextOf(
  state: FamilyState,
  { by, token, requestHash = UNTOLD, isOtherParty }: RecordedAttempt,
  policy: BacktestPolicy,
  recordedAt: Instant,
): FamilyContext {
  return {
    receivedAt: by.receivedAt,
    recordedAt,
    epoch: EPOCH,
    client: clientOf(state, by.authMethod),
    account: ACCOUNT,
    project: PROJECT,
    session: () => undefined,
    accessTokenLifetime: policy.accessTokenLifetime ?? lifetimeOf(token),
    issuer: UNTOLD,
    signingKeyId: UNTOLD,
    // The answer of a retry that had to be minted was not there, or could not be signed any more.
    canSign: () => token === undefined,
    refreshKeyId: UNTOLD,
    policyRevision: by.policyRevision,
    incidentId: UNTOLD,
    // A decision digests nothing but the request, and of that the digest is what is recorded.
    digest: () => requestHash,
    isOtherParty: () => isOtherParty,
  };
}

function lifetimeOf(token: AccessTokenFacts | undefined): number {
  return token === undefined ? 0 : token.expiresAt - token.issuedAt;
}

function clientOf(
  { clientId }: FamilyState,
  authMethod: ClientState['metadata']['authMethod'],
): ClientState {
  return {
    clientId,
    status: 'active',
    metadata: {
      name: UNTOLD,
      applicationType: 'web',
      redirectUris: [],
      grantTypes: ['authorization_code', 'refresh_token'],
      authMethod,
      scope: null,
      policy: {},
    },
    secretId: SECRET_ID,
    firstParty: false,
    verified: true,
    operatorScopes: [],
    mayIntrospect: false,
    resources: [],
    registeredAt: 0,
  };
}
