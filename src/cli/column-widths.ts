/** How wide a column is as it stands, and when its lines end after every word; padding included. */
export interface ColumnNeed {
  readonly whole: number;
  readonly word: number;
}

/** One character, or the mark that something was cut, between two spaces. */
const COLUMN_WIDTH_MIN = 3;

/**
 * How wide the columns of a table may be, so that the whole of it, with its borders, is at most
 * `tableWidthMax` wide. What is too wide is taken from the widest column, as long as words stay whole;
 * then from the widest one whatever that cuts; and from the first one, which names the row, only when
 * the others have nothing left to give.
 */
export function columnWidths(needs: readonly ColumnNeed[], tableWidthMax: number): number[] {
  const roomMax = tableWidthMax - needs.length - 1;
  const asTheyStand = needs.map(({ whole }) => whole);
  const leasts = [
    needs.map(({ whole, word }, column) => (column === 0 ? whole : word)),
    needs.map(({ whole }, column) => (column === 0 ? whole : COLUMN_WIDTH_MIN)),
    needs.map(() => COLUMN_WIDTH_MIN),
  ];
  return leasts.reduce((widths, least) => narrowed(widths, least, roomMax), asTheyStand);
}

/** Takes from the widest column as long as it is too much, but from none below its least width. */
function narrowed(widths: readonly number[], least: readonly number[], roomMax: number): number[] {
  const narrower = [...widths];
  for (let excess = sumOf(widths) - roomMax; excess > 0; excess -= 1) {
    const spare = narrower.map((width, column) => (width > (least[column] ?? width) ? width : 0));
    const widest = Math.max(...spare);
    if (widest === 0) break;
    narrower[spare.indexOf(widest)] = widest - 1;
  }
  return narrower;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
