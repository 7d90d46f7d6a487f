import type { StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type CsvColumns, csvReply } from './csv.reply.js';
import type { ItemPages } from './item-stream.js';
import { ndjsonReply } from './ndjson.reply.js';

/** How all of a list is asked for at once. */
export type WholeListType = 'application/x-ndjson' | 'text/csv';

const REFUSED = /;\s*q=0(?:\.0*)?\s*(?:;|$)/i;

/**
 * As what the caller asks for all of a list at once (RFC 9110, 12.5.1), the first that it names of
 * these; undefined: it wants a page.
 */
export function wholeListTypeOf(request: FastifyRequest): WholeListType | undefined {
  for (const range of (request.headers.accept ?? '').split(',')) {
    const type = range.split(';', 1)[0]?.trim().toLowerCase();
    if ((type === 'application/x-ndjson' || type === 'text/csv') && !REFUSED.test(range)) {
      return type;
    }
  }
  return undefined;
}

/** Sends all of a list at once. */
export function wholeListReply<Item>(
  type: WholeListType,
  stream: ItemPages<Item>,
  reply: FastifyReply,
  columns: CsvColumns<Item>,
): StreamableFile {
  return type === 'text/csv' ? csvReply(stream, reply, columns) : ndjsonReply(stream, reply);
}
