import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ItemStream } from './item-stream.js';

/** One JSON value a line. */
export const NDJSON = 'application/x-ndjson';

const logger = new Logger('Lists');

/** Sends items one a line, as JSON. */
export function ndjsonReply<Item>(stream: ItemStream<Item>, reply: FastifyReply): StreamableFile {
  return linesReply(stream, reply, NDJSON, ndjsonLine);
}

/** An item on a line of its own. */
export function ndjsonLine(item: unknown): string {
  return `${JSON.stringify(item)}\n`;
}

/**
 * Sends items one a line, as fast as the caller reads and no faster: only a page is in memory. What
 * the answer goes up to stands in the header `Token-Ledger-As-Of`, and the hours that were counted in
 * `Token-Ledger-Hours`. A failure on the way breaks the connection off, so that a part is never taken
 * for the whole.
 */
export function linesReply<Item>(
  { asOf, pages, hours }: ItemStream<Item>,
  reply: FastifyReply,
  type: string,
  lineOf: (item: Item) => string,
  begin = '',
): StreamableFile {
  void reply.header('token-ledger-as-of', membersOf({ ...asOf }));
  if (hours !== undefined) {
    const { from, to, partialHour: partial } = hours;
    void reply.header('token-ledger-hours', membersOf({ from, to, partial }));
  }
  const lines = linesOf(pages, lineOf, begin);
  return new StreamableFile(Readable.from(lines, { objectMode: false }), { type });
}

/** The members of a header (RFC 9651), without those that say nothing. */
function membersOf(values: Readonly<Record<string, number | string | null | undefined>>): string {
  const said = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return said.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
}

async function* linesOf<Item>(
  pages: AsyncIterable<readonly Item[]>,
  lineOf: (item: Item) => string,
  begin: string,
): AsyncGenerator<string> {
  try {
    if (begin !== '') yield begin;
    for await (const page of pages) {
      if (page.length > 0) yield page.map(lineOf).join('');
    }
  } catch (error) {
    logger.error(error);
    throw error;
  }
}
