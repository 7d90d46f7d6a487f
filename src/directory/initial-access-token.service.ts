import { timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DEFAULT_PROJECT } from '../domain/identifiers.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { MASTER_KEYS } from '../vault/vault.tokens.js';

/**
 * The token that lets a client register itself (RFC 7591, 3). Unless it was set, it is derived from
 * the master key: nothing is stored, and it can be shown again.
 */
@Injectable()
export class InitialAccessToken {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(MASTER_KEYS) private readonly masterKeys: MasterKeys,
  ) {}

  /** The token, to be shown to the operator. */
  reveal(): string {
    return this.settings.initialAccessToken ?? this.derived();
  }

  /** Whether this is the token; compares in constant time. */
  matches(presented: string): boolean {
    const expected = Buffer.from(this.reveal(), 'utf8');
    const given = Buffer.from(presented, 'utf8');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private derived(): string {
    const purpose = `token-ledger/v1/initial-access-token/${DEFAULT_PROJECT}`;
    const key = this.masterKeys.derive(this.masterKeys.activeKeyId, purpose);
    if (key === undefined) throw new Error('the active master key is unknown');
    return `tli_${key.toString('base64url')}`;
  }
}
