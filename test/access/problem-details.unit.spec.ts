import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  PayloadTooLargeException,
} from '@nestjs/common';
import { Problem, problemOf } from '../../src/access/problem-details.js';
import {
  ClockAhead,
  ClockBehind,
  LedgerBusy,
  LedgerCorrupted,
  LedgerUnavailable,
} from '../../src/ledger/ledger.errors.js';
import { TooManyHashes } from '../../src/vault/passwords.js';

const fastifyError = (statusCode: number, message: string) =>
  Object.assign(new Error(message), { statusCode, code: 'FST_ERR_CTP_BODY_TOO_LARGE' });

describe('a failure is told', () => {
  it('as the problem that it is', () => {
    const details = { status: 409, title: 'Conflict', type: 'username_taken', field: 'username' };
    const problem = new Problem(details, { 'x-header': '1' });
    expect(problemOf(problem)).toMatchObject({ details, headers: { 'x-header': '1' } });
    expect(problem.getStatus()).toBe(409);
    expect(new Problem({ status: 400, title: 'Bad Request' }).getResponse()).toEqual({
      type: 'about:blank',
      status: 400,
      title: 'Bad Request',
    });
  });

  it.each([
    [
      'an HTTP exception',
      new BadRequestException('limit must be a number'),
      { status: 400, title: 'Bad Request', detail: 'limit must be a number' },
    ],
    [
      'what a validation pipe says',
      new BadRequestException(['limit: too big', 'at: not a time']),
      { status: 400, title: 'Bad Request', detail: 'limit: too big; at: not a time' },
    ],
    [
      'an exception that says no more than its status',
      new BadRequestException(),
      { status: 400, title: 'Bad Request' },
    ],
    [
      'an exception with a text for a body',
      new HttpException('gone for good', 410),
      { status: 410, title: 'Gone', detail: 'gone for good' },
    ],
    [
      'a path that is not there, without repeating it',
      new NotFoundException('Cannot GET /x?token=secret'),
      { status: 404, title: 'Not Found' },
    ],
    [
      'a body that is too large',
      new PayloadTooLargeException('Request body is too large'),
      { status: 413, title: 'Payload Too Large', detail: 'Request body is too large' },
    ],
    [
      'what Fastify refuses',
      fastifyError(415, 'Unsupported Media Type: text/x'),
      { status: 415, title: 'Unsupported Media Type', detail: 'Unsupported Media Type: text/x' },
    ],
    [
      'a status without a name',
      new HttpException('odd', 499),
      { status: 499, title: 'Bad Request', detail: 'odd' },
    ],
    [
      'another one without a name',
      new HttpException('odd', 599),
      { status: 599, title: 'Internal Server Error' },
    ],
  ])('for %s', (_what, exception, details) => {
    expect(problemOf(exception)).toEqual({ details, headers: {} });
  });

  it.each<[what: string, exception: Error, wait?: string]>([
    ['a busy ledger', new LedgerBusy()],
    ['a ledger that cannot be written', new LedgerUnavailable('disk_full', '/data/x is full')],
    ['too many passwords', new TooManyHashes()],
    ['a clock ahead of the database', new ClockAhead('x is ahead'), '60'],
    ['a clock behind the ledger', new ClockBehind('/data/x is ahead', 1), '1'],
    ['a clock further behind the ledger', new ClockBehind('/data/x is ahead', 12_001), '13'],
    ['a clock far behind the ledger', new ClockBehind('/data/x is ahead', 3_600_000), '60'],
  ])('as passing for %s, and without its insides', (_what, exception, wait = '1') => {
    const { details, headers } = problemOf(exception);
    expect(details).toMatchObject({ status: 503, title: 'Service Unavailable' });
    expect(details.detail).not.toContain('/data');
    expect(headers).toEqual({ 'retry-after': wait });
  });

  it.each([
    ['an error', new Error('SELECT secret FROM vault')],
    ['a corrupted ledger', new LedgerCorrupted('event 7 is not what it was')],
    ['an internal exception', new InternalServerErrorException('the password was x')],
    ['a failure of Fastify’s', fastifyError(500, 'inside')],
    ['an object', { statusCode: 400, message: 'not an error' }],
    ['nothing', undefined],
    ['null', null],
    ['a text', 'oops'],
  ])('as nothing but a 500 for %s', (_what, exception) => {
    expect(problemOf(exception)).toEqual({
      details: { status: 500, title: 'Internal Server Error' },
      headers: {},
    });
  });
});
