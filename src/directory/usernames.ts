import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { normaliseUsername } from '../domain/directory/username.rules.js';
import type { ProjectId } from '../domain/identifiers.js';
import type { MasterKeys } from '../vault/master-keys.port.js';
import { MASTER_KEYS } from '../vault/vault.tokens.js';

/** A user name, and what the ledger knows it by. */
export interface UsernameKeys {
  /** Normalised: the form that counts. */
  readonly username: string;
  /** One digest per master key, the active one's first; only that is claimed for new accounts. */
  readonly keys: readonly [string, ...string[]];
}

/** Turns user names into keys that say nothing about them to whoever reads the ledger. */
@Injectable()
export class Usernames {
  constructor(@Inject(MASTER_KEYS) private readonly masterKeys: MasterKeys) {}

  /** The keys of a user name in a project; undefined for what cannot be a user name. */
  keysOf(project: ProjectId, text: string): UsernameKeys | undefined {
    const username = normaliseUsername(text);
    if (username === undefined) return undefined;
    const [active, ...others] = this.masterKeys.keyIds;
    const keyUnder = (keyId: string): string => this.digest(keyId, project, username);
    return { username, keys: [keyUnder(active), ...others.map(keyUnder)] };
  }

  private digest(keyId: string, project: ProjectId, username: string): string {
    const key = this.masterKeys.derive(keyId, `token-ledger/v1/username/${project}`);
    if (key === undefined) throw new Error(`the master key ${keyId} is unknown`);
    return createHmac('sha256', key).update(username, 'utf8').digest('base64url');
  }
}
