import { Inject, Injectable } from '@nestjs/common';
import { keyedDigest } from '../vault/keyed-digest.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { Vault } from '../vault/vault.port.js';
import { MASTER_KEYS } from '../vault/vault.tokens.js';

const PURPOSE = 'token-ledger/v1/address-range';

/**
 * Keeps the ranges of addresses that revocations are about: personal data, and so only in the vault, and
 * only for as long as they are needed.
 */
@Injectable()
export class AddressRanges {
  constructor(
    private readonly vault: Vault,
    @Inject(MASTER_KEYS) private readonly masterKeys: MasterKeys,
  ) {}

  /** What the ledger knows a range by: it says nothing to whoever lacks the master key. */
  digestOf(range: string): string {
    return keyedDigest(this.masterKeys, PURPOSE, range);
  }

  /** Keeps the range of a revocation. */
  keep(revocationId: string, range: string): Promise<void> {
    return this.vault.putAddressRange(revocationId, range);
  }

  /** The range of a revocation; undefined when it was never kept, or is forgotten. */
  rangeOf(revocationId: string): Promise<string | undefined> {
    return this.vault.addressRange(revocationId);
  }

  /** Forgets the range of a revocation that needs it no more. */
  forget(revocationId: string): Promise<void> {
    return this.vault.eraseAddressRange(revocationId);
  }
}
