// @ts-check
/** Collects latencies in milliseconds; grows without making garbage. */
export class Latencies {
  #values = new Float64Array(65_536);
  #count = 0;

  /** @param {number} milliseconds */
  add(milliseconds) {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count] = milliseconds;
    this.#count += 1;
  }

  get count() {
    return this.#count;
  }

  /**
   * The latencies that the given shares of all stay under (nearest rank).
   * @param {readonly number[]} shares each between 0 and 1
   * @returns {number[]}
   */
  percentiles(shares) {
    const sorted = this.#values.slice(0, this.#count).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * this.#count) - 1)] ?? NaN);
  }
}
