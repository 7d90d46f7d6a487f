/** The vault or its master key fails. The message is one line without any secret. */
export class VaultError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VaultError';
  }
}

const EXPLANATIONS: readonly (readonly [code: RegExp, explanation: string])[] = [
  [/^SQLITE_(?:CORRUPT|NOTADB)/, 'is damaged: restore it from a backup'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'is locked by another process'],
  [/^(?:SQLITE_READONLY|EROFS$|EACCES$|EPERM$)/, 'cannot be written: check its owner and mode'],
  [/^(?:SQLITE_CANTOPEN|ENOTDIR$|EISDIR$)/, 'cannot be opened: check its path, owner and mode'],
  [/^(?:SQLITE_FULL$|ENOSPC$|EDQUOT$)/, 'has no room left on its disk'],
  [/^SQLITE_CONSTRAINT/, 'holds a row of this name already, and rows never change'],
];

/**
 * What failed, as a VaultError that names the vault's file. The cause is the database's own error,
 * never TypeORM's, which repeats the statement's parameters.
 */
export function vaultErrorOf(error: unknown, file: string): VaultError {
  if (error instanceof VaultError) return error;
  const cause = (error as { driverError?: unknown }).driverError ?? error;
  const { code, name } = cause as NodeJS.ErrnoException;
  const found = EXPLANATIONS.find(([pattern]) => code !== undefined && pattern.test(code));
  return new VaultError(`the vault ${file} ${found?.[1] ?? `failed (${code ?? name})`}`, { cause });
}
