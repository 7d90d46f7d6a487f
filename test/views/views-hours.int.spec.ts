import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import type { ViewChanges } from '../../src/views/view-changes.js';
import type { Viewed } from '../../src/views/views.port.js';
import { changesFrom, type EventSketch, SKETCHED_AT as AT } from '../support/views-events.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

const HOUR = 3_600_000;
const SPAN = { from: AT, to: AT + 100 * HOUR };

let stage: ViewsStage;
let reader: SqliteViewsReader;
beforeEach(async () => {
  stage = await openViewsStage();
  const number = await stage.rebuild();
  stage.open(number).apply(history());
  reader = stage.reader();
});
afterEach(() => stage.remove());

/** Three clients: one is used in three hours, with an hour between that has nothing. */
function history(): ViewChanges {
  const grant = (clientId: string, at: number): EventSketch => ({
    type: 'GrantIssued',
    streamId: `family:${clientId}`,
    data: { clientId },
    at,
  });
  const use = (clientId: string, type: EventSketch['type'], at: number): EventSketch => ({
    type,
    streamId: `family:${clientId}`,
    at,
  });
  return changesFrom([
    grant('b', AT),
    grant('a', AT),
    use('a', 'GrantRedeemed', AT + 1),
    use('b', 'GrantRedeemed', AT + 2),
    use('a', 'RefreshRejected', AT + HOUR - 1),
    use('a', 'RefreshTokenRotated', AT + HOUR),
    grant('c', AT + HOUR),
    use('a', 'RefreshTokenRotated', AT + 3 * HOUR),
    use('a', 'RefreshRetried', AT + 3 * HOUR + 1),
    use('a', 'RefreshTokenReuseDetected', AT + 3 * HOUR + 2),
  ]);
}

async function viewed<Answer>(asked: Promise<Viewed<Answer>>): Promise<Answer> {
  const answer = await asked;
  if (answer.kind !== 'viewed') throw new Error('there are no views');
  return answer.answer;
}

const NONE = {
  redeemed: 0,
  rotated: 0,
  refreshed: 0,
  retriedWithin2Seconds: 0,
  retriedLater: 0,
  retriedAtUnknownAge: 0,
  retriedByOtherParty: 0,
  refreshedEarly: 0,
  staleInsideWindow: 0,
  reuse: 0,
  rejectedByReason: {},
};

describe('the health of clients', () => {
  const all = { limit: 10 };

  it('is summed over a span, by client', async () => {
    const { clients, next, partialHour } = await viewed(reader.clientHealth(SPAN, all));
    expect({ next, partialHour }).toEqual({ next: null, partialHour: null });
    expect(clients).toEqual([
      {
        ...NONE,
        clientId: 'a',
        redeemed: 1,
        rotated: 2,
        retriedLater: 1,
        retriedByOtherParty: 1,
        staleInsideWindow: 1,
        reuse: 1,
        rejectedByReason: { stale_inside_window: 1 },
        firstPosition: 2,
        lastPosition: 9,
      },
      { ...NONE, clientId: 'b', redeemed: 1, firstPosition: 3, lastPosition: 3 },
    ]);
  });

  it('comes in pages of clients', async () => {
    const first = await viewed(reader.clientHealth(SPAN, { limit: 1 }));
    expect(first.clients.map(({ clientId }) => clientId)).toEqual(['a']);
    expect(first.next).toBe('a');
    const second = await viewed(reader.clientHealth(SPAN, { limit: 1, after: first.next }));
    expect(second.clients.map(({ clientId }) => clientId)).toEqual(['b']);
    expect(second.next).toBeNull();
  });

  it('leaves out clients and hours outside of the span', async () => {
    const span = { from: AT + HOUR + 5, to: AT + 2 * HOUR };
    const { clients } = await viewed(reader.clientHealth(span, all));
    expect(clients).toMatchObject([{ clientId: 'a', rotated: 1, redeemed: 0, reuse: 0 }]);
  });

  it('is there hour by hour', async () => {
    const { hours } = await viewed(reader.clientHours('a', SPAN));
    expect(hours).toMatchObject([
      { hour: AT, redeemed: 1, staleInsideWindow: 1, rotated: 0 },
      { hour: AT + HOUR, rotated: 1, firstPosition: 5, lastPosition: 5 },
      { hour: AT + 3 * HOUR, rotated: 1, retriedLater: 1, reuse: 1, lastPosition: 9 },
    ]);
    expect((await viewed(reader.clientHours('c', SPAN))).hours).toEqual([]);
  });
});

describe('the activity', () => {
  it('is counted by the hour, of all and of one client', async () => {
    expect((await viewed(reader.activity(SPAN))).hours).toEqual([
      { hour: AT, counts: { GrantIssued: 2, GrantRedeemed: 2, RefreshRejected: 1 } },
      { hour: AT + HOUR, counts: { GrantIssued: 1, RefreshTokenRotated: 1 } },
      {
        hour: AT + 3 * HOUR,
        counts: { RefreshRetried: 1, RefreshTokenReuseDetected: 1, RefreshTokenRotated: 1 },
      },
    ]);
    expect((await viewed(reader.activity(SPAN, 'b'))).hours).toEqual([
      { hour: AT, counts: { GrantIssued: 1, GrantRedeemed: 1 } },
    ]);
  });

  it('comes in pages of a thousand hours', async () => {
    const long = { from: AT - 999 * HOUR, to: AT + 100 * HOUR };
    const first = await viewed(reader.activity(long));
    expect(first.hours.map(({ hour }) => hour)).toEqual([AT]);
    expect(first.next).toBe(AT + HOUR);
    const second = await viewed(reader.activity({ ...long, from: first.next ?? 0 }));
    expect(second.hours.map(({ hour }) => hour)).toEqual([AT + HOUR, AT + 3 * HOUR]);
    expect(second.next).toBeNull();
  });
});

describe('time travel by the hour', () => {
  it('leaves out the hour that goes on after it, and says so', async () => {
    const cut = await viewed(reader.activity({ ...SPAN, upTo: 8 }));
    expect(cut.hours.map(({ hour }) => hour)).toEqual([AT, AT + HOUR]);
    expect(cut.partialHour).toBe(AT + 3 * HOUR);
    expect((await viewed(reader.clientHours('a', { ...SPAN, upTo: 8 }))).hours).toHaveLength(2);
    const { clients } = await viewed(reader.clientHealth({ ...SPAN, upTo: 8 }, { limit: 1 }));
    expect(clients).toMatchObject([{ rotated: 1, reuse: 0 }]);
  });

  it('has an hour that was over then, and the newest one as it is', async () => {
    const over = await viewed(reader.activity({ ...SPAN, upTo: 6 }));
    expect(over.hours.map(({ hour }) => hour)).toEqual([AT, AT + HOUR]);
    expect(over.partialHour).toBeNull();
    const newest = await viewed(reader.activity({ ...SPAN, upTo: 9 }));
    expect(newest.hours).toHaveLength(3);
    expect(newest.partialHour).toBeNull();
  });

  it('says nothing of a cut hour that is outside of the span', async () => {
    const { partialHour } = await viewed(reader.activity({ from: AT, to: AT + HOUR, upTo: 8 }));
    expect(partialHour).toBeNull();
  });
});
