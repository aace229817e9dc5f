import { type Activation, activationDefinition, isActivationKind } from "../activations/index.js";
import { windowMembers } from "../dual/window-members.js";
import { UnsupportedOperatorError } from "../errors.js";
import type { Layer } from "../network/layer.js";
import { sourceIndex } from "../network/layers/rearrangement.js";
import { windowGeometry } from "../network/layers/window.js";
import type { NetworkNode } from "../network/network.js";
import { type Shape, sizeOf } from "../network/shape.js";
import type { Model } from "../network/weights.js";
import { type AffineSums, affineSums } from "./affine-sums.js";
import type { FloatFormat } from "./float-format.js";
import { type SummationWay, Summer } from "./summation.js";

/** γ (x − μ)/√(σ² + ε) + β by channel, each with so many positions. */
interface NormStep {
  readonly kind: "batch-norm";
  readonly positions: number;
  readonly epsilon: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

type EvaluationStep =
  | { readonly kind: "sums"; readonly sums: AffineSums }
  | NormStep
  | { readonly kind: "scale-shift"; readonly scale: Float64Array; readonly shift: Float64Array }
  | { readonly kind: "activation"; readonly activation: Activation }
  | { readonly kind: "max-pool"; readonly windows: readonly (readonly number[])[] }
  /** Every output is an input, or `value` where its source is −1. */
  | { readonly kind: "select"; readonly sources: Int32Array; readonly value: number }
  | { readonly kind: "copy" }
  | { readonly kind: "add" }
  | { readonly kind: "concat" };

interface StepNode {
  readonly step: EvaluationStep | null;
  readonly inputs: readonly number[];
}

/**
 * A model that is evaluated as machines do: every number in one format, every result rounded to it, sums in an order of the
 * machine's. Plain loops, which share no arithmetic with the backends. Throws an `UnsupportedOperatorError` for a layer that
 * a user defines: nobody but they knows its arithmetic.
 */
export class FloatModel {
  /** Of all its numbers. */
  readonly format: FloatFormat;
  readonly #nodes: readonly StepNode[];
  readonly #summers = new Map<SummationWay, Summer>();

  /** The model with its numbers rounded to a format. */
  constructor({ network, weights }: Model, format: FloatFormat) {
    this.format = format;
    this.#nodes = network.nodes.slice(0, network.output + 1).map((node): StepNode => {
      if (node.layer === null) return { step: null, inputs: [] };
      const shapes = node.inputs.map((i) => network.nodes[i].shape);
      const parameter = (name: string) =>
        Float64Array.from(weights.get(`${node.name}.${name}`) ?? [], format.round);
      return { step: stepOf(node.layer, node, shapes[0], parameter, format), inputs: node.inputs };
    });
  }

  /** The logits at an input, whose numbers are rounded to the format first. */
  logits(x: Float64Array, way: SummationWay): Float64Array {
    const values: Float64Array[] = [x.map(this.format.round)];
    for (const [i, { step, inputs }] of this.#nodes.entries()) {
      if (step === null) continue;
      values[i] = this.#through(
        step,
        inputs.map((input) => values[input]),
        way,
      );
    }
    return values[this.#nodes.length - 1];
  }

  #through(step: EvaluationStep, inputs: readonly Float64Array[], way: SummationWay): Float64Array {
    const [x] = inputs;
    const { round, fused } = this.format;
    switch (step.kind) {
      case "sums":
        return this.#summed(step.sums, x, way);
      case "batch-norm":
        return way.norms === "formula" ? normByFormula(step, x, round) : normByScale(step, x, round);
      case "scale-shift": {
        const { scale, shift } = step;
        return x.map((value, f) =>
          way.fused && fused ? fused(value, scale[f], shift[f]) : round(round(value * scale[f]) + shift[f]),
        );
      }
      case "activation": {
        const { value } = activationDefinition(step.activation).scalar(step.activation);
        return x.map((z) => round(value(z)));
      }
      case "max-pool":
        return Float64Array.from(step.windows, (members) =>
          members.reduce((most, source) => Math.max(most, x[source]), Number.NEGATIVE_INFINITY),
        );
      case "select":
        return Float64Array.from(step.sources, (source) => (source < 0 ? step.value : x[source]));
      case "copy":
        return x;
      case "add": {
        const [first, ...others] = way.order.kind === "reversed" ? [...inputs].reverse() : inputs;
        return others.reduce((sum, own) => sum.map((value, f) => round(value + own[f])), first);
      }
      case "concat":
        return Float64Array.from(inputs.flatMap((own) => Array.from(own)));
      default:
        return step satisfies never;
    }
  }

  #summed(sums: AffineSums, x: Float64Array, way: SummationWay): Float64Array {
    const { outputs, weight, bias, divisor } = sums;
    const summer = this.#summerOf(way);
    const out = new Float64Array(outputs);
    for (let i = 0; i < outputs; i++) {
      const { sources, taps } = sums.fieldOf(i);
      const own = bias ? bias[sums.channelOf(i)] : null;
      const sum = summer.sum(x, sources, weight, taps, sums.baseOf(i), own);
      out[i] = divisor === 1 ? sum : this.format.round(sum / divisor);
    }
    return out;
  }

  #summerOf(way: SummationWay): Summer {
    const known = this.#summers.get(way);
    if (known) return known;
    const made = new Summer(way, this.format);
    this.#summers.set(way, made);
    return made;
  }
}

function normByFormula(
  { positions, epsilon, weight, bias, mean, variance }: NormStep,
  x: Float64Array,
  round: FloatFormat["round"],
): Float64Array {
  return x.map((value, f) => {
    const c = Math.floor(f / positions);
    const deviation = round(Math.sqrt(round(variance[c] + epsilon)));
    return round(round(round(round(value - mean[c]) / deviation) * weight[c]) + bias[c]);
  });
}

function normByScale(
  { positions, epsilon, weight, bias, mean, variance }: NormStep,
  x: Float64Array,
  round: FloatFormat["round"],
): Float64Array {
  const scale = weight.map((gamma, c) => round(gamma / round(Math.sqrt(round(variance[c] + epsilon)))));
  const shift = scale.map((factor, c) => round(bias[c] - round(mean[c] * factor)));
  return x.map((value, f) => {
    const c = Math.floor(f / positions);
    return round(round(value * scale[c]) + shift[c]);
  });
}

function stepOf(
  layer: Layer,
  { name, shape }: NetworkNode,
  input: Shape,
  parameter: (name: string) => Float64Array,
  { round }: FloatFormat,
): EvaluationStep {
  if (isActivationKind(layer.kind)) {
    const entered = Object.entries(layer).map(([key, value]) => [
      key,
      typeof value === "number" ? round(value) : value,
    ]);
    return { kind: "activation", activation: Object.fromEntries(entered) as Activation };
  }
  const other = layer as Exclude<Layer, Activation>;
  const size = sizeOf(shape);
  switch (other.kind) {
    case "linear":
    case "conv2d":
    case "conv-transpose2d":
    case "average-pool":
      return { kind: "sums", sums: affineSums(other, input, shape, parameter) };
    case "batch-norm":
      return {
        kind: "batch-norm",
        positions: size / input[0],
        epsilon: round(other.epsilon),
        weight: parameter("weight"),
        bias: parameter("bias"),
        mean: parameter("mean"),
        variance: parameter("variance"),
      };
    case "scale-shift": {
      const spread = (values: readonly number[]) =>
        Float64Array.from({ length: size }, (_, f) => round(values[Math.floor((f * values.length) / size)]));
      return { kind: "scale-shift", scale: spread(other.scale), shift: spread(other.shift) };
    }
    case "max-pool":
      return { kind: "max-pool", windows: windowMembers(windowGeometry(other, input, shape)) };
    case "permute":
    case "pad":
    case "take":
      return {
        kind: "select",
        sources: sourceIndex(other, input, shape),
        value: other.kind === "pad" ? round(other.value) : 0,
      };
    case "reshape":
    case "flatten":
    case "identity":
      return { kind: "copy" };
    case "add":
    case "concat":
      return { kind: other.kind };
    case "custom":
      throw new UnsupportedOperatorError(
        `${name}: expected a layer of this package, whose rounding is known, found a custom one`,
      );
    default:
      return other satisfies never;
  }
}
