import type { JsonValue } from '../domain/canonical-json.js';
import type { Instant } from '../domain/identifiers.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { SealedBox } from '../vault/sealed-box.js';

const TEXT_LENGTH_MAX = 16_384;
const EXPIRY_BYTES = 6;

/**
 * State of our own that travels through a browser, in a URL or a form: encrypted, authenticated, and
 * good until an instant. It can be presented any number of times until then.
 */
export class SealedTokens {
  private readonly boxes = new Map<string, SealedBox>();

  constructor(private readonly masterKeys: MasterKeys) {}

  /**
   * Seals a value for one purpose, a fixed name such as `interaction`, as base64url. Throws a
   * RangeError for a value too long to be opened again.
   */
  seal(purpose: string, value: JsonValue, expiresAt: Instant): string {
    const content = Buffer.from(JSON.stringify(value), 'utf8');
    const expiry = Buffer.alloc(EXPIRY_BYTES);
    expiry.writeUIntBE(expiresAt, 0, EXPIRY_BYTES);
    const sealed = this.box(purpose).seal(Buffer.concat([expiry, content]), purpose);
    const text = sealed.toString('base64url');
    if (text.length > TEXT_LENGTH_MAX) throw new RangeError('the value to seal is too long');
    return text;
  }

  /**
   * What was sealed for this purpose and is still good at `now`; undefined for anything else. `text`
   * is attacker-controlled: nothing is thrown.
   */
  unseal(purpose: string, text: string, now: Instant): JsonValue | undefined {
    if (text.length > TEXT_LENGTH_MAX) return undefined;
    const sealed = Buffer.from(text, 'base64url');
    if (sealed.toString('base64url') !== text) return undefined;
    const content = this.box(purpose).open(sealed, purpose);
    if (content === undefined || content.readUIntBE(0, EXPIRY_BYTES) <= now) return undefined;
    return JSON.parse(content.toString('utf8', EXPIRY_BYTES)) as JsonValue;
  }

  private box(purpose: string): SealedBox {
    const kept = this.boxes.get(purpose);
    if (kept !== undefined) return kept;
    const box = new SealedBox(this.masterKeys, `token-ledger/v1/sealed-token/${purpose}`);
    this.boxes.set(purpose, box);
    return box;
  }
}
