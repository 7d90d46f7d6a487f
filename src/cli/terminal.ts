import Table from 'cli-table3';
import pc from 'picocolors';
import type { Instant } from '../domain/identifiers.js';
import { isColored } from './coloring.js';
import { type ColumnNeed, columnWidths } from './column-widths.js';

/**
 * Text that a terminal shows and does not obey: control and formatting characters are escaped. Names
 * and user agents were chosen by strangers.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** An instant as people read it, always in UTC: `2026-11-21 02:14:07Z`. */
export function timeText(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** An instant as scripts read it (RFC 3339). */
export function isoTime(instant: Instant): string {
  return new Date(instant).toISOString();
}

/** Prints lines for people. */
export function printLines(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Prints one JSON value for scripts. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** How many characters a line of the terminal has; undefined: stdout is none, and cuts nothing. */
function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
}

/**
 * A table with a head, one row for each thing; the first cell of a row names it. Cells are escaped. It
 * is at most `widthMax` wide: cells are wrapped between words, and then cut with `…`, but never those
 * that name their rows.
 */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widthMax = terminalWidth(),
): string {
  const { bold } = pc.createColors(isColored(process.stdout));
  const cells = rows.map((row) => row.map((cell) => cell.split('\n').map(printable).join('\n')));
  const needs = (): ColumnNeed[] =>
    head.map((name, column) => needOf([name, ...cells.map((row) => row[column] ?? '')]));
  const fitting =
    widthMax === undefined ? {} : { colWidths: columnWidths(needs(), widthMax), wordWrap: true };
  const table = new Table({ head: head.map((name) => bold(name)), style: PLAIN, ...fitting });
  for (const [name = '', ...others] of cells) {
    table.push([{ content: name, wrapOnWordBoundary: false }, ...others]);
  }
  return table.toString();
}

function needOf(cells: readonly string[]): ColumnNeed {
  return { whole: widthOf(cells), word: widthOf(cells.flatMap((cell) => cell.split(/\s+/))) };
}

/** How wide the column of these cells is: a table of this column alone, without its two borders. */
function widthOf(cells: readonly string[]): number {
  const table = new Table({ style: PLAIN });
  for (const cell of cells) table.push([cell]);
  return table.width - 2;
}

/** One part of what is known of a thing; a value of several lines stays aligned. */
export type Fact = readonly [name: string, value: string | undefined];

/** What is known of one thing, a line for each part; parts that are undefined are left out. */
export function factsText(facts: readonly Fact[]): string {
  const { dim } = pc.createColors(isColored(process.stdout));
  const present = facts.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  const width = Math.max(...present.map(({ name }) => name.length));
  return present
    .map(({ name, value }) => {
      const [first = '', ...others] = value.split('\n').map(printable);
      const lines = [`${dim(name.padEnd(width))}  ${first}`];
      return [...lines, ...others.map((line) => `${' '.repeat(width)}  ${line}`)].join('\n');
    })
    .join('\n');
}

/** `1 client`, `2 clients`. */
export function countText(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`;
}

const PLAIN = { head: [], border: [] };
