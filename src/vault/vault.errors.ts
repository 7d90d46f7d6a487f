/** The vault or its master key fails. The message is one line without any secret. */
export class VaultError extends Error {
  /** What is worth trying again: the vault's database, or its way there, fails for a while. */
  readonly code: 'vault_unavailable' | undefined;

  constructor(
    message: string,
    { isPassing = false, ...options }: ErrorOptions & { readonly isPassing?: boolean } = {},
  ) {
    super(message, options);
    this.name = 'VaultError';
    this.code = isPassing ? 'vault_unavailable' : undefined;
  }
}

/** Why a vault whose database takes no writes is refused. */
export const READ_ONLY = 'cannot be written: its server is a standby or read-only';

/**
 * By the code that SQLite, PostgreSQL (its SQLSTATE), the operating system or TLS gives, or by the
 * message where node-postgres gives none. Some of it passes by itself, or when an operator has made room.
 */
const EXPLANATIONS: readonly (readonly [
  symptom: RegExp,
  explanation: string,
  duration?: 'passing',
])[] = [
  [/^(?:SQLITE_(?:CORRUPT|NOTADB)|XX00[12]$)/, 'is damaged: restore it from a backup'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'is locked by another process', 'passing'],
  [/^(?:SQLITE_READONLY|EROFS$|EACCES$|EPERM$)/, 'cannot be written: check its owner and mode'],
  [/^(?:SQLITE_CANTOPEN|ENOTDIR$|EISDIR$)/, 'cannot be opened: check its path, owner and mode'],
  [/^(?:SQLITE_FULL$|ENOSPC$|EDQUOT$|53100$)/, 'has no room left on its disk', 'passing'],
  [/^(?:SQLITE_CONSTRAINT|23505$)/, 'holds a row of this name already, and rows never change'],
  [/^25006$/, READ_ONLY, 'passing'],
  [/^(?:28...$|SASL: )/, 'refuses this user or password'],
  [/^3D000$/, 'does not exist: create the database'],
  [/^42501$/, 'cannot be used: its user lacks a permission there'],
  [/^53300$/, 'has no connection left', 'passing'],
  [/^(?:57014|55P03)$|^timeout exceeded/, 'did not answer in time', 'passing'],
  [
    /^(?:08...|57P0.|ECONN\w+|E(?:HOST|NET)\w+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_\w+)$|^(?:Database c|C)onnection /,
    'cannot be reached',
    'passing',
  ],
  [
    /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS|ERR_SSL|The server does not support SSL)/,
    'cannot be reached over TLS: check its certificate and the sslmode',
  ],
];

/**
 * What failed, as a VaultError that names the vault: its file, or its URL without who opens it. The
 * cause is the database's own error, never TypeORM's, which repeats the statement's parameters.
 */
export function vaultErrorOf(error: unknown, vault: string): VaultError {
  if (error instanceof VaultError) return error;
  const cause = (error as { driverError?: unknown }).driverError ?? error;
  const { code, message, name } = cause as NodeJS.ErrnoException;
  const found = EXPLANATIONS.find(([symptom]) => symptom.test(code ?? message));
  const [, explanation = `failed (${code ?? name})`, duration] = found ?? [];
  return new VaultError(`the vault ${vault} ${explanation}`, {
    cause,
    isPassing: duration === 'passing',
  });
}
