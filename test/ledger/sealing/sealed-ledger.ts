import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVerifierKey } from '../../../src/tlog/verifier-key.js';
import type { Ledger } from '../../../src/ledger/ledger.port.js';
import { openNote } from '../../../src/tlog/signed-note.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import { signAcknowledgement } from '../../../src/ledger/sealing/acknowledgement.js';
import { originOfEpoch } from '../../../src/ledger/sealing/log-origin.js';
import { LogTiles } from '../../../src/ledger/sealing/log-tiles.js';
import { CheckpointFile } from '../../../src/ledger/sealing/checkpoint-file.js';
import { CheckpointSigner } from '../../../src/ledger/sealing/checkpoint-signer.js';
import { type SealObserver, Sealer } from '../../../src/ledger/sealing/sealer.js';
import {
  openSealReads,
  openSealStore,
  type SqliteSealStore,
} from '../../../src/ledger/sealing/sqlite-seal.store.js';
import type { SealReads, TreeReads } from '../../../src/ledger/sealing/seal-store.port.js';
import { StoredSeals } from '../../../src/ledger/sealing/stored-seals.js';
import type { SealedCheckpoint } from '../../../src/ledger/seals.port.js';
import { append, recorded } from '../../support/ledger-executions.js';
import {
  onDatabase,
  openSqliteStore,
  type SqliteLedgerStore,
} from '../../support/ledger-sqlite.js';
import { peterKeys } from '../../tlog/note-keys.js';

/** A published test key, PKCS #8 DER. */
export const signingKey = peterKeys.privateKey.export({ format: 'der', type: 'pkcs8' });

/** Signs as a ledger with that key. */
export const signer = new CheckpointSigner(signingKey);

/**
 * What begins another epoch of a ledger as it is now, acknowledged in its checkpoint file unless that
 * is left out.
 */
export async function restoredNow(
  { ledger, reads, checkpointFile }: SealedLedger,
  epoch: number,
  { by = signer, isFiled = true } = {},
): Promise<EventOf<'log'> & { type: 'LedgerRestored' }> {
  const log = await reads.log();
  const origin = originOfEpoch(log.origin, epoch, '0123abcd');
  const size = await ledger.size();
  const root = await rootOf(reads, size);
  const acknowledgement = signAcknowledgement(
    by,
    { origin, size, root },
    { origin: log.origin, size, root },
  );
  if (isFiled) checkpointFile.append({ at: 1, note: acknowledgement });
  const verifierKey = signer.verifierKey(origin);
  return { type: 'LedgerRestored', data: { origin, epoch, verifierKey, size, acknowledgement } };
}

/** The root of the tree over so many events that there are. */
export async function rootOf(reads: TreeReads, size: number): Promise<Buffer> {
  const root = await new LogTiles(reads).root(size);
  if (root === undefined) throw new Error(`there are no ${size} events`);
  return root;
}

/** A throw-away ledger, and what seals it. */
export interface SealedLedger extends SqliteLedgerStore {
  readonly checkpointFile: CheckpointFile;
  readonly reads: SqliteSealStore;
  readonly seals: StoredSeals;
  /** Another sealer of the ledger; closed with it. */
  newSealer(observer?: SealObserver, file?: CheckpointFile): Sealer;
  /** Appends so many events. */
  grow(events: number): Promise<void>;
}

/** Opens an empty throw-away ledger; its checkpoint file is in a directory of its own. */
export async function openSealedLedger(): Promise<SealedLedger> {
  const store = await openSqliteStore();
  const outside = mkdtempSync(join(tmpdir(), 'token-ledger-checkpoints-'));
  const checkpointFile = new CheckpointFile(join(outside, 'keys', 'ledger.checkpoints'));
  const reads = openSealReads(store.file);
  const sealers: Sealer[] = [];
  return {
    ...store,
    checkpointFile,
    reads,
    seals: new StoredSeals(reads),
    newSealer: (observer, file = checkpointFile) => {
      const sealer = new Sealer({
        store: openSealStore(store.file),
        file,
        signer,
        ...(observer === undefined ? {} : { observer }),
      });
      sealers.push(sealer);
      return sealer;
    },
    grow: (events) => growLedger(store.ledger, events),
    expectIntact: async () => {
      await nameTheKey(store.ledger, reads);
      await store.expectIntact();
    },
    remove: async () => {
      for (const sealer of sealers) await sealer.close();
      await reads.close();
      await store.remove();
      rmSync(outside, { recursive: true, force: true });
    },
  };
}

/** Records what the checkpoints are verified with, unless that was done: a verification asks for it. */
export async function nameTheKey(ledger: Ledger, reads: Pick<SealReads, 'log'>): Promise<void> {
  if ((await ledger.load('log', '0')) !== undefined) return;
  const { origin, epoch } = await reads.log();
  const verifierKey = signer.verifierKey(origin);
  await append(ledger, 'log', '0', [{ type: 'LogOpened', data: { origin, epoch, verifierKey } }]);
}

/** Appends so many events. */
export async function growLedger(ledger: Ledger, events: number): Promise<void> {
  for (let left = events; left > 0; left -= 500) {
    const some = Array.from({ length: Math.min(500, left) }, (_, at) => recorded(`action-${at}`));
    await append(ledger, 'administration', 'sealed', some);
  }
}

/** Seals until nothing waits. */
export async function sealAll(sealer: Sealer): Promise<void> {
  while (await sealer.seal());
}

/** All bodies of a ledger, read without any code of the sealer. */
export function bodiesOf(file: string): Buffer[] {
  return onDatabase(file, (database) =>
    database
      .prepare<[], string>('SELECT body FROM events ORDER BY position')
      .pluck()
      .all()
      .map((body) => Buffer.from(body)),
  );
}

/** Whether a checkpoint's note is signed by the ledger's key, under the checkpoint's origin. */
export function isSigned({ note, origin }: SealedCheckpoint): boolean {
  const key = parseVerifierKey(signer.verifierKey(origin));
  return key.kind === 'parsed' && openNote(note, [key.verifier]).kind === 'opened';
}
