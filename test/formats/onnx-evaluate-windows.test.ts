import { describe, expect, it } from "vitest";
import { AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import type { NdArray } from "../../src/formats/onnx/evaluate/index.js";
import { counting, describeCase, evaluated, expectAgreement, floats, reals } from "./onnx-oracle.js";
import { type Numbers, randomWindow, SINCE } from "./onnx-window-cases.js";

const CASES = 150;

describe.each(Object.keys(SINCE))("%s", (op) => {
  it(`is onnxruntime's in ${CASES} random cases`, async () => {
    let refused = 0;
    for (let seed = 0; seed < CASES; seed++) {
      const one = randomWindow(op, seed);
      try {
        evaluated(one);
      } catch (error) {
        expect(error, describeCase(one)).toBeInstanceOf(AutodualError);
        refused++;
        continue;
      }
      await expectAgreement(one);
    }
    // Windows that do not fit, and the ambiguous ones below.
    expect(refused).toBeLessThan(CASES / 5);
  });
});

describe("Conv", () => {
  const [x, w] = [floats("x", 1, 2, 7, 6), floats("w", 3, 2, 3, 2)];

  it("pads dilated windows under SAME by what they span", () => {
    const conv = (attributes: Numbers) =>
      evaluated({
        op: "Conv",
        opset: 11,
        inputs: [x, w],
        attributes: { dilations: [2, 3], ...attributes },
      })[0];
    expect(conv({ auto_pad: "SAME_UPPER" })).toEqual(conv({ pads: [2, 1, 2, 2] }));
    expect(conv({ auto_pad: "SAME_LOWER" })).toEqual(conv({ pads: [2, 2, 2, 1] }));
  });

  it.each<[readonly NdArray[], Numbers, new () => AutodualError, RegExp]>([
    [[x, floats("w", 3, 3, 3, 2)], {}, ShapeError, /weight of shape \[3, 3, 3, 2\] in 1 groups does not fit/],
    [[x, w], { group: 2 }, ShapeError, /in 2 groups/],
    [[x, w], { group: 0 }, ShapeError, /in 0 groups/],
    [[x, w, floats("b", 2)], {}, ShapeError, /bias must have shape \[3\], found \[2\]/],
    [[x, w], { kernel_shape: [2, 2] }, ShapeError, /kernel_shape \[2, 2\] is not the weight's, \[3, 2\]/],
    [[x, w], { strides: [0, 1] }, ShapeError, /strides must be 2 numbers from 1 on/],
    [[x, w], { pads: [0, 0, -1, 0] }, ShapeError, /pads must be 4 numbers from 0 on/],
    [[x, w], { pads: [1, 1] }, ShapeError, /pads must be 4 numbers/],
    [[x, w], { dilations: [4, 1] }, ShapeError, /a window of 9 does not fit into 7/],
    [[x, w], { auto_pad: "SAME" }, FormatError, /auto_pad must be one of/],
    [[x, w], { auto_pad: "VALID", pads: [1, 1, 1, 1] }, FormatError, /contradict/],
    [[x, w], { wings: 2 }, UnsupportedOperatorError, /"wings" is not supported/],
    [[x, w], { pads: [2 ** 40, 0, 0, 0] }, ShapeError, /too large/],
    [[x, w, w, w], {}, FormatError, /at most 3 inputs/],
    [[x], {}, FormatError, /input 1 is missing/],
    [[floats("x", 1, 2), floats("w", 3, 2)], {}, ShapeError, /must both be/],
    [[floats("x", 1, 2, 2, 2, 2, 2), floats("w", 3, 2, 1, 1, 1, 1)], {}, UnsupportedOperatorError, /4 axes/],
    [[x, floats("w", 3, 2, 0, 2)], {}, ShapeError, /is empty/],
  ])("refuses %#", (inputs, attributes, type, message) => {
    const run = () => evaluated({ op: "Conv", opset: 13, inputs, attributes });
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });

  // The standard forbids it and onnxruntime refuses it, but such files are about.
  it("takes pads that say what auto_pad says", () => {
    const conv = (attributes: Numbers) => evaluated({ op: "Conv", opset: 11, inputs: [x, w], attributes });
    const same = conv({ auto_pad: "SAME_UPPER" });
    expect(conv({ auto_pad: "SAME_UPPER", pads: [1, 0, 1, 1] })).toEqual(same);
    expect(conv({ auto_pad: "SAME_UPPER", pads: [0, 0, 0, 0] })).toEqual(same);
  });
});

describe("ConvTranspose", () => {
  const [x, w] = [floats("x", 1, 2, 3, 3), floats("w", 2, 1, 2, 2)];

  it.each<[Numbers, new () => AutodualError, RegExp]>([
    [
      { auto_pad: "SAME_UPPER", strides: [3, 3] },
      UnsupportedOperatorError,
      /an output of 9 is more than the 8/,
    ],
    [{ output_shape: [5, 4] }, UnsupportedOperatorError, /an output of 5 is more than the 4/],
    [{ output_shape: [4] }, ShapeError, /output_shape must be 2 numbers/],
    [{ output_padding: [1, 0] }, ShapeError, /output_padding 1 must be less/],
    [{ pads: [2, 0, 2, 0] }, ShapeError, /leaves 0 entries of axis 2/],
    [{ output_shape: [4, 4], pads: [1, 0, 0, 0] }, ShapeError, /cannot be given along/],
    [{ group: 2, strides: [2 ** 30, 2 ** 30] }, ShapeError, /too large/],
    [{ group: 3 }, ShapeError, /in 3 groups does not fit/],
  ])("refuses %j", (attributes, type, message) => {
    const run = () => evaluated({ op: "ConvTranspose", opset: 11, inputs: [x, w], attributes });
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});

describe("pooling", () => {
  const x = floats("x", 1, 2, 5, 5);

  it.each<[string, number, Numbers, RegExp]>([
    // onnxruntime pads as if the windows were not dilated.
    ["MaxPool", 12, { kernel_shape: [2, 2], auto_pad: "SAME_UPPER", dilations: [2, 1] }, /ambiguous/],
    ["AveragePool", 19, { kernel_shape: [2, 2], auto_pad: "SAME_LOWER", dilations: [1, 2] }, /ambiguous/],
    // onnxruntime pads by a negative number, or refuses.
    ["AveragePool", 11, { kernel_shape: [1, 1], auto_pad: "SAME_UPPER", strides: [3, 3] }, /ambiguous/],
    // The standard's formula gives two positions, onnxruntime three.
    ["MaxPool", 12, { kernel_shape: [2, 2], auto_pad: "VALID", strides: [2, 2], ceil_mode: 1 }, /ambiguous/],
    ["MaxPool", 9, { kernel_shape: [2, 2], ceil_mode: 1 }, /ceil_mode is not defined before operator set 10/],
    ["AveragePool", 18, { kernel_shape: [2, 2], dilations: [1, 1] }, /not defined before operator set 19/],
    ["MaxPool", 12, {}, /"kernel_shape" is missing/],
    ["MaxPool", 12, { kernel_shape: [2, 2], pads: [2, 0, 0, 0] }, /lies in the padding alone/],
    ["MaxPool", 12, { kernel_shape: [2, 2], count_include_pad: 1 }, /"count_include_pad" is not supported/],
    ["MaxPool", 12, { kernel_shape: [2 ** 27, 2 ** 27], pads: [2 ** 27, 2 ** 27, 0, 0] }, /too large/],
  ])("%s-%i refuses %j", (op, opset, attributes, message) => {
    const run = () => evaluated({ op, opset, inputs: [x], attributes });
    expect(run).toThrow(AutodualError);
    expect(run).toThrow(message);
  });

  it("does not depend on the storage order", async () => {
    const attributes = { kernel_shape: [2, 2], storage_order: 1 };
    await expectAgreement({ op: "MaxPool", opset: 12, inputs: [x], attributes });
  });

  it("refuses the second output of MaxPool", () => {
    const one = { op: "MaxPool", opset: 12, inputs: [x], attributes: { kernel_shape: [2, 2] }, outputs: 2 };
    expect(() => evaluated(one)).toThrow(/output 1 is not supported/);
  });

  it("counts no entry beyond the padding where the count is rounded up", () => {
    const pooled = (count_include_pad: number) =>
      evaluated({
        op: "AveragePool",
        opset: 11,
        inputs: [reals([1, 2, 3, 4], [1, 1, 4])],
        attributes: { kernel_shape: [3], strides: [2], pads: [1, 0], ceil_mode: 1, count_include_pad },
      })[0].values;
    expect([...pooled(1)]).toEqual([1, 3]);
    expect([...pooled(0)]).toEqual([1.5, 3]);
    const beyond = evaluated({
      op: "AveragePool",
      opset: 11,
      inputs: [counting(1, 1, 6)],
      attributes: { kernel_shape: [3], strides: [3], pads: [0, 1], ceil_mode: 1, count_include_pad: 1 },
    })[0];
    expect([...beyond.values]).toEqual([1, 4]);
  });

  it.each([7, 13, 22])("reduces whole planes in operator set %i", async (opset) => {
    for (const op of ["GlobalAveragePool", "GlobalMaxPool"]) {
      for (const shape of [
        [2, 3, 4],
        [1, 2, 3, 4],
        [2, 1, 2, 2, 2],
      ]) {
        await expectAgreement({ op, opset, inputs: [floats("x", ...shape)] });
      }
    }
  });
});
