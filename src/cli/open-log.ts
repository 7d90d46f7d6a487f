import { generateKeyPairSync } from 'node:crypto';
import { newUuid } from '../config/random-identifiers.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { decideOpenLog } from '../domain/log/log.decider.js';
import type { LogState } from '../domain/log/log.state.js';
import { LedgerCorrupted } from '../ledger/ledger.errors.js';
import type { Ledger } from '../ledger/ledger.port.js';
import { type AcknowledgedEpoch, acknowledgementFault } from '../ledger/sealing/acknowledgement.js';
import { CheckpointSigner } from '../ledger/sealing/checkpoint-signer.js';
import type { SealReads } from '../ledger/sealing/seal-store.port.js';
import { VaultError } from '../vault/vault.errors.js';
import type { Vault } from '../vault/vault.port.js';
import type { Resources } from './resources.js';

/** The one log's own stream. */
export const LOG_STREAM = streamIdOf('log', '0');

/** One key for all epochs: its name changes with the epoch, and so what it is verified with. */
const KEY_ID = 'checkpoint-key';

/**
 * The Ed25519 key that checkpoints are signed with (PKCS #8 DER). The first start makes it, and
 * records who the log is and what its checkpoints are verified with. Throws a VaultError when the
 * vault has not the key that the ledger names, and a LedgerError when that key did not begin its epoch.
 */
export async function openLog({
  ledger,
  sealReads,
  vault,
}: Pick<Resources, 'ledger' | 'sealReads' | 'vault'>): Promise<Buffer> {
  const log = await ledger.load('log', '0');
  const privateKey =
    (await vault.privateKey(KEY_ID)) ?? (log === undefined ? await newKey(vault) : undefined);
  const signer = privateKey && new CheckpointSigner(privateKey);
  const isNamed = log === undefined || signer?.verifierKey(log.origin) === log.verifierKey;
  if (privateKey === undefined || signer === undefined || !isNamed) {
    throw new VaultError(
      'the vault has not the key that checkpoints of this ledger are signed with',
    );
  }
  await refuseForgedLog(log, sealReads);
  const { origin, epoch } = await sealReads.log();
  await ledger.execute({
    kind: 'log',
    streamId: LOG_STREAM,
    project: DEFAULT_PROJECT,
    attribution: { actor: 'system', correlationId: newUuid() },
    decide: ({ state }) =>
      decideOpenLog(state, { origin, epoch, verifierKey: signer.verifierKey(origin) }),
  });
  return privateKey;
}

/** Whoever can write the database can name any epoch in it, but not sign for one. */
async function refuseForgedLog(log: LogState | undefined, reads: SealReads): Promise<void> {
  const row = await reads.log();
  const epoch = log?.epoch ?? 0;
  if (row.epoch !== epoch || row.origin !== (log?.origin ?? row.origin)) {
    throw new LedgerCorrupted(
      `no event of the log began epoch ${row.epoch}: put the right ledger back`,
    );
  }
  if (log === undefined || epoch === 0) return;
  const fault = await acknowledgementFault(log.acknowledgement, log, reads);
  if (fault === undefined) return;
  throw new LedgerCorrupted(`epoch ${epoch} of the ledger ${fault}: put the right ledger back`);
}

/** The newest epoch of a ledger that was begun with `recover`, and what the vault's key verifies it with. */
export async function newestEpoch(
  ledger: Ledger,
  vault: Vault,
): Promise<AcknowledgedEpoch | undefined> {
  const log = await ledger.load('log', '0');
  const signer = await checkpointSigner(vault);
  if (log?.acknowledgement === undefined || signer === undefined) return undefined;
  const { origin, acknowledgement } = log;
  return { origin, acknowledgement, verifierKey: signer.verifierKey(origin) };
}

/** The key of the log, in a vault that has it. */
export async function checkpointSigner(vault: Vault): Promise<CheckpointSigner | undefined> {
  const privateKey = await vault.privateKey(KEY_ID);
  return privateKey && new CheckpointSigner(privateKey);
}

async function newKey(vault: Vault): Promise<Buffer> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  await vault.putPrivateKey(KEY_ID, pkcs8);
  return pkcs8;
}
