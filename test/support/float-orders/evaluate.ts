import type { Activation } from "../../../src/activations/index.js";
import type { RandomSource } from "../../../src/compute/random.js";
import { notYet, type PlainBatchNorm, type PlainNetwork } from "../plain-network.js";
import type { Arithmetic } from "./arithmetic.js";
import { type NormForm, type PreparedNetwork, type PreparedStep, prepared } from "./prepare.js";
import { type Summation, Summer } from "./summation.js";

/** One way in which a machine may evaluate a network. */
export interface FloatEvaluation extends Summation {
  readonly name: string;
  readonly norms: NormForm;
  /** With tanh and sigmoid as far off as an evaluation may be: 2^−20 in single precision, 2^−49 in double. */
  readonly coarse?: boolean;
}

/** A network evaluated one way, at one point after another. */
export class FloatNetwork {
  readonly #plain: PreparedNetwork;
  readonly #evaluation: FloatEvaluation;
  readonly #summer: Summer;
  readonly #source: RandomSource;

  constructor(plain: PlainNetwork, evaluation: FloatEvaluation, source: RandomSource) {
    this.#plain = prepared(plain, evaluation.arithmetic, evaluation.norms);
    this.#evaluation = evaluation;
    this.#source = source;
    this.#summer = new Summer(evaluation, source);
  }

  /** The outputs at centre + offset, each input number rounded to the arithmetic first. */
  outputs(centre: Float64Array, offset: Float64Array): Float64Array {
    const { enter } = this.#evaluation.arithmetic;
    const values: Float64Array[] = [centre.map((high, f) => enter(high, offset[f]))];
    for (const [i, { step, inputs }] of this.#plain.nodes.entries()) {
      if (step === null) continue;
      values[i] = this.#through(
        step,
        inputs.map((input) => values[input]),
      );
    }
    return values[this.#plain.output];
  }

  #through(step: PreparedStep, inputs: readonly Float64Array[]): Float64Array {
    const [x] = inputs;
    const { arithmetic, fused, order } = this.#evaluation;
    switch (step.kind) {
      case "affine": {
        const { rows, bias, divisor } = step.map;
        return Float64Array.from(rows, ({ weights, sources }, i) => {
          const sum = this.#summer.sum(weights, sources, x, bias ? bias[i] : null);
          return divisor === 1 ? sum : arithmetic.divide(sum, divisor);
        });
      }
      case "joined": {
        const { rows, bias } = step.map;
        const both = Float64Array.of(...x, ...inputs[1]);
        return Float64Array.from(rows, ({ weights, sources }, i) =>
          this.#summer.sum(weights, sources, both, bias ? bias[i] : null),
        );
      }
      case "batch-norm":
        return normalised(step, x, arithmetic);
      case "scale-shift": {
        const { scale, shift } = step;
        return x.map((value, f) =>
          fused
            ? arithmetic.fused(value, scale[f], shift[f])
            : arithmetic.add(arithmetic.multiply(value, scale[f]), shift[f]),
        );
      }
      case "activation":
        return x.map((value) => this.#activated(step.activation, value));
      case "max-pool":
        return Float64Array.from(step.windows, (sources) =>
          sources.reduce((most, source) => Math.max(most, x[source]), Number.NEGATIVE_INFINITY),
        );
      case "select":
        return Float64Array.from(step.sources, (source) => (source < 0 ? step.value : x[source]));
      case "copy":
        return x;
      case "add": {
        const reversed = order.kind === "sequence" && order.sequence === "reversed";
        const [first, ...others] = reversed ? [...inputs].reverse() : inputs;
        return others.reduce((sum, own) => sum.map((value, f) => arithmetic.add(value, own[f])), first);
      }
      case "concat":
        return Float64Array.from(inputs.flatMap((own) => Array.from(own)));
      default:
        return step satisfies never;
    }
  }

  #activated(activation: Activation, z: number): number {
    switch (activation.kind) {
      case "relu":
        return Math.max(z, 0);
      case "leaky-relu":
        return z > 0 ? z : this.#evaluation.arithmetic.multiply(activation.slope, z);
      case "hardtanh":
        return Math.min(Math.max(z, activation.minimum), activation.maximum);
      case "tanh":
        return this.#coarse(Math.tanh(z));
      case "sigmoid":
        return this.#coarse(1 / (1 + Math.exp(-z)));
      default:
        return notYet(activation);
    }
  }

  /** A value rounded; where the evaluation is coarse, as far above or below it as is allowed, less the rounding. */
  #coarse(value: number): number {
    const { arithmetic, coarse } = this.#evaluation;
    if (!coarse) return arithmetic.enter(value, 0);
    const error = arithmetic.format === "float32" ? 2 ** -20 - 2 ** -23 : 2 ** -49 - 2 ** -51;
    return arithmetic.enter(value, this.#source.uniform() < 0.5 ? error : -error);
  }
}

/** By the formula, operation by operation. */
function normalised(
  { positions, epsilon, weight, bias, mean, variance }: PlainBatchNorm,
  x: Float64Array,
  { add, multiply, divide, root }: Arithmetic,
): Float64Array {
  return x.map((value, f) => {
    const c = Math.floor(f / positions);
    const deviation = root(add(variance[c], epsilon));
    return add(multiply(divide(add(value, -mean[c]), deviation), weight[c]), bias[c]);
  });
}
