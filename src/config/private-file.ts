import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The permissions of group and others. */
const OTHERS = 0o077;

/**
 * Makes a database file (mode 0600) and its directory (0700) when they are missing, and takes a file
 * that others may read away from them. SQLite gives its other files the same mode. Throws the file
 * system's error.
 */
export function preparePrivateFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // An existing file is not opened here: closing it would drop SQLite's locks on it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const { mode } = statSync(file);
    if ((mode & OTHERS) !== 0) chmodSync(file, mode & ~OTHERS);
  }
}
