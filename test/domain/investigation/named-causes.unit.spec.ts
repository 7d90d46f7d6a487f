import { describe, expect, it } from '@jest/globals';
import { causeOf } from '../../../src/domain/investigation/incident-cause.rules.js';
import type { InvestigatedIncident } from '../../../src/domain/investigation/incident-presentation.rules.js';
import { redeemCode, refresh } from '../../support/domain-family-commands.js';
import { familyAt, granted, redeemed, rotatedTo } from '../../support/domain-family-events.js';
import {
  callerOf,
  GRANTED_AT,
  INCIDENT_ID,
  MINUTE,
  otherApp,
  photoApp,
  REDEEMED_AT,
  REFRESH_KEY_ID,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import {
  ELSEWHERE,
  HOME,
  ledgerEvent,
  MOBILE,
  place,
  type TestOrigin,
  told,
} from './told-families.js';

const incident = (kind: InvestigatedIncident['kind']): InvestigatedIncident => ({
  id: INCIDENT_ID,
  kind,
});

describe('a code that came again', () => {
  it('was replayed, by whomever', () => {
    const family = told(HOME, ...familyAt(1)).when(redeemCode(), {
      receivedAt: rotatedAt(1) + MINUTE,
      from: ELSEWHERE,
    });
    const age = rotatedAt(1) + MINUTE - REDEEMED_AT;
    expect(causeOf(incident('code_reuse'), family.events)).toMatchObject({
      cause: 'code_replayed',
      confidence: 'high',
      evidence: [
        { statement: 'code_redeemed_before', positions: [place(1), place(3)], facts: { age } },
        { statement: 'other_network_and_agent', positions: [place(1), place(3)] },
        { statement: 'holder_continued', positions: [place(2)] },
      ],
      parties: [
        { role: 'holder', address: HOME.address, firstPosition: place(1), lastPosition: place(2) },
        { role: 'presenter', address: ELSEWHERE.address },
      ],
      presented: { kind: 'code', generation: null, currentGeneration: 1, gap: null, age },
    });
  });

  it('was replayed also where its redemption is not among the events', () => {
    const { events } = told(HOME, granted(), redeemed()).when(redeemCode(), {
      receivedAt: REDEEMED_AT + SECOND,
    });
    expect(causeOf(incident('code_reuse'), events.toSpliced(1, 1))).toMatchObject({
      cause: 'code_replayed',
      evidence: [
        { statement: 'code_redeemed_before', positions: [place(2)], facts: { age: SECOND } },
      ],
    });
  });
});

describe('a token of another client', () => {
  it('is told with the client that presented it and the one that it was granted to', () => {
    const family = told(HOME, ...familyAt(1)).when(
      refresh({ generation: 1, caller: callerOf(otherApp) }),
      { receivedAt: rotatedAt(1) + MINUTE, from: ELSEWHERE },
    );
    expect(causeOf(incident('foreign_client'), family.events)).toStrictEqual({
      cause: 'foreign_client',
      confidence: 'high',
      evidence: [
        {
          statement: 'other_client',
          positions: [place(3)],
          facts: { clientId: 'other-app', grantedTo: 'photo-app' },
        },
        { statement: 'other_network_and_agent', positions: [place(2), place(3)], facts: {} },
      ],
      parties: [
        {
          role: 'holder',
          address: HOME.address,
          userAgent: HOME.userAgent,
          senderKey: null,
          clientId: 'photo-app',
          firstPosition: place(1),
          lastPosition: place(2),
        },
        {
          role: 'presenter',
          address: ELSEWHERE.address,
          userAgent: ELSEWHERE.userAgent,
          senderKey: null,
          clientId: 'other-app',
          firstPosition: place(3),
          lastPosition: place(3),
        },
      ],
      presented: { kind: 'refresh', generation: 1, currentGeneration: 1, gap: 0, age: null },
    });
  });

  it('is not compared with the browser that the code was issued to', () => {
    const family = told(HOME, granted()).when(redeemCode({ caller: callerOf(otherApp) }), {
      receivedAt: GRANTED_AT + SECOND,
      from: ELSEWHERE,
    });
    expect(causeOf(incident('foreign_client'), family.events)).toMatchObject({
      evidence: [{ statement: 'other_client' }],
      parties: [
        { role: 'holder', address: HOME.address, firstPosition: place(0), lastPosition: place(0) },
        { role: 'presenter', address: ELSEWHERE.address, firstPosition: place(1) },
      ],
      presented: {
        kind: 'code',
        generation: null,
        currentGeneration: null,
        gap: null,
        age: null,
      },
    });
  });

  it('parted from its family where it had been consumed by then, and not later', () => {
    const presentOf = (generation: number) =>
      told(HOME, ...familyAt(1))
        .when(refresh({ generation, caller: callerOf(otherApp) }), {
          receivedAt: rotatedAt(1) + MINUTE,
          from: ELSEWHERE,
        })
        .and(HOME, rotatedTo(2));
    const presentedOf = (generation: number) =>
      causeOf(incident('foreign_client'), presentOf(generation).events).presented;
    expect(presentedOf(0)).toMatchObject({ gap: 1, age: MINUTE });
    expect(presentedOf(1)).toMatchObject({ gap: 0, age: null });
  });
});

describe('a client that did not prove itself', () => {
  it('has the wrong secret, and may have the wrong name', () => {
    const caller = callerOf(photoApp, {
      clientId: 'nobody',
      authMethod: 'client_secret_post',
      senderKey: 'key-1',
    });
    const family = told(HOME, ...familyAt(1)).when(refresh({ generation: 1, caller }), {
      receivedAt: rotatedAt(1) + MINUTE,
    });
    expect(causeOf(incident('client_authentication_failed'), family.events)).toMatchObject({
      cause: 'wrong_client_secret',
      confidence: 'high',
      evidence: [
        {
          statement: 'client_not_authenticated',
          positions: [place(3)],
          facts: { authMethod: 'client_secret_post' },
        },
        { statement: 'other_sender_key' },
      ],
      parties: [{ clientId: 'photo-app' }, { role: 'presenter', clientId: null }],
    });
  });
});

describe('a shadow', () => {
  const shadowed = (from: typeof ELSEWHERE | 'erased') =>
    told(HOME, ...familyAt(1))
      .when(refresh({ generation: 0 }), {
        receivedAt: rotatedAt(1) + SECOND,
        from: ELSEWHERE,
      })
      .and(HOME, rotatedTo(2))
      .when(refresh({ generation: 1 }), {
        receivedAt: rotatedAt(2) + SECOND,
        from,
        isOtherParty: () => true,
      });

  it('is suspected from the generations that another party retried', () => {
    expect(causeOf(incident('suspected_shadow'), shadowed(ELSEWHERE).events)).toMatchObject({
      cause: 'suspected_shadow',
      confidence: 'medium',
      evidence: [
        { statement: 'shadowed_generations', positions: [place(3), place(5)], facts: { count: 2 } },
        { statement: 'other_network_and_agent', positions: [place(4), place(5)] },
        { statement: 'presenter_before_fork', positions: [place(3)] },
      ],
      parties: [
        { role: 'holder', address: HOME.address },
        { role: 'presenter', firstPosition: place(3), lastPosition: place(5) },
      ],
      presented: { kind: 'refresh', generation: 1, currentGeneration: 2, gap: 1, age: SECOND },
    });
  });

  it('is less sure once an origin was erased', () => {
    expect(causeOf(incident('suspected_shadow'), shadowed('erased').events)).toMatchObject({
      cause: 'suspected_shadow',
      confidence: 'low',
      evidence: [{ statement: 'shadowed_generations' }, { statement: 'origin_erased' }],
    });
  });

  it('is not made of what is too long ago, was no other party, or came afterwards', () => {
    const retry = (generation: number, from: TestOrigin, incidentId = INCIDENT_ID) =>
      [
        refresh({ generation }),
        { receivedAt: rotatedAt(generation + 1) + SECOND, from, incidentId },
      ] as const;
    const family = told(HOME, ...familyAt(1))
      .when(...retry(0, ELSEWHERE))
      .and(HOME, ...[2, 3, 4, 5, 6].map((generation) => rotatedTo(generation)))
      .when(...retry(5, ELSEWHERE))
      .and(HOME, rotatedTo(7))
      .when(...retry(6, HOME))
      .when(...retry(6, ELSEWHERE))
      .and(HOME, rotatedTo(8))
      .when(...retry(7, ELSEWHERE, 'incident-2'));
    const [shadows] = causeOf(incident('suspected_shadow'), family.events).evidence;
    expect(shadows).toEqual({
      statement: 'shadowed_generations',
      positions: [place(9), place(12)],
      facts: { count: 2 },
    });
  });
});

describe('a token that this ledger cannot have issued', () => {
  const rollback = incident('ledger_rollback');

  it('is ahead of it', () => {
    const family = told(HOME, ...familyAt(1)).when(refresh({ generation: 4 }), {
      receivedAt: rotatedAt(1) + MINUTE,
      from: MOBILE,
    });
    expect(causeOf(rollback, family.events)).toMatchObject({
      cause: 'ledger_rollback',
      confidence: 'high',
      evidence: [
        {
          statement: 'ahead_of_ledger',
          positions: [place(3)],
          facts: { generation: 4, currentGeneration: 1 },
        },
        { statement: 'other_network', positions: [place(2), place(3)] },
      ],
      presented: { kind: 'refresh', generation: 4, currentGeneration: 1, gap: -3, age: null },
    });
  });

  it('is ahead of a family whose code it does not know as redeemed', () => {
    const family = told(HOME, granted()).when(refresh({ generation: 0 }), {
      receivedAt: GRANTED_AT + SECOND,
    });
    expect(causeOf(rollback, family.events)).toMatchObject({
      evidence: [
        { statement: 'ahead_of_ledger', facts: { generation: 0, currentGeneration: null } },
      ],
      presented: { gap: null },
    });
  });

  it('is of another epoch', () => {
    const receivedAt = rotatedAt(1) + MINUTE;
    const refreshed = told(HOME, ...familyAt(1)).when(refresh({ generation: 0, epoch: 1 }), {
      receivedAt,
    });
    expect(causeOf(rollback, refreshed.events)).toMatchObject({
      evidence: [{ statement: 'other_epoch' }, {}],
      presented: { gap: 1, age: MINUTE },
    });
    const redeemedAgain = told(HOME, ...familyAt(1)).when(redeemCode({ epoch: 1 }), { receivedAt });
    expect(causeOf(rollback, redeemedAgain.events)).toMatchObject({
      evidence: [{ statement: 'other_epoch', facts: { generation: null } }, {}],
      presented: { kind: 'code', age: receivedAt - REDEEMED_AT },
    });
  });

  it('is of a family that it does not know: the incident itself holds the evidence', () => {
    const data = {
      clientId: 'photo-app',
      clientAuthenticated: true,
      authMethod: 'none',
      policyRevision: 'policy-1',
      receivedAt: GRANTED_AT,
      kind: 'refresh',
      presentedGeneration: 3,
      keyId: REFRESH_KEY_ID,
      incidentId: INCIDENT_ID,
    };
    const type = 'LedgerRollbackSuspected';
    const recordedAt = GRANTED_AT;
    const event = ledgerEvent('incident', INCIDENT_ID, { type, data, recordedAt }, 1);
    expect(causeOf(rollback, [{ event, origin: ELSEWHERE }])).toStrictEqual({
      cause: 'ledger_rollback',
      confidence: 'high',
      evidence: [
        {
          statement: 'family_unknown',
          positions: [place(1)],
          facts: { generation: 3, currentGeneration: null },
        },
      ],
      parties: [
        {
          role: 'presenter',
          address: ELSEWHERE.address,
          userAgent: ELSEWHERE.userAgent,
          senderKey: null,
          clientId: 'photo-app',
          firstPosition: place(1),
          lastPosition: place(1),
        },
      ],
      presented: {
        kind: 'refresh',
        generation: 3,
        currentGeneration: null,
        gap: null,
        age: null,
      },
    });
  });
});

describe('an incident of which not everything is among the events', () => {
  it('is unclear without what had consumed the token', () => {
    const { events } = told(HOME, ...familyAt(1)).when(refresh({ generation: 0 }), {
      receivedAt: rotatedAt(2),
      from: ELSEWHERE,
    });
    expect(causeOf(incident('refresh_token_reuse'), events.toSpliced(2, 1))).toMatchObject({
      cause: 'unclear',
      confidence: 'low',
      evidence: [{ statement: 'other_network_and_agent', positions: [place(1), place(3)] }],
      parties: [{ role: 'holder' }, { role: 'presenter' }],
      presented: { generation: 0, gap: 1, age: rotatedAt(2) - rotatedAt(1) },
    });
  });

  it('does not say which generation was presented where that was not recorded', () => {
    const { events } = told(HOME, ...familyAt(1)).when(
      refresh({ generation: 0, caller: callerOf(otherApp) }),
      { receivedAt: rotatedAt(2) },
    );
    const { presentedGeneration: _unrecorded, ...data } = events[3]!.event.data;
    const rejection = { ...events[3], event: { ...events[3]!.event, data } };
    const history = [...events.slice(0, 3), rejection];
    expect(causeOf(incident('foreign_client'), history)).toMatchObject({
      cause: 'foreign_client',
      presented: { kind: 'refresh', generation: null, currentGeneration: 1, gap: null, age: null },
    });
  });

  it('is unclear without the presentation', () => {
    const { events } = told(HOME, ...familyAt(1));
    expect(causeOf(incident('refresh_token_reuse'), events)).toStrictEqual({
      cause: 'unclear',
      confidence: 'low',
      evidence: [{ statement: 'presentation_missing', positions: [], facts: {} }],
      parties: [],
      presented: null,
    });
  });
});
