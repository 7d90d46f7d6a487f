import { In, type DataSource } from 'typeorm';
import type { Settings } from '../config/settings.js';
import type { ClientId, Subject } from '../domain/identifiers.js';
import { BoundedMap } from '../config/bounded-map.js';
import type { MasterKeys } from './master-keys.port.js';
import { SealedBox } from './sealed-box.js';
import { checkCanaries } from './vault-canary.js';
import { openVaultDatabase } from './vault-database.js';
import { vaultFileOf } from './vault-file.js';
import {
  AddressRangeRow,
  PasswordHashRow,
  PrivateKeyRow,
  ProfileRow,
  SecretDigestRow,
  VerdictNoteRow,
} from './vault.entities.js';
import { VaultError, vaultErrorOf } from './vault.errors.js';
import { Vault, type Profile } from './vault.port.js';

const PURPOSE = 'token-ledger/v1/vault';
const BUSY_TIMEOUT = 5000;
const CACHED_DIGESTS_MAX = 10_000;
const SUBJECTS_PER_STATEMENT = 500;
const DIGEST_BYTES = 32;

/**
 * Opens the vault in the data directory, made if need be (mode 0600). Other processes may have it
 * open too; `busyTimeout` is how long a statement waits for them, in milliseconds. Throws a VaultError
 * of one line: locked, damaged, read-only, of a newer version, or written under other master keys.
 */
export async function openVault(
  settings: Pick<Settings, 'dataDirectory'>,
  masterKeys: MasterKeys,
  busyTimeout = BUSY_TIMEOUT,
): Promise<Vault> {
  const file = vaultFileOf(settings.dataDirectory);
  let source: DataSource | undefined;
  try {
    source = await openVaultDatabase(file, busyTimeout);
    await checkCanaries(source, masterKeys, file);
    return new SqliteVault(source, new SealedBox(masterKeys, PURPOSE), file);
  } catch (error) {
    await source?.destroy();
    throw vaultErrorOf(error, file);
  }
}

type Table =
  | 'secret_digests'
  | 'password_hashes'
  | 'private_keys'
  | 'profiles'
  | 'address_ranges'
  | 'verdict_notes';

/**
 * The vault on SQLite. Every write is one statement: concurrent transactions on the one connection of
 * a DataSource would interleave. Only secret digests are kept in memory, as each token request needs
 * one: what can be erased or replaced by another process is read afresh, and so is what was absent.
 */
class SqliteVault extends Vault {
  private readonly digests = new BoundedMap<string, Buffer>(CACHED_DIGESTS_MAX);

  constructor(
    private readonly source: DataSource,
    private readonly box: SealedBox,
    private readonly file: string,
  ) {
    super();
  }

  async putSecretDigest(secretId: string, clientId: ClientId, digest: Buffer): Promise<void> {
    if (digest.length !== DIGEST_BYTES) throw new RangeError('a secret digest has 32 bytes');
    const sealed = this.seal('secret_digests', secretId, digest);
    await this.run(() => this.rows(SecretDigestRow).insert({ secretId, clientId, sealed }));
  }

  async secretDigest(secretId: string): Promise<Buffer | undefined> {
    const kept = this.digests.get(secretId);
    if (kept !== undefined) return kept;
    const row = await this.run(() => this.rows(SecretDigestRow).findOneBy({ secretId }));
    if (row === null) return undefined;
    const digest = this.open('secret_digests', secretId, row.sealed);
    this.digests.set(secretId, digest);
    return digest;
  }

  async putPasswordHash(credentialId: string, subject: Subject, hash: string): Promise<void> {
    const sealed = this.seal('password_hashes', credentialId, Buffer.from(hash, 'utf8'));
    await this.run(() => this.rows(PasswordHashRow).insert({ credentialId, subject, sealed }));
  }

  async passwordHash(credentialId: string): Promise<string | undefined> {
    const row = await this.run(() => this.rows(PasswordHashRow).findOneBy({ credentialId }));
    return this.textIn('password_hashes', credentialId, row);
  }

  async putPrivateKey(vaultId: string, pkcs8: Buffer): Promise<void> {
    const sealed = this.seal('private_keys', vaultId, pkcs8);
    await this.run(() => this.rows(PrivateKeyRow).insert({ vaultId, sealed }));
  }

  async privateKey(vaultId: string): Promise<Buffer | undefined> {
    const row = await this.run(() => this.rows(PrivateKeyRow).findOneBy({ vaultId }));
    return row === null ? undefined : this.open('private_keys', vaultId, row.sealed);
  }

  async putProfile(subject: Subject, profile: Profile): Promise<void> {
    const sealed = this.seal('profiles', subject, Buffer.from(JSON.stringify(profile), 'utf8'));
    await this.run(() => this.rows(ProfileRow).upsert({ subject, sealed }, ['subject']));
  }

  async profile(subject: Subject): Promise<Profile | undefined> {
    const row = await this.run(() => this.rows(ProfileRow).findOneBy({ subject }));
    return this.profileOf(subject, row);
  }

  async profiles(subjects: readonly Subject[]): Promise<ReadonlyMap<Subject, Profile>> {
    const found = new Map<Subject, Profile>();
    for (let start = 0; start < subjects.length; start += SUBJECTS_PER_STATEMENT) {
      const wanted = subjects.slice(start, start + SUBJECTS_PER_STATEMENT);
      const rows = await this.run(() => this.rows(ProfileRow).findBy({ subject: In(wanted) }));
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
      await this.blank('password_hashes', 'subject', subject);
      await this.blank('profiles', 'subject', subject);
      await this.blank('verdict_notes', 'subject', subject);
      return this.forgetPages();
    });
  }

  async putAddressRange(revocationId: string, range: string): Promise<void> {
    const sealed = this.seal('address_ranges', revocationId, Buffer.from(range, 'utf8'));
    await this.run(() =>
      this.rows(AddressRangeRow).upsert({ revocationId, sealed }, ['revocationId']),
    );
  }

  async addressRange(revocationId: string): Promise<string | undefined> {
    const row = await this.run(() => this.rows(AddressRangeRow).findOneBy({ revocationId }));
    return this.textIn('address_ranges', revocationId, row);
  }

  async eraseAddressRange(revocationId: string): Promise<void> {
    await this.run(async () => {
      await this.blank('address_ranges', 'revocation_id', revocationId);
      await this.forgetPages();
    });
  }

  async putNote(noteId: string, subject: Subject | undefined, text: string): Promise<void> {
    const sealed = this.seal('verdict_notes', noteId, Buffer.from(text, 'utf8'));
    const row = { noteId, subject: subject ?? null, sealed };
    await this.run(() => this.rows(VerdictNoteRow).insert(row));
  }

  async note(noteId: string): Promise<string | undefined> {
    const row = await this.run(() => this.rows(VerdictNoteRow).findOneBy({ noteId }));
    return this.textIn('verdict_notes', noteId, row);
  }

  async eraseNote(noteId: string): Promise<void> {
    await this.run(async () => {
      await this.blank('verdict_notes', 'note_id', noteId);
      await this.forgetPages();
    });
  }

  async close(): Promise<void> {
    if (!this.source.isInitialized) return;
    await this.run(() => this.source.destroy());
  }

  /**
   * Overwrites boxes in their place. Where rows are deleted SQLite moves others and leaves copies of
   * them on its pages, which a later erasure would not reach.
   */
  private async blank(table: Table, column: string, id: string): Promise<void> {
    const statement = `UPDATE ${table} SET sealed = zeroblob(length(sealed)) WHERE ${column} = ?`;
    await this.source.query(statement, [id]);
  }

  /**
   * Until it is checkpointed the write-ahead log still holds the pages as they were: whether that could
   * be done now.
   */
  private async forgetPages(): Promise<boolean> {
    const [result] = await this.source.query<{ busy: number }[]>('PRAGMA wal_checkpoint(TRUNCATE)');
    return result?.busy === 0;
  }

  private rows<Row extends object>(entity: new () => Row) {
    return this.source.getRepository(entity);
  }

  private seal(table: Table, rowId: string, content: Buffer): Buffer {
    return this.box.seal(content, `${table}/${rowId}`);
  }

  private open(table: Table, rowId: string, sealed: Buffer): Buffer {
    const content = this.box.open(sealed, `${table}/${rowId}`);
    if (content !== undefined) return content;
    throw new VaultError(`the vault ${this.file} holds a row of ${table} that does not open`);
  }

  /** What a row holds that can be erased; its box is blank then. */
  private textIn(table: Table, rowId: string, row: { sealed: Buffer } | null): string | undefined {
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
      throw vaultErrorOf(error, this.file);
    }
  }
}
