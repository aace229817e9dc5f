import { ShapeError } from "../../errors.js";
import { type Shape, sizeOf } from "../shape.js";
import type { ParameterSpec } from "./definition.js";

/** What a convolution and its transpose have in common. */
interface Convolution {
  readonly outChannels: number;
  readonly groups: number;
  readonly bias: boolean;
}

/** A `ShapeError` that names the layer unless its channels come out whole, in every group. */
export function checkChannels({ outChannels, groups }: Convolution, inChannels: number, name: string): void {
  if (!Number.isInteger(outChannels) || outChannels < 1) {
    throw new ShapeError(`${name}: outChannels must be a positive integer, got ${outChannels}`);
  }
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ShapeError(
      `${name}: groups must divide both channel counts, got ${groups} for ${inChannels} in and ${outChannels} out`,
    );
  }
}

/** A weight of this shape that starts from a normal distribution, and a bias `[out]` of zeros where the layer has one. */
export function convolutionParameters(
  { outChannels, bias }: Convolution,
  shape: Shape,
  std: number,
): readonly ParameterSpec[] {
  const weight: ParameterSpec = {
    name: "weight",
    shape,
    role: "trained",
    initialization: { kind: "normal", std },
  };
  if (!bias) return [weight];
  const zeros: ParameterSpec = {
    name: "bias",
    shape: [outChannels],
    role: "trained",
    initialization: { kind: "constant", value: 0 },
  };
  return [weight, zeros];
}

/** The bias of each output feature as the layer's sums take it; nothing where it has none. */
export function biasByOutput(
  { bias, outChannels }: Convolution,
  output: Shape,
  parameter: (name: string) => ArrayLike<number>,
): ((feature: number) => number) | undefined {
  if (!bias) return undefined;
  const [values, positions] = [parameter("bias"), sizeOf(output) / outChannels];
  return (feature) => values[Math.floor(feature / positions)];
}
