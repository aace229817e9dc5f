import { random } from "../../src/compute/random.js";
import { floats, type NodeCase } from "./onnx-oracle.js";

/** Attributes of a window. */
export type Numbers = Record<string, number | string | readonly number[]>;

/** Operators whose windows slide, and operator sets in which they differ. */
export const SINCE: Readonly<Record<string, readonly number[]>> = {
  Conv: [7, 11, 22],
  ConvTranspose: [7, 11, 22],
  MaxPool: [7, 8, 10, 11, 12, 22],
  AveragePool: [7, 10, 11, 19, 22],
};

/** A random case of an operator: any of its attributes, one to three axes. */
export function randomWindow(op: string, seed: number): NodeCase {
  const source = random(seed, op);
  const int = (least: number, most: number) => least + Math.floor(source.uniform() * (most - least + 1));
  const pick = <T>(...choices: readonly T[]): T => choices[int(0, choices.length - 1)];
  const rank = pick(1, 2, 2, 3);
  const many = (least: number, most: number) => Array.from({ length: rank }, () => int(least, most));
  const opset = pick(...SINCE[op]);
  const pools = op.endsWith("Pool");
  const [kernel, spatial, batch] = [many(1, 3), many(3, 7), int(1, 2)];
  const attributes: Numbers = {};
  if (pick(true, false)) attributes.strides = many(1, 3);
  const autoPad = pick("none", "none", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER");
  if (autoPad !== "none") attributes.auto_pad = autoPad;
  const same = autoPad.startsWith("SAME");
  // onnxruntime does not run a convolution that is dilated under SAME.
  const dilates = op === "Conv" ? !same : op === "ConvTranspose" || opset >= (op === "MaxPool" ? 10 : 19);
  if (dilates && pick(true, false)) attributes.dilations = many(1, 2);
  const padded = (autoPad === "none" || autoPad === "NOTSET") && pick(true, true, false);
  if (padded) attributes.pads = [...kernel, ...kernel].map((extent) => int(0, pools ? extent - 1 : 2));
  if (pools) {
    attributes.kernel_shape = kernel;
    if (opset >= 10 && pick(true, false)) attributes.ceil_mode = 1;
    if (op === "AveragePool" && pick(true, false)) attributes.count_include_pad = 1;
    return { op, opset, attributes, inputs: [floats(`x${seed}`, batch, 2, ...spatial)] };
  }
  const group = pick(1, 1, 2, 3);
  if (group > 1 || pick(true, false)) attributes.group = group;
  if (pick(true, false)) attributes.kernel_shape = kernel;
  const strides = (attributes.strides as readonly number[]) ?? kernel.map(() => 1);
  const dilations = (attributes.dilations as readonly number[]) ?? kernel.map(() => 1);
  if (op === "ConvTranspose") {
    if (pick(true, false, false)) attributes.output_padding = strides.map((stride) => int(0, stride - 1));
    if (!padded && pick(true, false, false)) {
      attributes.output_shape = spatial.map(
        (extent, i) => strides[i] * (extent - 1) + (kernel[i] - 1) * dilations[i] + 1 - int(0, 1),
      );
    }
  }
  const bias = pick(true, false) ? [floats(`b${seed}`, 2 * group)] : [];
  const inputs = [
    floats(`x${seed}`, batch, 2 * group, ...spatial),
    floats(`w${seed}`, 2 * group, 2, ...kernel),
  ];
  return { op, opset, attributes, inputs: [...inputs, ...bias] };
}
