import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { MasterKeys } from './master-keys.port.js';

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const AT_KEY_ID = 1;
const AT_NONCE = 3;
const NONCE_BYTES = 12;
const AT_TAG = AT_NONCE + NONCE_BYTES;
const TAG_BYTES = 16;
const AT_CONTENT = AT_TAG + TAG_BYTES;

/**
 * Authenticated encryption (AES-256-GCM) under a key derived from the master key for one purpose. A
 * box is version u8, key id u16, nonce 12 bytes, tag 16 bytes, ciphertext; it opens only in the
 * context that it was sealed in, for example `profiles/<subject>`.
 */
export class SealedBox {
  constructor(
    private readonly masterKeys: MasterKeys,
    private readonly purpose: string,
  ) {}

  /** Seals under the active master key; 31 bytes longer than what is sealed, and never twice the same. */
  seal(content: Uint8Array, context: string): Buffer {
    const keyId = this.masterKeys.activeKeyId;
    const key = this.masterKeys.derive(keyId, this.purpose);
    if (key === undefined) throw new RangeError('the active master key is unknown');
    const head = Buffer.alloc(AT_CONTENT);
    head[0] = VERSION;
    head.writeUInt16BE(Number(keyId), AT_KEY_ID);
    randomBytes(NONCE_BYTES).copy(head, AT_NONCE);
    const cipher = createCipheriv(CIPHER, key, head.subarray(AT_NONCE, AT_TAG));
    cipher.setAAD(associatedData(head, context));
    const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
    cipher.getAuthTag().copy(head, AT_TAG);
    return Buffer.concat([head, ciphertext]);
  }

  /**
   * What was sealed; undefined when the box was changed, belongs to another context or purpose, or
   * was sealed under a master key that is not known. `box` may be attacker-controlled.
   */
  open(box: Buffer, context: string): Buffer | undefined {
    const keyId = boxKeyId(box);
    const key = keyId === undefined ? undefined : this.masterKeys.derive(keyId, this.purpose);
    if (key === undefined) return undefined;
    const nonce = box.subarray(AT_NONCE, AT_TAG);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(box, context));
    decipher.setAuthTag(box.subarray(AT_TAG, AT_CONTENT));
    const content = decipher.update(box.subarray(AT_CONTENT));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return content;
  }
}

/** The master key a box names; undefined when it is no box. It proves nothing. */
export function boxKeyId(box: Buffer): string | undefined {
  if (box.length < AT_CONTENT || box[0] !== VERSION) return undefined;
  return String(box.readUInt16BE(AT_KEY_ID));
}

/** Version, key id and context: all that decides how a box is read. */
function associatedData(box: Buffer, context: string): Buffer {
  return Buffer.concat([box.subarray(0, AT_NONCE), Buffer.from(context, 'utf8')]);
}
