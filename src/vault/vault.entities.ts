import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The SHA-256 of a client secret, in a sealed box. */
@Entity('secret_digests')
export class SecretDigestRow {
  @PrimaryColumn('text', { name: 'secret_id' })
  secretId!: string;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('blob')
  sealed!: Buffer;
}

/** The argon2id hash of a password, in a sealed box. */
@Entity('password_hashes')
export class PasswordHashRow {
  @PrimaryColumn('text', { name: 'credential_id' })
  credentialId!: string;

  @Index('password_hashes_of_subject')
  @Column('text')
  subject!: string;

  @Column('blob')
  sealed!: Buffer;
}

/** A private key (PKCS #8 DER), in a sealed box. */
@Entity('private_keys')
export class PrivateKeyRow {
  @PrimaryColumn('text', { name: 'vault_id' })
  vaultId!: string;

  @Column('blob')
  sealed!: Buffer;
}

/** A person's profile as JSON, in a sealed box. */
@Entity('profiles')
export class ProfileRow {
  @PrimaryColumn('text')
  subject!: string;

  @Column('blob')
  sealed!: Buffer;
}

/** The range of addresses that a revocation is about, in a sealed box. */
@Entity('address_ranges')
export class AddressRangeRow {
  @PrimaryColumn('text', { name: 'revocation_id' })
  revocationId!: string;

  @Column('blob')
  sealed!: Buffer;
}

/** What an operator wrote about an incident, in a sealed box. */
@Entity('verdict_notes')
export class VerdictNoteRow {
  @PrimaryColumn('text', { name: 'note_id' })
  noteId!: string;

  @Index('verdict_notes_about_subject')
  @Column('text', { nullable: true })
  subject!: string | null;

  @Column('blob')
  sealed!: Buffer;
}

/** A known text in a sealed box, one for each master key that rows may be sealed under. */
@Entity('canaries')
export class CanaryRow {
  @PrimaryColumn('text', { name: 'key_id' })
  keyId!: string;

  @Column('blob')
  sealed!: Buffer;
}

/** Every table of the vault. */
export const VAULT_ENTITIES = [
  SecretDigestRow,
  PasswordHashRow,
  PrivateKeyRow,
  ProfileRow,
  AddressRangeRow,
  VerdictNoteRow,
  CanaryRow,
];
