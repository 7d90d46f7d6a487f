/** A map that forgets its oldest entry when it would exceed `entriesMax`. */
export class BoundedCache<Value> {
  private readonly entries = new Map<string, Value>();

  constructor(private readonly entriesMax: number) {}

  /** The value kept under that key. */
  get(key: string): Value | undefined {
    return this.entries.get(key);
  }

  /** Keeps a value, at the cost of the oldest one when there is no room. */
  set(key: string, value: Value): void {
    this.entries.set(key, value);
    if (this.entries.size <= this.entriesMax) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }
}
