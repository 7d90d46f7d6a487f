import { randomBytes, randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Draws from the pool as text, and erases what was drawn: it may become a secret. */
function drawRandom(bytes: number, encoding: 'hex' | 'base64url'): string {
  if (bytes > POOL_BYTES) return randomBytes(bytes).toString(encoding);
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += bytes;
  const text = pool.toString(encoding, start, used);
  pool.fill(0, start, used);
  return text;
}

const COUNTER_LIMIT = 0x1000;
const VARIANTS = '89ab';
let latest = 0;
let counter = 0;

/**
 * Moves to the next pair of time and counter (RFC 9562, 6.2, method 1). A clock that stands still or
 * runs backwards, and a counter that overflows, never make an identifier smaller than the one before.
 */
function advance(seed: number): void {
  const now = Date.now();
  if (now > latest) {
    latest = now;
    counter = seed;
  } else if (counter + 1 < COUNTER_LIMIT) {
    counter += 1;
  } else {
    latest += 1;
    counter = seed;
  }
}

/**
 * A fresh identifier of 128 bits as 32 lower-case hexadecimal digits, laid out as UUID version 7
 * (RFC 9562, 5.7): it sorts by time, and within this process each is greater than the one before.
 */
export function newFamilyId(): string {
  const random = drawRandom(10, 'hex');
  // The counter starts in the lower half of its range: at least 2,048 a millisecond follow it.
  advance(Number.parseInt(random.slice(0, 3), 16) & 0x7ff);
  const time = latest.toString(16).padStart(12, '0');
  const variant = VARIANTS.charAt(Number.parseInt(random.charAt(4), 16) & 0b11);
  return `${time}7${counter.toString(16).padStart(3, '0')}${variant}${random.slice(5)}`;
}

/** A fresh UUID version 7 with hyphens (RFC 9562, 4); ordered together with `newFamilyId`. */
export function newUuid(): string {
  const digits = newFamilyId();
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
}

/** So many bytes of randomness as base64url without padding: 16 bytes are 22 characters. */
export function randomToken(bytes: number): string {
  return drawRandom(bytes, 'base64url');
}
