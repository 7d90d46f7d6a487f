import { expect, it } from '@jest/globals';
import { checkStoredEvent } from '../../src/ledger/verification/stored-event.check.js';
import { goldenBodies } from '../support/domain-golden-events.js';

it('a body with millions of members is checked as any other one', () => {
  const golden = JSON.parse(goldenBodies['SessionStarted'] ?? '') as {
    streamId: string;
    streamVersion: number;
    recordedAt: number;
    type: string;
    data: object;
  };
  const data = { ...golden.data, amr: Array.from({ length: 2_500_000 }, () => 'pwd') };
  const { streamId, streamVersion, recordedAt, type } = golden;
  const stored = {
    position: 0,
    streamId,
    streamVersion,
    previousPosition: null,
    type,
    appendedAt: recordedAt,
    body: JSON.stringify({ ...golden, data }),
  };
  expect(() => checkStoredEvent(stored)).not.toThrow();
});
