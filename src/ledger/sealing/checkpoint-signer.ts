import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Checkpoint, formatCheckpoint } from '../../tlog/checkpoint.js';
import { signNote } from '../../tlog/signed-note.js';
import { verifierKeyText } from '../../tlog/verifier-key.js';

/** Signs checkpoints with the ledger's Ed25519 key, under the origin of the epoch. */
export class CheckpointSigner {
  private readonly privateKey: KeyObject;

  /** Takes the private key as PKCS #8 DER. */
  constructor(pkcs8: Buffer) {
    this.privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  }

  /** A checkpoint as a signed note. */
  sign(checkpoint: Omit<Checkpoint, 'extensions'> & Partial<Checkpoint>): string {
    const text = formatCheckpoint({ extensions: [], ...checkpoint });
    return signNote(text, { name: checkpoint.origin, privateKey: this.privateKey });
  }

  /** What checkpoints of that origin are verified with; for everybody to know. */
  verifierKey(origin: string): string {
    return verifierKeyText(origin, createPublicKey(this.privateKey));
  }
}
