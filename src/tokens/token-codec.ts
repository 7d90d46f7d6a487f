import { hash, timingSafeEqual } from 'node:crypto';
import { DEFAULT_PROJECT, type ProjectId } from '../domain/identifiers.js';
import { isKeyId } from '../vault/key-id.js';
import type { MasterKeys } from '../vault/master-keys.port.js';

/** What a token is for: it decides prefix, kind byte and key. */
export type TokenKind = 'refresh' | 'code' | 'access' | 'session';

/** What a genuine token says. */
export interface DecodedToken {
  readonly kind: TokenKind;
  /** The master key it was minted under: '1' to '65535'. */
  readonly keyId: string;
  /** How often the ledger was restored before it was minted, 0 to 65535. */
  readonly epoch: number;
  /** The log that holds its stream, 0 to 65535. */
  readonly log: number;
  /** What it belongs to (family, session): 128 bits as 32 lower-case hexadecimal digits. */
  readonly id: string;
  /** The generation of a refresh token, the sequence of an access token; 0 to 4294967295. */
  readonly number: number;
}

interface KindFacts {
  readonly prefix: string;
  readonly byte: number;
}

const KINDS: Readonly<Record<TokenKind, KindFacts>> = {
  refresh: { prefix: 'tlr_', byte: 1 },
  code: { prefix: 'tlc_', byte: 2 },
  access: { prefix: 'tla_', byte: 3 },
  session: { prefix: 'tls_', byte: 4 },
};

const VERSION = 1;
const PREFIX_LENGTH = 4;
const UINT16_MAX = 0xffff;
const UINT32_MAX = 0xffffffff;

// The prefix stands before the token's bytes, so that the MAC covers one contiguous range. All
// numbers are big-endian.
const AT_VERSION = PREFIX_LENGTH;
const AT_KIND = AT_VERSION + 1;
const AT_KEY_ID = AT_KIND + 1;
const AT_EPOCH = AT_KEY_ID + 2;
const AT_LOG = AT_EPOCH + 2;
const AT_ID = AT_LOG + 2;
const AT_NUMBER = AT_ID + 16;
const AT_MAC = AT_NUMBER + 4;
const END = AT_MAC + 32;

/** SHA-256 works on blocks of so many bytes; a key has 32 and is padded to one block. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/**
 * A key of HMAC-SHA-256 (RFC 2104), padded once: the blocks that both hashes begin with, and room for
 * what follows. Making a native HMAC object for every token costs more than both hashes.
 */
interface MacKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

/** The length of every token in characters: a prefix of 4, and 60 bytes as base64url. */
export const TOKEN_LENGTH = PREFIX_LENGTH + ((END - PREFIX_LENGTH) * 4) / 3;

/**
 * The one codec of refresh tokens (`tlr_`), authorization codes (`tlc_`), opaque access tokens
 * (`tla_`) and session cookies (`tls_`) of a project. After the prefix stand, as base64url: version
 * u8, kind u8, key id u16, epoch u16, log u16, id 16 bytes, number u32, HMAC-SHA-256 32 bytes. The
 * MAC covers the prefix and every byte before it, under a key derived from the master key for
 * `token-ledger/v1/<kind>/<project>`. Nothing in a token is secret; it cannot be made without the key.
 */
export class TokenCodec {
  // Shared between calls: both directions are synchronous and leave nothing behind in it.
  private readonly bytes = Buffer.alloc(END);
  private readonly keys = new Map<string, MacKey>();

  constructor(
    private readonly masterKeys: MasterKeys,
    private readonly project: ProjectId = DEFAULT_PROJECT,
  ) {}

  /**
   * The token that says these things: always the same text for the same facts. Throws a RangeError
   * for facts that do not fit, and for a key id that the master keys do not know.
   */
  encode(token: DecodedToken): string {
    const key = isKeyId(token.keyId) ? this.key(token.kind, token.keyId) : undefined;
    if (key === undefined) throw new RangeError('the key id of a token is unknown');
    const { bytes } = this;
    const { prefix, byte } = KINDS[token.kind];
    bytes.write(prefix, 0, 'latin1');
    bytes[AT_VERSION] = VERSION;
    bytes[AT_KIND] = byte;
    bytes.writeUInt16BE(Number(token.keyId), AT_KEY_ID);
    bytes.writeUInt16BE(wholeNumber(token.epoch, UINT16_MAX), AT_EPOCH);
    bytes.writeUInt16BE(wholeNumber(token.log, UINT16_MAX), AT_LOG);
    if (!/^[0-9a-f]{32}$/.test(token.id)) {
      throw new RangeError('the id of a token must be 32 lower-case hexadecimal digits');
    }
    bytes.write(token.id, AT_ID, 'hex');
    bytes.writeUInt32BE(wholeNumber(token.number, UINT32_MAX), AT_NUMBER);
    this.mac(key).copy(bytes, AT_MAC);
    return prefix + bytes.toString('base64url', PREFIX_LENGTH);
  }

  /**
   * What the token says, if we minted it as this kind for this project; otherwise undefined. `text`
   * is attacker-controlled: nothing is thrown, and nothing grows with its length.
   */
  decode(kind: TokenKind, text: string): DecodedToken | undefined {
    const { prefix, byte } = KINDS[kind];
    if (text.length !== TOKEN_LENGTH || !text.startsWith(prefix)) return undefined;
    const { bytes } = this;
    bytes.write(prefix, 0, 'latin1');
    const encoded = text.slice(PREFIX_LENGTH);
    // Node's decoder skips foreign characters and accepts standard base64: only what encodes to the
    // same text again is a token.
    bytes.write(encoded, PREFIX_LENGTH, 'base64url');
    if (bytes.toString('base64url', PREFIX_LENGTH) !== encoded) return undefined;
    if (bytes[AT_VERSION] !== VERSION || bytes[AT_KIND] !== byte) return undefined;

    const keyId = String(bytes.readUInt16BE(AT_KEY_ID));
    const key = this.key(kind, keyId);
    if (key === undefined) return undefined;
    if (!timingSafeEqual(this.mac(key), bytes.subarray(AT_MAC))) return undefined;
    return {
      kind,
      keyId,
      epoch: bytes.readUInt16BE(AT_EPOCH),
      log: bytes.readUInt16BE(AT_LOG),
      id: bytes.toString('hex', AT_ID, AT_NUMBER),
      number: bytes.readUInt32BE(AT_NUMBER),
    };
  }

  private mac({ inner, outer }: MacKey): Buffer {
    this.bytes.copy(inner, BLOCK_BYTES, 0, AT_MAC);
    hash('sha256', inner, 'buffer').copy(outer, BLOCK_BYTES);
    return hash('sha256', outer, 'buffer');
  }

  /** Only known keys are kept, so that invented key ids fill nothing. */
  private key(kind: TokenKind, keyId: string): MacKey | undefined {
    const name = `${kind}/${keyId}`;
    const kept = this.keys.get(name);
    if (kept !== undefined) return kept;
    const derived = this.masterKeys.derive(keyId, `token-ledger/v1/${kind}/${this.project}`);
    if (derived === undefined) return undefined;
    const key = macKeyOf(derived);
    this.keys.set(name, key);
    return key;
  }
}

function macKeyOf(secret: Buffer): MacKey {
  const inner = Buffer.alloc(BLOCK_BYTES + AT_MAC, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const [index, byte] of secret.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  return { inner, outer };
}

function wholeNumber(value: number, maximum: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw new RangeError(`a number in a token must be between 0 and ${maximum}`);
}
