import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { AutodualError } from "../../src/errors.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { expectImported, fileOf, graphOf, imports } from "./onnx-import-oracle.js";
import { refusal } from "./onnx-movement-cases.js";
import { describeCase, floats, type NodeCase } from "./onnx-oracle.js";
import { type Numbers, randomWindow, SINCE } from "./onnx-window-cases.js";

/** Random cases drawn; about a third have one example and one or two axes. */
const CASES = 240;

describe.each(Object.keys(SINCE))("%s", (op) => {
  it(`is onnxruntime's in random cases of one example`, async () => {
    let imported = 0;
    for (let seed = 1000; seed < 1000 + CASES; seed++) {
      const one = randomWindow(op, seed);
      const [batch, , ...spatial] = one.inputs[0]!.shape;
      if (batch === 1 && spatial.length <= 2 && refusal(one) === undefined) {
        await expectImported(graphOf(one));
        imported++;
        continue;
      }
      const run = importCheckedOnnx(createPortableBackend(), fileOf(graphOf(one)), "m.onnx");
      if (batch > 1 && spatial.length <= 2 && refusal(one) === undefined) {
        // Several examples, which a window takes one by one.
        const { network, notes } = await run;
        expect(network.inputShape, describeCase(one)).toEqual(one.inputs[0]!.shape.slice(1));
        expect(notes).toEqual([expect.stringContaining(`the fixed batch of ${batch} examples`)]);
        continue;
      }
      await expect(run, describeCase(one)).rejects.toBeInstanceOf(AutodualError);
    }
    expect(imported).toBeGreaterThan(CASES / 5);
  });
});

const image = floats("image", 1, 4, 7, 6);
const line = floats("line", 1, 4, 9);

const conv = (
  opset: number,
  x: typeof image,
  weight: readonly number[],
  attributes: Numbers = {},
  bias = false,
) =>
  graphOf({
    op: "Conv",
    opset,
    inputs: [x, floats("w", ...weight), ...(bias ? [floats("b", weight[0])] : [])],
    attributes,
  });

const transposed = (opset: number, x: typeof image, weight: readonly number[], attributes: Numbers = {}) =>
  graphOf({ op: "ConvTranspose", opset, inputs: [x, floats("w", ...weight)], attributes });

describe("convolutions at the edges", () => {
  imports([
    conv(7, image, [8, 4, 7, 6]),
    conv(11, image, [8, 4, 1, 1], { strides: [7, 6] }),
    conv(11, image, [8, 1, 3, 3], { group: 4, pads: [2, 0, 1, 1] }, true),
    conv(11, image, [4, 2, 3, 2], { group: 2, dilations: [2, 3], pads: [0, 1, 2, 3], strides: [2, 1] }, true),
    conv(22, image, [8, 4, 4, 4], { auto_pad: "SAME_UPPER", strides: [2, 2] }),
    conv(22, image, [8, 4, 4, 4], { auto_pad: "SAME_LOWER", strides: [2, 3] }),
    conv(11, image, [8, 4, 3, 3], { auto_pad: "VALID" }),
    conv(11, image, [8, 4, 3, 3], { auto_pad: "NOTSET", pads: [5, 5, 5, 5] }),
    conv(7, line, [6, 4, 3], {}, true),
    conv(11, line, [6, 2, 2], { group: 2, dilations: [3], pads: [2, 1], strides: [2] }),
    conv(22, line, [6, 4, 4], { auto_pad: "SAME_LOWER", strides: [2] }),
    conv(11, floats("point", 1, 4, 1), [2, 4, 1]),
    transposed(7, image, [4, 3, 2, 3], { strides: [2, 3] }),
    transposed(11, image, [4, 1, 3, 3], { group: 4, strides: [2, 2], output_padding: [1, 0] }),
    transposed(11, image, [4, 3, 3, 2], { dilations: [2, 3], pads: [1, 0, 2, 1] }),
    transposed(11, image, [4, 3, 3, 3], { strides: [2, 2], auto_pad: "SAME_UPPER" }),
    transposed(11, image, [4, 3, 3, 3], { strides: [2, 2], auto_pad: "SAME_LOWER" }),
    transposed(22, image, [4, 3, 3, 3], { strides: [2, 2], output_shape: [14, 12] }),
    transposed(22, image, [4, 3, 4, 4], { strides: [2, 2], output_shape: [13, 12], auto_pad: "SAME_UPPER" }),
    transposed(7, line, [4, 3, 3], { strides: [2], pads: [1, 0], output_padding: [1] }),
    transposed(11, line, [4, 3, 2], { group: 2, dilations: [2], strides: [3] }),
  ]);
});

const pool = (op: string, opset: number, x: typeof image, attributes: Numbers): NodeCase => ({
  op,
  opset,
  inputs: [x],
  attributes,
});

describe("pools at the edges", () => {
  const windows: [opset: number, x: typeof image, attributes: Numbers][] = [
    [7, image, { kernel_shape: [2, 2], strides: [2, 2] }],
    [7, image, { kernel_shape: [7, 6] }],
    [8, image, { kernel_shape: [1, 1], strides: [3, 2] }],
    [11, image, { kernel_shape: [3, 3], pads: [1, 0, 2, 1], strides: [2, 3] }],
    [11, image, { kernel_shape: [3, 3], pads: [2, 2, 2, 2] }],
    [11, image, { kernel_shape: [3, 2], auto_pad: "SAME_UPPER", strides: [2, 2] }],
    [11, image, { kernel_shape: [3, 2], auto_pad: "SAME_LOWER", strides: [2, 2] }],
    [12, image, { kernel_shape: [3, 3], auto_pad: "VALID", strides: [2, 2] }],
    [10, image, { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
    [19, image, { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1 }],
    [22, image, { kernel_shape: [3, 3], strides: [3, 2], ceil_mode: 1, pads: [0, 1, 1, 0] }],
    [22, image, { kernel_shape: [2, 3], dilations: [3, 2], strides: [2, 1] }],
    [
      19,
      image,
      { kernel_shape: [2, 2], dilations: [2, 3], pads: [1, 1, 0, 1], ceil_mode: 1, strides: [2, 2] },
    ],
    [7, line, { kernel_shape: [3] }],
    [19, line, { kernel_shape: [4], strides: [3], pads: [1, 2], ceil_mode: 1 }],
    [22, line, { kernel_shape: [3], dilations: [2], pads: [1, 1], strides: [2] }],
    [11, line, { kernel_shape: [4], auto_pad: "SAME_LOWER", strides: [2] }],
  ];
  imports(
    windows.flatMap(([opset, x, attributes]) => [
      graphOf(pool("MaxPool", opset, x, attributes)),
      graphOf(pool("AveragePool", opset, x, attributes)),
      graphOf(pool("AveragePool", opset, x, { ...attributes, count_include_pad: 1 })),
    ]),
  );
  imports(
    ["GlobalAveragePool", "GlobalMaxPool"].flatMap((op) =>
      [image, line, floats("point", 1, 3, 1, 1)].flatMap((x) =>
        [7, 22].map((opset) => graphOf({ op, opset, inputs: [x] })),
      ),
    ),
  );
  imports([graphOf(pool("MaxPool", 12, image, { kernel_shape: [2, 2], storage_order: 0 }))]);
});
