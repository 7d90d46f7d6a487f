import { describe, expect, it } from '@jest/globals';
import { decideUnknownFamily } from '../../../src/domain/token-family/unknown-family.decider.js';
import { eventCatalogue } from '../../../src/domain/events/event-catalogue.js';
import { evolve } from '../../../src/domain/streams.js';
import {
  callerOf,
  contextOf,
  FAMILY_ID,
  GRANTED_AT,
  photoApp,
  REFRESH_KEY_ID,
} from '../../support/domain-world.js';

describe('row 2: a genuine token of a family that the ledger does not know', () => {
  const presented = {
    kind: 'refresh',
    familyId: FAMILY_ID,
    number: 3,
    keyId: REFRESH_KEY_ID,
    epoch: 0,
  } as const;
  const caller = callerOf(photoApp);
  const instants = { receivedAt: GRANTED_AT, recordedAt: GRANTED_AT };
  const context = contextOf(caller, instants);
  const refused = { kind: 'refused', error: 'invalid_grant', reason: 'unknown_family' };

  it('is refused, with an incident that holds the suspicion', () => {
    const {
      events,
      outcome,
      companions = [],
    } = decideUnknownFamily(presented, caller, context, false);
    expect({ events, outcome }).toEqual({ events: [], outcome: refused });
    expect(companions).toEqual([
      {
        kind: 'incident',
        streamId: `incident:${FAMILY_ID}`,
        events: [
          {
            type: 'IncidentOpened',
            data: { kind: 'ledger_rollback', familyId: FAMILY_ID, clientId: photoApp.clientId },
          },
          {
            type: 'LedgerRollbackSuspected',
            data: {
              clientId: photoApp.clientId,
              clientAuthenticated: true,
              authMethod: 'none',
              policyRevision: 'policy-1',
              receivedAt: GRANTED_AT,
              kind: 'refresh',
              presentedGeneration: 3,
              keyId: REFRESH_KEY_ID,
              incidentId: FAMILY_ID,
            },
          },
        ],
      },
    ]);
    const incident = companions[0];
    if (incident?.kind !== 'incident') throw new Error('no incident was opened');
    let state: ReturnType<typeof evolve<'incident'>> | undefined;
    for (const event of incident.events) {
      expect(() => eventCatalogue.incident[event.type].parse(event.data)).not.toThrow();
      state = evolve('incident', state, { ...event, recordedAt: GRANTED_AT, id: FAMILY_ID });
    }
    expect(state).toMatchObject({ kind: 'ledger_rollback', familyId: FAMILY_ID });
  });

  it('is refused without another incident when it comes again', () => {
    expect(decideUnknownFamily(presented, caller, context, true)).toEqual({
      events: [],
      outcome: refused,
    });
  });

  it('is refused as the unknown client that presents it', () => {
    const stranger = { clientId: 'not-registered', authMethod: 'none' } as const;
    const { outcome, companions } = decideUnknownFamily(
      presented,
      stranger,
      contextOf(stranger, instants),
      false,
    );
    expect(outcome).toEqual({ ...refused, error: 'invalid_client' });
    expect(companions).toMatchObject([
      { events: [{ data: { clientId: undefined } }, { data: { clientAuthenticated: false } }] },
    ]);
  });
});
