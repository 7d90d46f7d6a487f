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
    const { activeKeyId } = this.masterKeys;
    const active = this.digest(activeKeyId, project, username);
    if (active === undefined) throw new Error('the active master key is unknown');
    const older: string[] = [];
    for (let keyId = Number(activeKeyId) - 1; keyId > 0; keyId -= 1) {
      const key = this.digest(String(keyId), project, username);
      if (key !== undefined) older.push(key);
    }
    return { username, keys: [active, ...older] };
  }

  private digest(keyId: string, project: ProjectId, username: string): string | undefined {
    const key = this.masterKeys.derive(keyId, `token-ledger/v1/username/${project}`);
    if (key === undefined) return undefined;
    return createHmac('sha256', key).update(username, 'utf8').digest('base64url');
  }
}
