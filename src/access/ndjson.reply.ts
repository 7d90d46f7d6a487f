import { Logger, type StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ItemPages } from './item-stream.js';
import { jsonLine, NDJSON, streamedLines } from './streamed-lines.js';

const logger = new Logger('Lists');

/** Sends items one a line, as JSON. */
export function ndjsonReply<Item>(stream: ItemPages<Item>, reply: FastifyReply): StreamableFile {
  return linesReply(stream, reply, NDJSON, jsonLine);
}

/**
 * Sends items one a line. What the answer goes up to, if it is of one state, stands in the header
 * `Token-Ledger-As-Of`, and the hours that were counted in `Token-Ledger-Hours`.
 */
export function linesReply<Item>(
  { asOf, pages, hours }: ItemPages<Item>,
  reply: FastifyReply,
  type: string,
  lineOf: (item: Item) => string,
  begin = '',
): StreamableFile {
  if (asOf !== undefined) void reply.header('token-ledger-as-of', membersOf({ ...asOf }));
  if (hours !== undefined) {
    const { from, to, partialHour: partial } = hours;
    void reply.header('token-ledger-hours', membersOf({ from, to, partial }));
  }
  return streamedLines(pages, lineOf, { type, logger, begin });
}

/** The members of a header (RFC 9651), without those that say nothing. */
function membersOf(values: Readonly<Record<string, number | string | null | undefined>>): string {
  const said = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return said.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
}
