import { describe, expect, it } from "vitest";
import { NeuronState } from "../../../src/activations/definition.js";
import { Tape, type Variable } from "../../../src/autodiff/index.js";
import { indexedOwners } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { ruleOf } from "../../../src/dual/layers/index.js";
import { maxPool as rule } from "../../../src/dual/layers/max-pool.js";
import { type MaxPoolLayer, maxPool } from "../../../src/network/build-layer.js";
import { type Shape, sizeOf } from "../../../src/network/shape.js";
import * as dense from "./dense.js";

const IMAGE: Shape = [2, 4, 5];
const INPUTS = sizeOf(IMAGE);
const CASES: readonly [string, MaxPoolLayer][] = [
  ["side by side", maxPool({ kernel: 2 })],
  ["overlapping", maxPool({ kernel: [2, 3], stride: 1 })],
  ["padded", maxPool({ kernel: 3, stride: 2, padding: [1, 1, 0, 1] })],
  ["padded so that windows have one input", maxPool({ kernel: 2, stride: [3, 2], padding: [1, 1, 1, 1] })],
  ["dilated", maxPool({ kernel: 2, stride: [1, 2], dilation: [2, 3] })],
];
const TINY = 1e-13;
const OWNERS = indexedOwners(dense.OWNER);
const backend = createPortableBackend({ dtype: "float64" });

/** The inputs of every window, by its definition. */
function membersOf(
  { kernel, stride, padding, dilation }: MaxPoolLayer,
  [, height, width]: Shape,
): number[][] {
  const [, tall, wide] = IMAGE;
  return Array.from({ length: IMAGE[0] * height * width }, (_, out) => {
    const channel = Math.floor(out / (height * width));
    const [oy, ox] = [Math.floor(out / width) % height, out % width];
    const inputs: number[] = [];
    for (let ky = 0; ky < kernel[0]; ky++) {
      for (let kx = 0; kx < kernel[1]; kx++) {
        const y = oy * stride[0] - padding[0] + ky * dilation[0];
        const x = ox * stride[1] - padding[1] + kx * dilation[1];
        if (y >= 0 && y < tall && x >= 0 && x < wide) inputs.push((channel * tall + y) * wide + x);
      }
    }
    return inputs;
  });
}

/** Of some windows one input is above all others for sure, of others not. */
function boundsOf() {
  const centre = dense.randomMatrix(INPUTS, dense.EXAMPLES, 1);
  const radius = dense.mapped(dense.randomMatrix(INPUTS, dense.EXAMPLES, 2), (x) => x * x * 0.3);
  const at = (sign: number) => ({
    ...centre,
    values: centre.values.map((c, i) => c + sign * radius.values[i]),
  });
  return { lower: at(-1), upper: at(1) };
}

async function listOf(x: Variable | undefined): Promise<number[]> {
  return x ? Array.from(await backend.read(x.value)) : [];
}

describe.each(CASES)("the rule of max pooling, windows %s", (_, layer) => {
  const network = dense.alone(IMAGE, layer);
  const context = network.context(1, new Map());
  const out = sizeOf(network.outputShape);
  const members = membersOf(layer, network.outputShape);
  const { lower, upper } = boundsOf();
  const low = (feature: number, b: number) => lower.values[feature * dense.EXAMPLES + b];
  const high = (feature: number, b: number) => upper.values[feature * dense.EXAMPLES + b];
  /** The input of the largest lower bound, and how far another one may lie above that. */
  const best = (output: number, b: number) =>
    members[output].reduce((a, feature) => (low(feature, b) > low(a, b) ? feature : a));
  const gapOf = (output: number, b: number) => {
    const chosen = best(output, b);
    const others = members[output].filter((feature) => feature !== chosen).map((feature) => high(feature, b));
    return Math.max(0, ...others.map((most) => most - low(chosen, b)));
  };
  const half = dense.matrix(out, dense.EXAMPLES, (o, b) => gapOf(o, b) / 2);
  const bound = (tape: Tape) =>
    rule.parallel(tape, layer, context, {
      lower: dense.uploaded(tape, lower),
      upper: dense.uploaded(tape, upper),
    });
  /** ν below, Σ m ν and Σ ρ|ν| of rows. */
  const expectedOf = (nu: dense.Matrix, more = 0) => {
    const below = new Float64Array(INPUTS * nu.rows);
    nu.values.forEach((value, i) => {
      const [o, row] = [Math.floor(i / nu.rows), i % nu.rows];
      below[best(o, dense.OWNER[row]) * nu.rows + row] += value;
    });
    const own = (f: number, row: number) => half.values[f * dense.EXAMPLES + dense.OWNER[row]];
    return {
      below: { features: INPUTS, rows: nu.rows, values: below },
      centre: dense.columnSums(nu, own),
      radius: dense.columnSums(dense.mapped(nu, Math.abs), (f, row) => own(f, row) + more),
    };
  };

  it("encloses every maximum between bounds by the input of the largest lower bound, and reaches both ends", async () => {
    using tape = new Tape(backend, { record: false });
    const own = bound(tape);
    expect([own.kind, own.coupling, ruleOf(layer)]).toEqual(["parallel", "diagonal", rule]);
    const [shift, radius] = [await listOf(own.shift), await listOf(own.radius)];
    expect(dense.listDistance(shift, half.values)).toBeLessThan(TINY);
    expect(dense.listDistance(radius, half.values)).toBeLessThan(TINY);
    expect(half.values.some((gap) => gap === 0)).toBe(true);
    const wrong: number[] = [];
    members.forEach((inputs, o) => {
      for (let b = 0; b < dense.EXAMPLES; b++) {
        const i = o * dense.EXAMPLES + b;
        const chosen = best(o, b);
        // At corners of the box: each input at its least or its most.
        for (let corner = 0; corner < 2 ** inputs.length; corner++) {
          const z = inputs.map((feature, k) => ((corner >> k) & 1 ? high(feature, b) : low(feature, b)));
          const off = Math.max(...z) - (z[inputs.indexOf(chosen)] + shift[i]);
          if (!(Math.abs(off) <= radius[i] + TINY)) wrong.push(off);
        }
      }
    });
    expect(wrong).toEqual([]);
  });

  it("chooses alike for rows, radii, and lines of two slopes", async () => {
    using tape = new Tape(backend, { record: false });
    const own = bound(tape);
    const x = dense.randomMatrix(INPUTS, dense.ROWS, 3);
    const pushed = await listOf(own.push(tape, [dense.uploaded(tape, x)], OWNERS));
    const taken = dense.matrix(
      out,
      dense.ROWS,
      (o, row) => x.values[best(o, dense.OWNER[row]) * dense.ROWS + row],
    );
    expect(pushed).toEqual(Array.from(taken.values));
    const radii = dense.mapped(dense.randomMatrix(INPUTS, dense.EXAMPLES, 4), Math.abs);
    const through = dense.matrix(
      out,
      dense.EXAMPLES,
      (o, b) => radii.values[best(o, b) * dense.EXAMPLES + b],
    );
    expect(await listOf(own.absolute(tape, dense.uploaded(tape, radii)))).toEqual(Array.from(through.values));
    const bounds = { lower: dense.uploaded(tape, lower), upper: dense.uploaded(tape, upper) };
    const adaptive = rule.adaptive(tape, layer, context, bounds);
    expect(adaptive.kind).toBe("parallel");
    const nu = dense.uploaded(tape, dense.randomMatrix(out, dense.ROWS, 5));
    const [a, b] = [own, adaptive].map((one) => one.back(tape, nu, OWNERS, { centre: true }));
    expect(await listOf(a.radius)).toEqual(await listOf(b.radius));
    expect(await listOf(a.nus[0])).toEqual(await listOf(b.nus[0]));
  });

  it("takes rows back to the inputs that were chosen, and widens its radius by what rounding adds", async () => {
    using tape = new Tape(backend, { record: false });
    const own = bound(tape);
    const by = tape.own(backend.filled(out, dense.EXAMPLES, 0.25));
    const wider = own.widened?.(tape, by);
    expect([wider?.widening?.own, wider?.widening?.by]).toEqual([own.radius, by]);
    const nu = dense.randomMatrix(out, dense.ROWS, 6);
    for (const [rows, more] of [
      [own, 0],
      [wider, 0.25],
    ] as const) {
      const { below, centre, radius } = expectedOf(nu, more);
      for (const want of [true, false]) {
        const step = rows?.back(tape, dense.uploaded(tape, nu), OWNERS, { centre: want });
        expect(dense.listDistance(await listOf(step?.nus[0]), below.values)).toBeLessThan(TINY);
        expect(dense.listDistance(await listOf(step?.radius), radius)).toBeLessThan(TINY);
        expect(dense.listDistance(await listOf(step?.centre), want ? centre : [])).toBeLessThan(TINY);
      }
    }
  });

  it("does the same through patches, which end on padding and hold windows that lie on it in part", async () => {
    using tape = new Tape(backend, { record: false });
    const own = bound(tape);
    for (const patch of dense.patchesOf(network.outputShape)) {
      const cropped = own.crop?.(patch, dense.VIEWERS);
      if (!cropped) throw new Error("expected patches");
      expect([cropped.passes, cropped.moves]).toEqual([undefined, undefined]);
      expect(cropped.multiplyAdds).toBe(2 * IMAGE[0] * patch.height * patch.width);
      const seen = dense.featuresSeen(network.outputShape, patch, dense.VIEWERS_OF_ROWS);
      // What lies on padding need not be cleared before: nobody chose it.
      const nu = dense.randomMatrix(seen.features, dense.ROWS, 7);
      const { below, centre, radius } = expectedOf(dense.pasted(nu, seen, out));
      const under = dense.featuresSeen(IMAGE, cropped.input, dense.VIEWERS_OF_ROWS);
      for (const want of [true, false]) {
        const step = cropped.back(tape, dense.uploaded(tape, nu), { centre: want });
        const got = await dense.downloaded(tape, step.nus[0]);
        expect(dense.distance(dense.pasted(got, under, INPUTS), below)).toBeLessThan(TINY);
        expect(dense.distance(got, dense.cleared(got, under))).toBe(0);
        expect(dense.listDistance(await listOf(step.radius), radius)).toBeLessThan(TINY);
        expect(dense.listDistance(await listOf(step.centre), want ? centre : [])).toBeLessThan(TINY);
      }
    }
  });

  it("has intervals from the largest lower to the largest upper bound", async () => {
    using tape = new Tape(backend, { record: false });
    const bounds = { lower: dense.uploaded(tape, lower), upper: dense.uploaded(tape, upper) };
    const image = rule.interval(tape, layer, context, bounds);
    for (const [side, of] of [
      ["lower", low],
      ["upper", high],
    ] as const) {
      const most = dense.matrix(out, dense.EXAMPLES, (o, b) => Math.max(...members[o].map((f) => of(f, b))));
      expect(await listOf(image[side])).toEqual(Array.from(most.values));
    }
  });

  it("has unstable inputs where a window is open, active ones where they are sure to be chosen", () => {
    const expected = new Uint8Array(INPUTS * dense.EXAMPLES).fill(NeuronState.inactive);
    for (let b = 0; b < dense.EXAMPLES; b++) {
      for (const [o, inputs] of members.entries()) {
        const chosen = best(o, b);
        const rivals = inputs.filter((f) => f !== chosen && high(f, b) > low(chosen, b));
        for (const f of [chosen, ...rivals]) {
          const i = f * dense.EXAMPLES + b;
          const state = rivals.length > 0 ? NeuronState.unstable : NeuronState.active;
          if (state > expected[i]) expected[i] = state;
        }
      }
    }
    const found = rule.states(layer, context, lower.values, upper.values, dense.EXAMPLES);
    expect(Array.from(found)).toEqual(Array.from(expected));
    expect(new Set(found).size).toBeGreaterThan(1);
  });
});

describe("states of inputs of a window", () => {
  const layer = maxPool({ kernel: [1, 3] });
  const context = dense.alone([1, 1, 3], layer).context(1, new Map());
  const states = (lower: readonly number[], upper: readonly number[]) =>
    Array.from(rule.states(layer, context, Float64Array.from(lower), Float64Array.from(upper), 1));
  const { inactive, active, unstable } = NeuronState;

  it("are settled where others reach the largest lower bound at most", () => {
    expect(states([0, 1, 0], [1, 2, 1])).toEqual([inactive, active, inactive]);
    expect(states([0, 1, 0], [1, 2, 1 + 2 ** -40])).toEqual([inactive, unstable, unstable]);
    expect(states([1, 1, 0], [1, 2, 1])).toEqual([unstable, unstable, inactive]);
  });

  it("are not known of what is NaN", () => {
    expect(states([0, 1, Number.NaN], [1, 2, Number.NaN])).toEqual([inactive, unstable, unstable]);
    expect(states([Number.NaN, 1, 0], [Number.NaN, 2, 1])).toEqual([unstable, unstable, unstable]);
  });
});
