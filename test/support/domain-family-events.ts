import type { EventOf } from '../../src/domain/events/event-catalogue.js';
import type { AccessTokenFacts, By } from '../../src/domain/events/field-schemas.js';
import type { FamilyPolicy } from '../../src/domain/events/token-family.events.js';
import type { Instant } from '../../src/domain/identifiers.js';
import type { RecordedFamilyEvent } from '../../src/domain/token-family/family.evolve.js';
import {
  CODE_CHALLENGE,
  DAY,
  digest,
  GRANTED_AT,
  MINUTE,
  PHOTOS_API,
  photoApp,
  REDEEMED_AT,
  REDIRECT_URI,
  REFRESH_KEY_ID,
  rotatedAt,
  SCOPE,
  SECOND,
  SIGNING_KEY_ID,
  SUBJECT,
} from './domain-world.js';

/** The name of an event of a family. */
export type FamilyEventType = EventOf<'family'>['type'];
/** The data of an event of a family. */
export type FamilyData<Type extends FamilyEventType> = Extract<
  EventOf<'family'>,
  { type: Type }
>['data'];

/** The rules that the default family lives by. */
export const POLICY: FamilyPolicy = {
  rotation: 'rotate',
  retryWindow: 30 * SECOND,
  retryUntilUsed: false,
  idle: 30 * DAY,
  onReuse: 'revoke_family',
};

/** A request of the default client, as events record it. */
export function by(receivedAt: Instant): By {
  return {
    clientId: photoApp.clientId,
    clientAuthenticated: true,
    authMethod: 'none',
    policyRevision: 'policy-1',
    receivedAt,
  };
}

/** An access token as the default family gets it. */
export function accessToken(
  sequence: number,
  issuedAt: Instant,
  overrides: Partial<AccessTokenFacts> = {},
): AccessTokenFacts {
  return {
    sequence,
    format: 'jwt',
    issuedAt,
    expiresAt: issuedAt + 10 * MINUTE,
    scope: SCOPE,
    audience: [PHOTOS_API],
    signingKeyId: SIGNING_KEY_ID,
    ...overrides,
  };
}

/** The hash of a request for all that the default family was granted. */
export const WHOLE_GRANT = digest(JSON.stringify({ audience: [PHOTOS_API], scope: SCOPE }));

/** The family begins: an authorization code was issued. */
export function granted(
  overrides: Partial<Omit<FamilyData<'GrantIssued'>, 'policy'>> & {
    policy?: Partial<FamilyPolicy>;
  } = {},
  at: Instant = GRANTED_AT,
): RecordedFamilyEvent {
  return {
    type: 'GrantIssued',
    recordedAt: at,
    data: {
      ...by(at),
      subject: SUBJECT,
      sessionId: 'session-1',
      grantType: 'authorization_code',
      scope: SCOPE,
      resources: [PHOTOS_API],
      offline: true,
      authTime: at,
      amr: ['pwd'],
      absoluteExpiresAt: at + 180 * DAY,
      code: {
        expiresAt: at + MINUTE,
        keyId: REFRESH_KEY_ID,
        redirectUri: REDIRECT_URI,
        codeChallenge: CODE_CHALLENGE,
      },
      ...overrides,
      policy: { ...POLICY, ...overrides.policy },
    },
  };
}

/** The code was exchanged for access token 0 and refresh token 0. */
export function redeemed(
  overrides: Partial<FamilyData<'GrantRedeemed'>> = {},
  at: Instant = REDEEMED_AT,
): RecordedFamilyEvent {
  return {
    type: 'GrantRedeemed',
    recordedAt: at,
    data: {
      ...by(at),
      generation: 0,
      keyId: REFRESH_KEY_ID,
      idleExpiresAt: at + POLICY.idle,
      token: accessToken(0, at),
      idToken: true,
      ...overrides,
    },
  };
}

/** The refresh token before this generation was used; it got the access token of the same number. */
export function rotatedTo(
  generation: number,
  overrides: Partial<FamilyData<'RefreshTokenRotated'>> = {},
  at: Instant = rotatedAt(generation),
): RecordedFamilyEvent {
  return {
    type: 'RefreshTokenRotated',
    recordedAt: at,
    data: {
      ...by(at),
      presentedGeneration: generation - 1,
      age: Math.max(0, at - rotatedAt(generation - 1)),
      generation,
      keyId: REFRESH_KEY_ID,
      idleExpiresAt: at + POLICY.idle,
      requestHash: WHOLE_GRANT,
      token: accessToken(generation, at),
      idToken: true,
      ...overrides,
    },
  };
}

/** The default history up to this generation, from the grant on. */
export function familyAt(
  generation: number,
  policy: Partial<FamilyPolicy> = {},
): RecordedFamilyEvent[] {
  const rotations = Array.from({ length: generation }, (_, index) => rotatedTo(index + 1));
  return [granted({ policy }), redeemed(), ...rotations];
}

/** A new access token under the refresh token 0 of a family that keeps it. */
export function refreshed(
  sequence: number,
  at: Instant = rotatedAt(sequence),
): RecordedFamilyEvent {
  return {
    type: 'AccessTokenRefreshed',
    recordedAt: at,
    data: {
      ...by(at),
      generation: 0,
      age: 10 * MINUTE,
      idleExpiresAt: at + POLICY.idle,
      requestHash: WHOLE_GRANT,
      token: accessToken(sequence, at),
      idToken: true,
    },
  };
}

/** The refresh token before the current one came again and got the current one again. */
export function retried(
  presentedGeneration: number,
  overrides: Partial<FamilyData<'RefreshRetried'>> = {},
  at: Instant = rotatedAt(presentedGeneration + 1) + SECOND,
): RecordedFamilyEvent {
  return {
    type: 'RefreshRetried',
    recordedAt: at,
    data: {
      ...by(at),
      presentedGeneration,
      age: at - rotatedAt(presentedGeneration + 1),
      requestHash: WHOLE_GRANT,
      servedSequence: overrides.token?.sequence ?? presentedGeneration + 1,
      ...overrides,
    },
  };
}

/** A refresh token of this generation was refused. */
export function rejected(
  presentedGeneration: number,
  reason: FamilyData<'RefreshRejected'>['reason'],
  at: Instant,
): RecordedFamilyEvent {
  return {
    type: 'RefreshRejected',
    recordedAt: at,
    data: { ...by(at), kind: 'refresh', presentedGeneration, reason },
  };
}

/** The family ended. */
export function revoked(
  at: Instant,
  reason: FamilyData<'FamilyRevoked'>['reason'] = 'operator_request',
  incidentId?: string,
): RecordedFamilyEvent {
  return {
    type: 'FamilyRevoked',
    recordedAt: at,
    data: { reason, incidentId, actor: 'operator' },
  };
}

/** One access token ended before it expired. */
export function accessTokenRevoked(
  sequence: number,
  at: Instant,
  expiresAt: Instant = at + 10 * MINUTE,
): RecordedFamilyEvent {
  return {
    type: 'AccessTokenRevoked',
    recordedAt: at,
    data: { sequence, expiresAt, reason: 'client_request' },
  };
}
