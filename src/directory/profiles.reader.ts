import { Injectable } from '@nestjs/common';
import type { Subject } from '../domain/identifiers.js';
import { type Profile, Vault } from '../vault/vault.port.js';

/** Reads what is known of people. It is personal data: for pages and userinfo, never for the ledger. */
@Injectable()
export class ProfilesReader {
  constructor(private readonly vault: Vault) {}

  /** A person's profile; undefined when erased. */
  profile(subject: Subject): Promise<Profile | undefined> {
    return this.vault.profile(subject);
  }
}
