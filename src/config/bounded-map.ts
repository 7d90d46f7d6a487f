/** A map that forgets its oldest entry when it would exceed `entriesMax`. */
export class BoundedMap<Key, Value> {
  private readonly entries = new Map<Key, Value>();

  constructor(private readonly entriesMax: number) {}

  /** The value kept under that key. */
  get(key: Key): Value | undefined {
    return this.entries.get(key);
  }

  /** Keeps a value as the newest, at the cost of the oldest one when there is no room. */
  set(key: Key, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.entriesMax) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }

  /** Forgets one entry. */
  delete(key: Key): void {
    this.entries.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear();
  }
}
