import { describe, expect, it } from '@jest/globals';
import { decideGiveVerdict } from '../../../src/domain/directory/incident.decider.js';
import type { IncidentState } from '../../../src/domain/directory/directory.state.js';

const open: IncidentState = { kind: 'code_reuse', familyId: 'family', openedAt: 1 };

describe('judging an incident', () => {
  it('is recorded, and the newest verdict counts', () => {
    const given = { type: 'IncidentVerdictGiven', data: { verdict: 'theft' } };
    expect(decideGiveVerdict(open, 'theft')).toEqual({ events: [given], outcome: 'given' });
    const judged = { ...open, verdict: 'unclear' };
    expect(decideGiveVerdict(judged, 'theft')).toEqual({ events: [given], outcome: 'given' });
  });

  it('changes nothing when it was judged so before', () => {
    const judged = { ...open, verdict: 'theft' };
    expect(decideGiveVerdict(judged, 'theft')).toEqual({ events: [], outcome: 'given_before' });
  });

  it('needs an incident', () => {
    const none = { events: [], outcome: 'no_such_incident' };
    expect(decideGiveVerdict(undefined, 'theft')).toEqual(none);
  });
});
