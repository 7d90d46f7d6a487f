import type { Position } from '../identifiers.js';

/** How many events one statement names; how many there are stands among its facts. */
export const POSITIONS_MAX = 10;

/** How many events there were of a sort, and where the first of them stand. */
export class Tally {
  private readonly seen: Position[] = [];
  private total = 0;

  /** How many there were. */
  get count(): number {
    return this.total;
  }

  /** At most `POSITIONS_MAX`, oldest first. */
  get positions(): readonly Position[] {
    return this.seen;
  }

  /** Takes one more. */
  add({ position }: { readonly position: Position }): void {
    this.total += 1;
    if (this.seen.length < POSITIONS_MAX) this.seen.push(position);
  }
}
