import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openPostgresNodes } from '../../src/ledger/postgres/postgres-nodes.js';
import { openPostgresLedger } from '../../src/ledger/postgres/open-postgres-ledger.js';
import { openPostgresSource } from '../../src/ledger/postgres/postgres-ledger.source.js';
import { openPostgresTarget } from '../../src/ledger/postgres/postgres-ledger.target.js';
import { openSqliteLedger } from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import { holdLedger } from '../../src/ledger/sqlite/standing-ledger.js';
import type { LedgerTarget } from '../../src/ledger/transfer/ledger-target.port.js';
import { ledgerHead, transferLedger } from '../../src/ledger/transfer/transfer-ledger.js';
import { transferObstacle } from '../../src/ledger/transfer/transfer-obstacle.js';
import type { LedgerSource, StoredEvent } from '../../src/ledger/verification/ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { accountCreated, append, clientRegistered, count } from '../support/ledger-executions.js';
import { refreshFamily } from '../support/ledger-families.js';
import { queryDatabase, takeDatabase } from '../support/ledger-postgres.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { FILLED_FAMILY, fillLedger } from '../support/ledger-tampering.js';
import { usePostgres } from '../support/postgres-of-file.js';
import {
  growLedger,
  nameTheKey,
  openSealedLedger,
  restoredNow,
  sealAll,
  type SealedLedger,
} from './sealing/sealed-ledger.js';

const postgres = usePostgres();
const WHOLE = { index: 0, count: 1 };
/** With its full tiles and two pages of events. */
const GROWN = 1100;

let store: SealedLedger;
let database: Awaited<ReturnType<typeof takeDatabase>>;

/** Two epochs, tiles, checkpoints, origins of which one was erased, and events that nothing covers. */
beforeAll(async () => {
  store = await openSealedLedger();
  const { ledger, reads } = store;
  await nameTheKey(ledger, reads);
  await fillLedger(ledger);
  await growLedger(ledger, GROWN);
  const sealer = store.newSealer();
  await sealAll(sealer);
  await append(ledger, 'log', '0', [await restoredNow(store, 1)]);
  await count(ledger, 'sealed');
  await sealAll(sealer);
  await ledger.eraseOrigins([7]);
  await count(ledger, 'sealed');
  await ledger.close();
});

afterAll(() => store.remove());

beforeEach(async () => {
  database = await takeDatabase(postgres());
});

afterEach(() => database.giveBack());

/** Copies the ledger, or goes on with that, until it is complete. */
async function transfer(wrap: (target: LedgerTarget) => LedgerTarget = (target) => target) {
  const standing = holdLedger(store.settings);
  try {
    const target = await openPostgresTarget(database.ownerUrl);
    try {
      const wrapped = wrap(target);
      const [first] = (await standing.source.log()).rows;
      expect(await transferObstacle(standing.source, target)).toBeUndefined();
      if ((await target.standing()).begun === undefined) await wrapped.begin(first?.origin ?? '');
      await transferLedger(standing, wrapped);
      await wrapped.complete();
    } finally {
      await target.close();
    }
  } finally {
    await standing.close();
  }
}

const obstacle = async (): Promise<string | undefined> => {
  const standing = holdLedger(store.settings);
  const target = await openPostgresTarget(database.ownerUrl);
  try {
    return await transferObstacle(standing.source, target);
  } finally {
    await target.close();
    await standing.close();
  }
};

/** Every row of a ledger but its directory's version, read as a verification does. */
async function contentOf(source: LedgerSource) {
  const { events } = await source.counts();
  const epochs = await source.sealedEpochs();
  const levels = await source.tileLevels();
  return {
    log: await source.log(),
    events: await source.events(-1, events, WHOLE),
    streams: await source.streams('', WHOLE),
    keys: await source.keys(undefined, WHOLE),
    checkpoints: await Promise.all(epochs.map(({ epoch }) => source.checkpoints(epoch, 0, 1e9))),
    levels,
    tiles: await Promise.all(levels.map(({ level, indexMax }) => source.fullTile(level, indexMax))),
  };
}

async function expectSame(): Promise<void> {
  const standing = holdLedger(store.settings);
  const source = await openPostgresSource(database.ownerUrl);
  try {
    const content = await contentOf(source);
    expect(content).toEqual(await contentOf(standing.source));
    expect(content.tiles.length).toBeGreaterThan(0);
    expect(content.checkpoints).toHaveLength(2);
    expect(await ledgerHead(source)).toEqual(await ledgerHead(standing.source));
    const { path: checkpointFile } = store.checkpointFile;
    expect(await verifyLedger(source, { checkpointFile })).toMatchObject({ ok: true });
    const [row] = await queryDatabase<{ version: string }>(
      database.ownerUrl,
      'SELECT version FROM ledger.directory_version',
    );
    expect(Number(row?.version)).toBe(standing.directoryVersion());
  } finally {
    await source.close();
    await standing.close();
  }
}

/** Is cut short at one call, by its number or its name: what was called before it is done. */
function failingAt(call: number | keyof LedgerTarget) {
  let calls = 0;
  return (target: LedgerTarget): LedgerTarget =>
    new Proxy(target, {
      get: (of, name: keyof LedgerTarget) => {
        calls += 1;
        const method = of[name].bind(of) as (...values: unknown[]) => Promise<unknown>;
        return calls === call || name === call ? cutShort : method;
      },
    });
}

const cutShort = () => Promise.reject(new Error('cut short'));

async function isTransferred(wrap: (target: LedgerTarget) => LedgerTarget): Promise<boolean> {
  try {
    await transfer(wrap);
    return true;
  } catch (error) {
    expect(error).toEqual(new Error('cut short'));
    return false;
  }
}

describe('a ledger that is copied from SQLite to PostgreSQL', () => {
  it('has every row as it was, and is served once it is complete', async () => {
    await transfer();
    await expectSame();
    const ledger = await openPostgresLedger({ url: database.ownerUrl, clock: store.clock });
    try {
      const before = await ledger.size();
      await count(ledger, 'sealed');
      await append(ledger, 'client', 'new-app', [clientRegistered('New app')]);
      expect(await ledger.size()).toBe(before + 2);
    } finally {
      await ledger.close();
    }
  });

  it('can be cut short at each of its steps, is not served then, and goes on to the same end', async () => {
    let call = 1;
    while (!(await isTransferred(failingAt(call)))) {
      if (await isMarked()) await expectUnserved();
      await transfer();
      await expectSame();
      await dropLedger();
      call += 1;
    }
    expect(call).toBeGreaterThan(15);
  }, 240_000);

  it('has what changed after it was cut short as it is then', async () => {
    await expect(transfer(failingAt('complete'))).rejects.toThrow('cut short');
    const { settings, clock } = store;
    const ledger = await openSqliteLedger({ settings, role: 'command_line', clock });
    try {
      await refreshFamily(ledger, FILLED_FAMILY, 2);
      await append(ledger, 'account', 'bea', [accountCreated('digest-of-bea')]);
      await ledger.eraseOrigins([6, 9]);
    } finally {
      await ledger.close();
    }
    await transfer();
    await expectSame();
    const rows = await queryDatabase(
      database.ownerUrl,
      'SELECT FROM ledger.origins WHERE position IN (6, 7, 9)',
    );
    expect(rows).toHaveLength(0);
  });
});

describe('a target is refused', () => {
  const refused: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ['that holds the ledger whole', 'copied_already', () => transfer()],
    [
      'that holds another ledger',
      'another_ledger',
      async () => {
        const ledger = await openPostgresLedger({ url: database.ownerUrl });
        await count(ledger, 'a');
        await ledger.close();
      },
    ],
    [
      'that another ledger was begun on',
      'another_ledger',
      () => onTarget((target) => target.begin('token-ledger/another')),
    ],
    [
      'that is ahead',
      'ahead',
      async () => {
        await expect(transfer(failingAt('complete'))).rejects.toThrow('cut short');
        await onTarget((target) => target.addEvents([eventAt(100_000)]));
      },
    ],
    [
      'that holds another history',
      'another_history',
      async () => {
        await onTarget(async (target) => {
          await target.begin(originOf(store));
          await target.addEvents([eventAt(0)]);
        });
      },
    ],
    [
      'that a server works on',
      'served',
      async () => {
        await (await openPostgresLedger({ url: database.ownerUrl })).close();
        const nodes = openPostgresNodes(database.ownerUrl, {});
        await nodes.join();
        await nodes.close();
      },
    ],
  ];

  it.each(refused)('%s: %s', async (_, reason, make) => {
    await make();
    expect(await obstacle()).toBe(reason);
  });

  it('while another process writes to it', async () => {
    await onTarget(async () => {
      await expect(openPostgresTarget(database.ownerUrl, 10)).rejects.toMatchObject({
        code: 'ledger_locked',
      });
    });
  });
});

describe('a ledger that is copied', () => {
  it('takes no server and no change until that is over', async () => {
    const standing = holdLedger(store.settings);
    try {
      const { settings } = store;
      await expect(openSqliteLedger({ settings, role: 'server' })).rejects.toMatchObject({
        code: 'ledger_locked',
      });
      onDatabase(store.file, (handle) => {
        handle.pragma('busy_timeout = 0');
        expect(() => handle.exec('BEGIN IMMEDIATE')).toThrow('database is locked');
      });
    } finally {
      await standing.close();
    }
    const ledger = await openSqliteLedger({ settings: store.settings, role: 'server' });
    await ledger.close();
  });

  it('is refused while a server runs on it, and stays that server’s', async () => {
    const { settings } = store;
    const server = await openSqliteLedger({ settings, role: 'server' });
    try {
      expect(() => holdLedger(settings)).toThrow(/^another server is running on /);
    } finally {
      await server.close();
    }
  });

  it('is refused when nothing was ever recorded in it', async () => {
    const empty = await openSealedLedger();
    await empty.ledger.close();
    const standing = holdLedger(empty.settings);
    try {
      await onTarget(async (target) => {
        expect(await transferObstacle(standing.source, target)).toBe('nothing_to_copy');
      });
    } finally {
      await standing.close();
      await empty.remove();
    }
  });
});

async function onTarget(work: (target: LedgerTarget) => Promise<void>): Promise<void> {
  const target = await openPostgresTarget(database.ownerUrl);
  try {
    await work(target);
  } finally {
    await target.close();
  }
}

function originOf({ file }: SealedLedger): string {
  return onDatabase(file, (handle) =>
    handle.prepare<[], string>('SELECT origin FROM logs WHERE epoch = 0').pluck().get(),
  ) as string;
}

function eventAt(position: number): StoredEvent {
  const row = { streamId: 'administration:x', streamVersion: 1, previousPosition: null };
  return { ...row, position, type: 'AdministrationRecorded', appendedAt: 1, body: '{}' };
}

async function isMarked(): Promise<boolean> {
  const rows = await queryDatabase(database.ownerUrl, 'SELECT FROM ledger.transfer');
  return rows.length > 0;
}

async function expectUnserved(): Promise<void> {
  await expect(openPostgresLedger({ url: database.ownerUrl })).rejects.toMatchObject({
    code: 'ledger_unavailable',
    message: expect.stringMatching(
      /holds a ledger that was not copied to its end: run token-ledger migrate-store again$/,
    ) as unknown,
  });
}

async function dropLedger(): Promise<void> {
  await queryDatabase(database.ownerUrl, 'DROP SCHEMA ledger CASCADE');
}
