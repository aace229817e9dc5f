import { definitionOf } from "../../src/network/layers/index.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";

/** Digits behind the point, in bits: doubles of a usual size have all of theirs, and so have products of a few of them. */
const SCALE = 1600n;

/** A double as a whole number of 2⁻ˢᶜᵃˡᵉ. */
function exact(value: number): bigint {
  if (value === 0) return 0n;
  const exponent = Math.max(-1074, Math.floor(Math.log2(Math.abs(value))) - 60);
  // Both factors are exact.
  const whole = BigInt(value * 2 ** Math.min(1000, -exponent));
  return whole << (SCALE - BigInt(Math.min(1000, -exponent)));
}

/**
 * How far numbers are from the outputs of a network in exact arithmetic. For affine layers, ReLU and leaky ReLU by a power
 * of 2.
 */
export function exactOutputs(
  { network, weights }: Model,
  input: Float64Array,
  from: Float64Array,
): Float64Array {
  const values: bigint[][] = [Array.from(input, exact)];
  for (const [index, node] of network.nodes.entries()) {
    const { layer, shape } = node;
    if (layer === null) continue;
    const x = node.inputs.flatMap((i) => values[i]);
    if (layer.kind === "relu") values[index] = x.map((z) => (z > 0n ? z : 0n));
    else if (layer.kind === "leaky-relu")
      values[index] = x.map((z) => (z > 0n ? z : times(exact(layer.slope), z)));
    else {
      const parameter = (name: string) => weights.get(`${node.name}.${name}`)!;
      const inputShapes = node.inputs.map((i) => network.nodes[i].shape);
      const sums = definitionOf(layer).sums!(layer, { inputShapes, outputShape: shape, parameter });
      const z = Array.from({ length: sizeOf(shape) }, (_, i) => exact(sums.offset?.(i) ?? 0));
      sums.each((weight, count, output, outputStep, feature, featureStep) => {
        for (let i = 0; i < count; i++) {
          z[output + i * outputStep] += times(exact(weight), x[feature + i * featureStep]);
        }
      });
      values[index] = z;
    }
  }
  return Float64Array.from(values[network.output], (z, i) => {
    const difference = z - exact(from[i]);
    const bits = SCALE - 200n;
    return Number(difference >> bits) * 2 ** -200;
  });
}

/** Exact as long as the product has no digits beyond the scale. */
function times(a: bigint, b: bigint): bigint {
  const product = a * b;
  if (product & ((1n << SCALE) - 1n)) throw new Error("expected fewer digits");
  return product >> SCALE;
}
