import { describe, expect, it } from "vitest";
import { Tape } from "../../../src/autodiff/index.js";
import { OWN, SHARED } from "../../../src/compute/owners.js";
import { layerCost } from "../../../src/dual/cost.js";
import type { AffineDual, AffineRule } from "../../../src/dual/dual-layer.js";
import { ruleOf } from "../../../src/dual/layers/index.js";
import type { Layer } from "../../../src/network/layer.js";
import { sizeOf } from "../../../src/network/shape.js";
import { fixedBindings } from "../../../src/network/weights.js";
import { Bench } from "../../support/bounds.js";
import { lively } from "../../support/networks.js";
import { AFFINE_CASES, IMAGE } from "./affine-cases.js";
import * as dense from "./dense.js";

// Every affine rule against its matrix A and constant b, read off the layer's values at unit vectors.

const TINY = 1e-13;

describe.each(Object.entries(AFFINE_CASES))("the rule of %s", (_, expected) => {
  const { layer, shape = IMAGE, inputs = 1 } = expected;
  const network = dense.alone(shape, layer, inputs);
  const bench = new Bench(lively(network, 3));
  const [inSize, out] = [sizeOf(shape), sizeOf(network.outputShape)];
  const bound = (tape: Tape): AffineDual => {
    const rule = ruleOf(layer) as AffineRule<Layer>;
    expect(rule.form).toBe("affine");
    return rule.bind(tape, layer, network.context(1, fixedBindings(bench.parameters)));
  };
  const known = bench.affineMap(1).then(({ matrix, offset }) => ({
    a: { features: out, rows: inSize * inputs, values: matrix },
    b: offset,
  }));
  const nonzero = (x: dense.Matrix) => dense.mapped(x, (value) => (value === 0 ? 0 : 1));
  /** The part of a whole input, or of ν there, that belongs to one of those that meet. */
  const part = (x: dense.Matrix, i: number): dense.Matrix =>
    dense.matrix(inSize, x.rows, (f, row) => x.values[(i * inSize + f) * x.rows + row]);

  it("pushes by A, says what b is, and how A hangs together", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    const { a, b } = await known;
    expect([own.kind, own.coupling]).toEqual(["affine", expected.coupling]);
    const x = dense.randomMatrix(inSize * inputs, 4, 1);
    const parts = Array.from({ length: inputs }, (_, i) => dense.uploaded(tape, part(x, i)));
    const pushed = await dense.downloaded(tape, own.push(tape, parts, OWN));
    expect(dense.distance(pushed, dense.times(a, x))).toBeLessThan(TINY);
    const offset = own.offset ? await bench.values(own.offset) : new Float64Array(out);
    expect(own.offset !== undefined).toBe(b.some((value) => value !== 0));
    expect(dense.listDistance(offset, b)).toBeLessThan(TINY);
  });

  it("takes radii through |A|, and of independent ones the root of their squares", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    const { a } = await known;
    const radii = dense.mapped(dense.randomMatrix(inSize * inputs, 4, 2), Math.abs);
    const parts = () => Array.from({ length: inputs }, (_, i) => dense.uploaded(tape, part(radii, i)));
    const absolute = async (order: 1 | 2) => dense.downloaded(tape, own.absolute(tape, parts(), order));
    const first = dense.times(dense.mapped(a, Math.abs), radii);
    expect(dense.distance(await absolute(1), first)).toBeLessThan(TINY);
    if (expected.coupling !== "mixing" || layer.kind === "take") return;
    const square = (x: number) => x * x;
    const second = dense.mapped(dense.times(dense.mapped(a, square), dense.mapped(radii, square)), Math.sqrt);
    expect(dense.distance(await absolute(2), second)).toBeLessThan(TINY);
  });

  it("goes back by Aᵀ and collects bᵀν, by steps as well", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    const { a, b } = await known;
    const nu = dense.randomMatrix(out, dense.ROWS, 3);
    const back = dense.times(dense.transposed(a), nu);
    const collected = dense.columnSums(nu, (f) => b[f]);
    for (const centre of [true, false]) {
      const step = own.back(tape, dense.uploaded(tape, nu), OWN, { centre });
      expect(step.radius).toBeUndefined();
      expect(step.centre !== undefined).toBe(centre && own.offset !== undefined);
      if (step.centre)
        expect(dense.listDistance(await bench.values(step.centre), collected)).toBeLessThan(TINY);
      expect(step.nus.length).toBe(inputs);
      for (const [i, got] of step.nus.entries())
        expect(dense.distance(await dense.downloaded(tape, got), part(back, i))).toBeLessThan(TINY);
      expect(own.steps !== undefined).toBe(expected.steps);
      if (own.steps) {
        const kinds = own.steps(OWN, { centre }).map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === "offset").length).toBe(centre && own.offset ? 1 : 0);
        expect(kinds.length).toBeLessThanOrEqual(2);
        expect(kinds).not.toContain(undefined);
        const end = { ...ends(inSize), owners: SHARED };
        const found = await dense.walked(tape, nu, own.steps(OWN, { centre }), end);
        const sums = ended(back, end);
        const centres = sums.centre.map((sum, row) => sum + (centre ? collected[row] : 0));
        expect(dense.listDistance(found.radius, sums.radius)).toBeLessThan(TINY);
        expect(dense.listDistance(found.centre, centres)).toBeLessThan(TINY);
      }
    }
  });

  it("hands each of the inputs that meet its part of ν", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    expect(own.parts !== undefined).toBe(expected.coupling === "join");
    const { a } = await known;
    own.parts?.().forEach((index, i) => {
      const taken = dense.matrix(inSize, out, (f, o) => ((index ? index[f] : f) === o ? 1 : 0));
      expect(dense.distance(taken, dense.transposed(columns(a, i * inSize, inSize)))).toBe(0);
    });
    expect(own.parts?.().length ?? inputs).toBe(inputs);
    if (layer.kind === "add") expect(own.parts?.()).toEqual(Array.from({ length: inputs }, () => null));
  });

  it("counts roundings and terms: of the longest line and column, and of inputs that may not be 0", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    expect(own.roundings).toEqual({ forward: expected.roundings[0], backward: expected.roundings[1] });
    const { a } = await known;
    const lengths = (x: dense.Matrix) => dense.columnSums(nonzero(x), () => 1);
    if (expected.roundings[0] > 0) {
      const [line, column] = [dense.transposed(a), a].map((x) => Math.max(...lengths(x)));
      expect(expected.roundings[0]).toBeGreaterThanOrEqual(layer.kind === "concat" ? 0 : line);
      expect(expected.roundings[1]).toBeGreaterThanOrEqual(column / inputs);
    } else expect(a.values.every((value) => value === 0 || value === 1)).toBe(true);
    const counts = ["linear", "conv2d", "average-pool"].includes(layer.kind) && !isGrouped(layer);
    expect(own.terms !== undefined).toBe(counts);
    if (!own.terms) return;
    const alive = dense.matrix(inSize, 3, (f, row) => ((f * 7 + row * 5) % 3 === 0 ? 0 : 1));
    const found = await dense.downloaded(tape, own.terms(tape, dense.uploaded(tape, alive)));
    expect(dense.distance(found, dense.times(nonzero(a), alive))).toBe(0);
  });

  it("gives the rows of unit vectors, whole and through the patches that neurons see", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    const { a } = await known;
    const index = Int32Array.from({ length: 2 * out }, (_, i) => (i * 5) % out);
    const rows = dense.matrix(a.rows, index.length, (f, row) => a.values[index[row] * a.rows + f]);
    const byWindow = ["conv2d", "average-pool"].includes(layer.kind);
    expect(own.select !== undefined).toBe(byWindow || layer.kind === "linear");
    expect([own.selectPatch, own.fieldOf].map((x) => x !== undefined)).toEqual([byWindow, byWindow]);
    expect(own.lines !== undefined).toBe(layer.kind === "linear");
    if (own.lines) expect(dense.distance(await dense.downloaded(tape, own.lines), a)).toBeLessThan(TINY);
    if (own.select)
      expect(dense.distance(await dense.downloaded(tape, own.select(tape, index)), rows)).toBeLessThan(TINY);
    if (!own.selectPatch || !own.fieldOf) return;
    const positions = network.outputShape[1] * network.outputShape[2];
    const patch = own.fieldOf(index.map((feature) => feature % positions));
    const seen = dense.featuresSeen(
      shape,
      patch,
      index.map((_, i) => i),
    );
    const selected = await dense.downloaded(tape, own.selectPatch(tape, index));
    expect(dense.distance(dense.pasted(selected, seen, inSize), rows)).toBeLessThan(TINY);
    expect(own.patchLines !== undefined).toBe(!isGrouped(layer) && !isDilated(layer));
    if (!own.patchLines) return;
    const lines = own.patchLines(index);
    const all = await dense.downloaded(tape, lines.matrix);
    const taken = dense.matrix(
      all.rows,
      index.length,
      (f, row) => all.values[lines.index[row] * all.rows + f],
    );
    expect(dense.distance(taken, selected)).toBe(0);
  });

  it("does the same for what patches of an image see, on padding nothing", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    expect(own.crop !== undefined).toBe(expected.crop !== "none");
    if (!own.crop) return;
    const { a, b } = await known;
    for (const patch of dense.patchesOf(network.outputShape)) {
      const cropped = own.crop(patch, dense.VIEWERS);
      expect([cropped.passes === true, cropped.moves === true]).toEqual([
        ...[expected.crop === "passes", expected.crop === "moves"],
      ]);
      const seen = dense.featuresSeen(network.outputShape, patch, dense.VIEWERS_OF_ROWS);
      const nu = dense.cleared(dense.randomMatrix(seen.features, dense.ROWS, 5), seen);
      const whole = dense.pasted(nu, seen, out);
      const back = dense.times(dense.transposed(a), whole);
      const collected = dense.columnSums(whole, (f) => b[f]);
      const below = dense.featuresSeen(shape, cropped.input, dense.VIEWERS_OF_ROWS);
      for (const centre of [true, false]) {
        const step = cropped.back(tape, dense.uploaded(tape, nu), { centre });
        expect([step.radius, step.centre === undefined]).toEqual([undefined, !centre || !own.offset]);
        if (step.centre)
          expect(dense.listDistance(await bench.values(step.centre), collected)).toBeLessThan(TINY);
        expect(step.nus.length).toBe(inputs);
        for (const [i, got] of step.nus.entries()) {
          const pasted = dense.pasted(await dense.downloaded(tape, got), below, inSize);
          expect(dense.distance(pasted, part(back, i))).toBeLessThan(TINY);
        }
        expect(cropped.steps !== undefined).toBe(expected.steps);
        if (cropped.steps) {
          const end = ends(inSize);
          // Nothing lies on padding, however ν got there: the ends are zeros there.
          const atEnd = (x: dense.Matrix) =>
            dense.matrix(below.features, dense.ROWS, (f, row) => {
              const feature = below.values[f * dense.ROWS + row];
              return feature < 0 ? 0 : x.values[feature];
            });
          const local = { radius: atEnd(end.radius), centre: atEnd(end.centre), owners: OWN };
          const found = await dense.walked(tape, nu, cropped.steps(tape, { centre }), local);
          const sums = ended(back, end);
          const centres = sums.centre.map((sum, row) => sum + (centre ? collected[row] : 0));
          expect(dense.listDistance(found.radius, sums.radius)).toBeLessThan(TINY);
          expect(dense.listDistance(found.centre, centres)).toBeLessThan(TINY);
        }
      }
      expect(cropped.parts !== undefined).toBe(expected.coupling === "join");
      if (cropped.parts) {
        const wholes = own.parts?.() ?? [];
        const belows = cropped.parts().map((index) => Array.from(index ?? seen.values.map((_, f) => f)));
        belows.forEach((index, i) => {
          // The same features of the image as the whole row's part has.
          index.slice(0, below.features).forEach((from, f) => {
            const feature = below.values[f * dense.ROWS];
            const whole = wholes[i];
            if (feature >= 0) expect(seen.values[from * dense.ROWS]).toBe(whole ? whole[feature] : feature);
          });
        });
        expect(belows.length).toBe(inputs);
        if (layer.kind === "add") expect(cropped.parts()).toEqual(Array.from({ length: inputs }, () => null));
      }
    }
  });

  it("costs through a patch of the whole image what it costs without, padding aside", () => {
    using tape = new Tape(bench.backend, { record: false });
    const own = bound(tape);
    if (!own.crop) return;
    const [, , whole] = dense.patchesOf(network.outputShape);
    const { multiplyAdds } = own.crop(whole, dense.VIEWERS);
    const own1 = layerCost(network, 1);
    if (["identity", "pad"].includes(layer.kind))
      expect(multiplyAdds).toBe(layer.kind === "pad" ? 2 * out : 0);
    else if (expected.crop === "passes" || expected.coupling === "diagonal")
      expect(multiplyAdds).toBe(own1 > 0 ? own1 : 2 * out);
    else expect(multiplyAdds).toBeGreaterThanOrEqual(own1);
  });
});

/** What ν meets where it arrives. */
function ends(features: number) {
  return {
    radius: dense.mapped(dense.randomMatrix(features, 1, 8), Math.abs),
    centre: dense.randomMatrix(features, 1, 9),
  };
}

function ended(nu: dense.Matrix, { radius, centre }: ReturnType<typeof ends>) {
  return {
    radius: dense.columnSums(dense.mapped(nu, Math.abs), (f) => radius.values[f]),
    centre: dense.columnSums(nu, (f) => centre.values[f]),
  };
}

function columns(a: dense.Matrix, from: number, count: number): dense.Matrix {
  return dense.matrix(a.features, count, (f, row) => a.values[f * a.rows + from + row]);
}

function isGrouped(layer: Layer): boolean {
  return layer.kind === "average-pool" || (layer.kind === "conv2d" && layer.groups > 1);
}

function isDilated(layer: Layer): boolean {
  return layer.kind === "conv2d" && layer.dilation.some((by) => by > 1);
}
