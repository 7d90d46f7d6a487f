import { randomBytes, randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
/** Two for the counter's seed, 8 whose last 62 bits are an identifier's randomness. */
const RANDOM_BYTES = 10;

/** Where so many unused bytes of the pool begin. Whoever draws them erases them: they may be a secret. */
function draw(bytes: number): number {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += bytes;
  return start;
}

const COUNTER_LIMIT = 0x1000;
const HEX_DIGITS = '0123456789abcdef';
const VARIANTS = '89ab';
let latest = 0;
/** `latest` in hexadecimal digits, made once a millisecond. */
let latestDigits = '000000000000';
let counter = 0;

/**
 * Moves to the next pair of time and counter (RFC 9562, 6.2, method 1). A clock that stands still or
 * runs backwards, and a counter that overflows, never make an identifier smaller than the one before.
 */
function advance(seed: number): void {
  const now = Date.now();
  if (now > latest) {
    moveTo(now);
    counter = seed;
  } else if (counter + 1 < COUNTER_LIMIT) {
    counter += 1;
  } else {
    moveTo(latest + 1);
    counter = seed;
  }
}

function moveTo(time: number): void {
  latest = time;
  latestDigits = time.toString(16).padStart(12, '0');
}

/** Advances, and draws the digits that follow the time: version and counter, variant and randomness. */
function nextDigits(): { readonly counted: string; readonly random: string } {
  const start = draw(RANDOM_BYTES);
  const end = start + RANDOM_BYTES;
  // The counter starts in the lower half of its range: at least 2,048 a millisecond follow it.
  advance(pool.readUInt16BE(start) & 0x7ff);
  const variant = VARIANTS.charAt(pool.readUInt8(start + 2) >> 6);
  const random = variant + pool.toString('hex', start + 2, end).slice(1);
  pool.fill(0, start, end);
  const digit = (shift: number): string => HEX_DIGITS.charAt((counter >> shift) & 0b1111);
  return { counted: `7${digit(8)}${digit(4)}${digit(0)}`, random };
}

/**
 * A fresh identifier of 128 bits as 32 lower-case hexadecimal digits, laid out as UUID version 7
 * (RFC 9562, 5.7): it sorts by time, and within this process each is greater than the one before.
 */
export function newFamilyId(): string {
  const { counted, random } = nextDigits();
  return latestDigits + counted + random;
}

/** A fresh UUID version 7 with hyphens (RFC 9562, 4); ordered together with `newFamilyId`. */
export function newUuid(): string {
  const { counted, random } = nextDigits();
  const time = `${latestDigits.slice(0, 8)}-${latestDigits.slice(8)}`;
  return `${time}-${counted}-${random.slice(0, 4)}-${random.slice(4)}`;
}

/** So many bytes of randomness as base64url without padding: 16 bytes are 22 characters. */
export function randomToken(bytes: number): string {
  if (bytes > POOL_BYTES) return randomBytes(bytes).toString('base64url');
  const start = draw(bytes);
  const text = pool.toString('base64url', start, used);
  pool.fill(0, start, used);
  return text;
}
