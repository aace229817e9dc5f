import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { FormatError, ShapeError, UsageError } from "../../src/errors.js";
import {
  add,
  batchNorm,
  concat,
  conv2d,
  flatten,
  hardtanh,
  linear,
  maxPool,
  relu,
  reshape,
  scaleShift,
} from "../../src/network/build-layer.js";
import { forward } from "../../src/network/forward.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, sequential } from "../../src/network/network.js";
import { checkWeights, fixedBindings, initialWeights, uploadWeights } from "../../src/network/weights.js";

describe("shapes", () => {
  it.each<readonly [string, number[], Layer[], RegExp]>([
    ["linear on an image", [1, 4, 4], [linear(3)], /linear1: linear takes a flat input.*1×4×4.*flatten/],
    [
      "a kernel larger than the image",
      [1, 4, 4],
      [conv2d(2, { kernel: 7 })],
      /conv2d1: a window of 7 does not fit/,
    ],
    ["groups that do not divide", [3, 4, 4], [conv2d(4, { kernel: 1, groups: 2 })], /groups must divide/],
    ["no outputs", [4], [linear(0)], /outFeatures must be a positive integer/],
    ["a stride of zero", [1, 4, 4], [conv2d(2, { kernel: 2, stride: 0 })], /positive integers/],
    ["negative padding", [1, 4, 4], [conv2d(2, { kernel: 2, padding: -1 })], /non-negative/],
    ["a pool on a flat input", [16], [maxPool({ kernel: 2 })], /channels×height×width/],
    [
      "a pool with padding as large as its kernel",
      [1, 4, 4],
      [maxPool({ kernel: 2, padding: 2 })],
      /smaller than its kernel/,
    ],
    ["reshape to another size", [4], [reshape([3, -1])], /cannot reshape 4 to 3×-1/],
    [
      "constants that do not fit",
      [2, 2, 2],
      [scaleShift([1, 2, 3], 0)],
      /scale needs 1, 2 \(channels\) or 8/,
    ],
    ["NaN constants", [2], [scaleShift(Number.NaN, 0)], /finite/],
    ["add of one input", [2], [add()], /two or more inputs/],
    ["concat of one input", [2], [concat()], /two or more inputs/],
    ["hardtanh upside down", [2], [hardtanh(1, -1)], /minimum < maximum/],
    ["batch norm with epsilon 0", [2], [batchNorm({ epsilon: 0 })], /epsilon must be positive/],
  ])("%s is a ShapeError that names the layer", (_, shape, layers, message) => {
    const build = () => sequential(shape, layers);
    expect(build).toThrow(ShapeError);
    expect(build).toThrow(message);
  });

  it("add names both shapes", () => {
    expect(() => graph([4], (x, attach) => attach(add(), attach(linear(3), x), x))).toThrow(/got 3 and 4/);
  });

  it("an unknown layer, a name used twice, and a handle of another network are usage errors", () => {
    expect(() => sequential([4], [{ kind: "gelu" } as unknown as Layer])).toThrow(
      /unknown layer "gelu"; known: linear/,
    );
    expect(() => graph([4], (x, attach) => attach.named("a", relu(), attach.named("a", relu(), x)))).toThrow(
      UsageError,
    );
    let stranger: Parameters<Parameters<typeof graph>[1]>[0] | undefined;
    graph([4], (x) => {
      stranger = x;
      return x;
    });
    expect(() =>
      graph([4], (_x, attach) => attach(relu(), stranger as NonNullable<typeof stranger>)),
    ).toThrow(/belongs to another network/);
  });

  it("the input must have positive extents", () => {
    expect(() => sequential([0, 4], [relu()])).toThrow(ShapeError);
  });

  it("no shape has more extents than any library's", () => {
    const many = Array.from({ length: 65 }, () => 1);
    const refused = (name: string) =>
      new RegExp(`^${name}: expected a shape of at most 64 extents, found 65$`);
    expect(() => sequential(many, [relu()])).toThrow(refused("input"));
    expect(() => sequential([1], [reshape(many)])).toThrow(refused("reshape1"));
    expect(sequential(many.slice(1), [relu()]).outputShape.length).toBe(64);
  });
});

describe("weights", () => {
  const network = sequential(
    [1, 6, 6],
    [conv2d(4, { kernel: 3 }), batchNorm(), relu(), flatten(), linear(3)],
  );

  it("depend on the seed and the name alone", () => {
    const [a, b, c] = [initialWeights(network, 1), initialWeights(network, 1), initialWeights(network, 2)];
    expect([...a]).toEqual([...b]);
    expect(a.get("linear1.weight")).not.toEqual(c.get("linear1.weight"));
    const longer = sequential(
      [1, 6, 6],
      [conv2d(4, { kernel: 3 }), relu(), flatten(), linear(3), relu(), linear(2)],
    );
    expect(initialWeights(longer, 1).get("conv2d1.weight")).toEqual(a.get("conv2d1.weight"));
  });

  it("convolutions start from a normal of std √(2/(k·k·out))", () => {
    const wide = sequential([8, 9, 9], [conv2d(64, { kernel: 5 })]);
    const values = initialWeights(wide, 3).get("conv2d1.weight") as Float64Array;
    const std = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(std).toBeCloseTo(Math.sqrt(2 / (25 * 64)), 3);
    expect(
      initialWeights(wide, 3)
        .get("conv2d1.bias")
        ?.every((value) => value === 0),
    ).toBe(true);
  });

  it.each([
    [
      "missing",
      (w: Map<string, Float64Array>) => w.delete("linear1.bias"),
      /weight "linear1.bias" is missing/,
    ],
    [
      "short",
      (w: Map<string, Float64Array>) => w.set("linear1.bias", new Float64Array(2)),
      /has 2 numbers, expected 3/,
    ],
    [
      "NaN",
      (w: Map<string, Float64Array>) => w.set("linear1.bias", Float64Array.of(0, Number.NaN, 0)),
      /"linear1.bias"\[1\] is NaN/,
    ],
    [
      "a negative variance",
      (w: Map<string, Float64Array>) => w.set("batch-norm1.variance", Float64Array.of(1, 1, -1, 1)),
      /variance .* is negative/,
    ],
  ] as const)("%s weights are named", (_, spoil, message) => {
    const weights = new Map(initialWeights(network, 1) as Map<string, Float64Array>);
    spoil(weights);
    expect(() => checkWeights(network, weights, "m.safetensors")).toThrow(FormatError);
    expect(() => checkWeights(network, weights, "m.safetensors")).toThrow(message);
  });
});

describe("batch norm with batch statistics", () => {
  it("normalises each channel of the batch to mean β and variance γ²", async () => {
    const backend = createPortableBackend();
    const network = sequential([2, 3, 3], [batchNorm({ epsilon: 1e-12 })]);
    const weights = new Map(initialWeights(network, 1) as Map<string, Float64Array>);
    weights.set("batch-norm1.weight", Float64Array.of(2, 3));
    weights.set("batch-norm1.bias", Float64Array.of(-1, 0.5));
    const parameters = uploadWeights(backend, { network, weights });
    using tape = new Tape(backend, { record: false });
    const values = Float64Array.from({ length: 18 * 4 }, (_, i) => Math.sin(i * i));
    const x = tape.own(backend.upload(18, 4, values));
    const { output, bindings } = forward(tape, network, fixedBindings(parameters), x, {
      batchStatistics: true,
    });
    const out = await backend.read(output.value);
    for (const [channel, beta, gamma] of [
      [0, -1, 2],
      [1, 0.5, 3],
    ]) {
      const own = Array.from(out).slice(channel * 36, (channel + 1) * 36);
      const mean = own.reduce((sum, value) => sum + value, 0) / 36;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 36;
      expect(mean).toBeCloseTo(beta, 10);
      expect(Math.sqrt(variance)).toBeCloseTo(gamma, 8);
    }
    expect(bindings.get("batch-norm1.mean")?.value).not.toBe(parameters.get("batch-norm1.mean"));
  });
});
