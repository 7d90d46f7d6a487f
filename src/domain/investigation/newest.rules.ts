/** The newest so many of all items that were added, and how many there were. */
export class Newest<Item> {
  private readonly items: Item[] = [];
  private added = 0;

  constructor(private readonly limit: number) {}

  /** How many were added, those that are gone included. */
  get count(): number {
    return this.added;
  }

  /** Those that are left, oldest first. */
  get list(): readonly Item[] {
    return this.items;
  }

  /** How many are gone. */
  get omitted(): number {
    return this.added - this.items.length;
  }

  /** Adds one; answers with the oldest when that had to go. */
  add(item: Item): Item | undefined {
    this.added += 1;
    this.items.push(item);
    return this.items.length > this.limit ? this.items.shift() : undefined;
  }
}
