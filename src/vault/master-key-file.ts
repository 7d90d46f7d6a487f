import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makePrivateDirectory } from '../config/private-file.js';
import { isKeyId } from './key-id.js';
import { VaultError } from './vault.errors.js';

const OTHERS = 0o077;
const FILE_BYTES_MAX = 65_536;
const LINE = /^(\d+) ([A-Za-z0-9_-]{43})$/;

/** What a key file held, and whether it was made just now. */
export interface KeyFileContent {
  /** 32-byte keys by key id, in the order of the lines. */
  readonly keys: ReadonlyMap<string, Buffer>;
  readonly created: boolean;
}

/**
 * Reads a key file: one key a line, `<key id> <32 bytes as base64url>`, the last one active. With
 * `mayCreate`, a missing file is made with one random key (mode 0600), all of it or nothing, so that
 * two processes starting together read the same key. Throws a VaultError of one line that names the
 * file, and never quotes it, when it is missing, unreadable, malformed, or open to other users.
 */
export function readOrCreateKeyFile(file: string, mayCreate: boolean): KeyFileContent {
  const found = readKeyFile(file);
  if (found !== undefined) return { keys: parseKeys(file, found), created: false };
  if (!mayCreate) {
    throw new VaultError(
      `the master key file ${file} is missing, and a vault that needs it exists: put it back`,
    );
  }
  const created = createKeyFile(file);
  return { keys: parseKeys(file, readKeyFile(file) ?? ''), created };
}

function readKeyFile(file: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unusable(file, 'read', error);
  }
  try {
    const { mode, size } = fstatSync(handle);
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new VaultError(
        `the master key file ${file} is open to other users: run chmod 600 ${file}`,
      );
    }
    if (size > FILE_BYTES_MAX) throw malformed(file, 'is too long');
    return readFileSync(handle, 'utf8');
  } catch (error) {
    throw error instanceof VaultError ? error : unusable(file, 'read', error);
  } finally {
    closeSync(handle);
  }
}

function parseKeys(file: string, text: string): ReadonlyMap<string, Buffer> {
  const keys = new Map<string, Buffer>();
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const [, keyId, key] = LINE.exec(line) ?? [];
    if (keyId === undefined || key === undefined || !isKeyId(keyId)) {
      throw malformed(file, `line ${index + 1} is not "<key id> <32 bytes as base64url>"`);
    }
    if (keys.has(keyId)) throw malformed(file, `line ${index + 1} repeats key id ${keyId}`);
    keys.set(keyId, Buffer.from(key, 'base64url'));
  }
  return keys;
}

/** Whether this process made the file; false: another one was faster. */
function createKeyFile(file: string): boolean {
  const directory = dirname(file);
  const temporary = join(directory, `.${basename(file)}.${randomBytes(8).toString('hex')}`);
  try {
    makePrivateDirectory(directory);
    try {
      writeDurably(temporary, `1 ${randomBytes(32).toString('base64url')}\n`);
      // A link appears with its whole content and never replaces what is there.
      linkSync(temporary, file);
    } finally {
      rmSync(temporary, { force: true });
    }
    syncDirectory(directory);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw unusable(file, 'create', error);
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function malformed(file: string, why: string): VaultError {
  return new VaultError(`the master key file ${file} is malformed: ${why}`);
}

function unusable(file: string, what: 'read' | 'create', cause: unknown): VaultError {
  return new VaultError(`cannot ${what} the master key file ${file} (${codeOf(cause)})`, { cause });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
