import {
  decideIssueGrant,
  decideRedeemCode,
} from '../../src/domain/token-family/authorization-code.decider.js';
import type { FamilyContext } from '../../src/domain/token-family/family.decision.js';
import type { FamilyState } from '../../src/domain/token-family/family.state.js';
import { decideRefresh } from '../../src/domain/token-family/refresh.decider.js';
import type { FamilyId } from '../../src/domain/identifiers.js';
import type { Attribution, Ledger, LoadedStream } from '../../src/ledger/ledger.port.js';
import {
  callerOf,
  CODE_CHALLENGE,
  contextOf,
  DAY,
  MINUTE,
  PHOTOS_API,
  photoApp,
  REDIRECT_URI,
  REFRESH_KEY_ID,
  SCOPE,
  SECOND,
  SUBJECT,
} from './domain-world.js';
import { ATTRIBUTION, decideOn, ORIGIN } from './ledger-executions.js';

const caller = callerOf(photoApp);
let incidents = 0;
const FROM_BROWSER: Attribution = { ...ATTRIBUTION, actor: 'client:photo-app', origin: ORIGIN };

/** What a refresh came to: the generation it got, or why it got none. */
export interface Refreshed {
  readonly how: string;
  readonly generation: number | null | undefined;
}

/** Whose family is begun, and where the requests come from; where it does not matter, absent. */
export interface Begun {
  readonly subject?: string;
  readonly attribution?: Attribution;
}

/** Grants a family and redeems its code: generation 0. */
export async function beginFamily(
  ledger: Ledger,
  id: string,
  { subject = SUBJECT, attribution = FROM_BROWSER }: Begun = {},
): Promise<void> {
  await decideOn(
    ledger,
    'family',
    id,
    (stream) =>
      decideIssueGrant(
        stream.state,
        {
          caller,
          subject,
          sessionId: 'session-1',
          scope: SCOPE,
          resources: [PHOTOS_API],
          authTime: stream.recordedAt,
          amr: ['pwd'],
          policy: {
            rotation: 'rotate',
            retryWindow: 30 * SECOND,
            retryUntilUsed: false,
            idle: 30 * DAY,
            onReuse: 'revoke_family',
          },
          absoluteLifetime: 180 * DAY,
          codeLifetime: MINUTE,
          code: { redirectUri: REDIRECT_URI, codeChallenge: CODE_CHALLENGE },
        },
        contextFor(stream, id),
      ),
    { attribution },
  );
  const presented = presentedToken('code', id, 0);
  const proofs = { redirectUri: REDIRECT_URI, verifierChallenge: CODE_CHALLENGE };
  await decideOn(
    ledger,
    'family',
    id,
    (stream) =>
      decideRedeemCode(begun(stream), { ...proofs, presented, caller }, contextFor(stream, id)),
    { attribution },
  );
}

/** Presents the refresh token of this generation. */
export function refreshFamily(
  ledger: Ledger,
  id: string,
  generation: number,
  attribution: Attribution = FROM_BROWSER,
): Promise<Refreshed> {
  const presented = presentedToken('refresh', id, generation);
  return decideOn(
    ledger,
    'family',
    id,
    (stream) => {
      const decision = decideRefresh(begun(stream), { presented, caller }, contextFor(stream, id));
      const { outcome } = decision;
      const refreshed =
        outcome.kind === 'granted'
          ? { how: outcome.how, generation: outcome.generation }
          : { how: outcome.reason, generation: undefined };
      return { ...decision, outcome: refreshed };
    },
    { attribution },
  );
}

function contextFor(stream: LoadedStream<'family'>, id: string): FamilyContext {
  const { recordedAt, epoch } = stream;
  const instants = { receivedAt: recordedAt, recordedAt };
  incidents += 1;
  return contextOf(caller, instants, { epoch, incidentId: `${id}-incident-${incidents}` });
}

function begun({ state }: LoadedStream<'family'>): FamilyState {
  if (state === undefined) throw new Error('the family has not begun');
  return state;
}

function presentedToken<Kind extends 'code' | 'refresh'>(kind: Kind, id: string, number: number) {
  return { kind, familyId: id as FamilyId, number, keyId: REFRESH_KEY_ID, epoch: 0 };
}
