import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventAt, type Moment } from '../../src/access/moment.js';
import { FindLineageHandler } from '../../src/audit/find-lineage.handler.js';
import { FindLineage, type LineagePage } from '../../src/audit/find-lineage.query.js';
import { FindValidityHandler } from '../../src/audit/find-validity.handler.js';
import { FindValidity } from '../../src/audit/find-validity.query.js';
import type { AuditIncident } from '../../src/audit/incident.answer.js';
import { investigationOf } from '../../src/audit/investigation.reader.js';
import { spreadOf } from '../../src/domain/backtest/duration-histogram.rules.js';
import { DEFAULT_PROJECT, type Position, streamIdOf } from '../../src/domain/identifiers.js';
import type { LineageSpan } from '../../src/domain/investigation/lineage-window.rules.js';
import { runBacktest } from '../../src/replay/backtest.runner.js';
import { ReplayDifferenceHandler } from '../../src/replay/replay-difference.handler.js';
import { ReplayDifference } from '../../src/replay/replay-difference.query.js';
import { photoApp, SECOND, SUBJECT } from '../support/domain-world.js';
import {
  accountCreated,
  append,
  ATTRIBUTION,
  clientRegistered,
} from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import type { LedgerStore, OpenLedgerStore } from '../support/ledger-store.js';

const FAMILY = '019aa3c2b7f07c51a1b2c3d4e5f60718';
/** More than are in memory at once, by far. */
const ROTATIONS = 20_500;
const AT_ONCE = 2000;
/** What was presented again, long after. */
const STOLEN = 7;
const ELSEWHERE = { address: '198.51.100.66', userAgent: 'curl/8.9', requestId: 'request-2' };

/** Declares what is known of a family of many events, on one kind of store. */
export function describeLongFamilies(kind: string, open: OpenLedgerStore): void {
  describe(`a family of many events on ${kind}`, () => {
    let store: LedgerStore;
    let now: Moment;
    /** The event that issued generation 0: each next one is at the next position. */
    let redeemedAt: Position;

    beforeAll(async () => {
      store = await open();
      const { ledger, clock } = store;
      const created = { type: 'ProjectCreated', data: { slug: DEFAULT_PROJECT } } as const;
      await append(ledger, 'project', DEFAULT_PROJECT, [created]);
      await append(ledger, 'client', photoApp.clientId, [clientRegistered('Photos')]);
      await append(ledger, 'account', SUBJECT, [accountCreated('digest')]);
      await beginFamily(ledger, FAMILY);
      redeemedAt = (await ledger.size()) - 1;
      for (let done = 0; done < ROTATIONS; done += AT_ONCE) {
        clock.now += 60 * SECOND;
        const length = Math.min(AT_ONCE, ROTATIONS - done);
        const some = Array.from({ length }, (_, index) => done + index);
        await Promise.all(some.map((generation) => refreshFamily(ledger, FAMILY, generation)));
      }
      clock.now += 60 * SECOND;
      const thief = { ...ATTRIBUTION, origin: ELSEWHERE };
      await refreshFamily(ledger, FAMILY, STOLEN, thief);
      now = await momentAtPosition((await ledger.size()) - 1);
    }, 120_000);

    afterAll(() => store.remove());

    async function momentAtPosition(position: Position): Promise<Moment> {
      const { recordedAt } = await eventAt(store.ledger, position);
      return { position, recordedAt, instant: recordedAt, isAsked: false };
    }

    /** The moment when a generation had just been issued. */
    function atGeneration(generation: number): Promise<Moment> {
      return momentAtPosition(redeemedAt + generation);
    }

    async function lineageAt(moment: Moment, span: LineageSpan): Promise<LineagePage> {
      const handler = new FindLineageHandler(store.ledger);
      const page = await handler.execute(new FindLineage(FAMILY, moment, span));
      if (page === undefined) throw new Error('there is no such family');
      return page;
    }

    it('has a lineage in pages, each with the beginning and the end', async () => {
      const pages: LineagePage[] = [];
      for (let before: number | undefined; ;) {
        const page = await lineageAt(now, { limit: 8000, before });
        pages.unshift(page);
        if (page.before === null) break;
        before = Number(page.before);
      }
      expect(pages).toHaveLength(3);
      const all = pages.flatMap(({ generations }) => generations);
      const numbers = Array.from({ length: ROTATIONS + 1 }, (_, generation) => generation);
      expect(all.map(({ generation }) => generation)).toEqual(numbers);
      expect(all.map(({ position }) => position)).toEqual(
        numbers.map((generation) => redeemedAt + generation),
      );
      expect(all.map(({ consumedBy }) => consumedBy)).toEqual([
        ...numbers.slice(1).map((generation) => redeemedAt + generation),
        null,
      ]);
      expect(new Set(all.map(({ origin, accessTokens }) => origin && accessTokens.length))).toEqual(
        new Set([1]),
      );
      for (const { grant, end, detection } of pages) {
        expect(grant).toMatchObject({ position: redeemedAt - 1, code: { redeemedBy: redeemedAt } });
        expect(detection).toMatchObject({ what: 'reuse', presentedGeneration: STOLEN });
        expect(end).toMatchObject({ killed: { generation: ROTATIONS } });
      }
    });

    it('has a lineage of any moment', async () => {
      const then = await lineageAt(await atGeneration(6000), { limit: 2 });
      expect(then).toMatchObject({
        generations: [{ generation: 5999 }, { generation: 6000, consumedBy: null }],
        omitted: { generations: 5999 },
        end: null,
        before: '5999',
      });
    });

    it.each([
      ['the first refresh token', { kind: 'refresh', generation: 0 } as const, 0, 'superseded', 1],
      ['a refresh token', { kind: 'refresh', generation: 9000 } as const, 9000, 'superseded', 9001],
      [
        'the last access token',
        { kind: 'access', sequence: ROTATIONS } as const,
        ROTATIONS,
        'family_revoked',
        ROTATIONS + 2,
      ],
    ])('says what %s was worth, and by which events', async (_, token, issued, reason, ended) => {
      const handler = new FindValidityHandler(store.ledger);
      const judged = { ...token, familyId: FAMILY };
      const worthAt = async (moment: Moment) => {
        const { validity } = await handler.execute(new FindValidity(judged, moment));
        const { isValid, decidedBy } = validity;
        return [isValid, validity.reason, decidedBy.map(({ position }) => position)];
      };
      const made = redeemedAt + issued;
      expect(await worthAt(await atGeneration(issued))).toEqual([true, null, [made]]);
      expect(await worthAt(now)).toEqual([false, reason, [made, redeemedAt + ended]]);
    });

    it('tells the likely cause of an incident, and what it can have given away', async () => {
      const [incident] = await store.ledger.streamsOfKind('incident', null, 1);
      const id = incident?.streamId.slice('incident:'.length) ?? '';
      const asked = { id, kind: 'refresh_token_reuse', familyId: FAMILY } as AuditIncident;
      const found = await investigationOf(store.ledger, asked, now.position);
      const minted = ROTATIONS - STOLEN;
      expect(found).toMatchObject({
        cause: 'likely_theft',
        confidence: 'high',
        presented: { generation: STOLEN, currentGeneration: ROTATIONS, gap: minted },
        parties: [
          { role: 'holder', firstPosition: redeemedAt, lastPosition: redeemedAt + ROTATIONS },
          { role: 'presenter', address: ELSEWHERE.address },
        ],
        blastRadius: {
          fork: { position: redeemedAt + STOLEN + 1 },
          accessTokenCount: minted,
          isComplete: true,
        },
      });
      expect(found.evidence).toContainEqual({
        statement: 'holder_continued',
        positions: Array.from({ length: 10 }, (_, index) => redeemedAt + STOLEN + 2 + index),
        facts: { count: minted - 1 },
      });
      const told = found.blastRadius?.accessTokens ?? [];
      expect(told.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 100 }, (_, index) => ROTATIONS - 99 + index),
      );
    });

    it('counts in a backtest as the theft that it was', async () => {
      const order = { policy: {}, from: 0, to: now.position };
      const summary = await runBacktest(store.ledger, order);
      expect(summary?.families.read).toBe(1);
      expect(summary && spreadOf(summary.dwell.recorded).count).toBe(1);
    });

    it('changes between two moments, however many events lie between them', async () => {
      const handler = new ReplayDifferenceHandler(store.ledger);
      const from = { position: redeemedAt + 5 };
      const stream = streamIdOf('family', FAMILY);
      const found = await handler.execute(new ReplayDifference(stream, from));
      if (found === undefined || 'kind' in found) throw new Error('there is no difference');
      expect(found.net).toContainEqual({
        path: '/generation',
        before: 5,
        after: ROTATIONS,
        causedBy: null,
      });
      expect(found.steps.slice(0, 2)).toMatchObject([
        { position: redeemedAt + 6 },
        { position: redeemedAt + 7 },
      ]);
      expect(found.steps.length + found.stepsOmitted).toBe(ROTATIONS - 5 + 2);
    });

    it('lets other work have its turn while it is gone through', async () => {
      let turns = 0;
      let next: NodeJS.Immediate;
      const count = (): void => {
        turns += 1;
        next = setImmediate(count);
      };
      count();
      await Promise.all([lineageAt(now, { limit: 1 }), lineageAt(now, { limit: 1 })]);
      clearImmediate(next!);
      expect(turns).toBeGreaterThan((2 * ROTATIONS) / 250);
    });
  });
}
