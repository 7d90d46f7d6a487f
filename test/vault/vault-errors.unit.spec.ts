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
    ['XX001', 'is damaged: restore it from a backup'],
    ['53100', 'has no room left on its disk'],
    ['23505', 'holds a row of this name already, and rows never change'],
    ['25006', 'cannot be written: its server is a standby or read-only'],
    ['28P01', 'refuses this user or password'],
    ['28000', 'refuses this user or password'],
    ['3D000', 'does not exist: create the database'],
    ['42501', 'cannot be used: its user lacks a permission there'],
    ['53300', 'has no connection left'],
    ['57014', 'did not answer in time'],
    ['57P01', 'cannot be reached'],
    ['08006', 'cannot be reached'],
    ['ECONNREFUSED', 'cannot be reached'],
    ['EHOSTUNREACH', 'cannot be reached'],
    ['ENOTFOUND', 'cannot be reached'],
    ['EAI_AGAIN', 'cannot be reached'],
    ['CERT_HAS_EXPIRED', 'cannot be reached over TLS: check its certificate and the sslmode'],
    ['42P01', 'failed (42P01)'],
  ])('with code %s says that it %s', (code, explanation) => {
    const error = vaultErrorOf(coded(code), '/d/vault.sqlite');
    expect(error).toBeInstanceOf(VaultError);
    expect(error.message).toBe(`the vault /d/vault.sqlite ${explanation}`);
  });

  it.each([
    ['timeout exceeded when trying to connect', 'did not answer in time'],
    ['Connection terminated due to connection timeout', 'cannot be reached'],
    ['Connection terminated unexpectedly', 'cannot be reached'],
    ['Database connection provided by a query runner was already released', 'cannot be reached'],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be', 'refuses this user or password'],
    [
      'The server does not support SSL connections',
      'cannot be reached over TLS: check its certificate and the sslmode',
    ],
  ])('of which node-postgres says only "%s" %s', (message, explanation) => {
    expect(vaultErrorOf(new Error(message), 'v').message).toBe(`the vault v ${explanation}`);
  });

  it.each([
    'SQLITE_BUSY',
    'SQLITE_FULL',
    '53100',
    '25006',
    '53300',
    '57014',
    '57P01',
    'ECONNREFUSED',
  ])('with code %s is worth trying again', (code) => {
    expect(vaultErrorOf(coded(code), 'v').code).toBe('vault_unavailable');
  });

  it.each(['SQLITE_CORRUPT', 'SQLITE_READONLY', '23505', '28P01', '3D000', '42501', '42P01'])(
    'with code %s is not',
    (code) => {
      expect(vaultErrorOf(coded(code), 'v').code).toBeUndefined();
    },
  );

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
