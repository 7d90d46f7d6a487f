import { describe, expect, it } from '@jest/globals';
import { decideGiveVerdict } from '../../../src/domain/directory/incident.decider.js';
import type { IncidentState } from '../../../src/domain/directory/directory.state.js';

const open: IncidentState = { kind: 'code_reuse', familyId: 'family', openedAt: 1 };

const theft = { verdict: 'theft' } as const;
const noted = { ...theft, noteId: 'note_1' };

describe('judging an incident', () => {
  it('is recorded, and the newest verdict counts', () => {
    const given = { type: 'IncidentVerdictGiven', data: theft };
    expect(decideGiveVerdict(open, theft, false)).toEqual({ events: [given], outcome: 'given' });
    const judged = { ...open, verdict: 'unclear' };
    expect(decideGiveVerdict(judged, theft, true)).toEqual({ events: [given], outcome: 'given' });
  });

  it('changes nothing when it was judged so before', () => {
    const judged = { ...open, ...noted };
    expect(decideGiveVerdict(judged, theft, false)).toEqual({
      events: [],
      outcome: 'given_before',
    });
  });

  it('names what was written about it, which the same verdict can be given again for', () => {
    const given = { events: [{ type: 'IncidentVerdictGiven', data: noted }], outcome: 'given' };
    expect(decideGiveVerdict(open, noted, false)).toEqual(given);
    expect(decideGiveVerdict({ ...open, ...theft }, noted, false)).toEqual(given);
  });

  it('says nothing about somebody who was erased', () => {
    const erased = { events: [], outcome: 'subject_erased' };
    expect(decideGiveVerdict(open, noted, true)).toEqual(erased);
  });

  it('needs an incident', () => {
    const none = { events: [], outcome: 'no_such_incident' };
    expect(decideGiveVerdict(undefined, noted, false)).toEqual(none);
  });
});
