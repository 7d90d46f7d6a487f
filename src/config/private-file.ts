import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The permissions of group and others. */
const OTHERS = 0o077;

/**
 * Makes a directory (mode 0700) and those above it when they are missing. Throws the file system's
 * error. Node's own `recursive` never ends where that is ENOENT, as in /proc.
 */
export function makePrivateDirectory(directory: string): void {
  if (isDirectory(directory)) return;
  const parent = dirname(directory);
  if (!existsSync(parent)) makePrivateDirectory(parent);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it just now.
    if (!isDirectory(directory)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Makes a database file (mode 0600) and its directory (0700) when they are missing, and takes a file
 * that others may read away from them. SQLite gives its other files the same mode. Throws the file
 * system's error.
 */
export function preparePrivateFile(file: string): void {
  makePrivateDirectory(dirname(file));
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // An existing file is not opened here: closing it would drop SQLite's locks on it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const { mode } = statSync(file);
    if ((mode & OTHERS) !== 0) chmodSync(file, mode & ~OTHERS);
  }
}
