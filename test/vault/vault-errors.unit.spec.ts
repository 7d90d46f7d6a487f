import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { VaultError, vaultErrorOf } from '../../src/vault/vault.errors.js';

const coded = (code: string) => Object.assign(new Error('what it says'), { code });

describe('a failure of the vault', () => {
  it.each([
    ['SQLITE_CORRUPT', 'is damaged: restore it from a backup'],
    ['SQLITE_CORRUPT_VTAB', 'is damaged: restore it from a backup'],
    ['SQLITE_NOTADB', 'is damaged: restore it from a backup'],
    ['SQLITE_BUSY', 'is locked by another process'],
    ['SQLITE_BUSY_SNAPSHOT', 'is locked by another process'],
    ['SQLITE_LOCKED', 'is locked by another process'],
    ['SQLITE_READONLY', 'cannot be written: check its owner and mode'],
    ['SQLITE_READONLY_DBMOVED', 'cannot be written: check its owner and mode'],
    ['EACCES', 'cannot be written: check its owner and mode'],
    ['EROFS', 'cannot be written: check its owner and mode'],
    ['EPERM', 'cannot be written: check its owner and mode'],
    ['SQLITE_CANTOPEN', 'cannot be opened: check its path, owner and mode'],
    ['ENOTDIR', 'cannot be opened: check its path, owner and mode'],
    ['SQLITE_FULL', 'has no room left on its disk'],
    ['ENOSPC', 'has no room left on its disk'],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', 'holds a row of this name already, and rows never change'],
    ['SQLITE_IOERR_READ', 'failed (SQLITE_IOERR_READ)'],
  ])('with code %s says that it %s', (code, explanation) => {
    const error = vaultErrorOf(coded(code), '/d/vault.sqlite');
    expect(error).toBeInstanceOf(VaultError);
    expect(error.message).toBe(`the vault /d/vault.sqlite ${explanation}`);
  });

  it('without a code says its name', () => {
    expect(vaultErrorOf(new TypeError('x'), 'f').message).toBe('the vault f failed (TypeError)');
  });

  it('carries the error of the database, and never the parameters of the statement', () => {
    const cause = coded('SQLITE_BUSY');
    const error = vaultErrorOf(new QueryFailedError('INSERT', ['the secret'], cause), 'f');
    expect(error.message).toBe('the vault f is locked by another process');
    expect(error.cause).toBe(cause);
  });

  it('that has been explained stays as it is', () => {
    const explained = new VaultError('x');
    expect(vaultErrorOf(explained, 'f')).toBe(explained);
  });
});
