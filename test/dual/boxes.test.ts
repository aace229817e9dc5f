import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { OWN } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import {
  affineRadius,
  type BoxState,
  boundsOf,
  boxOf,
  lazyBox,
  type Precision,
  precisionAfter,
} from "../../src/dual/box.js";
import { boxLayer } from "../../src/dual/box-layer.js";
import { affineBox, intervalBox } from "../../src/dual/box-states.js";
import type { AffineDual, Coupling } from "../../src/dual/dual-layer.js";
import { settleKnown } from "../../src/dual/known-bounds.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { Rounding } from "../../src/dual/rounding.js";
import { linear, relu, tanh } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { makeBall, type Norm } from "../../src/threat/ball.js";
import { lively } from "../support/networks.js";
import * as dense from "./rules/dense.js";

const backend = createPortableBackend({ dtype: "float64" });
const network = sequential([3], [linear(4), relu(), linear(2)]);
const MODEL = lively(network, 2);
const bindings = fixedBindings(uploadWeights(backend, MODEL));
const WEIGHT = dense.matrix(4, 3, (f, i) => MODEL.weights.get("linear1.weight")?.[f * 3 + i] ?? Number.NaN);
const BIAS = MODEL.weights.get("linear1.bias") ?? [];
const EXAMPLES = 2;
const CENTRE = dense.randomMatrix(3, EXAMPLES, 1);
const RADIUS = dense.mapped(dense.randomMatrix(3, EXAMPLES, 2), Math.abs);
const TINY = 1e-13;
const NORMS: readonly Norm[] = ["linf", "l2", "l1"];

const roundingOf = () => new Rounding("float64", network, "float64", { summed: false });
async function listOf(x: Variable | undefined): Promise<number[]> {
  return x ? Array.from(await backend.read(x.value)) : [];
}

function state(tape: Tape, precision: Precision, features = 3): BoxState {
  const one = (x: dense.Matrix) =>
    dense.uploaded(tape, features === 3 ? x : dense.randomMatrix(features, EXAMPLES, 5));
  return { centre: one(CENTRE), radius: one(RADIUS), precision };
}

function bound(tape: Tape): AffineDual {
  const { layer } = network.nodes[1];
  if (layer?.kind !== "linear") throw new Error("expected a linear layer");
  const rule = ruleOf(layer);
  if (rule.form !== "affine") throw new Error("expected an affine rule");
  return rule.bind(tape, layer, network.context(1, bindings));
}

const ballOf = (norm: Norm) =>
  makeBall(backend, new Float64Array(3 * EXAMPLES), EXAMPLES, { norm, epsilon: 0.5 });
const absolute = dense.times(dense.mapped(WEIGHT, Math.abs), RADIUS);
const square = (x: number) => x * x;
const euclidean = dense.mapped(
  dense.times(dense.mapped(WEIGHT, square), dense.mapped(RADIUS, square)),
  Math.sqrt,
);

describe("the radius after an affine layer", () => {
  it.each(NORMS)("of independent inputs is that of the ball's norm, else |W| r: %s", async (norm) => {
    using tape = new Tape(backend, { record: false });
    const layer = bound(tape);
    for (const precision of ["independent", "dual", "loose"] as const) {
      const own = affineRadius(tape, layer, [state(tape, precision)], ballOf(norm), null);
      const expected = precision === "independent" && norm !== "linf" ? euclidean : absolute;
      expect(dense.listDistance(await listOf(own), expected.values)).toBeLessThan(TINY);
    }
    // A layer that keeps features apart gives the same in every norm.
    const diagonal: AffineDual = { ...layer, coupling: "diagonal" };
    const own = affineRadius(tape, diagonal, [state(tape, "independent")], ballOf(norm), null);
    expect(dense.listDistance(await listOf(own), absolute.values)).toBeLessThan(TINY);
  });

  it("is no smaller where roundings are counted: squares may underflow", async () => {
    using tape = new Tape(backend, { record: false });
    const layer = bound(tape);
    const { floor, least } = roundingOf().ofSquares(3, 0.5);
    const own = affineRadius(tape, layer, [state(tape, "independent")], ballOf("l2"), roundingOf());
    const raised = dense.mapped(RADIUS, (r) => r + least);
    const roots = dense.mapped(
      dense.times(dense.mapped(WEIGHT, square), dense.mapped(raised, square)),
      (sum) => Math.sqrt(sum) + floor,
    );
    expect(dense.listDistance(await listOf(own), roots.values)).toBeLessThan(TINY);
    const tiny: BoxState = {
      ...state(tape, "independent"),
      radius: tape.own(backend.filled(3, EXAMPLES, 1e-200)),
    };
    const small = await listOf(affineRadius(tape, layer, [tiny], ballOf("l2"), roundingOf()));
    const sums = dense.columnSums(dense.transposed(dense.mapped(WEIGHT, square)), () => 1e-200);
    for (const [i, value] of small.entries())
      expect(value).toBeGreaterThan(Math.sqrt(sums[Math.floor(i / EXAMPLES)]) * 1e-100);
    const linf = affineRadius(tape, layer, [state(tape, "independent")], ballOf("linf"), roundingOf());
    expect(dense.listDistance(await listOf(linf), absolute.values)).toBeLessThan(TINY);
  });

  it("is known to be as good as this", () => {
    using tape = new Tape(backend, { record: false });
    const precisionOf = (coupling: Coupling, before: Precision, norm: Norm) =>
      precisionAfter({ ...bound(tape), coupling }, [state(tape, before)], norm);
    for (const norm of NORMS) {
      for (const before of ["independent", "dual", "loose"] as const) {
        expect(precisionOf("diagonal", before, norm)).toBe(before);
        expect(precisionOf("join", before, norm)).toBe("loose");
        // The ℓ1 ball lies within the ℓ2 ball, whose range it does not reach.
        expect(precisionOf("mixing", before, norm)).toBe(
          before === "independent" && norm !== "l1" ? "dual" : "loose",
        );
      }
    }
  });
});

describe("a box", () => {
  it("makes its radius once, when it is first asked for", () => {
    using tape = new Tape(backend, { record: false });
    const own = state(tape, "dual");
    let made = 0;
    const box = lazyBox(own.centre, "dual", () => {
      made += 1;
      return own.radius;
    });
    expect([box.centre, box.precision, made]).toEqual([own.centre, "dual", 0]);
    expect([box.radius, box.radius, made]).toEqual([own.radius, own.radius, 1]);
    expect([box.error, box.chain]).toEqual([undefined, undefined]);
    const error = own.radius;
    expect(lazyBox(own.centre, "loose", () => own.radius, { error }).error).toBe(error);
  });

  it("has its bounds on either side of the centre, outward where roundings are counted", async () => {
    using tape = new Tape(backend, { record: false });
    const box = state(tape, "dual");
    const ends = (sign: number) => CENTRE.values.map((c, i) => c + sign * RADIUS.values[i]);
    const plain = boundsOf(tape, box, null);
    expect(await listOf(plain.lower)).toEqual(Array.from(ends(-1)));
    expect(await listOf(plain.upper)).toEqual(Array.from(ends(1)));
    const error = tape.own(backend.filled(3, EXAMPLES, 0.25));
    for (const [more, by] of [
      [{}, 0],
      [{ error }, 0.25],
    ] as const) {
      const outward = boundsOf(tape, { ...box, ...more }, roundingOf());
      const [lower, upper] = [await listOf(outward.lower), await listOf(outward.upper)];
      for (const [i, low] of lower.entries()) {
        expect(low).toBeLessThan(ends(-1)[i] - by);
        expect(low).toBeGreaterThan(ends(-1)[i] - by - 1e-13);
        expect(upper[i]).toBeGreaterThan(ends(1)[i] + by);
        expect(upper[i]).toBeLessThan(ends(1)[i] + by + 1e-13);
      }
    }
  });

  it("of an interval lies around its middle", async () => {
    using tape = new Tape(backend, { record: false });
    const [lower, upper] = [Float64Array.of(-1, 2), Float64Array.of(5, 2)].map((x) =>
      tape.own(backend.upload(2, 1, x)),
    );
    const { centre, radius } = boxOf(tape, { lower, upper });
    expect([await listOf(centre), await listOf(radius)]).toEqual([
      [2, 2],
      [3, 0],
    ]);
  });

  it("as a layer ends rows: mᵀν and ρᵀ|ν|, and nothing below", async () => {
    using tape = new Tape(backend, { record: false });
    const box = state(tape, "dual");
    const layer = boxLayer(box);
    expect([layer.kind, layer.coupling, layer.shift, layer.radius]).toEqual([
      ...["parallel", "diagonal", box.centre, box.radius],
    ]);
    const nu = dense.randomMatrix(3, EXAMPLES, 7);
    const sums = {
      centre: dense.columnSums(nu, (f, row) => CENTRE.values[f * EXAMPLES + row]),
      radius: dense.columnSums(dense.mapped(nu, Math.abs), (f, row) => RADIUS.values[f * EXAMPLES + row]),
    };
    for (const centre of [true, false]) {
      const step = layer.back(tape, dense.uploaded(tape, nu), OWN, { centre });
      expect(step.nus).toEqual([]);
      expect(dense.listDistance(await listOf(step.radius), sums.radius)).toBeLessThan(TINY);
      expect(dense.listDistance(await listOf(step.centre), centre ? sums.centre : [])).toBeLessThan(TINY);
    }
    expect(() => layer.push(tape, [box.centre], OWN)).toThrow("a box passes nothing on");
    expect(() => layer.absolute(tape, box.radius)).toThrow("a box passes nothing on");
  });

  it("after an affine layer is W v̂ + b, |W| r, with the rounding of the layer", async () => {
    using tape = new Tape(backend, { record: false });
    const layer = bound(tape);
    const input = state(tape, "independent");
    const moved = dense.times(WEIGHT, CENTRE);
    const centre = moved.values.map((x, i) => x + BIAS[Math.floor(i / EXAMPLES)]);
    const settings = { ball: ballOf("linf"), rounding: null, floor: undefined, isFixed: false };
    const plain = affineBox(tape, layer, [input], settings);
    expect(plain.floor).toBeUndefined();
    expect([plain.state.precision, plain.state.error, plain.state.chain]).toEqual([
      "dual",
      undefined,
      undefined,
    ]);
    expect(dense.listDistance(await listOf(plain.state.centre), centre)).toBeLessThan(TINY);
    expect(dense.listDistance(await listOf(plain.state.radius), absolute.values)).toBeLessThan(TINY);
    const bare = affineBox(tape, { ...layer, offset: undefined }, [input], settings);
    expect(dense.listDistance(await listOf(bare.state.centre), moved.values)).toBeLessThan(TINY);
    const rounded = affineBox(tape, layer, [input], { ...settings, rounding: roundingOf() });
    expect((await listOf(rounded.state.error)).every((error) => error > 0 && error < 1e-13)).toBe(true);
    expect((await listOf(rounded.floor)).every((floor) => floor > 0 && floor < 1e-300)).toBe(true);
    expect(rounded.state.chain).toBeDefined();
    // What was lost before is still lost.
    const floor = tape.own(backend.filled(1, EXAMPLES, 0.5));
    const later = affineBox(tape, layer, [input], { ...settings, rounding: roundingOf(), floor });
    expect((await listOf(later.floor)).every((lost) => lost >= 0.5)).toBe(true);
  });

  it("lets no gradient through a loose radius where that is fixed, and through others always", async () => {
    for (const [precision, isFixed, passes] of [
      ["loose", true, false],
      ["loose", false, true],
      ["independent", true, true],
    ] as const) {
      using tape = new Tape(backend, { record: true });
      const radius = tape.leaf(backend.upload(3, EXAMPLES, Float64Array.from(RADIUS.values)));
      const input = { ...state(tape, precision), radius };
      const { state: after } = affineBox(tape, bound(tape), [input], {
        ...{ ball: ballOf("linf"), rounding: null, floor: undefined, isFixed },
      });
      expect(dense.listDistance(await listOf(after.radius), absolute.values)).toBeLessThan(TINY);
      expect(after.radius.tracked).toBe(passes);
    }
  });

  it("between an activation's values is theirs, and wider by what it rounds", async () => {
    using tape = new Tape(backend, { record: false });
    const [lower, upper] = [Float64Array.of(-1, -3, 0.5), Float64Array.of(2, -1, 0.75)].map((x) =>
      tape.own(backend.upload(3, 1, x)),
    );
    for (const [layer, value] of [
      [relu(), (z: number) => Math.max(z, 0)],
      [tanh(), Math.tanh],
    ] as const) {
      const of = async (x: Variable) => tape.own(backend.upload(3, 1, (await listOf(x)).map(value)));
      const image = { lower: await of(lower), upper: await of(upper) };
      const plain = intervalBox(tape, null, layer, { lower, upper }, image);
      const rounded = intervalBox(tape, roundingOf(), layer, { lower, upper }, image);
      const [low, high] = [await listOf(image.lower), await listOf(image.upper)];
      const [radius, wider] = [await listOf(plain.radius), await listOf(rounded.radius)];
      expect(
        dense.listDistance(
          await listOf(plain.centre),
          low.map((l, i) => (l + high[i]) / 2),
        ),
      ).toBeLessThan(TINY);
      expect(
        dense.listDistance(
          radius,
          low.map((l, i) => (high[i] - l) / 2),
        ),
      ).toBeLessThan(TINY);
      for (const [i, own] of wider.entries()) {
        // A ReLU that is off is 0 in any arithmetic.
        const isZero = layer.kind === "relu" && i === 1;
        if (isZero) expect(own).toBe(0);
        else expect(own).toBeGreaterThan(radius[i]);
        expect(own - radius[i]).toBeLessThan(1e-13);
      }
    }
  });

  it("of bounds that hold already has these, and reaches them from the network's own centre", async () => {
    using tape = new Tape(backend, { record: false });
    const at = (...values: number[]) => tape.own(backend.upload(3, 1, values));
    const box: BoxState = { centre: at(0, 1, 5), radius: at(9, 9, 9), precision: "loose" };
    const known = { lower: Float64Array.of(-1, 0.5, 1), upper: Float64Array.of(3, 1.25, 2) };
    for (const rounding of [null, roundingOf()]) {
      const settled = settleKnown(tape, rounding, box, known);
      expect(await listOf(settled.bounds.lower)).toEqual(Array.from(known.lower));
      expect(await listOf(settled.bounds.upper)).toEqual(Array.from(known.upper));
      expect([settled.box.centre, settled.box.precision]).toEqual([box.centre, "dual"]);
      const radius = await listOf(settled.box.radius);
      expect(dense.listDistance(radius, [3, 0.5, 4])).toBeLessThan(1e-14);
      if (rounding) expect(radius.every((r, i) => r > [3, 0.5, 4][i])).toBe(true);
    }
    // A centre within is no nearer than 0.
    const around = settleKnown(
      tape,
      null,
      { ...box, centre: at(2, 1, 1) },
      { lower: Float64Array.of(2, 1, 1), upper: Float64Array.of(2, 1, 1) },
    );
    expect(await listOf(around.box.radius)).toEqual([0, 0, 0]);
  });
});
