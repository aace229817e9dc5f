import { excerptOf, headOf, type List } from "./s-expression.js";
import type { Source } from "./source.js";

/** A declared X_index or Y_index; `from` is the offset of its declaration. */
export interface DeclaredVariable {
  readonly kind: "input" | "output";
  readonly index: number;
  readonly name: string;
  readonly from: number;
}

/** Ten digits would be more variables than a file can declare. */
const NAME = /^([XY])_(0|[1-9]\d{0,8})$/;

/** The variables that a file has declared so far. */
export class Variables {
  readonly #source: Source;
  readonly #byName = new Map<string, DeclaredVariable>();

  constructor(source: Source) {
    this.#source = source;
  }

  find(name: string): DeclaredVariable | undefined {
    return this.#byName.get(name);
  }

  /** Takes `(declare-const NAME Real)` or `(declare-fun NAME () Real)`. */
  declare(list: List): void {
    const source = this.#source;
    const isFunction = headOf(list) === "declare-fun";
    const [, name, ...rest] = list.items;
    const sort = rest.at(-1);
    const inOrder = isFunction
      ? rest.length === 2 && rest[0]!.kind === "list" && rest[0]!.items.length === 0
      : rest.length === 1;
    if (name?.kind !== "atom" || sort?.kind !== "atom" || !inOrder) {
      const form = isFunction ? "(declare-fun NAME () Real)" : "(declare-const NAME Real)";
      throw source.error(list.from, form, excerptOf(list, source));
    }
    if (sort.text !== "Real") throw source.error(sort.from, "the sort Real", excerptOf(sort, source));
    const parts = NAME.exec(name.text);
    if (!parts) {
      throw source.error(name.from, "a variable X_0, X_1, ... or Y_0, Y_1, ...", excerptOf(name, source));
    }
    const before = this.#byName.get(name.text);
    if (before) {
      throw source.error(
        name.from,
        `one declaration of ${name.text}`,
        `another after line ${source.lineOf(before.from)}`,
      );
    }
    this.#byName.set(name.text, {
      kind: parts[1] === "X" ? "input" : "output",
      index: Number(parts[2]),
      name: name.text,
      from: list.from,
    });
  }

  /** The variables of a kind in the order of their indices. Throws if there is none, or a gap. */
  ordered(kind: DeclaredVariable["kind"]): DeclaredVariable[] {
    const letter = kind === "input" ? "X" : "Y";
    const all = [...this.#byName.values()].filter((variable) => variable.kind === kind);
    all.sort((a, b) => a.index - b.index);
    if (all.length === 0) {
      throw this.#source.error(
        this.#source.text.length,
        `declarations of ${kind}s ${letter}_0, ${letter}_1, ...`,
        "none",
      );
    }
    const gap = all.findIndex(({ index }, place) => index !== place);
    if (gap >= 0) {
      const { name, from } = all[gap]!;
      throw this.#source.error(
        from,
        `${kind}s numbered from 0 without gaps`,
        `${name} without ${letter}_${gap}`,
      );
    }
    return all;
  }
}
