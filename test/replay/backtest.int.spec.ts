import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BacktestPolicy } from '../../src/domain/backtest/backtest-policy.rules.js';
import type { BacktestSummary } from '../../src/domain/backtest/backtest-summary.rules.js';
import { spreadOf } from '../../src/domain/backtest/duration-histogram.rules.js';
import { BacktestJobs } from '../../src/replay/backtest-jobs.service.js';
import {
  type BacktestedAttempt,
  type BacktestListener,
  type BacktestOrder,
  runBacktest,
} from '../../src/replay/backtest.runner.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { append } from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import { openHandledStore } from '../support/ledger-sqlite.js';
import { anyHappening, ViewsHistory } from '../support/views-history.js';
import { eventsOf, openViewsStage, type ViewsStage } from '../support/views-stage.js';
import { liveScripted } from './scripted-history.js';

const SECOND = 1000;
let stage: ViewsStage;

beforeEach(async () => {
  stage = await openViewsStage();
});
afterEach(async () => {
  await stage.expectIntact();
  await stage.remove();
});

async function orderFor(
  ledger: Ledger,
  policy: BacktestPolicy,
  more: Partial<BacktestOrder> = {},
): Promise<BacktestOrder> {
  return { policy, from: 0, to: (await ledger.size()) - 1, ...more };
}

async function run(
  policy: BacktestPolicy,
  more: Partial<BacktestOrder> = {},
  listener?: BacktestListener,
): Promise<BacktestSummary> {
  const order = await orderFor(stage.ledger, policy, more);
  const summary = await runBacktest(stage.ledger, order, listener);
  if (summary === undefined) throw new Error('it was stopped');
  return summary;
}

const NONE = { verdict: 0, cause: 0 };

describe('a scripted history', () => {
  beforeEach(() => liveScripted(stage.ledger, stage.clock));

  it('comes out as it was under the policy that it had', async () => {
    const summary = await run({ retryWindow: 30 * SECOND });
    expect(summary.families).toEqual({ read: 4, diverged: 0, notComparable: 0 });
    expect(summary.attempts).toMatchObject({ compared: 14, agreeing: 14, notComparable: 0 });
    expect(summary.matrix).toEqual({
      issued: { issued: 10 },
      retried: { retried: 1 },
      killed: { killed: 3 },
    });
    expect(summary.sessionsEnded.recorded).toEqual({ byReuse: 3, byExpiry: 0 });
    expect(summary.sessionsEnded.simulated).toEqual({ byReuse: 3, byExpiry: 0 });
  });

  it('has a new false alarm under a shorter window, where an answer was lost', async () => {
    const summary = await run({ retryWindow: 5 * SECOND });
    expect(summary.families).toEqual({ read: 4, diverged: 1, notComparable: 1 });
    expect(summary.matrix.retried).toEqual({ killed: 1 });
    expect(summary.newFalseAlarms).toEqual({ ...NONE, none: 1 });
    expect(summary.falseAlarmsAvoided).toEqual(NONE);
    expect(summary.theftsMissed).toEqual(NONE);
    expect(summary.attempts.notComparable).toBe(1);
    expect(summary.sessionsEnded.simulated.byReuse).toBe(4);
  });

  it('avoids a false alarm under a longer window, and misses the thief who was quick', async () => {
    const summary = await run({ retryWindow: 60 * SECOND });
    expect(summary.families).toEqual({ read: 4, diverged: 2, notComparable: 0 });
    expect(summary.matrix.killed).toEqual({ killed: 1, retried: 2 });
    expect(summary.falseAlarmsAvoided).toEqual({ verdict: 0, cause: 1 });
    expect(summary.theftsMissed).toEqual({ verdict: 0, cause: 1 });
    expect(summary.newFalseAlarms).toEqual({ ...NONE, none: 0 });
    expect(summary.sessionsEnded.simulated).toEqual({ byReuse: 1, byExpiry: 0 });
    const { recorded, simulated } = summary.dwell;
    expect(spreadOf(recorded)).toMatchObject({ count: 2, maximum: 700 * SECOND });
    expect(spreadOf(simulated)).toMatchObject({ count: 1, maximum: 700 * SECOND });
  });

  it("takes an operator's verdict for more than the likely cause", async () => {
    const incidents = await stage.ledger.streamsOfKind('incident', null, 10);
    for (const { streamId } of incidents) {
      const event = { type: 'IncidentVerdictGiven', data: { verdict: 'false_alarm' } } as const;
      await append(stage.ledger, 'incident', streamId.slice('incident:'.length), [event]);
    }
    const summary = await run({ retryWindow: 60 * SECOND });
    expect(summary.falseAlarmsAvoided).toEqual({ verdict: 2, cause: 0 });
    expect(summary.theftsMissed).toEqual(NONE);
  });

  it('tells each attempt under both policies, and none after the first that differs', async () => {
    const attempts: BacktestedAttempt[] = [];
    await run({ retryWindow: 5 * SECOND }, {}, { onAttempt: (attempt) => attempts.push(attempt) });
    const lost = attempts.filter(({ familyId }) => familyId === 'lost');
    expect(lost.map(({ recorded, simulated }) => [recorded, simulated])).toEqual([
      ['issued', 'issued'],
      ['issued', 'issued'],
      ['retried', 'killed'],
      ['issued', null],
    ]);
    expect(attempts).toHaveLength(14);
  });

  it('is cut by the range: families granted since, by their events up to then', async () => {
    const events = await eventsOf(stage.ledger);
    const grants = events.filter(({ type }) => type === 'GrantIssued');
    const [, late, stolen] = grants.map(({ position }) => position);
    const summary = await run({}, { from: Number(late), to: Number(stolen) - 1 });
    expect(summary.families.read).toBe(1);
    expect(summary.sessionsEnded.recorded.byReuse).toBe(1);
    const before = await run({}, { to: Number(late) + 1 });
    expect(before.families.read).toBe(2);
    expect(before.sessionsEnded.recorded.byReuse).toBe(0);
  });

  it('is cut between families that were granted together', async () => {
    await beginFamily(stage.ledger, 'one');
    const from = await stage.ledger.size();
    await beginFamily(stage.ledger, 'two');
    expect((await run({}, { from })).families.read).toBe(1);
    expect((await run({}, { from: from - 2 })).families.read).toBe(2);
  });

  it('is cut by the client', async () => {
    expect((await run({}, { clientId: 'photo-app' })).families.read).toBe(4);
    expect((await run({}, { clientId: 'other-app' })).families.read).toBe(0);
  });

  it('is left as it is', async () => {
    const before = await eventsOf(stage.ledger);
    await run({ retryWindow: 5 * SECOND });
    expect(await eventsOf(stage.ledger)).toEqual(before);
  });
});

describe('the recorded policy', () => {
  it('diverges nowhere over whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyHappening, { maxLength: 60 }), async (happenings) => {
        const random = await openViewsStage();
        try {
          await new ViewsHistory(random).takeAll(happenings);
          if ((await random.ledger.size()) === 0) return;
          const order = await orderFor(random.ledger, {});
          const summary = await runBacktest(random.ledger, order);
          expect(summary?.families.diverged).toBe(0);
          expect(summary?.attempts.agreeing).toBe(summary?.attempts.compared);
        } finally {
          await random.remove();
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('what a backtest costs', () => {
  it('reads each event once, holds no family but one, and at most 250 events pass in one turn', async () => {
    let reads = 0;
    let readsAhead = 0;
    let readsAheadMax = 0;
    let readsInTurn = 0;
    let readsInTurnMax = 0;
    const store = await openHandledStore({
      verbose: (statement) => {
        if (!/FROM events WHERE position =/.test(String(statement))) return;
        reads += 1;
        readsInTurn += 1;
        readsAhead += 1;
        readsAheadMax = Math.max(readsAheadMax, readsAhead);
      },
    });
    try {
      const [families, rotations] = [80, 8];
      for (let family = 0; family < families; family += 1) {
        await beginFamily(store.ledger, `family${family}`);
        for (let generation = 0; generation < rotations; generation += 1) {
          await refreshFamily(store.ledger, `family${family}`, generation);
        }
      }
      const order = await orderFor(store.ledger, {});
      reads = 0;
      readsAhead = 0;
      readsAheadMax = 0;
      const onAttempt = (): void => {
        readsAhead = 0;
      };
      let isOver = false;
      const turn = (): void => {
        readsInTurnMax = Math.max(readsInTurnMax, readsInTurn);
        readsInTurn = 0;
        if (!isOver) setImmediate(turn);
      };
      turn();
      readsInTurnMax = 0;
      const summary = await runBacktest(store.ledger, order, { onAttempt });
      isOver = true;
      expect(summary?.families.read).toBe(families);
      expect(reads).toBe(order.to + 1);
      expect(readsAheadMax).toBe(2 + rotations);
      expect(readsInTurnMax).toBeLessThanOrEqual(250);
    } finally {
      await store.remove();
    }
  });
});

describe('a backtest that is stopped', () => {
  it('looks at no more families, also where none of them is asked about', async () => {
    let pages = 0;
    const store = await openHandledStore({
      verbose: (statement) => {
        if (/FROM streams\s+WHERE stream_id > /.test(String(statement))) pages += 1;
      },
    });
    try {
      for (let family = 0; family < 251; family += 1) {
        await beginFamily(store.ledger, `family${family}`);
      }
      const order = await orderFor(store.ledger, {}, { clientId: 'nobody' });
      pages = 0;
      expect(await runBacktest(store.ledger, order, { isStopped: () => true })).toBeUndefined();
      expect(pages).toBe(1);
      await runBacktest(store.ledger, order);
      expect(pages).toBe(3);
    } finally {
      await store.remove();
    }
  });
});

describe('the jobs', () => {
  let jobs: BacktestJobs;
  beforeEach(async () => {
    jobs = new BacktestJobs(stage.ledger);
    for (let round = 0; round < 5; round += 1) {
      await liveScripted(stage.ledger, stage.clock, `round${round}-`);
    }
  });
  afterEach(() => jobs.onModuleDestroy());

  /** Queues so many backtests: their ids, and undefined where there was no room. */
  async function queued(count: number, order: BacktestOrder): Promise<(string | undefined)[]> {
    const waiting = Array.from({ length: count }, () => jobs.queue(order, () => Promise.resolve()));
    return (await Promise.all(waiting)).map((job) => job?.id);
  }

  async function ended(id: string): Promise<ReturnType<BacktestJobs['find']>> {
    for (;;) {
      const job = jobs.find(id);
      if (job?.status !== 'queued' && job?.status !== 'running') return job;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('run one after the other, and tell how far they are', async () => {
    const order = await orderFor(stage.ledger, { retryWindow: 5 * SECOND });
    const ids = (await queued(3, order)) as string[];
    const [a = '', , c = ''] = ids;
    expect(ids.map((id) => jobs.find(id)?.status)).toEqual(['running', 'queued', 'queued']);
    const first = await ended(a);
    expect(first).toMatchObject({ status: 'done', done: order.to + 1, total: order.to + 1 });
    expect(first?.summary?.newFalseAlarms.none).toBe(5);
    expect(first?.divergences).toHaveLength(5);
    expect(jobs.find(c)?.status).toBe('queued');
    expect((await ended(c))?.summary).toEqual(first?.summary);
  });

  it('are cancelled where they wait and where they run, and the next one goes on', async () => {
    const order = await orderFor(stage.ledger, {});
    const [a = '', b = '', c = ''] = await queued(3, order);
    expect(jobs.cancel(b)?.status).toBe('cancelled');
    await new Promise((resolve) => setImmediate(resolve));
    expect(jobs.cancel(a)?.status).toBe('cancelled');
    expect((await ended(c))?.status).toBe('done');
    expect(jobs.find(a)?.summary).toBeUndefined();
    expect(jobs.find(b)?.summary).toBeUndefined();
    expect(jobs.cancel(c)?.status).toBe('done');
    expect(jobs.cancel('nobody')).toBeUndefined();
  });

  it('have room for ten that wait, and remember the last fifty', async () => {
    const order = await orderFor(stage.ledger, {}, { from: (await stage.ledger.size()) - 1 });
    const past: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      const [id = ''] = await queued(1, order);
      await ended(id);
      past.push(id);
    }
    expect(jobs.find(past[9] ?? '')).toBeUndefined();
    expect(jobs.find(past[10] ?? '')?.status).toBe('done');
    const recorded: string[] = [];
    const record = async (id: string): Promise<void> => {
      recorded.push(id);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const asked = await Promise.all(Array.from({ length: 30 }, () => jobs.queue(order, record)));
    const taken = asked.flatMap((job) => (job === undefined ? [] : [job.id]));
    expect(taken).toHaveLength(10);
    expect(recorded).toEqual(taken);
  });

  it('do not wait where they could not be recorded', async () => {
    const order = await orderFor(stage.ledger, {});
    const refuse = () => Promise.reject(new Error('the store is gone'));
    for (let index = 0; index < 12; index += 1) {
      await expect(jobs.queue(order, refuse)).rejects.toThrow('the store is gone');
    }
    expect(await queued(1, order)).toEqual([expect.any(String)]);
  });
});
