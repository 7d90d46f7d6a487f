import { LedgerError } from '../ledger/ledger.errors.js';
import type { SealedCheckpoint } from '../ledger/seals.port.js';
import { CheckpointFile } from '../ledger/sealing/checkpoint-file.js';
import { CheckpointSigner } from '../ledger/sealing/checkpoint-signer.js';
import { LeasedSealer } from '../ledger/sealing/leased-sealer.js';
import { Sealer } from '../ledger/sealing/sealer.js';
import { SealingLoop } from '../ledger/sealing/sealing-loop.js';
import type { Refolded } from '../ledger/sealing/stream-refold.js';
import { type LedgerPlace, openSealing } from './ledger-place.js';

/** What a sealer is to seal, where and with what. */
export interface SealingWork extends LedgerPlace {
  readonly checkpointFile: string;
  /** The Ed25519 key, PKCS #8 DER. */
  readonly privateKey: Uint8Array;
  /** In milliseconds. */
  readonly interval: number;
}

/** A checkpoint as the log of the server tells it. */
export interface CheckpointFacts {
  readonly origin: string;
  readonly size: number;
  /** In base64, as it stands in the note. */
  readonly root: string;
}

/** What a sealer says of its work. What failed is tried again. */
export type SealingReport =
  | { readonly kind: 'sealed'; readonly checkpoint: CheckpointFacts }
  | { readonly kind: 'file_missing'; readonly checkpoint: CheckpointFacts }
  | { readonly kind: 'refolded'; readonly refolded: Refolded }
  | { readonly kind: 'failure'; readonly error: unknown; readonly code: string | undefined };

/** Seals a ledger on a handle of its own, in whatever thread it is called. Throws a LedgerError. */
export async function sealLedger(
  work: SealingWork,
  report: (report: SealingReport) => void,
): Promise<{ stop(): Promise<void> }> {
  const { checkpointFile, privateKey, interval } = work;
  const { store, lease } = await openSealing(work, interval);
  const sealer = new Sealer({
    store,
    file: new CheckpointFile(checkpointFile),
    signer: new CheckpointSigner(Buffer.from(privateKey)),
    observer: {
      sealed: (checkpoint) => report({ kind: 'sealed', checkpoint: factsOf(checkpoint) }),
      refolded: (refolded) => report({ kind: 'refolded', refolded }),
      fileMissing: (checkpoint) =>
        report({ kind: 'file_missing', checkpoint: factsOf(checkpoint) }),
    },
  });
  const turn = lease === undefined ? sealer : new LeasedSealer(sealer, lease);
  const loop = new SealingLoop(turn, interval, (error) => report(sealingFailure(error)));
  loop.start();
  return loop;
}

function factsOf({ origin, size, root }: SealedCheckpoint): CheckpointFacts {
  return { origin, size, root: root.toString('base64') };
}

/** What failed, with its code beside it: an error that leaves a thread has lost its class. */
export function sealingFailure(error: unknown): Extract<SealingReport, { kind: 'failure' }> {
  return { kind: 'failure', error, code: error instanceof LedgerError ? error.code : undefined };
}
