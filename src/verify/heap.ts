/** A priority queue: the item with the least key comes first. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #key: (item: T) => number;

  constructor(key: (item: T) => number) {
    this.#key = key;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The least key; +∞ of none. */
  get least(): number {
    return this.#items.length === 0 ? Number.POSITIVE_INFINITY : this.#key(this.#items[0]);
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#key(items[parent]) <= this.#key(item)) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (items.length === 0 || last === undefined) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#key(items[child + 1]) < this.#key(items[child])) child += 1;
      if (this.#key(items[child]) >= this.#key(last)) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
    return first;
  }

  /** Up to `count` items, least first. */
  take(count: number): T[] {
    const taken: T[] = [];
    while (taken.length < count && this.#items.length > 0) taken.push(this.pop() as T);
    return taken;
  }
}
