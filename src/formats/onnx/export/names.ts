/** Names of one kind, each given once. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** The wanted name, with primes after it if it is taken; it is taken from then on. */
  free(wanted: string): string {
    let name = wanted;
    while (this.#taken.has(name)) name += "'";
    this.#taken.add(name);
    return name;
  }
}
