import { In, type Repository } from 'typeorm';
import { BoundedMap } from '../config/bounded-map.js';
import type { ClientId, Subject } from '../domain/identifiers.js';
import type { MasterKeys } from './master-keys.port.js';
import { SealedBox } from './sealed-box.js';
import { checkCanaries } from './vault-canary.js';
import { vaultRows, type VaultDatabase } from './vault-database.js';
import type { ProfileRow, VaultRows, VaultTable } from './vault.entities.js';
import { VaultError, vaultErrorOf } from './vault.errors.js';
import { Vault, type Profile } from './vault.port.js';

const PURPOSE = 'token-ledger/v1/vault';
const CACHED_DIGESTS_MAX = 10_000;
const SUBJECTS_PER_STATEMENT = 500;
const DIGEST_BYTES = 32;

/**
 * The vault in the database that `open` opens, whose name is for messages. Throws a VaultError of one
 * line and leaves nothing open when that fails, or when it was written under other master keys.
 */
export async function openSealedVault(
  name: string,
  open: () => Promise<VaultDatabase>,
  masterKeys: MasterKeys,
): Promise<Vault> {
  let database: VaultDatabase | undefined;
  try {
    database = await open();
    await checkCanaries(database, masterKeys);
    return new SealedVault(database, new SealedBox(masterKeys, PURPOSE));
  } catch (error) {
    await database?.source.destroy();
    throw vaultErrorOf(error, name);
  }
}

/**
 * The vault in any database. Every write is one statement: SQLite's transactions would interleave on
 * the one connection of its DataSource. Only secret digests are kept in memory, as each token request
 * needs one, and their rows are neither changed nor erased: which of them counts is said by the ledger.
 * What another process can erase or replace is read afresh, and so is what was absent.
 */
class SealedVault extends Vault {
  private readonly digests = new BoundedMap<string, Buffer>(CACHED_DIGESTS_MAX);

  constructor(
    private readonly database: VaultDatabase,
    private readonly box: SealedBox,
  ) {
    super();
  }

  async putSecretDigest(secretId: string, clientId: ClientId, digest: Buffer): Promise<void> {
    if (digest.length !== DIGEST_BYTES) throw new RangeError('a secret digest has 32 bytes');
    const sealed = this.seal('secret_digests', secretId, digest);
    await this.run(() => this.rows('secret_digests').insert({ secretId, clientId, sealed }));
  }

  async secretDigest(secretId: string): Promise<Buffer | undefined> {
    const kept = this.digests.get(secretId);
    if (kept !== undefined) return kept;
    const row = await this.run(() => this.rows('secret_digests').findOneBy({ secretId }));
    if (row === null) return undefined;
    const digest = this.open('secret_digests', secretId, row.sealed);
    this.digests.set(secretId, digest);
    return digest;
  }

  async putPasswordHash(credentialId: string, subject: Subject, hash: string): Promise<void> {
    const sealed = this.seal('password_hashes', credentialId, Buffer.from(hash, 'utf8'));
    await this.run(() => this.rows('password_hashes').insert({ credentialId, subject, sealed }));
  }

  async passwordHash(credentialId: string): Promise<string | undefined> {
    const row = await this.run(() => this.rows('password_hashes').findOneBy({ credentialId }));
    return this.textIn('password_hashes', credentialId, row);
  }

  async putPrivateKey(vaultId: string, pkcs8: Buffer): Promise<void> {
    const sealed = this.seal('private_keys', vaultId, pkcs8);
    await this.run(() => this.rows('private_keys').insert({ vaultId, sealed }));
  }

  async privateKey(vaultId: string): Promise<Buffer | undefined> {
    const row = await this.run(() => this.rows('private_keys').findOneBy({ vaultId }));
    return row === null ? undefined : this.open('private_keys', vaultId, row.sealed);
  }

  async putProfile(subject: Subject, profile: Profile): Promise<void> {
    const sealed = this.seal('profiles', subject, Buffer.from(JSON.stringify(profile), 'utf8'));
    await this.run(() => this.rows('profiles').upsert({ subject, sealed }, ['subject']));
  }

  async profile(subject: Subject): Promise<Profile | undefined> {
    const row = await this.run(() => this.rows('profiles').findOneBy({ subject }));
    return this.profileOf(subject, row);
  }

  async profiles(subjects: readonly Subject[]): Promise<ReadonlyMap<Subject, Profile>> {
    const found = new Map<Subject, Profile>();
    for (let start = 0; start < subjects.length; start += SUBJECTS_PER_STATEMENT) {
      const wanted = subjects.slice(start, start + SUBJECTS_PER_STATEMENT);
      const rows = await this.run(() => this.rows('profiles').findBy({ subject: In(wanted) }));
      for (const row of rows) {
        const subject = row.subject as Subject;
        const profile = this.profileOf(subject, row);
        if (profile !== undefined) found.set(subject, profile);
      }
    }
    return found;
  }

  /** Each statement is harmless alone: an erasure that a crash cut short is asked for again. */
  erase(subject: Subject): Promise<boolean> {
    return this.run(async () => {
      await this.database.eraseBoxes('password_hashes', 'subject', subject);
      await this.database.eraseBoxes('profiles', 'subject', subject);
      await this.database.eraseBoxes('verdict_notes', 'subject', subject);
      return this.database.settleErasure();
    });
  }

  async putAddressRange(revocationId: string, range: string): Promise<void> {
    const sealed = this.seal('address_ranges', revocationId, Buffer.from(range, 'utf8'));
    await this.run(() =>
      this.rows('address_ranges').upsert({ revocationId, sealed }, ['revocationId']),
    );
  }

  async addressRange(revocationId: string): Promise<string | undefined> {
    const row = await this.run(() => this.rows('address_ranges').findOneBy({ revocationId }));
    return this.textIn('address_ranges', revocationId, row);
  }

  async eraseAddressRange(revocationId: string): Promise<void> {
    await this.run(async () => {
      await this.database.eraseBoxes('address_ranges', 'revocation_id', revocationId);
      await this.database.settleErasure();
    });
  }

  async putNote(noteId: string, subject: Subject | undefined, text: string): Promise<void> {
    const sealed = this.seal('verdict_notes', noteId, Buffer.from(text, 'utf8'));
    const row = { noteId, subject: subject ?? null, sealed };
    await this.run(() => this.rows('verdict_notes').insert(row));
  }

  async note(noteId: string): Promise<string | undefined> {
    const row = await this.run(() => this.rows('verdict_notes').findOneBy({ noteId }));
    return this.textIn('verdict_notes', noteId, row);
  }

  async eraseNote(noteId: string): Promise<void> {
    await this.run(async () => {
      await this.database.eraseBoxes('verdict_notes', 'note_id', noteId);
      await this.database.settleErasure();
    });
  }

  async close(): Promise<void> {
    const { source } = this.database;
    if (!source.isInitialized) return;
    await this.run(() => source.destroy());
  }

  private rows<Table extends VaultTable>(table: Table): Repository<VaultRows[Table]> {
    return vaultRows(this.database, table);
  }

  private seal(table: VaultTable, rowId: string, content: Buffer): Buffer {
    return this.box.seal(content, `${table}/${rowId}`);
  }

  private open(table: VaultTable, rowId: string, sealed: Buffer): Buffer {
    const content = this.box.open(sealed, `${table}/${rowId}`);
    if (content !== undefined) return content;
    throw new VaultError(
      `the vault ${this.database.name} holds a row of ${table} that does not open`,
    );
  }

  /** What a row holds that can be erased; its box is blank then. */
  private textIn(
    table: VaultTable,
    rowId: string,
    row: { sealed: Buffer } | null,
  ): string | undefined {
    if (row === null || row.sealed.every((byte) => byte === 0)) return undefined;
    return this.open(table, rowId, row.sealed).toString('utf8');
  }

  private profileOf(subject: Subject, row: ProfileRow | null): Profile | undefined {
    const text = this.textIn('profiles', subject, row);
    return text === undefined ? undefined : (JSON.parse(text) as Profile);
  }

  private async run<Result>(statement: () => Promise<Result>): Promise<Result> {
    try {
      return await statement();
    } catch (error) {
      throw vaultErrorOf(error, this.database.name);
    }
  }
}
