import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { canonicalJson, type JsonValue } from '../../src/domain/canonical-json.js';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import type { CheckpointSigner } from '../../src/ledger/sealing/checkpoint-signer.js';
import { Sealer } from '../../src/ledger/sealing/sealer.js';
import { openSealStore } from '../../src/ledger/sealing/sqlite-seal.store.js';
import { digestAfter } from '../../src/ledger/stream-digest.js';
import {
  openSealedLedger,
  restoredNow,
  sealAll,
  type SealedLedger,
  signer,
} from '../ledger/sealing/sealed-ledger.js';
import { append } from './ledger-executions.js';
import { onDatabase } from './ledger-sqlite.js';
import { fillLedger, tamper } from './ledger-tampering.js';

/** Where the second epoch of `openSealedHistory` begins: its opening event stands there. */
export const SECOND_EPOCH_AT = 318;
/** The sizes of its checkpoints, in their order; the last two are of the second epoch. */
export const SEALED_SIZES = [18, 318, 319, 619];
/** All its events: the last of them are not sealed. */
export const SEALED_EVENTS = 624;

/**
 * A ledger with a little of everything that was sealed, put back, and sealed on in a second epoch: two
 * full tiles, and a few events that no checkpoint covers yet.
 */
export async function openSealedHistory(): Promise<SealedLedger> {
  const sealed = await openSealedLedger();
  const { ledger } = sealed;
  const { origin } = await sealed.reads.log();
  const verifierKey = signer.verifierKey(origin);
  const sealer = sealed.newSealer();
  await append(ledger, 'log', '0', [
    { type: 'LogOpened', data: { origin, epoch: 0, verifierKey } },
  ]);
  await fillLedger(ledger);
  await sealAll(sealer);
  await sealed.grow(300);
  await sealAll(sealer);
  await append(ledger, 'log', '0', [await restoredNow(sealed, 1)]);
  await sealAll(sealer);
  await sealed.grow(300);
  await sealAll(sealer);
  await sealed.grow(5);
  return sealed;
}

/** A copy of a ledger as it is now, complete in one file. */
export function copyOf({ file }: SealedLedger, name: string): string {
  const target = `${file}-${name}`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${target}${suffix}`, { force: true });
  onDatabase(file, (database) => database.prepare('VACUUM INTO ?').run(target));
  return target;
}

/** A fresh copy of a file, with nothing beside it. */
export function freshCopy(file: string, directory: string): string {
  const target = join(directory, 'tampered.sqlite');
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${target}${suffix}`, { force: true });
  copyFileSync(file, target);
  return target;
}

/** Changes a fact that no state depends on, and leaves the digest of the stream as it was. */
export function changeFact(database: Database.Database, position: number): string {
  const event = database.prepare<[number], { streamId: string; body: string }>(
    'SELECT stream_id AS streamId, body FROM events WHERE position = ?',
  );
  const { streamId, body } = event.get(position) ?? { streamId: '', body: '{}' };
  const changed = {
    ...(JSON.parse(body) as Record<string, JsonValue>),
    correlationId: 'rewritten',
  };
  database
    .prepare('UPDATE events SET body = ? WHERE position = ?')
    .run(canonicalJson(changed), position);
  return streamId;
}

/**
 * Changes a fact that no state depends on, as somebody does who knows the ledger: the digest of the
 * stream is made right again.
 */
export function rewriteFact(database: Database.Database, position: number): void {
  repairDigest(database, changeFact(database, position));
}

/** Makes the digest of a stream that of its bodies. */
export function repairDigest(database: Database.Database, streamId: string): void {
  const digest = database
    .prepare<[string], string>('SELECT body FROM events WHERE stream_id = ? ORDER BY position')
    .pluck()
    .all(streamId)
    .reduce<string | undefined>((before, body) => digestAfter(before, body), undefined);
  database.prepare('UPDATE streams SET digest = ? WHERE stream_id = ?').run(digest, streamId);
}

/** Takes all seals away and seals anew, with whatever key; the repeating file is somewhere else. */
export async function sealAnew(
  file: string,
  by: CheckpointSigner,
  checkpoints: string,
): Promise<void> {
  tamper(file, (database) => database.exec('DELETE FROM checkpoints; DELETE FROM tiles'));
  rmSync(checkpoints, { force: true });
  const sealer = new Sealer({
    store: openSealStore(file),
    file: new CheckpointFile(checkpoints),
    signer: by,
  });
  await sealAll(sealer);
  await sealer.close();
}
