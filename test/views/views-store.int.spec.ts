import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventOwners } from '../../src/views/event-owners.js';
import { changesOf } from '../../src/views/views.projection.js';
import type { ViewsStore } from '../../src/views/views-store.port.js';
import { type Happening, addressOf, ViewsHistory, subjectOf } from '../support/views-history.js';
import {
  bytesOfViews,
  catchUp,
  openViewsStage,
  rowsOfViews,
  type ViewsStage,
} from '../support/views-stage.js';

const begin = (person: number, address = person): Happening => ({ what: 'begin', person, address });
const refresh = (family: number, address: number, back = 0): Happening => ({
  what: 'refresh',
  family,
  address,
  back,
});

let stage: ViewsStage;
let past: ViewsHistory;
beforeEach(async () => {
  stage = await openViewsStage();
  past = new ViewsHistory(stage);
});
afterEach(() => stage.remove());

describe('a batch of events', () => {
  let views: ViewsStore;
  let number: number;
  beforeEach(async () => {
    number = await stage.rebuild();
    views = stage.open(number);
    await past.takeAll([begin(0), begin(1), refresh(0, 2), refresh(0, 2, 1)]);
  });

  it('is applied once, although two follow the ledger or one tries twice', async () => {
    const batch = await stage.feed.feed(null, 1000);
    const changes = changesOf(null, batch, new EventOwners(() => undefined));
    if (changes === undefined) throw new Error('there are events');
    expect(views.apply(changes)).toBe(true);
    const rows = rowsOfViews(stage.fileOf(number));
    expect(views.apply(changes)).toBe(false);
    expect(stage.open(number).apply(changes)).toBe(false);
    expect(rowsOfViews(stage.fileOf(number))).toEqual(rows);
    expect(rows['audit_events']).toHaveLength(batch.length);
  });

  it('changes nothing when a part of it cannot be written', async () => {
    const batch = await stage.feed.feed(null, 1000);
    const changes = changesOf(null, batch, new EventOwners(() => undefined));
    if (changes === undefined) throw new Error('there are events');
    const before = rowsOfViews(stage.fileOf(number));
    const [first] = changes.auditEvents;
    if (first === undefined) throw new Error('there are events');
    const twice = { ...changes, auditEvents: [...changes.auditEvents, first] };
    expect(() => views.apply(twice)).toThrow('the views cannot be read');
    expect(rowsOfViews(stage.fileOf(number))).toEqual(before);
    expect(views.apply(changes)).toBe(true);
  });

  it('may be split anywhere', async () => {
    await catchUp(stage.feed, views);
    const rows = rowsOfViews(stage.fileOf(number));
    const other = await stage.rebuild();
    expect(rowsOfViews(stage.fileOf(other))).toEqual(rows);
  });
});

describe('an erasure', () => {
  const person = 1;
  const erased: Happening = { what: 'erase', person };

  /** A person with addresses of their own, one that they share with another, and an incident. */
  const before: readonly Happening[] = [
    begin(0, 0),
    begin(person, 1),
    refresh(1, 2),
    { what: 'wait', later: 60_000 },
    refresh(1, 2),
    refresh(1, 3, 2),
    refresh(0, 1),
    { what: 'session', person },
  ];
  const own = [addressOf(2), addressOf(3)];

  it('leaves no byte of what was personal in any file of the views', async () => {
    await past.takeAll(before);
    const number = await stage.rebuild();
    const views = stage.open(number);
    for (const address of own) expect(bytesOfViews(stage.viewsDirectory)).toContain(address);
    await past.takeAll([erased]);
    await catchUp(stage.feed, views);
    expect(views.settle()).toBe(true);
    for (const address of own) expect(bytesOfViews(stage.viewsDirectory)).not.toContain(address);
    expect(bytesOfViews(stage.viewsDirectory)).toContain(addressOf(0));
    expect(bytesOfViews(stage.viewsDirectory)).toContain(addressOf(1));
  });

  it('leaves the same rows as views that never knew it', async () => {
    await past.takeAll(before);
    const live = await stage.rebuild();
    await past.takeAll([erased, refresh(0, 4)]);
    await catchUp(stage.feed, stage.open(live));
    const rebuilt = await stage.rebuild();
    expect(rowsOfViews(stage.fileOf(live))).toEqual(rowsOfViews(stage.fileOf(rebuilt)));
    const rows = rowsOfViews(stage.fileOf(live))['audit_events'] as Record<string, unknown>[];
    const theirs = rows.filter(({ subject_id }) => subject_id === subjectOf(person));
    expect(theirs.length).toBeGreaterThan(5);
    expect(theirs.filter(({ address }) => address !== null)).toEqual([]);
  });

  it('is kept although its origins still stood in the ledger when views were built', async () => {
    await past.takeAll(before);
    const restored = await stage.rebuild();
    await past.takeAll([erased]);
    stageBackOrigins(stage, restored);
    const rebuilt = await stage.rebuild();
    for (const address of own) {
      expect(JSON.stringify(rowsOfViews(stage.fileOf(rebuilt)))).not.toContain(address);
    }
  });

  it('is made good when a reader held the log meanwhile', async () => {
    await past.takeAll(before);
    const number = await stage.rebuild();
    const views = stage.open(number);
    const reader = new Database(stage.fileOf(number), { readonly: true });
    reader.exec('BEGIN; SELECT 1 FROM audit_events');
    reader.prepare('SELECT count(*) FROM audit_events').get();
    await past.takeAll([erased]);
    await catchUp(stage.feed, views);
    expect(views.settle()).toBe(false);
    reader.close();
    expect(views.settle()).toBe(true);
    for (const address of own) expect(bytesOfViews(stage.viewsDirectory)).not.toContain(address);
  });
});

describe('the files of views', () => {
  it('are settled once none is left that holds what was changed', async () => {
    expect(stage.shelf.settle()).toBe(false);
    await past.takeAll([begin(0)]);
    const old = await stage.rebuild();
    const reader = new Database(stage.fileOf(old), { readonly: true });
    reader.prepare('SELECT count(*) FROM audit_events').get();
    const number = await stage.rebuild();
    expect(stage.shelf.settle()).toBe(false);
    reader.close();
    copyFileSync(stage.fileOf(number), stage.fileOf(number + 7));
    expect(stage.shelf.settle()).toBe(true);
    expect(readdirSync(stage.viewsDirectory).filter((name) => name.endsWith('sqlite'))).toEqual([
      `${number}.sqlite`,
    ]);
    const builder = stage.shelf.build(await stage.feed.log());
    expect(stage.shelf.settle()).toBe(false);
    builder?.discard();
    expect(stage.shelf.settle()).toBe(true);
  });
});

/** Puts origins back as a copy of the ledger has them that an erasure did not reach. */
function stageBackOrigins(one: ViewsStage, number: number): void {
  const ledger = new Database(one.file);
  const views = new Database(one.fileOf(number), { readonly: true });
  const rows = views
    .prepare<[], { position: number; address: string }>(
      'SELECT position, address FROM audit_events JOIN addresses USING (address_id)',
    )
    .all();
  const insert = ledger.prepare(
    `INSERT OR IGNORE INTO origins (position, salt, address, user_agent, request_id)
     VALUES (?, 'salt', ?, '', '')`,
  );
  for (const { position, address } of rows) insert.run(position, address);
  ledger.close();
  views.close();
}

describe('views that are built', () => {
  it('replace those before, which are removed once nobody reads them', async () => {
    await past.takeAll([begin(0)]);
    const first = await stage.rebuild();
    const reader = stage.reader();
    await reader.families({}, { order: 'newest_first', limit: 1, rowsScannedMax: 1 });
    const second = await stage.rebuild();
    expect(stage.shelf.current()).toBe(second);
    stage.shelf.clean();
    expect(existsSync(stage.fileOf(first))).toBe(true);
    reader.close();
    stage.shelf.clean();
    expect(
      readdirSync(stage.viewsDirectory).filter((name) => name.startsWith(`${first}.`)),
    ).toEqual([]);
    expect(existsSync(stage.fileOf(second))).toBe(true);
  });

  it('are built by one at a time', async () => {
    const log = await stage.feed.log();
    const build = stage.shelf.build(log);
    expect(stage.shelf.build(log)).toBeUndefined();
    build?.discard();
    expect(await stage.rebuild()).toBeGreaterThan(0);
  });

  it('take nothing from a build that was given up', async () => {
    await past.takeAll([begin(0)]);
    const current = await stage.rebuild();
    const build = stage.shelf.build(await stage.feed.log());
    build?.discard();
    expect(stage.shelf.current()).toBe(current);
    expect(existsSync(stage.fileOf(build?.number ?? 0))).toBe(false);
    expect(await stage.rebuild()).toBeGreaterThan(current);
  });
});
