import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Origin } from '../../src/domain/envelope.js';
import {
  type Position,
  type StreamId,
  streamIdOf,
  type Subject,
} from '../../src/domain/identifiers.js';
import type { EventPage } from '../../src/ledger/ledger.port.js';
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

/** A consent of this person, given from `ORIGIN` or from elsewhere. */
function consent(subject: Subject, id: string, origin: Origin = ORIGIN): Promise<unknown> {
  const data = { subject, clientId: 'app', scope: [], resources: [] };
  const attribution = { ...ATTRIBUTION, origin };
  return append(store.ledger, 'consent', id, [{ type: 'ConsentGiven', data }], attribution);
}

/** Where these consents are, as they are met in pages of the ledger. */
async function pagesOf(ids: ReadonlySet<number>): Promise<readonly (readonly Position[])[]> {
  const found: Position[][] = [];
  let after: Position | null = null;
  do {
    const page: EventPage = await store.ledger.eventsAfter(after, 500);
    const own = page.events.filter(({ streamId }) => ids.has(Number(streamId.split(':')[1])));
    found.push(own.map(({ position }) => position));
    after = page.next;
  } while (after !== null);
  return found;
}

/** Numbers from 0 to 1 that look random, and are the same each time. */
function draws(seed: number): () => number {
  let drawn = seed;
  return () => {
    drawn = (drawn * 16_807) % 2_147_483_647;
    return drawn / 2_147_483_647;
  };
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

  it('leaves no copy of one among thousands, however many persons are erased one by one', async () => {
    const persons = 3;
    const drawn = draws(1);
    const owners = Array.from({ length: 4000 }, () => Math.max(0, Math.floor(drawn() * 5) - 2));
    await Promise.all(
      owners.map((owner, index) =>
        consent(`person-${owner}` as Subject, String(index), {
          address: `from-${owner}-${index}-`,
          userAgent: `agent-${owner}-${index}-${'x'.repeat(Math.floor(drawn() * 300))}`,
          requestId: `asked-${owner}-${index}-`,
        }),
      ),
    );
    for (let person = 0; person < persons - 1; person += 1) {
      const own = new Set(owners.flatMap((owner, index) => (owner === person ? [index] : [])));
      for (const positions of await pagesOf(own)) await store.ledger.eraseOrigins(positions);
      expect(await store.ledger.settleErasure()).toBe(true);
      const bytes = readFileSync(store.file, 'latin1');
      const left = bytes.match(new RegExp(`(?:from|agent|asked)-${person}-\\d+-`, 'g'));
      expect(left).toBeNull();
    }
    expect(readFileSync(store.file, 'latin1')).toContain(`agent-${persons - 1}-`);
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
