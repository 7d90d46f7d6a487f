import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { wholeListTypeOf } from '../../src/access/whole-list.reply.js';

const askedWith = (accept: string | undefined) =>
  wholeListTypeOf({ headers: { accept } } as FastifyRequest);

describe('how a list is asked for', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['*/*', undefined],
    ['application/json', undefined],
    ['text/*', undefined],
    ['text/csvish', undefined],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV; header=present', 'text/csv'],
    ['text/html, text/csv;q=0.9', 'text/csv'],
    ['text/csv;q=0', undefined],
    ['text/csv; q=0.00, application/json', undefined],
    ['text/csv;q=0, application/x-ndjson', 'application/x-ndjson'],
    ['text/csv;q=0.1', 'text/csv'],
    ['application/x-ndjson, text/csv', 'application/x-ndjson'],
  ])('Accept: %s', (accept, type) => {
    expect(askedWith(accept)).toBe(type);
  });
});
