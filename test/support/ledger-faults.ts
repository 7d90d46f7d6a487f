import { chownSync, closeSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { expect } from '@jest/globals';
import { LedgerError, type LedgerErrorCode } from '../../src/ledger/ledger.errors.js';

/** Who has no rights of its own: `nobody`. */
const NOBODY = 65_534;

/** Expects a LedgerError with this code, and a message of one line with all of these in it. */
export async function expectLedgerError(
  action: Promise<unknown>,
  code: LedgerErrorCode,
  ...words: readonly string[]
): Promise<void> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LedgerError);
  const { code: actual, message } = error as LedgerError;
  expect({ code: actual, message }).toEqual({ code, message: expect.stringMatching(/^[^\n]+$/) });
  for (const word of words) expect(message).toContain(word);
}

/** The files below a directory that this process has open; empty where the system does not tell. */
export function openFilesIn(directory: string): string[] {
  const descriptors = '/proc/self/fd';
  try {
    return readdirSync(descriptors).flatMap((descriptor) => {
      try {
        const file = readlinkSync(`${descriptors}/${descriptor}`);
        return file.startsWith(directory) ? [file] : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Overwrites a part of a file. Nothing in this process may have it open: SQLite's locks would go. */
export function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
}

/** Gives a file or directory to the user that `asOrdinaryUser` is. */
export function giveAway(file: string): void {
  if (process.geteuid?.() === 0) chownSync(file, NOBODY, NOBODY);
}

/** Does something with an ordinary user's rights: root may write whatever the mode says. */
export async function asOrdinaryUser<Result>(action: () => Promise<Result>): Promise<Result> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
