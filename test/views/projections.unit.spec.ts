import { describe, expect, it } from '@jest/globals';
import { EVENT_OUTCOMES, typesOfOutcome } from '../../src/views/event-outcomes.js';
import { EventOwners } from '../../src/views/event-owners.js';
import { ViewsUnreadable } from '../../src/views/views.errors.js';
import { changesOf } from '../../src/views/views.projection.js';
import { goldenBodies } from '../support/domain-golden-events.js';
import {
  changesFrom,
  type EventSketch,
  ledgerOf,
  SKETCHED_AT as AT,
} from '../support/views-events.js';

const FAMILY = '01a19b7ca68079e289a909ef4b06cad2';
const INCIDENT = '01a19b8ef60072be8183a90a461693ef';
const SUBJECT = 'nD6oMZJyTtiPSlqo14XvbS';
const HOUR = 3_600_000;
const issued: EventSketch = { type: 'GrantIssued' };
const redeemed: EventSketch = { type: 'GrantRedeemed' };

/** The row of the last of these events. */
function lastRow(...sketches: EventSketch[]) {
  return changesFrom(sketches).auditEvents.at(-1);
}

/** What the clients' counters have after these events, by measure. */
function health(...sketches: EventSketch[]): Record<string, number> {
  const { clientHealth } = changesFrom([issued, ...sketches]);
  return Object.fromEntries(clientHealth.map(({ measure, count }) => [measure, count]));
}

describe('the row of an event', () => {
  it('says where it stands, whose it is and where it came from', () => {
    expect(lastRow({ ...issued, address: '203.0.113.7' })).toEqual({
      position: 0,
      at: AT,
      type: 'GrantIssued',
      streamId: `family:${FAMILY}`,
      familyId: FAMILY,
      subject: SUBJECT,
      clientId: 'photo-app',
      reason: null,
      incidentId: null,
      generation: null,
      actingSubject: null,
      measures: null,
      presentations: 1,
      presenterId: null,
      address: '203.0.113.7',
    });
  });

  it("has the grant's subject and client in every later event of the family", () => {
    const data = { clientId: 'a-thief', incidentId: INCIDENT };
    expect(lastRow(issued, redeemed, { type: 'RefreshRejected', data })).toMatchObject({
      position: 2,
      familyId: FAMILY,
      subject: SUBJECT,
      clientId: 'photo-app',
      reason: 'stale_inside_window',
      incidentId: INCIDENT,
      generation: 0,
      address: null,
    });
  });

  it.each([
    ['FamilyRevoked', { reason: 'refresh_token_reuse', incidentId: INCIDENT }],
    ['RefreshTokenReuseDetected', { reason: 'superseded_generation', generation: 0 }],
    ['RefreshTokenRotated', { reason: null, generation: 1 }],
    ['RefreshRetried', { generation: 0, incidentId: INCIDENT }],
    ['PresentationsCounted', { reason: 'scope_exceeded', generation: 2, incidentId: null }],
    ['AccessTokenRevoked', { reason: 'operator_request' }],
  ] as const)('of %s has what it says', (type, expected) => {
    const data = type === 'AccessTokenRevoked' ? { reason: 'operator_request' } : {};
    expect(lastRow(issued, { type, data })).toMatchObject(expected);
  });

  it('of an incident names it, and a verdict says the verdict', () => {
    const opened: EventSketch = { type: 'IncidentOpened' };
    expect(lastRow(opened)).toMatchObject({
      familyId: FAMILY,
      reason: 'refresh_token_reuse',
      incidentId: INCIDENT,
    });
    expect(lastRow(opened, { type: 'IncidentVerdictGiven' })).toMatchObject({
      familyId: FAMILY,
      subject: SUBJECT,
      reason: 'theft',
      incidentId: INCIDENT,
    });
  });

  it('names an account that acted on what is not its own, and no other actor', () => {
    const opened: EventSketch = { type: 'IncidentOpened', actor: `account:${SUBJECT}` };
    expect(lastRow(opened)?.actingSubject).toBeNull();
    expect(lastRow({ ...opened, actor: 'account:somebody' })?.actingSubject).toBe('somebody');
    expect(lastRow({ ...opened, actor: 'client:somebody' })?.actingSubject).toBeNull();
  });

  it.each([
    ['SessionStarted', { subject: SUBJECT, clientId: null }],
    ['ConsentGiven', { subject: SUBJECT, clientId: 'photo-app' }],
    ['AccountCreated', { subject: SUBJECT, clientId: null }],
    ['ClientRegistered', { subject: null }],
    ['ClientTokenIssued', { subject: null }],
    ['SigningKeyCreated', { subject: null, clientId: null }],
  ] as const)('of %s is outside of every family', (type, expected) => {
    expect(lastRow({ type })).toMatchObject({ familyId: null, ...expected });
  });

  it.each([
    ['ClientRegistered', 'client:'],
    ['AccountCreated', 'account:'],
  ] as const)('of %s belongs to the stream it begins', (type, prefix) => {
    const row = lastRow({ type, streamId: `${prefix}x:y` });
    expect([row?.clientId, row?.subject]).toContain('x:y');
  });

  it('has an outcome for every type in the catalogue', () => {
    expect(Object.keys(EVENT_OUTCOMES).toSorted()).toEqual(Object.keys(goldenBodies).toSorted());
    expect(typesOfOutcome('revoked')).toEqual(['FamilyRevoked', 'AccessTokenRevoked']);
  });
});

describe('the owners of an event', () => {
  it('are found in the views when the events before it are not kept', () => {
    const [first, second] = ledgerOf([issued, redeemed]);
    if (first === undefined || second === undefined) throw new Error('two events');
    const owners = { familyId: 'f', subject: 's', clientId: 'c' };
    const changes = changesOf(0, [second], new EventOwners(() => owners));
    expect(changes?.auditEvents[0]).toMatchObject(owners);
    expect(() => changesOf(0, [second], new EventOwners(() => undefined))).toThrow(ViewsUnreadable);
  });
});

describe('a batch', () => {
  it('must follow what the views have, without a gap', () => {
    const [, second] = ledgerOf([issued, redeemed]);
    if (second === undefined) throw new Error('two events');
    const owners = new EventOwners(() => undefined);
    expect(() => changesOf(null, [second], owners)).toThrow('position 1 came in place of 0');
    expect(changesOf(null, [], owners)).toBeUndefined();
  });

  it('says what it begins after and what is newest then', () => {
    const { after, newest } = changesFrom([issued, { ...redeemed, at: AT + 5 }]);
    const { id } = ledgerOf([issued, redeemed])[1]?.event ?? {};
    expect({ after, newest }).toEqual({ after: null, newest: { position: 1, id, at: AT + 5 } });
  });

  it('erases what is personal of a person up to the erasure', () => {
    const disabled = changesFrom([{ type: 'AccountCreated' }, { type: 'AccountDisabled' }]);
    expect(disabled.erasures).toEqual([]);
    const erased = changesFrom([{ type: 'AccountCreated' }, { type: 'AccountErased' }]);
    expect(erased.erasures).toEqual([{ subject: SUBJECT, position: 1 }]);
  });
});

describe('a family', () => {
  it('is told once of what happens to it once', () => {
    const changes = changesFrom([
      issued,
      { ...redeemed, at: AT + 1 },
      redeemed,
      { type: 'RefreshTokenRotated' },
      { type: 'IncidentOpened' },
      { type: 'FamilyRevoked', at: AT + 9 },
      { type: 'FamilyRevoked', at: AT + 10 },
      { type: 'IncidentOpened' },
    ]);
    expect(changes.families).toEqual([
      {
        familyId: FAMILY,
        begun: {
          clientId: 'photo-app',
          subject: SUBJECT,
          sessionId: '01a19b7bbc207f428f69525c8c8b5ca2',
          createdPosition: 0,
          createdAt: AT,
          codeExpiresAt: 1_793_610_060_000,
          absoluteExpiresAt: 1_809_162_000_000,
        },
        redeemedPosition: 1,
        firstIncidentPosition: 4,
        end: { position: 5, at: AT + 9, reason: 'refresh_token_reuse' },
      },
    ]);
  });

  it('is not touched by a batch of rotations', () => {
    const events = ledgerOf([issued, { type: 'RefreshTokenRotated' }]).slice(1);
    const owners = { familyId: FAMILY, subject: SUBJECT, clientId: 'photo-app' };
    expect(changesOf(0, events, new EventOwners(() => owners))?.families).toEqual([]);
  });
});

describe('an incident', () => {
  it('has what it is about, when it was opened, and the newest verdict', () => {
    const changes = changesFrom([
      { type: 'IncidentOpened' },
      { type: 'IncidentVerdictGiven' },
      { type: 'IncidentVerdictGiven', data: { verdict: 'false_alarm' } },
    ]);
    expect(changes.incidents).toEqual([
      {
        incidentId: INCIDENT,
        opened: {
          kind: 'refresh_token_reuse',
          familyId: FAMILY,
          clientId: 'photo-app',
          subject: SUBJECT,
          openedPosition: 0,
          openedAt: AT,
        },
        verdict: { position: 2, verdict: 'false_alarm' },
      },
    ]);
  });
});

describe("a client's health", () => {
  const rotated = (age: number): EventSketch => ({ type: 'RefreshTokenRotated', data: { age } });
  const refreshed = (age: number): EventSketch => ({ type: 'AccessTokenRefreshed', data: { age } });
  const retried = (age: number, otherParty: boolean): EventSketch => ({
    type: 'RefreshRetried',
    data: { age, otherParty },
  });

  it('counts how tokens were used', () => {
    expect(
      health(
        redeemed,
        rotated(HOUR),
        { type: 'AccessTokenRefreshed' },
        { type: 'RefreshTokenReuseDetected' },
        { type: 'RefreshRejected' },
        { type: 'RefreshRejected', data: { reason: 'family_revoked' } },
        { type: 'FamilyRevoked' },
      ),
    ).toEqual({
      redeemed: 1,
      rotated: 1,
      refreshed: 1,
      reuse: 1,
      'rejected:stale_inside_window': 1,
      'rejected:family_revoked': 1,
    });
  });

  it('tells a refresh early when half of an access token was left, to the millisecond', () => {
    const half = (1_793_611_201_000 - 1_793_610_600_417) / 2;
    expect(health(rotated(Math.floor(half)))).toEqual({ rotated: 1, refreshed_early: 1 });
    expect(health(rotated(Math.ceil(half)))).toEqual({ rotated: 1 });
  });

  it('tells it so too where the refresh token stays the same', () => {
    const half = (1_793_611_260_000 - 1_793_610_660_000) / 2;
    expect(health(refreshed(half - 1))).toEqual({ refreshed: 1, refreshed_early: 1 });
    expect(health(refreshed(half))).toEqual({ refreshed: 1 });
  });

  it('tells retries by their age and by who retried', () => {
    expect(health(retried(1999, false), retried(2000, true), retried(0, true))).toEqual({
      retried_within_2_seconds: 2,
      retried_later: 1,
      retried_by_other_party: 2,
    });
  });

  it('counts what was only counted', () => {
    const counted = (data: object): EventSketch => ({
      type: 'PresentationsCounted',
      data: { ...data },
    });
    expect(
      health(
        counted({ outcome: 'rejected', reason: 'family_revoked', count: 7 }),
        counted({ outcome: 'retried', reason: undefined, count: 3 }),
        counted({ outcome: 'rejected', reason: undefined, count: 5 }),
      ),
    ).toEqual({ 'rejected:family_revoked': 7, retried_at_unknown_age: 3 });
  });

  it("counts a token in another client's hands for both, each as what it is", () => {
    const data = { reason: 'foreign_client', clientId: 'a-thief' };
    const counted = { outcome: 'rejected', reason: 'foreign_client', count: 4 };
    const { clientHealth } = changesFrom([
      issued,
      { type: 'RefreshRejected', data },
      { type: 'PresentationsCounted', data: counted },
    ]);
    expect(clientHealth).toMatchObject([
      { clientId: 'photo-app', measure: 'presented_by_other_client', count: 5 },
      { clientId: 'a-thief', measure: 'rejected:foreign_client', count: 1 },
    ]);
    expect(clientHealth).toHaveLength(2);
  });

  it('is kept by the hour (UTC), with the first and the last event', () => {
    const { clientHealth } = changesFrom([
      issued,
      { ...redeemed, at: AT + HOUR - 1 },
      { ...redeemed, at: AT + HOUR },
      { ...redeemed, at: AT + HOUR + 1 },
    ]);
    const base = { clientId: 'photo-app', measure: 'redeemed' };
    expect(clientHealth).toEqual([
      { ...base, hour: AT, count: 1, firstPosition: 1, lastPosition: 1 },
      { ...base, hour: AT + HOUR, count: 2, firstPosition: 2, lastPosition: 3 },
    ]);
  });

  it('is of the client that the family was granted to, and of no other', () => {
    const { clientHealth } = changesFrom([
      issued,
      { type: 'RefreshRejected', data: { clientId: 'a-thief' } },
    ]);
    expect(clientHealth.map(({ clientId }) => clientId)).toEqual(['photo-app']);
  });
});

describe('the activity', () => {
  it('counts types of events by the hour, of each client and of all', () => {
    const { activity } = changesFrom([
      issued,
      redeemed,
      { ...redeemed, at: AT + HOUR },
      { type: 'SigningKeyCreated', at: AT + HOUR },
    ]);
    const all = { clientId: '', count: 1 };
    const app = { clientId: 'photo-app', count: 1 };
    expect(activity).toEqual([
      { ...all, hour: AT, type: 'GrantIssued' },
      { ...app, hour: AT, type: 'GrantIssued' },
      { ...all, hour: AT, type: 'GrantRedeemed' },
      { ...app, hour: AT, type: 'GrantRedeemed' },
      { ...all, hour: AT + HOUR, type: 'GrantRedeemed' },
      { ...app, hour: AT + HOUR, type: 'GrantRedeemed' },
      { ...all, hour: AT + HOUR, type: 'SigningKeyCreated' },
    ]);
  });
});
