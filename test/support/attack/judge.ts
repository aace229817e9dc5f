import { type RandomSource, random } from "../../../src/compute/random.js";
import { add, compare, dyadic, negate, toNumber } from "../exact/dyadic.js";
import { alignAll, type Enclosure, enclose, endsOf, exactly, isExact } from "../exact/enclosure.js";
import { evaluateExactly } from "../exact/evaluate.js";
import { type FloatEvaluation, FloatNetwork } from "../float-orders/evaluate.js";
import { neighbour64 } from "../float-orders/rounding.js";
import type { PlainNetwork } from "../plain-network.js";
import type { Point } from "./ball-points.js";

/** What real arithmetic says of a certificate at a point. */
export type ExactVerdict = "true" | "false" | "undecided";

/** A network in real arithmetic and in several others, by which certificates are judged. */
export class Judge {
  readonly #plain: PlainNetwork;
  readonly #floats: readonly { readonly name: string; readonly network: FloatNetwork }[];

  constructor(plain: PlainNetwork, evaluations: readonly FloatEvaluation[], source: RandomSource) {
    this.#plain = plain;
    this.#floats = evaluations.map((evaluation) => ({
      name: evaluation.name,
      network: new FloatNetwork(plain, evaluation, source.fork(evaluation.name)),
    }));
  }

  /** The outputs in real arithmetic. */
  exactOutputs({ centre, offset }: Point): Enclosure {
    const [high, low] = alignAll([enclose(centre), enclose(offset)]);
    return evaluateExactly(
      this.#plain,
      exactly(
        high.exponent,
        high.lower.map((value, f) => value + low.lower[f]),
      ),
    );
  }

  /**
   * Whether the reference class is above all others in real arithmetic: *false* if one is at least as large, *undecided* if
   * the enclosures do not tell. With the smallest margin, about.
   */
  exact(point: Point, reference: number): { readonly verdict: ExactVerdict; readonly margin: number } {
    const outputs = this.exactOutputs(point);
    let verdict: ExactVerdict = "true";
    let margin = Number.POSITIVE_INFINITY;
    const [own, ownUpper] = endsOf(outputs, reference);
    for (let j = 0; j < outputs.lower.length; j++) {
      if (j === reference) continue;
      const [other, otherUpper] = endsOf(outputs, j);
      margin = Math.min(margin, toNumber(add(own, negate(otherUpper))));
      if (compare(ownUpper, other) <= 0) return { verdict: "false", margin };
      if (compare(own, otherUpper) <= 0) verdict = isExact(outputs) ? "false" : "undecided";
    }
    return { verdict, margin };
  }

  /** The evaluations in which the reference class is not above all others, or an output is not a number. */
  floats({ centre, offset }: Point, reference: number): readonly string[] {
    return this.#floats.flatMap(({ name, network }) => {
      const outputs = network.outputs(centre, offset);
      return outputs.every((value, j) => j === reference || outputs[reference] > value) ? [] : [name];
    });
  }

  /** An output in real arithmetic, rounded down; and the largest that any evaluation gives for it, with its name. */
  largest(point: Point, output: number) {
    const [lower] = endsOf(this.exactOutputs(point), output);
    const near = toNumber(lower);
    const exact = compare(dyadic(near), lower) > 0 ? neighbour64(near, -1) : near;
    let largest = { value: Number.NEGATIVE_INFINITY, name: "" };
    for (const { name, network } of this.#floats) {
      const value = network.outputs(point.centre, point.offset)[output];
      if (value > largest.value) largest = { value, name };
    }
    return { exact, largest };
  }
}

/** A judge whose random orders are those of a seed. */
export function judgeOf(plain: PlainNetwork, evaluations: readonly FloatEvaluation[], seed: number): Judge {
  return new Judge(plain, evaluations, random(seed, "orders"));
}
