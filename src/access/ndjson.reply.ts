import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ItemStream } from './item-stream.js';

/** One JSON value a line. */
export const NDJSON = 'application/x-ndjson';

const logger = new Logger('Lists');

/** Sends items one a line, as JSON. */
export function ndjsonReply<Item>(stream: ItemStream<Item>, reply: FastifyReply): StreamableFile {
  return linesReply(stream, reply, NDJSON, (item) => `${JSON.stringify(item)}\n`);
}

/**
 * Sends items one a line, as fast as the caller reads and no faster: only a page is in memory. What
 * the answer goes up to stands in the header `Token-Ledger-As-Of`. A failure on the way breaks the
 * connection off, so that a part is never taken for the whole.
 */
export function linesReply<Item>(
  { asOf, pages }: ItemStream<Item>,
  reply: FastifyReply,
  type: string,
  lineOf: (item: Item) => string,
  begin = '',
): StreamableFile {
  const { position, at, asked, lag } = asOf;
  const more = [
    ...(asked === undefined ? [] : [`asked="${asked}"`]),
    ...(lag === undefined ? [] : [`lag=${lag}`]),
  ];
  const members = [`position=${position}`, `at="${at}"`, ...more];
  void reply.header('token-ledger-as-of', members.join(', '));
  const lines = linesOf(pages, lineOf, begin);
  return new StreamableFile(Readable.from(lines, { objectMode: false }), { type });
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
