import { argon2id, hash as argon2Hash, verify as argon2Verify } from 'argon2';
import pLimit, { type LimitFunction } from 'p-limit';
import { PASSWORD_BYTES_MAX } from '../config/password-limits.js';
import { isPasswordTooLong } from '../domain/directory/account.rules.js';

/** OWASP's recommendation for argon2id; memory in KiB. */
const PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The hash of random bytes that were thrown away, under the same parameters: it costs the same. */
const DUMMY_HASH =
  '$argon2id$v=19$m=19456,p=1,t=2$1O0xHp6avU6FCd9d4felmw$lij8rZhWLCkve3fy7N2HMFu57/As22yv3L7aNJKczc8';

/** A password has more than `PASSWORD_BYTES_MAX` bytes. */
export class PasswordTooLong extends Error {
  constructor() {
    super(`a password has at most ${PASSWORD_BYTES_MAX} bytes`);
    this.name = 'PasswordTooLong';
  }
}

/** So many passwords wait to be hashed that another one would wait too long: try again later. */
export class TooManyHashes extends Error {
  constructor() {
    super('too many passwords wait to be hashed');
    this.name = 'TooManyHashes';
  }
}

/** Hashes run on libuv’s four threads: one is left for all else there, which must not wait that long. */
const RUNNING_MAX = 3;

/** How many hashes run at once and how many may wait; each takes about 20 ms and 19 MiB. */
export interface PasswordLimits {
  readonly running?: number;
  readonly waiting?: number;
}

/** Hashes and checks passwords with argon2id (RFC 9106), a bounded number at a time. */
export class Passwords {
  private readonly limit: LimitFunction;
  private readonly pendingMax: number;

  constructor({ running = RUNNING_MAX, waiting = 128 }: PasswordLimits = {}) {
    this.limit = pLimit(running);
    this.pendingMax = running + waiting;
  }

  /** The argon2id hash as a PHC string. Throws PasswordTooLong or TooManyHashes. */
  async hash(password: string): Promise<string> {
    if (isPasswordTooLong(password)) throw new PasswordTooLong();
    return this.enqueue(() => argon2Hash(normalized(password), PARAMETERS));
  }

  /**
   * Whether the hash is of this password. Without a hash (an unknown name) it works as hard and is
   * false. A password that is too long is false at once, whatever the hash. Throws TooManyHashes.
   */
  async verify(hash: string | undefined, password: string): Promise<boolean> {
    if (isPasswordTooLong(password)) return false;
    const matches = await this.enqueue(() =>
      argon2Verify(hash ?? DUMMY_HASH, normalized(password)),
    );
    return matches && hash !== undefined;
  }

  private async enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.limit.activeCount + this.limit.pendingCount >= this.pendingMax) {
      throw new TooManyHashes();
    }
    return this.limit(work);
  }
}

/** Keyboards write the same character in several ways (RFC 8265, 4.2: OpaqueString uses NFC). */
function normalized(password: string): string {
  return password.normalize('NFC');
}
