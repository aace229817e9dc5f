/** Counts how often the clock is looked at, and ends the work at the look of that number. */
export class Looks {
  count = 0;
  readonly #most: number;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  throwIfAborted(): void {
    this.count += 1;
    if (this.count >= this.#most) throw new Error("the time is over");
  }
}
