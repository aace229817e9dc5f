import { activationDefinition } from "../../../src/activations/index.js";
import type { PlainNetwork, PlainStep } from "../plain-network.js";

/** The value at every node in double precision: where to look, never a verdict. */
export function valuesAt(plain: PlainNetwork, x: Float64Array): Float64Array[] {
  const values: Float64Array[] = [x];
  for (const [i, { step, inputs }] of plain.nodes.entries()) {
    if (step === null) continue;
    values[i] = forward(
      step,
      inputs.map((input) => values[input]),
    );
  }
  return values;
}

/** The gradient at x of Σ weights · outputs, given the values of all nodes there. */
export function gradientAt(
  plain: PlainNetwork,
  values: readonly Float64Array[],
  weights: Float64Array,
): Float64Array {
  const gradients = plain.nodes.map(({ size }) => new Float64Array(size));
  gradients[plain.output].set(weights);
  for (let i = plain.output; i > 0; i--) {
    const { step, inputs } = plain.nodes[i];
    if (step === null || gradients[i].every((value) => value === 0)) continue;
    backward(
      step,
      gradients[i],
      inputs.map((input) => values[input]),
      inputs.map((input) => gradients[input]),
    );
  }
  return gradients[0];
}

/** Scale and shift of a batch norm's feature. */
function coefficients(
  step: Extract<PlainStep, { kind: "batch-norm" }>,
  f: number,
): readonly [number, number] {
  const c = Math.floor(f / step.positions);
  const scale = step.weight[c] / Math.sqrt(step.variance[c] + step.epsilon);
  return [scale, step.bias[c] - step.mean[c] * scale];
}

function forward(step: PlainStep, inputs: readonly Float64Array[]): Float64Array {
  const [x] = inputs;
  switch (step.kind) {
    case "affine": {
      const { rows, bias, divisor } = step.map;
      return Float64Array.from(rows, ({ weights, sources }, i) => {
        let sum = bias?.[i] ?? 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * x[sources[k]];
        return sum / divisor;
      });
    }
    case "batch-norm":
      return x.map((value, f) => {
        const [scale, shift] = coefficients(step, f);
        return scale * value + shift;
      });
    case "scale-shift":
      return x.map((value, f) => step.scale[f] * value + step.shift[f]);
    case "activation": {
      const { value } = activationDefinition(step.activation).scalar(step.activation);
      return x.map((z) => value(z));
    }
    case "max-pool":
      return Float64Array.from(step.windows, (sources) => x[largest(x, sources)]);
    case "select":
      return Float64Array.from(step.sources, (source) => (source < 0 ? step.value : x[source]));
    case "copy":
      return x;
    case "add":
      return x.map((_, f) => inputs.reduce((sum, own) => sum + own[f], 0));
    case "concat":
      return Float64Array.from(inputs.flatMap((own) => Array.from(own)));
    default:
      return step satisfies never;
  }
}

function largest(x: Float64Array, sources: Int32Array): number {
  return sources.reduce((best, source) => (x[source] > x[best] ? source : best), sources[0]);
}

/** Adds to the gradients of a step's inputs what comes from that of its output. */
function backward(
  step: PlainStep,
  gradient: Float64Array,
  [x, ...others]: readonly Float64Array[],
  [to, ...further]: readonly Float64Array[],
): void {
  const each = (factor: (f: number) => number) => {
    for (let f = 0; f < gradient.length; f++) to[f] += factor(f) * gradient[f];
  };
  switch (step.kind) {
    case "affine":
      for (const [i, { weights, sources }] of step.map.rows.entries()) {
        const own = gradient[i] / step.map.divisor;
        if (own === 0) continue;
        for (let k = 0; k < weights.length; k++) to[sources[k]] += own * weights[k];
      }
      return;
    case "batch-norm":
      each((f) => coefficients(step, f)[0]);
      return;
    case "scale-shift":
      each((f) => step.scale[f]);
      return;
    case "activation": {
      const { derivative } = activationDefinition(step.activation).scalar(step.activation);
      each((f) => derivative(x[f]));
      return;
    }
    case "max-pool":
      for (const [i, sources] of step.windows.entries()) to[largest(x, sources)] += gradient[i];
      return;
    case "select":
      for (const [i, source] of step.sources.entries()) if (source >= 0) to[source] += gradient[i];
      return;
    case "copy":
      each(() => 1);
      return;
    case "add":
      each(() => 1);
      for (const own of further) for (let f = 0; f < own.length; f++) own[f] += gradient[f];
      return;
    case "concat": {
      let from = 0;
      for (const [k, own] of [to, ...further].entries()) {
        const size = [x, ...others][k].length;
        for (let f = 0; f < size; f++) own[f] += gradient[from + f];
        from += size;
      }
      return;
    }
    default:
      step satisfies never;
  }
}
