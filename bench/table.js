// @ts-check
/**
 * A column of a table: its heading, and the text of a row's cell. Numbers align to the right.
 * @template Row
 * @typedef {{ heading: string, cell: (row: Row) => string, left?: boolean }} Column
 */

/**
 * A Markdown table whose columns line up, so that it reads well in a terminal too.
 * @template Row
 * @param {readonly Column<Row>[]} columns
 * @param {readonly Row[]} rows
 */
export function table(columns, rows) {
  const columnsOfLines = columns.map(({ heading, cell, left = false }) => {
    const texts = rows.map(cell);
    const width = Math.max(3, ...[heading, ...texts].map(({ length }) => length));
    const aligned = [heading, ...texts].map((text) =>
      left ? text.padEnd(width) : text.padStart(width),
    );
    return aligned.toSpliced(1, 0, left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`);
  });
  const lines = Array.from({ length: rows.length + 2 }, (_, line) =>
    columnsOfLines.map((texts) => texts[line]),
  );
  return lines.map((texts) => `| ${texts.join(' | ')} |`).join('\n');
}

/**
 * A number without a fraction, as people read it.
 * @param {number} number
 */
export function whole(number) {
  return Math.round(number).toLocaleString('en-US');
}
