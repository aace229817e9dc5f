import { describe, expect, it } from "vitest";
import { type Activation, activationDefinition } from "../../../src/activations/index.js";
import { Tape, type Variable } from "../../../src/autodiff/index.js";
import { indexedOwners, OWN } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import type {
  BackStep,
  Bounds,
  EnclosedDual,
  ParallelDual,
  TwoLineDual,
} from "../../../src/dual/dual-layer.js";
import { elementwise } from "../../../src/dual/layers/elementwise.js";
import { ruleOf } from "../../../src/dual/layers/index.js";
import { constantsOf, type Widening } from "../../../src/dual/widening.js";
import { hardtanh, leakyRelu, relu, sigmoid, tanh } from "../../../src/network/build-layer.js";
import { type Shape, sizeOf } from "../../../src/network/shape.js";
import { fixedBindings } from "../../../src/network/weights.js";
import { linesOf } from "../../activations/lines-of.js";
import * as dense from "./dense.js";

// The rule of activations against their lines, neuron by neuron: a lower bound of νᵀσ(z) takes the lower line where ν > 0, and the
// upper one where ν < 0.

const SUBJECTS: readonly [string, Activation][] = [
  ["relu", relu()],
  ["leaky-relu", leakyRelu(0.25)],
  ["leaky-relu, steep", leakyRelu(3)],
  ["hardtanh", hardtanh(-0.5, 1)],
  ["tanh", tanh()],
  ["sigmoid", sigmoid()],
];
const SHAPES: readonly Shape[] = [[2, 3, 4], [7]];
const TINY = 1e-13;
const OWNERS = indexedOwners(dense.OWNER);
const backend = createPortableBackend({ dtype: "float64" });

/** Bounds of both signs and of one, wide and narrow. */
function boundsOf(features: number): Record<"lower" | "upper", dense.Matrix> {
  const centre = dense.randomMatrix(features, dense.EXAMPLES, 1);
  const radius = dense.mapped(dense.randomMatrix(features, dense.EXAMPLES, 2), Math.abs);
  const at = (sign: number) => ({
    ...centre,
    values: centre.values.map((c, i) => c + sign * radius.values[i]),
  });
  return { lower: at(-1), upper: at(1) };
}

type Method = "parallel" | "adaptive";

/** Slopes and shifts of both lines of every neuron, `[n, examples]`, the lower line so much lower and the upper higher. */
function linesAround(f: Activation, method: Method, features: number, by?: dense.Matrix) {
  const { lower, upper } = boundsOf(features);
  const pick = (side: "lower" | "upper", what: "slope" | "shift") =>
    dense.matrix(features, dense.EXAMPLES, (feature, b) => {
      const i = feature * dense.EXAMPLES + b;
      const more = what === "slope" || !by ? 0 : side === "lower" ? -by.values[i] : by.values[i];
      return linesOf(f, method, lower.values[i], upper.values[i])[side][what] + more;
    });
  return {
    lower: { slope: pick("lower", "slope"), shift: pick("lower", "shift") },
    upper: { slope: pick("upper", "slope"), shift: pick("upper", "shift") },
  };
}

/** What rows come to: ν below, and Σ of the line that each entry takes. */
function expectedOf(lines: ReturnType<typeof linesAround>, nu: dense.Matrix) {
  const taken = (f: number, row: number) => {
    const i = f * dense.EXAMPLES + dense.OWNER[row];
    const line = nu.values[f * nu.rows + row] > 0 ? lines.lower : lines.upper;
    return { slope: line.slope.values[i], shift: line.shift.values[i] };
  };
  const below = dense.matrix(
    nu.features,
    nu.rows,
    (f, row) => nu.values[f * nu.rows + row] * taken(f, row).slope,
  );
  const bound = dense.columnSums(nu, (f, row) => taken(f, row).shift);
  const middle = dense.columnSums(nu, (f, row) => {
    const i = f * dense.EXAMPLES + dense.OWNER[row];
    return (lines.lower.shift.values[i] + lines.upper.shift.values[i]) / 2;
  });
  return { below, bound, middle };
}

async function listOf(x: Variable | undefined): Promise<number[]> {
  return x ? Array.from(await backend.read(x.value)) : [];
}

/** Whether a step's centre − radius is what the lines come to, with the centre apart where one slope has it apart. */
async function compare(
  step: BackStep,
  { bound, middle }: ReturnType<typeof expectedOf>,
  kind: EnclosedDual["kind"],
  centre: boolean,
): Promise<number> {
  const [c, r] = [await listOf(step.centre), await listOf(step.radius)];
  if (kind === "two-lines") return step.radius ? Number.POSITIVE_INFINITY : dense.listDistance(c, bound);
  const radius = middle.map((m, row) => m - bound[row]);
  return Math.max(dense.listDistance(r, radius), centre ? dense.listDistance(c, middle) : c.length);
}

/** How far all that a layer does to rows is from its lines. */
async function rowError(
  tape: Tape,
  layer: EnclosedDual,
  shape: Shape,
  lines: ReturnType<typeof linesAround>,
): Promise<number> {
  const features = sizeOf(shape);
  let worst = 0;
  const note = (off: number) => {
    if (!(off <= worst)) worst = off;
  };
  const nu = dense.randomMatrix(features, dense.ROWS, 4);
  const expected = expectedOf(lines, nu);
  const end = {
    radius: dense.mapped(dense.randomMatrix(features, dense.EXAMPLES, 5), Math.abs),
    centre: dense.randomMatrix(features, dense.EXAMPLES, 6),
  };
  const walk = async (
    steps: NonNullable<ReturnType<NonNullable<EnclosedDual["steps"]>>>,
    rows: dense.Matrix,
    want: boolean,
    met: typeof end,
    { below, bound, middle }: ReturnType<typeof expectedOf>,
    own: (f: number, row: number) => number,
  ) => {
    const found = await dense.walked(tape, rows, steps, {
      ...met,
      owners: met === end ? OWNERS : OWN,
    });
    const sums = {
      radius: dense.columnSums(dense.mapped(below, Math.abs), (f, row) => end.radius.values[own(f, row)]),
      centre: dense.columnSums(below, (f, row) => end.centre.values[own(f, row)]),
    };
    const isTwo = layer.kind === "two-lines";
    const radius = sums.radius.map((r, row) => r + (isTwo ? 0 : middle[row] - bound[row]));
    const centre = sums.centre.map((c, row) => c + (isTwo ? bound[row] : want ? middle[row] : 0));
    note(dense.listDistance(found.radius, radius));
    note(dense.listDistance(found.centre, centre));
  };
  const ofExample = (f: number, row: number) => f * dense.EXAMPLES + dense.OWNER[row];
  for (const centre of [true, false]) {
    const step = layer.back(tape, dense.uploaded(tape, nu), OWNERS, { centre });
    note(dense.distance(await dense.downloaded(tape, step.nus[0]), expected.below));
    note(await compare(step, expected, layer.kind, centre));
    await walk(layer.steps?.(OWNERS, { centre }) ?? [], nu, centre, end, expected, ofExample);
  }
  expect(layer.crop !== undefined).toBe(shape.length === 3);
  if (!layer.crop) return worst;
  for (const patch of dense.patchesOf(shape)) {
    const cropped = layer.crop(patch, dense.VIEWERS);
    expect([cropped.input, cropped.passes, cropped.moves]).toEqual([patch, undefined, undefined]);
    expect(cropped.multiplyAdds).toBe(2 * shape[0] * patch.height * patch.width);
    const seen = dense.featuresSeen(shape, patch, dense.VIEWERS_OF_ROWS);
    const rows = dense.cleared(dense.randomMatrix(seen.features, dense.ROWS, 7), seen);
    const whole = expectedOf(lines, dense.pasted(rows, seen, features));
    const atEnd = (x: dense.Matrix) =>
      dense.matrix(seen.features, dense.ROWS, (f, row) => {
        const feature = seen.values[f * dense.ROWS + row];
        return feature < 0 ? 0 : x.values[ofExample(feature, row)];
      });
    for (const centre of [true, false]) {
      const step = cropped.back(tape, dense.uploaded(tape, rows), { centre });
      const below = dense.pasted(await dense.downloaded(tape, step.nus[0]), seen, features);
      note(dense.distance(below, whole.below));
      note(await compare(step, whole, layer.kind, centre));
      const met = { radius: atEnd(end.radius), centre: atEnd(end.centre) };
      await walk(cropped.steps?.(tape, { centre }) ?? [], rows, centre, met, whole, ofExample);
    }
  }
  return worst;
}

describe.each(SUBJECTS)("the rule of %s", (_, f) => {
  const cases = SHAPES.flatMap((shape) =>
    (["parallel", "adaptive"] as const).map((method) => [shape, method] as const),
  );
  const bound = (tape: Tape, shape: Shape, method: Method): EnclosedDual => {
    const { lower, upper } = boundsOf(sizeOf(shape));
    const bounds: Bounds = { lower: dense.uploaded(tape, lower), upper: dense.uploaded(tape, upper) };
    return elementwise[method](tape, f, dense.alone(shape, f).context(1, fixedBindings(new Map())), bounds);
  };

  it.each(cases)(
    "takes rows of %j back by its lines, whole and through patches: %s",
    async (shape, method) => {
      using tape = new Tape(backend, { record: false });
      const layer = bound(tape, shape, method);
      expect(layer.kind).toBe(method === "parallel" ? "parallel" : "two-lines");
      expect(await rowError(tape, layer, shape, linesAround(f, method, sizeOf(shape)))).toBeLessThan(TINY);
    },
  );

  it.each(cases)("moves both lines of %j outward by what rounding adds: %s", async (shape, method) => {
    using tape = new Tape(backend, { record: false });
    const features = sizeOf(shape);
    const by = dense.mapped(dense.randomMatrix(features, dense.EXAMPLES, 9), Math.abs);
    const layer = bound(tape, shape, method);
    const wider = layer.widened?.(tape, dense.uploaded(tape, by)) as EnclosedDual;
    expect(wider.kind).toBe(layer.kind);
    expect(await rowError(tape, wider, shape, linesAround(f, method, features, by))).toBeLessThan(TINY);
    if (layer.kind !== "parallel" || wider.kind !== "parallel") return;
    expect(wider.widening?.own).toBe(layer.radius);
    expect(await listOf(wider.widening?.by)).toEqual(Array.from(by.values));
    // Once more: each keeps what it was before.
    const again = wider.widened?.(tape, dense.uploaded(tape, by)) as ParallelDual;
    const twice = dense.mapped(by, (x) => 2 * x);
    expect(await rowError(tape, again, shape, linesAround(f, method, features, twice))).toBeLessThan(TINY);
    expect(again.widening?.own).toBe(wider.radius);
  });

  it("pushes by the slope, and says slope, shift and radius", async () => {
    using tape = new Tape(backend, { record: false });
    const layer = bound(tape, [7], "parallel") as ParallelDual;
    const { lower, upper } = linesAround(f, "parallel", 7);
    const half = (sign: number) =>
      Array.from(upper.shift.values, (q, i) => (q + sign * lower.shift.values[i]) / 2);
    expect(layer.coupling).toBe("diagonal");
    expect(dense.listDistance(await listOf(layer.slope), lower.slope.values)).toBeLessThan(TINY);
    expect(dense.listDistance(await listOf(layer.shift), half(1))).toBeLessThan(TINY);
    expect(dense.listDistance(await listOf(layer.radius), half(-1))).toBeLessThan(TINY);
    const x = dense.randomMatrix(7, dense.ROWS, 3);
    const pushed = await listOf(layer.push(tape, [dense.uploaded(tape, x)], OWNERS));
    const expected = Array.from(x.values, (value, i) => {
      const [feature, row] = [Math.floor(i / dense.ROWS), i % dense.ROWS];
      return value * lower.slope.values[feature * dense.EXAMPLES + dense.OWNER[row]];
    });
    expect(dense.listDistance(pushed, expected)).toBeLessThan(TINY);
  });

  it.each(["parallel", "adaptive"] as const)(
    "takes radii through the steeper line, and sums the sizes of its constants: %s",
    async (method) => {
      using tape = new Tape(backend, { record: false });
      const layer = bound(tape, [7], method) as ParallelDual | Required<TwoLineDual>;
      const { lower, upper } = linesAround(f, method, 7);
      const steeper = lower.slope.values.map((slope, i) => Math.max(slope, upper.slope.values[i]));
      const radii = dense.mapped(dense.randomMatrix(7, dense.EXAMPLES, 8), Math.abs);
      const through = await listOf(layer.absolute(tape, dense.uploaded(tape, radii)));
      expect(
        dense.listDistance(
          through,
          radii.values.map((r, i) => r * steeper[i]),
        ),
      ).toBeLessThan(TINY);
      expect(dense.listDistance(await listOf(layer.magnitude?.(tape)), steeper)).toBeLessThan(TINY);
      const sum = new Float64Array(steeper.length);
      for (const { weight, x, absolute } of constantsOf(tape, layer as Widening)) {
        for (const [i, value] of (await listOf(x)).entries())
          sum[i] += weight * (absolute ? Math.abs(value) : value);
      }
      const sizes = lower.shift.values.map((p, i) => {
        const q = upper.shift.values[i];
        return method === "parallel" ? Math.abs((p + q) / 2) + (q - p) / 2 : Math.abs(p) + Math.abs(q);
      });
      expect(dense.listDistance(sum, sizes)).toBeLessThan(TINY);
    },
  );

  it("has the images of ℓ and u as interval, from a box as well, and the states of its definition", async () => {
    using tape = new Tape(backend, { record: false });
    const { lower, upper } = boundsOf(7);
    const { value, ...definition } = { ...activationDefinition(f), ...activationDefinition(f).scalar(f) };
    const context = dense.alone([7], f).context(1, fixedBindings(new Map()));
    const bounds = { lower: dense.uploaded(tape, lower), upper: dense.uploaded(tape, upper) };
    const image = elementwise.interval(tape, f, context, bounds);
    const [low, high] = [lower, upper].map(({ values }) => Array.from(values, value));
    expect(dense.listDistance(await listOf(image.lower), low)).toBeLessThan(TINY);
    expect(dense.listDistance(await listOf(image.upper), high)).toBeLessThan(TINY);
    const half = (sign: number) => ({
      ...upper,
      values: upper.values.map((u, i) => (u + sign * lower.values[i]) / 2),
    });
    const box = { centre: dense.uploaded(tape, half(1)), radius: dense.uploaded(tape, half(-1)) };
    const after = elementwise.box?.(tape, f, context, box);
    expect(
      dense.listDistance(
        await listOf(after?.centre),
        high.map((u, i) => (u + low[i]) / 2),
      ),
    ).toBeLessThan(TINY);
    expect(
      dense.listDistance(
        await listOf(after?.radius),
        high.map((u, i) => (u - low[i]) / 2),
      ),
    ).toBeLessThan(TINY);
    const states = elementwise.states(f, context, lower.values, upper.values, dense.EXAMPLES);
    expect(Array.from(states)).toEqual(
      Array.from(lower.values, (l, i) => definition.state(f, l, upper.values[i])),
    );
    expect(ruleOf(f)).toBe(elementwise);
  });
});
