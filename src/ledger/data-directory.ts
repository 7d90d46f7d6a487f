import { makePrivateDirectory } from '../config/private-file.js';
import { LedgerUnavailable } from './ledger.errors.js';

/** Throws a LedgerError that names the setting where there can be no such directory. */
export function makeDataDirectory(directory: string): void {
  try {
    makePrivateDirectory(directory);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EEXIST', 'ENOENT', 'ENOTDIR'].includes(code)) throw error;
    const cannot =
      code === 'ENOENT' ? 'cannot be made' : 'cannot be a directory: a file is in the way';
    const message = `TOKEN_LEDGER_DATA_DIR ${directory} ${cannot}`;
    throw new LedgerUnavailable('ledger_unavailable', message, { cause: error });
  }
}
