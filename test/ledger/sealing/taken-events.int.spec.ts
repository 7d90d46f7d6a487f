import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSealStore } from '../../../src/ledger/sealing/sqlite-seal.store.js';
import { Sealer } from '../../../src/ledger/sealing/sealer.js';
import type { Refolded } from '../../../src/ledger/sealing/stream-refold.js';
import { openSqliteLedgerReader } from '../../../src/ledger/sqlite/sqlite-ledger.reader.js';
import { LeasedSealer } from '../../../src/ledger/sealing/leased-sealer.js';
import { leafHash } from '../../../src/tlog/merkle-tree.js';
import { refreshFamily } from '../../support/ledger-families.js';
import { FILLED_FAMILY, fillLedger, tamper } from '../../support/ledger-tampering.js';
import { referenceRoot } from '../../tlog/reference-tree.js';
import { bodiesOf, openSealedLedger, sealAll, type SealedLedger, signer } from './sealed-ledger.js';

const NOTHING: Refolded = { differing: [], uncheckedCount: 0 };

let sealed: SealedLedger;
let sealer: Sealer;
/** The positions of the events that the sealer read, and what it said of their streams. */
let readPositions: number[];
let told: Refolded[];

beforeEach(async () => {
  sealed = await openSealedLedger();
  const store = openSealStore(sealed.file);
  const { events } = store;
  readPositions = [];
  told = [];
  store.events = async (...asked) => {
    const page = await events.apply(store, asked);
    readPositions.push(...page.map(({ position }) => position));
    return page;
  };
  const { checkpointFile: file } = sealed;
  const observer = { refolded: (refolded: Refolded) => void told.push(refolded) };
  sealer = new Sealer({ store, file, signer, observer });
  await fillLedger(sealed.ledger);
});

afterEach(async () => {
  await sealer.close();
  await sealed.remove();
});

/** Events from a position on, as the views read them. */
async function fed(from: number, count = 1000) {
  const reader = openSqliteLedgerReader(sealed.file);
  try {
    return await reader.feed(from - 1, count);
  } finally {
    reader.close();
  }
}

/** Seals everything, and expects the tree of the events that are stored. */
async function expectSealed(): Promise<void> {
  await sealAll(sealer);
  const leaves = bodiesOf(sealed.file).map((body) => leafHash(body));
  const checkpoint = await sealed.seals.latest();
  expect(checkpoint?.size).toBe(leaves.length);
  expect(checkpoint?.root).toEqual(referenceRoot(leaves));
}

describe('events that were taken', () => {
  it('are not read again but for the last one, nor are those of their streams', async () => {
    sealer.take(await fed(0));
    const last = (await sealed.ledger.size()) - 1;
    await expectSealed();
    expect(readPositions).toEqual([last]);
    await refreshFamily(sealed.ledger, FILLED_FAMILY, 2);
    sealer.take(await fed(last + 1));
    await expectSealed();
    expect(readPositions).toEqual([last, last + 1]);
    expect(told).toEqual([NOTHING, NOTHING]);
  });

  it('may begin before what comes next and end before the ledger does', async () => {
    sealer.take(await fed(0, 3));
    sealer.take(await fed(1, 5));
    await expectSealed();
    expect(readPositions[0]).toBe(5);
    expect(readPositions.slice(1)).toEqual((await fed(6)).map(({ event }) => event.position));
    sealer.take(await fed(2));
    await refreshFamily(sealed.ledger, FILLED_FAMILY, 2);
    sealer.take(await fed(4));
    await expectSealed();
    expect(told).toEqual([NOTHING, NOTHING]);
  });

  it('are left alone when they come too early', async () => {
    sealer.take(await fed(4));
    await expectSealed();
    expect(readPositions[0]).toBe(0);
    expect(told).toEqual([NOTHING]);
  });

  it('are read again when other ones are stored', async () => {
    const others = (await fed(0)).map(({ event, origin, body }) => {
      return { event, origin, body: body.replace('"a', '"b') };
    });
    expect(others.map(({ body }) => body)).not.toEqual(bodiesOf(sealed.file));
    sealer.take(others);
    await expectSealed();
    expect(told).toEqual([NOTHING]);
  });

  it('are read again when they are gone', async () => {
    sealer.take(await fed(0));
    const last = (await sealed.ledger.size()) - 1;
    tamper(sealed.file, (database) => {
      const remove = database.prepare('DELETE FROM events WHERE position = ?');
      expect(remove.run(last).changes).toBe(1);
    });
    await expectSealed();
    expect(told).toMatchObject([{ differing: [] }]);
  });

  it('that cannot be folded are told of when they are sealed', async () => {
    const events = await fed(0);
    sealer.take(events);
    await expectSealed();
    const from = events.length;
    await refreshFamily(sealed.ledger, FILLED_FAMILY, 2);
    tamper(sealed.file, (database) =>
      database.prepare("UPDATE events SET body = '{}' WHERE position = ?").run(from),
    );
    sealer.take(await fed(from));
    await expectSealed();
    expect(told[1]?.differing).toMatchObject([{ streamId: `family:${FILLED_FAMILY}` }]);
  });

  it('are only of use where it is the turn to seal', async () => {
    let isHeld = false;
    const lease = { hold: async () => isHeld, release: async () => undefined };
    const leased = new LeasedSealer(sealer, lease);
    await leased.seal();
    leased.take(await fed(0));
    isHeld = true;
    await leased.seal();
    expect(readPositions[0]).toBe(0);
    await refreshFamily(sealed.ledger, FILLED_FAMILY, 2);
    readPositions.length = 0;
    leased.take(await fed(0));
    await expectSealed();
    expect(readPositions).toEqual([(await sealed.ledger.size()) - 1]);
  });
});

it('a ledger with an event missing is not sealed beyond it', async () => {
  tamper(sealed.file, (database) =>
    database.prepare('DELETE FROM events WHERE position = 4').run(),
  );
  await expect(sealer.seal()).rejects.toMatchObject({
    code: 'ledger_corrupted',
    message: expect.stringContaining('position 4') as unknown,
  });
  expect(await sealed.seals.latest()).toBeUndefined();
});
