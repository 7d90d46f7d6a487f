import { statSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { namesIssuer, readEnvironment } from './environment.js';
import { CommandRefused } from './failure.js';
import { publishedAddress } from './server-address.js';

/**
 * The settings of a ledger that is there, with the issuer of its server where one runs and the
 * environment names none. Throws an error of one line.
 */
export function operatorSettings(): Settings {
  const settings = readEnvironment();
  if (settings.postgresUrl === undefined) requireLedger(settings.ledgerFile);
  if (namesIssuer()) return settings;
  const { issuer = settings.issuer } = publishedAddress(settings.dataDirectory) ?? {};
  return { ...settings, issuer };
}

/** Throws a CommandRefused when there is nothing at a path where a ledger should be. */
function requireLedger(file: string): void {
  try {
    statSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandRefused(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `there is no ledger at ${file}: start the server first, or set TOKEN_LEDGER_DATA_DIR`
        : `${file} cannot be read: check its owner and mode`,
    );
  }
}
