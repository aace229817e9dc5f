import { createHash } from "node:crypto";
import { type Dataset, examples } from "../../data/dataset.js";
import { FormatError } from "../../errors.js";
import { numbersOf } from "../../formats/certificate/numbers.js";
import type { RobustClaim } from "../../formats/certificate/schema.js";
import { quotedText } from "../../formats/plain-text.js";

/** As claims name a data set and its split. */
export function dataOf({ name, split }: Pick<Dataset, "name" | "split">): string {
  return `${name} (${split})`;
}

/** What a claim says is an example of the data; throws a `FormatError` where it speaks of others. */
export function exampleOf({ data, index }: RobustClaim, dataset: Dataset): Float64Array {
  if (data !== dataOf(dataset)) {
    throw new FormatError(`expected an example of ${dataOf(dataset)}, found one of ${quotedText(data)}`);
  }
  if (index < dataset.count) return examples(dataset, Int32Array.of(index)).x;
  throw new FormatError(`${dataOf(dataset)} has no example ${index}`);
}

/** What one name of an example stands for. */
interface NamedExample {
  readonly claim: number;
  readonly prediction: number;
  readonly input: string | null;
}

/**
 * Compares claims about one example, by data and number: an answer is the same whichever ball it is certified in, and so is the
 * input. Stages of a cascade may differ, but then the cascade's own answer is not what both claim.
 */
export class ExampleBook {
  readonly #named = new Map<string, NamedExample>();
  readonly #features: number;

  constructor(features: number) {
    this.#features = features;
  }

  /** Throws a `FormatError` where an earlier claim says something else of the same example. */
  enter(number: number, { data, index, prediction, input }: RobustClaim): void {
    const own = { claim: number, prediction, input: input ? this.#hash(input) : null };
    const key = exampleKey({ data, index });
    const known = this.#named.get(key);
    if (known && known.prediction !== prediction) {
      throw new FormatError(
        `expected prediction ${known.prediction}, as in claim ${known.claim} about the same example, found ${prediction}`,
      );
    }
    if (known?.input && own.input && known.input !== own.input) {
      throw new FormatError(
        `expected the input of claim ${known.claim}, which is about the same example, found another`,
      );
    }
    if (!known?.input) this.#named.set(key, known ? { ...known, input: own.input } : own);
  }

  /** How many examples claims are about. */
  get size(): number {
    return this.#named.size;
  }

  #hash(input: NonNullable<RobustClaim["input"]>): string {
    const values = numbersOf(input, this.#features, "input").map((value) => value + 0);
    return createHash("sha256").update(new Uint8Array(values.buffer)).digest("base64");
  }
}

/** What an example is known by. */
export function exampleKey({ data, index }: Pick<RobustClaim, "data" | "index">): string {
  return `${index} ${data}`;
}
