import type { NodeLease } from '../node-lease.port.js';
import type { Sealer } from './sealer.js';

/**
 * Seals where several nodes share a ledger: one of them at a time, and the others repeat in their own
 * files what it sealed. Two that seal at once do no harm: the store takes the faster one's.
 */
export class LeasedSealer {
  constructor(
    private readonly sealer: Pick<Sealer, 'seal' | 'follow' | 'close'>,
    private readonly lease: NodeLease,
  ) {}

  /** Seals when it is this node's turn. True when there may be more to seal. Throws like Sealer. */
  async seal(): Promise<boolean> {
    if (await this.lease.hold()) return this.sealer.seal();
    await this.sealer.follow();
    return false;
  }

  /** Lets another node go on, and lets go of the ledger. */
  async close(): Promise<void> {
    // One that cannot be given back now ends by itself.
    await this.lease.release().catch(() => undefined);
    await this.sealer.close();
  }
}
