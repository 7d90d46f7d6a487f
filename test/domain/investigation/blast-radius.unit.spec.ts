import { describe, expect, it } from '@jest/globals';
import { blastRadiusOf } from '../../../src/domain/investigation/blast-radius.rules.js';
import { causeOf } from '../../../src/domain/investigation/incident-cause.rules.js';
import type { InvestigatedIncident } from '../../../src/domain/investigation/incident-presentation.rules.js';
import { redeemCode, refresh } from '../../support/domain-family-commands.js';
import {
  accessToken,
  accessTokenRevoked,
  familyAt,
  granted,
  redeemed,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  callerOf,
  FAMILY_ID,
  GRANTED_AT,
  INCIDENT_ID,
  MINUTE,
  otherApp,
  PHOTOS_API,
  REDEEMED_AT,
  rotatedAt,
  SCOPE,
  SECOND,
  SIGNING_KEY_ID,
} from '../../support/domain-world.js';
import { ELSEWHERE, HOME, MOBILE, place, told, type ToldFamily } from './told-families.js';

const PRINTS_API = 'https://api.example.com/prints';

function radius(kind: InvestigatedIncident['kind'], { events }: ToldFamily) {
  return blastRadiusOf({ id: INCIDENT_ID, kind }, events);
}

describe('what a reused refresh token can have given away', () => {
  const reusedAt = rotatedAt(3) + MINUTE;
  const narrow = { scope: ['photos:print'], audience: [PRINTS_API] };
  const family = told(HOME, ...familyAt(1))
    .and(HOME, rotatedTo(2, { token: accessToken(2, rotatedAt(2), narrow) }))
    .and(HOME, rotatedTo(3, { token: accessToken(3, rotatedAt(3), { senderKey: 'key-1' }) }))
    .and(HOME, accessTokenRevoked(3, rotatedAt(3) + SECOND))
    .when(refresh({ generation: 1 }), { receivedAt: reusedAt, from: ELSEWHERE });

  it('is every access token since the token was consumed', () => {
    const shared = { signingKeyId: SIGNING_KEY_ID, generation: 2, position: place(3) };
    expect(radius('refresh_token_reuse', family)).toStrictEqual({
      fork: { position: place(3), at: rotatedAt(2) },
      familyEndedAt: reusedAt,
      measuredAt: reusedAt,
      accessTokens: [
        {
          ...shared,
          jti: `${FAMILY_ID}.2`,
          sequence: 2,
          issuedAt: rotatedAt(2),
          expiresAt: rotatedAt(3),
          ...narrow,
          senderKey: null,
          revoked: null,
          isUnexpired: false,
        },
        {
          ...shared,
          jti: `${FAMILY_ID}.3`,
          sequence: 3,
          generation: 3,
          position: place(4),
          issuedAt: rotatedAt(3),
          expiresAt: rotatedAt(4),
          scope: SCOPE,
          audience: [PHOTOS_API],
          senderKey: 'key-1',
          revoked: { at: rotatedAt(3) + SECOND, position: place(5), reason: 'client_request' },
          isUnexpired: true,
        },
      ],
      accessTokenCount: 2,
      scopes: ['offline_access', 'openid', 'photos:print', 'photos:read'],
      audiences: [PHOTOS_API, PRINTS_API],
      longestRemainingLife: 9 * MINUTE,
      isComplete: true,
    });
  });

  it('has no life left when all of it had expired', () => {
    const late = told(HOME, ...familyAt(1)).when(refresh({ generation: 0 }), {
      receivedAt: rotatedAt(2),
    });
    expect(radius('refresh_token_reuse', late)).toMatchObject({
      accessTokens: [{ sequence: 1, isUnexpired: false }],
      longestRemainingLife: 0,
    });
    const early = told(HOME, ...familyAt(1)).when(refresh({ generation: 0 }), {
      receivedAt: rotatedAt(2) - 1,
    });
    expect(radius('refresh_token_reuse', early)).toMatchObject({
      accessTokens: [{ sequence: 1, isUnexpired: true }],
      longestRemainingLife: 1,
    });
  });

  it('is not known without the presentation', () => {
    const incident = { id: 'another', kind: 'refresh_token_reuse' } as const;
    expect(blastRadiusOf(incident, family.events)).toBeUndefined();
  });
});

describe('what a replayed code can have given away', () => {
  it('is everything since its first redemption', () => {
    const family = told(HOME, ...familyAt(1)).when(redeemCode(), {
      receivedAt: rotatedAt(1) + SECOND,
      from: ELSEWHERE,
    });
    expect(radius('code_reuse', family)).toMatchObject({
      fork: { position: place(1), at: REDEEMED_AT },
      accessTokens: [{ sequence: 0 }, { sequence: 1 }],
    });
  });
});

describe('what a refused token can have given away', () => {
  const caller = callerOf(otherApp);

  it('is nothing when nothing had consumed it', () => {
    const family = told(HOME, ...familyAt(1)).when(refresh({ generation: 1, caller }), {
      receivedAt: rotatedAt(1) + SECOND,
      from: ELSEWHERE,
    });
    expect(radius('foreign_client', family)).toStrictEqual({
      fork: null,
      familyEndedAt: null,
      measuredAt: rotatedAt(1) + SECOND,
      accessTokens: [],
      accessTokenCount: 0,
      scopes: [],
      audiences: [],
      longestRemainingLife: 0,
      isComplete: true,
    });
  });

  it('is nothing although its owner used it later', () => {
    const family = told(HOME, ...familyAt(1))
      .when(refresh({ generation: 1, caller }), {
        receivedAt: rotatedAt(1) + SECOND,
        from: ELSEWHERE,
      })
      .and(MOBILE, rotatedTo(2));
    expect(radius('foreign_client', family)).toMatchObject({ fork: null, accessTokens: [] });
    const { presented, parties } = causeOf(
      { id: INCIDENT_ID, kind: 'foreign_client' },
      family.events,
    );
    expect(presented).toMatchObject({ generation: 1, age: null });
    expect(parties).toMatchObject([
      { role: 'holder', firstPosition: place(1), lastPosition: place(2) },
      { role: 'presenter', firstPosition: place(3), lastPosition: place(3) },
    ]);
  });

  it('is measured now while the family lives on', () => {
    const family = told(HOME, ...familyAt(1))
      .when(refresh({ generation: 0, caller }), { receivedAt: rotatedAt(1) + SECOND })
      .and(HOME, rotatedTo(2));
    expect(radius('foreign_client', family)).toMatchObject({
      fork: { position: place(2) },
      familyEndedAt: null,
      measuredAt: rotatedAt(2),
      accessTokens: [
        { sequence: 1, isUnexpired: false },
        { sequence: 2, isUnexpired: true },
      ],
      longestRemainingLife: 10 * MINUTE,
    });
  });
});

describe('what a shadow can have given away', () => {
  it('is everything since the first generation that it was seen at', () => {
    const retry = (generation: number, from = ELSEWHERE) =>
      [refresh({ generation }), { receivedAt: rotatedAt(generation + 1) + SECOND, from }] as const;
    const family = told(HOME, ...familyAt(2))
      .when(...retry(1, HOME))
      .and(HOME, rotatedTo(3))
      .when(...retry(2))
      .and(HOME, rotatedTo(4))
      .when(...retry(3));
    expect(radius('suspected_shadow', family)).toMatchObject({
      fork: { position: place(5), at: rotatedAt(3) },
      familyEndedAt: null,
      accessTokens: [{ sequence: 3 }, { sequence: 4 }],
    });
  });
});

describe('what a lost part of the ledger can have given away', () => {
  it('is not known', () => {
    const family = told(HOME, granted(), redeemed()).when(refresh({ generation: 3 }), {
      receivedAt: GRANTED_AT + MINUTE,
    });
    expect(radius('ledger_rollback', family)).toMatchObject({
      fork: null,
      familyEndedAt: GRANTED_AT + MINUTE,
      accessTokens: [],
      isComplete: false,
    });
  });
});
