import type { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ItemPages } from './item-stream.js';
import { linesReply } from './ndjson.reply.js';

/** Comma-separated values with a header row (RFC 4180). */
export const CSV = 'text/csv; charset=utf-8; header=present';

/** What stands in each column of an item, by the column's name. */
export type CsvColumns<Item> = Readonly<Record<string, (item: Item) => unknown>>;

/**
 * What a spreadsheet would take for a formula that does something. An id, which may begin with a dash, is
 * none: without an operator or a parenthesis nothing is called.
 */
const FORMULA = /^(?:[=+@\t\r]|-(?![\w-]+$))/;
const QUOTED = /[",\r\n]/;

/** Sends items one a row. What is an object stands there as JSON, and nothing as an empty field. */
export function csvReply<Item>(
  stream: ItemPages<Item>,
  reply: FastifyReply,
  columns: CsvColumns<Item>,
): StreamableFile {
  return linesReply(stream, reply, CSV, lineOf(columns), rowOf(Object.keys(columns)));
}

/** These items as comma-separated values. */
export function csvText<Item>(items: readonly Item[], columns: CsvColumns<Item>): string {
  return [rowOf(Object.keys(columns)), ...items.map(lineOf(columns))].join('');
}

function lineOf<Item>(columns: CsvColumns<Item>): (item: Item) => string {
  const cells = Object.values(columns);
  return (item) => rowOf(cells.map((cell) => cell(item)));
}

function rowOf(values: readonly unknown[]): string {
  return `${values.map(fieldOf).join(',')}\r\n`;
}

/** A text that a spreadsheet could take for a formula begins with an apostrophe instead. */
function fieldOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
