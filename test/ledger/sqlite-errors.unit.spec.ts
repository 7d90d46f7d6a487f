import { describe, expect, it } from '@jest/globals';
import { LedgerBusy, LedgerCorrupted, LedgerError } from '../../src/ledger/ledger.errors.js';
import { ledgerErrorOf } from '../../src/ledger/sqlite/sqlite-errors.js';

const FILE = '/data/ledger.sqlite';
const failing = (code: string): Error => Object.assign(new Error('as SQLite says it'), { code });

describe('what SQLite or the system says', () => {
  it.each([
    ['SQLITE_FULL', 'disk_full', `the disk of ${FILE} is full`],
    ['ENOSPC', 'disk_full', `the disk of ${FILE} is full`],
    ['EDQUOT', 'disk_full', `the disk of ${FILE} is full`],
    ['SQLITE_READONLY', 'read_only', `${FILE} cannot be written`],
    ['SQLITE_READONLY_DBMOVED', 'read_only', `${FILE} cannot be written`],
    ['EACCES', 'read_only', `${FILE} cannot be written`],
    ['EPERM', 'read_only', `${FILE} cannot be written`],
    ['EROFS', 'read_only', `${FILE} cannot be written`],
    ['SQLITE_CORRUPT', 'ledger_corrupted', `${FILE} is not an intact database: as SQLite says it`],
    ['SQLITE_CORRUPT_VTAB', 'ledger_corrupted', `${FILE} is not an intact database`],
    ['SQLITE_NOTADB', 'ledger_corrupted', `${FILE} is not an intact database`],
    ['SQLITE_BUSY', 'ledger_locked', `${FILE} is locked by another process`],
    ['SQLITE_BUSY_SNAPSHOT', 'ledger_locked', `${FILE} is locked by another process`],
    ['SQLITE_CANTOPEN', 'ledger_unavailable', `${FILE} cannot be read or written`],
    ['SQLITE_IOERR_FSYNC', 'ledger_unavailable', `${FILE} cannot be read or written`],
    ['SQLITE_ERROR', 'ledger_unavailable', `${FILE} cannot be read or written: as SQLite says it`],
    ['ENOTDIR', 'ledger_unavailable', `${FILE} cannot be read or written`],
  ])('%s becomes %s, with the file and the cause', (code, expected, message) => {
    const cause = failing(code);
    const error = ledgerErrorOf(cause, FILE);
    expect(error).toBeInstanceOf(LedgerError);
    expect(error).toMatchObject({ code: expected, cause });
    expect(error.message).toContain(message);
    expect(error instanceof LedgerCorrupted).toBe(expected === 'ledger_corrupted');
  });

  it.each([
    ['a unique key that is taken', failing('SQLITE_CONSTRAINT_PRIMARYKEY')],
    ['a text that is too long', failing('SQLITE_TOOBIG')],
    ['an error of node', failing('ERR_INVALID_ARG_TYPE')],
    ['an error without a code', new Error('a broken decider')],
    ['an error of the ledger', new LedgerBusy()],
    ['nothing at all', undefined],
    ['a text', 'SQLITE_FULL'],
  ])('%s is no failure of the store and passes as it is', (_, error) => {
    expect(ledgerErrorOf(error, FILE)).toBe(error);
  });
});
