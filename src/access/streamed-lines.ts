import { Readable } from 'node:stream';
import { Logger, StreamableFile } from '@nestjs/common';

/** One JSON value a line. */
export const NDJSON = 'application/x-ndjson';

/**
 * Items a line each, as fast as the caller reads and no faster: only a page is in memory. A failure on
 * the way is logged and breaks the connection off, so that a part is never taken for the whole.
 */
export function streamedLines<Item>(
  pages: AsyncIterable<readonly Item[]>,
  lineOf: (item: Item) => string,
  { type, logger, begin = '' }: { type: string; logger: Logger; begin?: string },
): StreamableFile {
  const isClosed = (): boolean => stream.destroyed;
  const lines = linesOf(pages, lineOf, { logger, begin, isClosed });
  const stream: Readable = Readable.from(lines, { objectMode: false });
  return new StreamableFile(stream, { type });
}

/** An item as a line of NDJSON. */
export function jsonLine(item: unknown): string {
  return `${JSON.stringify(item)}\n`;
}

async function* linesOf<Item>(
  pages: AsyncIterable<readonly Item[]>,
  lineOf: (item: Item) => string,
  { logger, begin, isClosed }: { logger: Logger; begin: string; isClosed: () => boolean },
): AsyncGenerator<string> {
  try {
    if (begin !== '') yield begin;
    for await (const page of pages) {
      if (page.length > 0) yield page.map(lineOf).join('');
      // Where there is nothing to send, nobody else looks whether there is still somebody to read it.
      else if (isClosed()) return;
    }
  } catch (error) {
    logger.error(error);
    throw error;
  }
}
