import type { ClientId, Subject } from '../domain/identifiers.js';
import { VerdictNotes } from './verdict-notes.port.js';

/** What is known of a person. Personal data: only here, wrapped, erasable. */
export interface Profile {
  readonly username: string;
  readonly email?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly name?: string | undefined;
}

/**
 * Secrets, and what must be erasable. Rows are named by ids that events carry, and a row is never
 * changed: the ledger decides which one counts, so nothing here can disagree with it. Written before
 * the event that names it; an orphan left by a crash harms nobody.
 *
 * Errors: `VaultError` with one clear line when the store fails or a row does not unwrap.
 */
export abstract class Vault extends VerdictNotes {
  /** Keeps the SHA-256 (32 bytes) of a client secret. */
  abstract putSecretDigest(secretId: string, clientId: ClientId, digest: Buffer): Promise<void>;
  /** The digest of that name; cached, as rows never change. */
  abstract secretDigest(secretId: string): Promise<Buffer | undefined>;
  /** Keeps an argon2id hash. */
  abstract putPasswordHash(credentialId: string, subject: Subject, hash: string): Promise<void>;
  /** The argon2id hash of that name. */
  abstract passwordHash(credentialId: string): Promise<string | undefined>;
  /** Keeps a private key (PKCS #8 DER), wrapped. */
  abstract putPrivateKey(vaultId: string, pkcs8: Buffer): Promise<void>;
  /** The private key of that name. */
  abstract privateKey(vaultId: string): Promise<Buffer | undefined>;
  /** Keeps or replaces a person's profile. */
  abstract putProfile(subject: Subject, profile: Profile): Promise<void>;
  /** A person's profile; undefined when unknown or erased. */
  abstract profile(subject: Subject): Promise<Profile | undefined>;
  /** Profiles of several people at once, for lists. */
  abstract profiles(subjects: readonly Subject[]): Promise<ReadonlyMap<Subject, Profile>>;
  /**
   * Removes profile and password hashes of a person, and the notes on incidents about them. False while
   * others hold the file as it was: to be asked again.
   */
  abstract erase(subject: Subject): Promise<boolean>;
  /** Keeps the range of addresses that a revocation is about; the same one again changes nothing. */
  abstract putAddressRange(revocationId: string, range: string): Promise<void>;
  /** The range of that revocation; undefined when unknown or erased. */
  abstract addressRange(revocationId: string): Promise<string | undefined>;
  /** Removes the range of a revocation. */
  abstract eraseAddressRange(revocationId: string): Promise<void>;
  /** Closes the store. */
  abstract close(): Promise<void>;
}
