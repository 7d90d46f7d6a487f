import { describe, expect, it } from '@jest/globals';
import { problemOf } from '../../src/access/problem-details.js';
import {
  LedgerBusy,
  LedgerCorrupted,
  LedgerError,
  LedgerUnavailable,
} from '../../src/ledger/ledger.errors.js';
import { isUndone, postgresErrorOf } from '../../src/ledger/postgres/postgres-errors.js';

const DATABASE = 'the database db.example:5432/ledger';
const told = (code: string): Error =>
  Object.assign(new Error('as PostgreSQL\n  says it'), { code, severity: 'ERROR' });

describe('what PostgreSQL or the connection says', () => {
  it.each([
    ['53100', 'disk_full', `the disk of ${DATABASE} is full`],
    ['25006', 'read_only', `${DATABASE} cannot be written: as PostgreSQL says it`],
    ['42501', 'read_only', `${DATABASE} cannot be written`],
    ['XX001', 'ledger_corrupted', `${DATABASE} contradicts itself: as PostgreSQL says it`],
    ['XX002', 'ledger_corrupted', `${DATABASE} contradicts itself`],
    ['57014', 'ledger_unavailable', `${DATABASE} cannot be read or written`],
    ['57P01', 'ledger_unavailable', `${DATABASE} cannot be read or written`],
    ['53300', 'ledger_unavailable', `${DATABASE} cannot be read or written`],
    ['42P01', 'ledger_unavailable', `${DATABASE} cannot be read or written`],
  ])('%s becomes %s, in one line with the database', (code, expected, message) => {
    const cause = told(code);
    const error = postgresErrorOf(cause, DATABASE);
    expect(error).toBeInstanceOf(LedgerError);
    expect(error).toMatchObject({ code: expected, cause });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('\n');
    expect(error instanceof LedgerCorrupted).toBe(expected === 'ledger_corrupted');
  });

  describe('of a row without a partition', () => {
    const noPartition = (fields: object): Error =>
      Object.assign(told('23514'), {
        routine: 'ExecFindPartition',
        schema: 'ledger',
        table: 'events',
        detail: 'Partition key of the failing row contains ("position") = (100000000).',
        ...fields,
      });

    it.each([
      [{}, 'the table ledger.events has no partition for position 100000000: make one'],
      [
        { table: 'events_1', detail: 'Der Schlüssel der Zeile enthält ("position") = (7).' },
        'the table ledger.events_1 has no partition for position 7: make one',
      ],
      [
        { detail: 'Partition key of the failing row contains (body) = (a secret).' },
        'the table ledger.events has no partition for the next row: make one',
      ],
      [
        { detail: undefined },
        'the table ledger.events has no partition for the next row: make one',
      ],
    ])('says which one is missing, and that it will pass %#', (fields, message) => {
      const cause = noPartition(fields);
      const error = postgresErrorOf(cause, DATABASE);
      expect(error).toBeInstanceOf(LedgerUnavailable);
      expect(error).toMatchObject({ code: 'read_only', cause });
      expect(error.message).toBe(`${DATABASE} cannot be written: ${message}`);
      expect(problemOf(error)).toMatchObject({
        details: { status: 503 },
        headers: { 'retry-after': '1' },
      });
    });

    it.each([
      ['a row that breaks a check', { routine: 'ExecConstraints', constraint: 'position_check' }],
      ['a row of another partition', { routine: 'ExecPartitionCheckEmitError' }],
      ['one that nobody names', { routine: undefined }],
    ])('leaves %s as it is', (_, fields) => {
      const error = noPartition(fields);
      expect(postgresErrorOf(error, DATABASE)).toBe(error);
    });
  });

  it.each([
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
    ['an answer that did not come', new Error('Query read timeout')],
    ['several addresses that refuse', new AggregateError([], '')],
  ])('%s makes it unavailable', (_, error) => {
    const failure = postgresErrorOf(error, DATABASE);
    expect(failure).toMatchObject({ code: 'ledger_unavailable', cause: error });
    expect(failure.message).toMatch(/cannot be read or written: \S/);
  });

  it.each([
    ['a unique key that is taken', told('23505')],
    ['a text with a NUL', told('22021')],
    ['a statement that is too complex', told('54001')],
    ['an error of the ledger', new LedgerBusy()],
  ])('%s is no failure of the store and passes as it is', (_, error) => {
    expect(postgresErrorOf(error, DATABASE)).toBe(error);
  });

  it.each([
    ['an error of a statement', told('23505'), true],
    ['a statement that was cancelled', told('57014'), true],
    ['a backend that was ended', told('57P01'), false],
    ['a connection that PostgreSQL lost', told('08006'), false],
    ['a statement of unknown completion', told('40003'), false],
    ['a connection that broke', Object.assign(new Error(''), { code: 'ECONNRESET' }), false],
    ['an answer that did not come', new Error('Query read timeout'), false],
  ])('after %s what was written is known or not', (_, error, expected) => {
    expect(isUndone(error)).toBe(expected);
  });
});
