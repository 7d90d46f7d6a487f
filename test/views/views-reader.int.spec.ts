import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamIdOf } from '../../src/domain/identifiers.js';
import type { FedEvent } from '../../src/ledger/ledger-feed.port.js';
import { EVENT_OUTCOMES } from '../../src/views/event-outcomes.js';
import { EventOwners } from '../../src/views/event-owners.js';
import { EventQuery } from '../../src/views/sqlite/event-query.js';
import { FamilyQuery } from '../../src/views/sqlite/family-query.js';
import { IncidentQuery } from '../../src/views/sqlite/incident-query.js';
import type { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import type {
  AuditEventRow,
  FamilyChange,
  IncidentChange,
  ViewChanges,
} from '../../src/views/view-changes.js';
import { changesOf } from '../../src/views/views.projection.js';
import type {
  EventFilter,
  FamilyFilter,
  IncidentFilter,
  PageRequest,
  Viewed,
  ViewedEvent,
  ViewedFamily,
  ViewedIncident,
  ViewPage,
} from '../../src/views/views.port.js';
import { addressOf, type Happening, subjectOf, ViewsHistory } from '../support/views-history.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

const ALL: PageRequest = { order: 'oldest_first', limit: 1000, rowsScannedMax: 100_000 };
const NEWEST: PageRequest = { ...ALL, order: 'newest_first' };

const wait = (later: number): Happening => ({ what: 'wait', later });
const refresh = (family: number, back = 0, address = family): Happening => ({
  what: 'refresh',
  family,
  back,
  address,
});
/** Families of three people that rotate for hours; one is retried, one is reused, incidents are judged. */
const story: readonly Happening[] = [
  ...[0, 1, 2, 0].map((person): Happening => ({ what: 'begin', person, address: person })),
  ...Array.from({ length: 12 }, (_, round) => [refresh(round % 4), wait(600_000)]).flat(),
  refresh(0),
  wait(1000),
  refresh(0, 1, 5),
  wait(40_000),
  refresh(1),
  wait(60_000),
  refresh(1, 1, 4),
  refresh(1, 0),
  refresh(2, 3, 4),
  { what: 'verdict', incident: 0, isTheft: false },
  refresh(2, 0),
  wait(3_600_000),
  { what: 'verdict', incident: 0, isTheft: true },
  { what: 'verdict', incident: 1, isTheft: true },
  { what: 'session', person: 1 },
  { what: 'consent', person: 2 },
  { what: 'register' },
  refresh(0),
];

let stage: ViewsStage;
let reader: SqliteViewsReader;
let fed: readonly FedEvent[];
let newest: number;
let number: number;
beforeAll(async () => {
  stage = await openViewsStage();
  await new ViewsHistory(stage).takeAll(story);
  number = await stage.rebuild();
  reader = stage.reader();
  fed = await stage.feed.feed(null, 1000);
  newest = fed.length - 1;
});
afterAll(() => stage.remove());

async function viewed<Answer>(asked: Promise<Viewed<Answer>>): Promise<Answer> {
  const answer = await asked;
  if (answer.kind !== 'viewed') throw new Error('there are no views');
  return answer.answer;
}

/** What the first events of the ledger alone come to. */
function changesUpTo(position: number): ViewChanges {
  const changes = changesOf(null, fed.slice(0, position + 1), new EventOwners(() => undefined));
  if (changes === undefined) throw new Error('there are no events');
  return changes;
}

function eventsUpTo(position: number): ViewedEvent[] {
  return changesUpTo(position).auditEvents.map(viewedEventOf);
}

function viewedEventOf(row: AuditEventRow): ViewedEvent {
  const { position, at, type, streamId, address, ...rest } = row;
  const { familyId, subject, clientId, reason, incidentId, generation } = rest;
  const facts = { familyId, subject, clientId, reason, incidentId, generation, address };
  return { position, at, type, streamId, ...facts, outcome: EVENT_OUTCOMES[type] };
}

function familyOf({ familyId, begun, ...later }: FamilyChange): ViewedFamily {
  if (begun === undefined) throw new Error('a family begins');
  const end = later.end ?? null;
  const redeemedPosition = later.redeemedPosition ?? null;
  const firstIncidentPosition = later.firstIncidentPosition ?? null;
  const status = end !== null ? 'ended' : redeemedPosition !== null ? 'active' : 'pending';
  return { familyId, ...begun, status, redeemedPosition, firstIncidentPosition, end };
}

function incidentOf(
  { incidentId, opened, verdict }: IncidentChange,
  { auditEvents }: ViewChanges,
): ViewedIncident {
  if (opened === undefined) throw new Error('an incident is opened');
  const address = auditEvents[opened.openedPosition]?.address ?? null;
  return { incidentId, ...opened, address, verdict: verdict ?? null };
}

/** What an event's row must have to be found: `reason` and the like compare whole values. */
function matches(filter: object, row: object): boolean {
  const wanted = Object.entries(filter) as [string, unknown][];
  return wanted.every(([name, value]) => (row as Record<string, unknown>)[name] === value);
}

const eventFilters: readonly EventFilter[] = [
  {},
  { familyId: 'family1' },
  { subject: subjectOf(0) },
  { clientId: 'photo-app' },
  { type: 'RefreshTokenRotated' },
  { outcome: 'revoked' },
  { outcome: 'issued' },
  { reason: 'refresh_token_reuse' },
  { address: addressOf(4) },
  { address: '192.0.2.1' },
  { incidentId: 'family1-incident-0' },
  { familyId: 'family1', type: 'RefreshTokenRotated' },
  { clientId: 'photo-app', outcome: 'reused', address: addressOf(4) },
  { subject: subjectOf(1), reason: 'family_revoked' },
  { familyId: 'family1', subject: subjectOf(0) },
  { streamId: streamIdOf('family', 'family1') },
  { streamId: streamIdOf('family', 'family1'), type: 'RefreshTokenRotated' },
  { streamId: streamIdOf('incident', 'family1-incident-0') },
  { streamId: streamIdOf('client', 'photo-app') },
  { subject: subjectOf(1), type: 'SessionStarted' },
  { subject: subjectOf(2), type: 'ConsentGiven' },
];

describe('events', () => {
  it('have something of everything', () => {
    const events = eventsUpTo(newest);
    for (const outcome of ['rotated', 'retried', 'reused', 'rejected', 'judged'] as const) {
      expect(events.filter((event) => event.outcome === outcome)).not.toEqual([]);
    }
  });

  it.each(eventFilters)('are found by %j', async (filter) => {
    const expected = eventsUpTo(newest).filter((event) => matches(filter, event));
    const { rows, next } = await viewed(reader.events(filter, ALL));
    expect(rows).toEqual(expected);
    expect(next).toBeNull();
    expect((await viewed(reader.events(filter, NEWEST))).rows).toEqual(expected.toReversed());
    const places = await viewed(reader.eventPositions(filter, ALL));
    expect(places).toMatchObject({ rows: expected.map(({ position }) => position), next: null });
  });

  it('of an incident are its evidence, by the id that it has', async () => {
    const [incident] = changesUpTo(newest).incidents;
    const incidentId = incident?.incidentId;
    const expected = eventsUpTo(newest).filter((event) => event.incidentId === incidentId);
    expect(expected.length).toBeGreaterThan(3);
    expect((await viewed(reader.events({ incidentId }, ALL))).rows).toEqual(expected);
  });

  it.each(['oldest_first', 'newest_first'] as const)('come in pages, %s', async (order) => {
    for (const filter of eventFilters) {
      const pages = await pagesOf((after) =>
        reader.events(filter, { order, limit: 2, rowsScannedMax: 3, from: 2, upTo: 20, after }),
      );
      const expected = eventsUpTo(20).slice(2);
      const matching = expected.filter((event) => matches(filter, event));
      expect(pages.flatMap(({ rows }) => rows)).toEqual(
        order === 'oldest_first' ? matching : matching.toReversed(),
      );
      for (const { rows, rowsScanned } of pages) {
        expect(rows.length).toBeLessThanOrEqual(2);
        expect(rowsScanned).toBeLessThanOrEqual(3);
      }
    }
  });

  it('are looked for in the index that has the fewest', async () => {
    const all = { ...ALL, limit: 1000 };
    const rare = await viewed(reader.events({ incidentId: 'none', clientId: 'photo-app' }, all));
    expect(rare).toEqual({ rows: [], next: null, rowsScanned: 0 });
    const reused = { reason: 'refresh_token_reuse' };
    const alone = await viewed(reader.events(reused, all));
    const both = await viewed(reader.events({ clientId: 'photo-app', ...reused }, all));
    expect(alone.rowsScanned).toBeGreaterThan(0);
    expect(both.rowsScanned).toBe(alone.rowsScanned);
  });

  it('of a stream, and what a person began, are found without looking at others', async () => {
    const events = eventsUpTo(newest);
    for (const streamId of new Set(events.map((event) => event.streamId))) {
      const expected = events.filter((event) => event.streamId === streamId);
      const found = await viewed(reader.events({ streamId }, ALL));
      expect(found).toEqual({ rows: expected, next: null, rowsScanned: expected.length });
    }
    for (const type of ['SessionStarted', 'ConsentGiven'] as const) {
      const subject = events.find((event) => event.type === type)?.subject ?? 'nobody';
      const found = await viewed(reader.events({ subject, type }, ALL));
      expect(found.rows).not.toEqual([]);
      expect(found.rowsScanned).toBe(found.rows.length);
    }
  });

  it('were recorded at a time, or before it', async () => {
    const rows = eventsUpTo(newest);
    for (const instant of new Set(rows.flatMap(({ at }) => [at - 1, at, at + 1]))) {
      const expected = rows.findLast(({ at }) => at <= instant)?.position ?? null;
      expect(await viewed(reader.positionAt(instant))).toBe(expected);
    }
  });
});

describe('families', () => {
  const filters: readonly FamilyFilter[] = [
    {},
    { subject: subjectOf(0) },
    { clientId: 'photo-app' },
    { sessionId: 'session-1' },
    { status: 'active' },
    { status: 'pending' },
    { status: 'ended' },
    { endReason: 'refresh_token_reuse' },
    { hasIncident: true },
    { hasIncident: false, subject: subjectOf(2) },
    { subject: subjectOf(1), status: 'ended', hasIncident: true },
    { familyId: 'family1' },
    { familyId: 'none' },
    { event: { type: 'RefreshTokenReuseDetected' } },
    { event: { outcome: 'rejected' } },
    { event: { outcome: 'opened' }, subject: subjectOf(1) },
    { event: { address: addressOf(4) } },
    { event: { type: 'RefreshTokenRotated', address: addressOf(5) } },
    { event: { type: 'RefreshRetried', address: addressOf(5) }, status: 'active' },
    { event: { address: '192.0.2.1' } },
  ];

  function familiesExpected(
    filter: FamilyFilter,
    { families, auditEvents }: ViewChanges,
  ): ViewedFamily[] {
    const { hasIncident, endReason, event, ...exact } = filter;
    const had = new Set(
      auditEvents
        .map(viewedEventOf)
        .flatMap((one) => (matches(event ?? {}, one) ? [one.familyId] : [])),
    );
    return families
      .map(familyOf)
      .filter(
        (family) =>
          matches(exact, family) &&
          (endReason === undefined || family.end?.reason === endReason) &&
          (hasIncident === undefined || hasIncident === (family.firstIncidentPosition !== null)) &&
          had.has(family.familyId),
      );
  }

  it('are as they were at every position', async () => {
    for (let upTo = 0; upTo <= newest; upTo += 1) {
      const changes = changesUpTo(upTo);
      const families = changes.families.map(familyOf);
      for (const filter of filters) {
        const expected = familiesExpected(filter, changes);
        expect((await viewed(reader.families(filter, { ...ALL, upTo }))).rows).toEqual(expected);
      }
      for (const family of families) {
        expect(await viewed(reader.family(family.familyId, upTo))).toEqual(family);
      }
    }
  });

  it.each(['oldest_first', 'newest_first'] as const)(
    'come in pages that look at a bounded number of rows, %s',
    async (order) => {
      for (const filter of filters) {
        for (const upTo of [20, newest]) {
          const expected = familiesExpected(filter, changesUpTo(upTo)).filter(
            (family) => family.createdPosition >= 1,
          );
          for (const [limit, rowsScannedMax] of [
            [1, 2],
            [2, 5],
            [2, 1000],
          ] as const) {
            const pages = await pagesOf((after) =>
              reader.families(filter, { order, limit, rowsScannedMax, from: 1, upTo, after }),
            );
            expect(pages.flatMap(({ rows }) => rows)).toEqual(
              order === 'oldest_first' ? expected : expected.toReversed(),
            );
            for (const { rows, rowsScanned } of pages) {
              expect(rows.length).toBeLessThanOrEqual(limit);
              expect(rowsScanned).toBeLessThanOrEqual(3 * rowsScannedMax);
            }
          }
        }
      }
    },
  );

  it('are not there before they begin, nor when there are none', async () => {
    const last = changesUpTo(newest).families.at(-1);
    const created = last?.begun?.createdPosition ?? 0;
    expect(await viewed(reader.family(String(last?.familyId), created - 1))).toBeUndefined();
    expect(await viewed(reader.family('none'))).toBeUndefined();
  });
});

describe('incidents', () => {
  it('are as they were at every position', async () => {
    const whole = eventsUpTo(newest);
    for (let upTo = 0; upTo <= newest; upTo += 1) {
      const changes = changesUpTo(upTo);
      const incidents = changes.incidents.map((incident) => incidentOf(incident, changes));
      const filters: readonly IncidentFilter[] = [
        {},
        { kind: 'refresh_token_reuse' },
        { familyId: 'family1' },
        { clientId: 'photo-app' },
        { subject: subjectOf(1) },
        { address: addressOf(4) },
        { verdict: null },
        { verdict: 'theft' },
        { verdict: 'false_alarm', familyId: 'family2' },
        { evidence: { type: 'RefreshTokenReuseDetected' } },
        { evidence: { outcome: 'rejected' } },
        { evidence: { outcome: 'reused' }, clientId: 'photo-app' },
        { evidence: { reason: 'retry_window_passed' } },
        { evidence: { reason: 'superseded_generation', type: 'RefreshRejected' } },
      ];
      const evidence = (id: string) =>
        whole.find(
          ({ incidentId, outcome }) => incidentId === id && !/opened|judged|revoked/.test(outcome),
        );
      for (const filter of filters) {
        const { verdict, evidence: asked = {}, ...exact } = filter;
        const expected = incidents.filter(
          (incident) =>
            matches(exact, incident) &&
            matches(asked, evidence(incident.incidentId) ?? {}) &&
            (verdict === undefined || verdict === (incident.verdict?.verdict ?? null)),
        );
        expect((await viewed(reader.incidents(filter, { ...ALL, upTo }))).rows).toEqual(expected);
      }
      for (const incident of incidents) {
        expect(await viewed(reader.incident(incident.incidentId, upTo))).toEqual(incident);
      }
    }
    expect(await viewed(reader.incident('none'))).toBeUndefined();
  });
});

describe('a question', () => {
  it('is answered at the newest event, and says which', async () => {
    const at = eventsUpTo(newest).at(-1)?.at;
    expect(await reader.family('none')).toMatchObject({ kind: 'viewed', upTo: newest, at });
    expect(await reader.family('none', 3)).toMatchObject({ upTo: 3 });
    expect(await reader.family('none', newest + 5)).toMatchObject({ upTo: newest });
  });

  it('walks an index in its order: it sorts nothing and reads no whole table', () => {
    const statements: string[] = [];
    const verbose = (sql: unknown): void => void statements.push(String(sql));
    const handle = new Database(stage.fileOf(number), { readonly: true, verbose });
    const events = new EventQuery(handle);
    const [families, incidents] = [new FamilyQuery(handle, events), new IncidentQuery(handle)];
    for (const page of [ALL, NEWEST]) {
      for (const filter of eventFilters) events.page(filter, newest, page);
      for (const filter of [{ subject: 's' }, { clientId: 'c' }, { sessionId: 's' }, {}]) {
        families.page(filter, newest, page);
      }
      families.page({ status: 'ended' }, newest, page);
      families.page({ familyId: 'family1' }, newest, page);
      families.page({ event: { outcome: 'rotated' } }, newest, page);
      families.page({ event: { outcome: 'rotated' } }, newest, { ...page, rowsScannedMax: 3 });
      incidents.page({ evidence: { outcome: 'reused', reason: 'r' } }, newest, page);
      for (const filter of [{ kind: 'foreign_client' as const }, { familyId: 'f' }, {}]) {
        incidents.page(filter, newest, page);
      }
      for (const filter of [{ subject: 's' }, { clientId: 'c' }]) {
        incidents.page(filter, newest, page);
      }
    }
    const plans = [...new Set(statements)].map((sql) => planOf(handle, sql));
    handle.close();
    expect(plans.length).toBeGreaterThan(50);
    for (const plan of plans)
      expect(plan).not.toMatch(/^SCAN (?!\(subquery|CONSTANT)|TEMP B-TREE/m);
  });
});

function planOf(handle: Database.Database, sql: string): string {
  return handle
    .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => detail)
    .join('\n');
}

async function pagesOf<Row>(
  ask: (after: number | null) => Promise<Viewed<ViewPage<Row>>>,
): Promise<ViewPage<Row>[]> {
  const pages: ViewPage<Row>[] = [];
  let after: number | null = null;
  do {
    const page: ViewPage<Row> = await viewed(ask(after));
    pages.push(page);
    after = page.next;
  } while (after !== null);
  return pages;
}
