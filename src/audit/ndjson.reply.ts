import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventStream } from './list-events.query.js';

/** One JSON value a line. */
export const NDJSON = 'application/x-ndjson';

const WANTED = /(?:^|,)\s*application\/x-ndjson\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i;

const logger = new Logger('Audit');

/** Whether the caller asks for one JSON value a line (RFC 9110, 12.5.1). */
export function wantsNdjson(request: FastifyRequest): boolean {
  return WANTED.test(request.headers.accept ?? '');
}

/**
 * Sends events one a line, as fast as the caller reads and no faster: only a page is in memory. What
 * the answer goes up to stands in the header `Token-Ledger-As-Of`. A failure on the way breaks the
 * connection off, so that a part is never taken for the whole.
 */
export function ndjsonReply({ asOf, pages }: EventStream, reply: FastifyReply): StreamableFile {
  void reply.header('token-ledger-as-of', `position=${asOf.position}, at="${asOf.at}"`);
  return new StreamableFile(Readable.from(linesOf(pages), { objectMode: false }), { type: NDJSON });
}

async function* linesOf(pages: EventStream['pages']): AsyncGenerator<string> {
  try {
    for await (const page of pages) {
      if (page.length > 0) yield page.map((event) => `${JSON.stringify(event)}\n`).join('');
    }
  } catch (error) {
    logger.error(error);
    throw error;
  }
}
