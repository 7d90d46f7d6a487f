import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { type StreamId, streamIdOf, type Subject } from '../../src/domain/identifiers.js';
import { originCommitment } from '../../src/ledger/origin-commitment.js';
import { placesOf } from '../support/file-search.js';
import { append, ATTRIBUTION, ORIGIN } from '../support/ledger-executions.js';
import { openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';

const ANA = 'ana' as Subject;
const BEN = 'ben' as Subject;

let store: SqliteLedgerStore;

beforeEach(async () => {
  store = await openSqliteStore();
});

afterEach(async () => {
  await store.expectIntact();
  await store.remove();
});

/** A consent of this person, given from `ORIGIN`. */
function consent(subject: Subject, id: string): Promise<unknown> {
  const data = { subject, clientId: 'app', scope: [], resources: [] };
  const attribution = { ...ATTRIBUTION, origin: ORIGIN };
  return append(store.ledger, 'consent', id, [{ type: 'ConsentGiven', data }], attribution);
}

describe('evidence', () => {
  it('is the body as it is stored, and the origin with what opens the commitment to it', async () => {
    await consent(ANA, '1');
    const [evidence, ...others] = await store.ledger.evidenceAt([0, 7]);
    expect(others).toEqual([]);
    expect(evidence).toMatchObject({ position: 0, origin: ORIGIN });
    const { originCommitment: committed } = JSON.parse(evidence?.body ?? '') as Record<
      string,
      string
    >;
    expect(originCommitment(evidence?.origin?.salt ?? '', ORIGIN)).toBe(committed);
    await store.ledger.eraseOrigins([0]);
    expect(await store.ledger.evidenceAt([0])).toEqual([{ ...evidence, origin: undefined }]);
  });
});

describe('the streams of one person', () => {
  it('are found among all others, a bounded part at a time', async () => {
    const consents = Array.from({ length: 1500 }, (_, index) => String(index).padStart(4, '0'));
    const ownersOf = (id: string): Subject => (Number(id) % 500 === 0 ? ANA : BEN);
    await Promise.all(consents.map((id) => consent(ownersOf(id), id)));
    const own = ['0000', '0500', '1000'].map((id) => streamIdOf('consent', id));
    const first = await store.ledger.streamsOwnedBy(ANA, null);
    expect(first).toEqual({ streamIds: own.slice(0, 2), next: streamIdOf('consent', '0999') });
    const second = await store.ledger.streamsOwnedBy(ANA, first.next);
    expect(second).toEqual({ streamIds: own.slice(2), next: null });
    const none = await store.ledger.streamsOwnedBy('cleo' as Subject, 'consent:1000' as StreamId);
    expect(none).toEqual({ streamIds: [], next: null });
  });
});

describe('erasing origins', () => {
  it('removes those that were asked for, from the file and its log, and no other', async () => {
    await consent(ANA, '1');
    await consent(BEN, '2');
    await store.ledger.eraseOrigins([0]);
    expect([...(await store.ledger.origins([0, 1])).keys()]).toEqual([1]);
    await store.ledger.eraseOrigins([0, 1]);
    expect(await store.ledger.settleErasure()).toBe(true);
    expect(placesOf(store.directory, [ORIGIN.address, ORIGIN.requestId])).toEqual([]);
  });

  it('waits for another process that writes, and for one that reads', async () => {
    await consent(ANA, '1');
    const other = new Database(store.file);
    other.exec('BEGIN IMMEDIATE');
    const erased = store.ledger.eraseOrigins([0]);
    setTimeout(() => other.exec('COMMIT; BEGIN; SELECT * FROM events'), 100);
    await erased;
    expect((await store.ledger.origins([0])).size).toBe(0);
    const settled = store.ledger.settleErasure();
    setTimeout(() => other.exec('COMMIT'), 100);
    expect(await settled).toBe(true);
    other.close();
  });
});
