import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import type { ViewChanges } from '../../src/views/view-changes.js';
import type { Viewed } from '../../src/views/views.port.js';
import { changesFrom, type EventSketch, SKETCHED_AT as AT } from '../support/views-events.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

const HOUR = 3_600_000;
const SPAN = { from: AT, to: AT + 100 * HOUR };

let stage: ViewsStage;
let reader: SqliteViewsReader;
let number: number;
beforeEach(async () => {
  stage = await openViewsStage();
  number = await stage.rebuild();
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
  presentedByOtherClient: 0,
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
        partialHour: null,
      },
      {
        ...NONE,
        clientId: 'b',
        redeemed: 1,
        firstPosition: 3,
        lastPosition: 3,
        partialHour: null,
      },
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

  it('is there for one client, even for one that did nothing', async () => {
    const { counters, positions } = await viewed(reader.clientSum('a', SPAN));
    expect(counters).toMatchObject({ redeemed: 1, rotated: 2, retriedLater: 1, reuse: 1 });
    expect(positions).toEqual({ firstPosition: 2, lastPosition: 9 });
    expect(await viewed(reader.clientSum('c', SPAN))).toEqual({
      counters: NONE,
      positions: null,
      partialHour: null,
    });
  });

  it('is of the whole span, however long', async () => {
    const long = { from: AT - 2000 * HOUR, to: AT + 2000 * HOUR };
    const { counters } = await viewed(reader.clientSum('a', long));
    expect(counters).toMatchObject({ redeemed: 1, rotated: 2, reuse: 1 });
  });

  it('ends a page early where very many hours are to be summed, and goes on after it', async () => {
    onDatabase(stage.fileOf(number), (database) => {
      const insert = database.prepare(
        `INSERT INTO client_health VALUES (?, ?, 'redeemed', 1, 3, 3)`,
      );
      database.transaction(() => {
        for (let hour = 1; hour <= 20_000; hour += 1) insert.run('a', AT - hour * HOUR);
      })();
    });
    const long = { from: AT - 20_000 * HOUR, to: AT + HOUR };
    const first = await viewed(reader.clientHealth(long, all));
    expect(first.clients).toMatchObject([{ clientId: 'a', redeemed: 20_001 }]);
    expect(first.next).toBe('a');
    const second = await viewed(reader.clientHealth(long, { ...all, after: first.next }));
    expect(second.clients.map(({ clientId }) => clientId)).toEqual(['b']);
    expect(second.next).toBeNull();
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
  it('counts the hour that goes on after it as it was then', async () => {
    const cut = await viewed(reader.activity({ ...SPAN, upTo: 8 }));
    expect(cut.hours).toMatchObject([
      { hour: AT },
      { hour: AT + HOUR },
      { hour: AT + 3 * HOUR, counts: { RefreshTokenRotated: 1, RefreshRetried: 1 } },
    ]);
    expect(cut.hours[2]?.counts).not.toHaveProperty('RefreshTokenReuseDetected');
    expect(cut.partialHour).toBeNull();
    expect((await viewed(reader.activity({ ...SPAN, upTo: 3 }, 'b'))).hours).toEqual([
      { hour: AT, counts: { GrantIssued: 1, GrantRedeemed: 1 } },
    ]);
    const { clients } = await viewed(reader.clientHealth({ ...SPAN, upTo: 8 }, { limit: 1 }));
    expect(clients).toMatchObject([{ rotated: 2, retriedLater: 1, reuse: 0, lastPosition: 8 }]);
    const sum = await viewed(reader.clientSum('a', { ...SPAN, upTo: 2 }));
    expect(sum).toMatchObject({
      counters: { redeemed: 1, rotated: 0, staleInsideWindow: 0 },
      positions: { firstPosition: 2, lastPosition: 2 },
      partialHour: null,
    });
  });

  it('begins the page of clients that comes after with what they had then', async () => {
    const then = { ...SPAN, upTo: 3 };
    const first = await viewed(reader.clientHealth(then, { limit: 1 }));
    const second = await viewed(reader.clientHealth(then, { limit: 1, after: first.next }));
    expect(second).toMatchObject({ clients: [{ clientId: 'b', redeemed: 1 }], next: null });
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

describe('an hour of more events than are counted one by one', () => {
  const BEFORE = 10_500;
  const FOREIGN = { reason: 'foreign_client', clientId: 'b' };

  /** Rotations of one client, then, in the same hour, as many of what comes after the cut. */
  async function fill(after: number): Promise<void> {
    stage.open(await stage.rebuild()).apply(
      changesFrom([
        { type: 'GrantIssued', streamId: 'family:a', data: { clientId: 'a' } },
        { type: 'RefreshRejected', streamId: 'family:a', data: FOREIGN },
        ...Array.from({ length: BEFORE + after }, (_, index): EventSketch => ({
          type: index < BEFORE ? 'RefreshTokenRotated' : 'GrantRedeemed',
          streamId: 'family:a',
        })),
        { type: 'RefreshRejected', streamId: 'family:a', data: FOREIGN },
      ]),
    );
    reader = stage.reader();
  }
  const upTo = BEFORE + 1;

  it('is what it was but for what came later, where that is little', async () => {
    await fill(100);
    const sum = await viewed(reader.clientSum('a', { ...SPAN, upTo }));
    expect(sum).toEqual({
      counters: {
        ...NONE,
        rotated: BEFORE,
        presentedByOtherClient: 1,
      },
      positions: { firstPosition: 1, lastPosition: upTo },
      partialHour: null,
    });
    expect(await viewed(reader.clientSum('b', { ...SPAN, upTo }))).toMatchObject({
      counters: { rejectedByReason: { foreign_client: 1 } },
      positions: { firstPosition: 1, lastPosition: 1 },
    });
    for (const clientId of ['a', undefined]) {
      const { hours, partialHour } = await viewed(reader.activity({ ...SPAN, upTo }, clientId));
      const counts = { GrantIssued: 1, RefreshRejected: 1, RefreshTokenRotated: BEFORE };
      expect({ hours, partialHour }).toEqual({ hours: [{ hour: AT, counts }], partialHour: null });
    }
  });

  it('is left out where both are many, and is named', async () => {
    await fill(BEFORE);
    const left = { ...SPAN, upTo };
    expect(await viewed(reader.clientSum('a', left))).toEqual({
      counters: NONE,
      positions: null,
      partialHour: AT,
    });
    const activity = await viewed(reader.activity(left));
    expect(activity).toMatchObject({ hours: [], partialHour: AT });
    const { clients, partialHour } = await viewed(reader.clientHealth(left, { limit: 5 }));
    expect(partialHour).toBe(AT);
    expect(clients).toMatchObject([
      { ...NONE, clientId: 'a', firstPosition: null, lastPosition: null, partialHour: AT },
      { clientId: 'b', partialHour: null },
    ]);
  });
});
