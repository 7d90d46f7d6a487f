import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

/** The SHA-256 of a client secret, in a sealed box. */
export interface SecretDigestRow {
  secretId: string;
  clientId: string;
  sealed: Buffer;
}

/** The argon2id hash of a password, in a sealed box. */
export interface PasswordHashRow {
  credentialId: string;
  subject: string;
  sealed: Buffer;
}

/** A private key (PKCS #8 DER), in a sealed box. */
export interface PrivateKeyRow {
  vaultId: string;
  sealed: Buffer;
}

/** A person's profile as JSON, in a sealed box. */
export interface ProfileRow {
  subject: string;
  sealed: Buffer;
}

/** The range of addresses that a revocation is about, in a sealed box. */
export interface AddressRangeRow {
  revocationId: string;
  sealed: Buffer;
}

/** What an operator wrote about an incident, in a sealed box. */
export interface VerdictNoteRow {
  noteId: string;
  subject: string | null;
  sealed: Buffer;
}

/** A known text in a sealed box, one for each master key that rows may be sealed under. */
export interface CanaryRow {
  keyId: string;
  sealed: Buffer;
}

/** Every table of the vault, and what a row of it is. */
export interface VaultRows {
  secret_digests: SecretDigestRow;
  password_hashes: PasswordHashRow;
  private_keys: PrivateKeyRow;
  profiles: ProfileRow;
  address_ranges: AddressRangeRow;
  verdict_notes: VerdictNoteRow;
  canaries: CanaryRow;
}

/** The name of a table of the vault. */
export type VaultTable = keyof VaultRows;

/** How a database keeps texts (the ids) and boxes. */
export interface VaultColumnTypes {
  readonly text: EntitySchemaColumnOptions;
  readonly box: EntitySchemaColumnOptions;
}

type Columns<Row> = Record<Exclude<keyof Row, 'sealed'>, Partial<EntitySchemaColumnOptions>>;

const COLUMNS: { readonly [Table in VaultTable]: Columns<VaultRows[Table]> } = {
  secret_digests: { secretId: key('secret_id'), clientId: { name: 'client_id' } },
  password_hashes: { credentialId: key('credential_id'), subject: {} },
  private_keys: { vaultId: key('vault_id') },
  profiles: { subject: key('subject') },
  address_ranges: { revocationId: key('revocation_id') },
  verdict_notes: { noteId: key('note_id'), subject: { nullable: true } },
  canaries: { keyId: key('key_id') },
};

const INDICES: { readonly [Table in VaultTable]?: string } = {
  password_hashes: 'password_hashes_of_subject',
  verdict_notes: 'verdict_notes_about_subject',
};

/** The entities of every table of the vault, in a database that keeps columns in this way. */
export function vaultEntities(types: VaultColumnTypes): EntitySchema[] {
  return Object.entries(COLUMNS).map(([table, columns]) => {
    const texts = Object.entries(columns).map(([name, column]) => [
      name,
      { ...types.text, ...column },
    ]);
    const index = INDICES[table as VaultTable];
    return new EntitySchema({
      name: table,
      tableName: table,
      columns: { ...Object.fromEntries(texts), sealed: types.box },
      indices: index === undefined ? [] : [{ name: index, columns: ['subject'] }],
    });
  });
}

function key(name: string): Partial<EntitySchemaColumnOptions> {
  return { name, primary: true };
}
