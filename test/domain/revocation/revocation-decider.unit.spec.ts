import { describe, expect, it } from '@jest/globals';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import {
  decideCompleteRevocation,
  decideStartRevocation,
} from '../../../src/domain/revocation/revocation.decider.js';
import type {
  RevocationResult,
  RevocationTerms,
} from '../../../src/domain/revocation/revocation.state.js';
import { FIRST_AT, given, MINUTE } from '../directory/directory-history.js';

const terms: RevocationTerms = {
  selector: { kind: 'client', id: 'photos' },
  position: 41,
  families: 3,
  clientTokens: 1,
  setDigest: 'digest',
  tokensNotBefore: FIRST_AT,
  actor: 'operator',
};
const result: RevocationResult = {
  families: 3,
  clientTokens: 1,
  setDigest: 'digest',
  familiesRevoked: 2,
  familiesEnded: 1,
};
const started = { type: 'RevocationStarted', data: terms } as const;
const completed = { type: 'RevocationCompleted', data: result } as const;
const revocation = (...history: readonly EventOf<'revocation'>[]) =>
  given('revocation', 'r1', ...history);

describe('a revocation', () => {
  it('is started once', () => {
    const { state } = revocation()
      .when((before) => decideStartRevocation(before, terms))
      .then({ events: [started], outcome: 'started' })
      .when((before) => decideStartRevocation(before, { ...terms, families: 4 }))
      .then({ outcome: 'already_started' });
    expect(state).toEqual({ terms, startedAt: FIRST_AT });
  });

  it('is completed once, and keeps what it was started with', () => {
    const { state } = revocation(started)
      .when((before) => decideCompleteRevocation(before, result))
      .then({ events: [completed], outcome: 'completed' })
      .when((before) => decideCompleteRevocation(before, result))
      .then({ outcome: 'already_completed' });
    expect(state).toEqual({
      terms,
      startedAt: FIRST_AT,
      completed: { ...result, at: FIRST_AT + MINUTE },
    });
  });

  it('cannot be completed when it was never started', () => {
    revocation()
      .when((before) => decideCompleteRevocation(before, result))
      .then({ outcome: 'unknown' });
  });
});
