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
  const cells = [columns.map(({ heading }) => heading)];
  for (const row of rows) cells.push(columns.map(({ cell }) => cell(row)));
  const widths = columns.map((_, index) => Math.max(3, ...cells.map((line) => line[index].length)));
  const lines = cells.map((line) =>
    line.map((text, index) =>
      columns[index].left ? text.padEnd(widths[index]) : text.padStart(widths[index]),
    ),
  );
  const rule = widths.map((width, index) =>
    columns[index].left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [lines[0], rule, ...lines.slice(1)].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/**
 * A number without a fraction, as people read it.
 * @param {number} number
 */
export function whole(number) {
  return Math.round(number).toLocaleString('en-US');
}
