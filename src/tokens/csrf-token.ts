import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MasterKeys } from '../vault/master-keys.port.js';

const KEY_ID_BYTES = 2;
const TOKEN_BYTES = KEY_ID_BYTES + 32;
const TEXT_LENGTH = Math.ceil((TOKEN_BYTES * 4) / 3);

/**
 * Proof that a form was made for this browser: key id u16 and HMAC-SHA-256 of what it is bound to (a
 * cookie, a session), as base64url. The same purpose and binding give the same text.
 */
export class CsrfTokens {
  constructor(private readonly masterKeys: MasterKeys) {}

  /** The token of a form. `purpose` is a fixed name such as `consent`. */
  csrfToken(purpose: string, binding: string): string {
    const token = this.tokenUnder(this.masterKeys.activeKeyId, purpose, binding);
    if (token === undefined) throw new RangeError('the active master key is unknown');
    return token.toString('base64url');
  }

  /** Whether `text`, which is attacker-controlled, is the token of that form. */
  verify(purpose: string, binding: string, text: string): boolean {
    if (text.length !== TEXT_LENGTH) return false;
    const presented = Buffer.from(text, 'base64url');
    if (presented.length !== TOKEN_BYTES) return false;
    const keyId = String(presented.readUInt16BE(0));
    const expected = this.tokenUnder(keyId, purpose, binding);
    return expected !== undefined && timingSafeEqual(presented, expected);
  }

  private tokenUnder(keyId: string, purpose: string, binding: string): Buffer | undefined {
    const key = this.masterKeys.derive(keyId, `token-ledger/v1/csrf/${purpose}`);
    if (key === undefined) return undefined;
    const token = Buffer.alloc(TOKEN_BYTES);
    token.writeUInt16BE(Number(keyId), 0);
    createHmac('sha256', key).update(binding, 'utf8').digest().copy(token, KEY_ID_BYTES);
    return token;
  }
}
