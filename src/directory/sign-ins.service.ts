import { Injectable } from '@nestjs/common';
import type { AccountState } from '../domain/directory/directory.state.js';
import { DEFAULT_PROJECT, type ProjectId } from '../domain/identifiers.js';
import { Passwords, TooManyHashes } from '../vault/passwords.js';
import { Vault } from '../vault/vault.port.js';
import { DirectoryReader } from './directory.reader.js';
import type { ProvenSignIn } from './start-session.handler.js';

/** What a sign-in came to. A refusal never says whether name or password was wrong. */
export type SignInOutcome =
  | { readonly kind: 'proven'; readonly signIn: ProvenSignIn; readonly account: AccountState }
  | { readonly kind: 'refused' }
  /** Too many sign-ins wait: nothing is said about this one. */
  | { readonly kind: 'busy' };

/** Checks user names and passwords, at the same cost whether or not the name is known. */
@Injectable()
export class SignIns {
  constructor(
    private readonly directory: DirectoryReader,
    private readonly vault: Vault,
    private readonly passwords: Passwords,
  ) {}

  /** Whether the password is the one that counts for an active account of this name. */
  async check(
    username: string,
    password: string,
    project: ProjectId = DEFAULT_PROJECT,
  ): Promise<SignInOutcome> {
    const account = await this.directory.accountByUsername(username, project);
    const isActive = account?.status === 'active';
    const hash = isActive ? await this.vault.passwordHash(account.credentialId) : undefined;
    try {
      const matches = await this.passwords.verify(hash, password);
      if (!matches || !isActive) return { kind: 'refused' };
    } catch (error) {
      if (error instanceof TooManyHashes) return { kind: 'busy' };
      throw error;
    }
    const { subject, credentialId } = account;
    return { kind: 'proven', account, signIn: { subject, credentialId, amr: ['pwd'] } };
  }
}
