import { join } from 'node:path';

/** The vault's database in a data directory. */
export function vaultFileOf(dataDirectory: string): string {
  return join(dataDirectory, 'vault.sqlite');
}
