import type { Backend, Tensor } from "../../../src/compute/backend.js";
import { inFeatures, outFeatures } from "../../../src/compute/geometry.js";
import { chain } from "./chains.js";
import type { Draw } from "./draw.js";
import type { Call, Operand } from "./paired-backend.js";

/** Draws the arguments of one call. */
type Drawn = (d: Draw) => Call;

/** A call of `name`; its results in the order of their names. */
function call(
  name: keyof Backend,
  inputs: readonly Operand[],
  run: (backend: Backend, tensors: Tensor[]) => Tensor | Readonly<Record<string, Tensor | null>>,
  more: Partial<Call> = {},
): Call {
  const all = (backend: Backend, tensors: Tensor[]): readonly Tensor[] => {
    const result = run(backend, tensors);
    if ("dispose" in result && typeof result.dispose === "function") return [result as Tensor];
    return Object.values(result as Readonly<Record<string, Tensor | null>>).filter((x) => x !== null);
  };
  return { name, inputs, run: all, ...more };
}

/** Most weights of a matrix whose gradient is asked for. */
const MOST_WEIGHTS = 2 ** 22;

/** Sums of products that cancel, and derivatives of quotients. */
const LOOSE = { times: 100 } as const;

/** An interval for each entry, of no width or of one that divides well. */
function interval(d: Draw): readonly [Operand, Operand] {
  const [features, rows] = [d.size(), d.size()];
  const lower = d.entries(features * rows, d.chance(0.1) ? "odd" : "dyadic");
  const upper = lower.map((low) => low + d.between(0, 16) / 8);
  return [d.bench.upload(features, rows, lower), d.bench.upload(features, rows, upper)];
}

/** A centre and a radius of one shape. */
function box(d: Draw): readonly [Operand, Operand] {
  const [features, rows] = [d.size(), d.size()];
  const radii = Array.from({ length: features * rows }, () => d.between(0, 16) / 8);
  return [d.fresh(features, rows, "dyadic"), d.bench.upload(features, rows, radii)];
}

const MEMORY: Readonly<Record<string, Drawn>> = {
  upload(d) {
    const [features, rows] = [d.size(), d.size()];
    const values = d.entries(features * rows, d.chance(0.2) ? "odd" : "normal");
    const array = d.pick([
      values,
      Float32Array.from(values),
      Float64Array.from(values),
      Int32Array.from(values),
    ]);
    const [f, r] = [d.stated(features), d.stated(rows)];
    return call("upload", [], (b) => b.upload(f, r, array));
  },
  filled(d) {
    const [features, rows, value] = [d.stated(d.size()), d.stated(d.size()), d.value()];
    return call("filled", [], (b) => b.filled(features, rows, value));
  },
  reshape(d) {
    const x = d.tensor();
    const count = x.features * x.rows;
    const features = d.pick([1, 2, 3, x.rows, x.features, count].filter((n) => n > 0 && count % n === 0));
    const [f, r] = [d.stated(features ?? 1), d.stated(count / (features ?? 1))];
    return call("reshape", [x], (b, [t]) => b.reshape(t, f, r), { views: 0 });
  },
  transpose: (d) => call("transpose", [d.tensor()], (b, [x]) => b.transpose(x)),
};

const PRODUCTS: Readonly<Record<string, Drawn>> = {
  linear(d) {
    const weight = d.tensor();
    const x = d.tensor(weight.rows);
    if (d.chance(0.5)) return call("linear", [weight, x], (b, [w, t]) => b.linear(w, t, null));
    return call("linear", [weight, x, d.tensor(weight.features, 1)], (b, [w, t, s]) => b.linear(w, t, s));
  },
  linearTranspose(d) {
    const weight = d.tensor();
    return call("linearTranspose", [weight, d.tensor(weight.features)], (b, [w, y]) =>
      b.linearTranspose(w, y),
    );
  },
  linearWeightGradient(d) {
    const y = d.tensor();
    const fitting = d.tensor(null, y.rows);
    // Of two long ones it would take all of the machine's memory.
    const x = y.features * fitting.features > MOST_WEIGHTS ? d.fresh(d.size(), y.rows) : fitting;
    return call("linearWeightGradient", [y, x], (b, [t, own]) => b.linearWeightGradient(t, own));
  },
  conv2d(d) {
    const own = d.geometry();
    const g = d.spoiled(own);
    const inputs = [d.kernelOf(own), d.tensor(inFeatures(own))];
    if (d.chance(0.5)) return call("conv2d", inputs, (b, [w, x]) => b.conv2d(w, x, null, g));
    return call("conv2d", [...inputs, d.tensor(own.outChannels, 1)], (b, [w, x, s]) => b.conv2d(w, x, s, g));
  },
  conv2dTranspose(d) {
    const own = d.geometry();
    const g = d.spoiled(own);
    const inputs = [d.kernelOf(own), d.tensor(outFeatures(own))];
    return call("conv2dTranspose", inputs, (b, [w, y]) => b.conv2dTranspose(w, y, g));
  },
  conv2dWeightGradient(d) {
    const own = d.geometry();
    const g = d.spoiled(own);
    const y = d.tensor(outFeatures(own));
    const inputs = [y, d.tensor(inFeatures(own), y.rows)];
    return call("conv2dWeightGradient", inputs, (b, [t, x]) => b.conv2dWeightGradient(t, x, g));
  },
  conv2dSelect(d) {
    const own = d.geometry();
    const [g, index] = [d.spoiled(own), d.places(own)];
    return call("conv2dSelect", [d.kernelOf(own)], (b, [w]) => b.conv2dSelect(w, index, g));
  },
  conv2dSelectGradient(d) {
    const own = d.geometry();
    const [g, index] = [d.spoiled(own), d.places(own)];
    const inputs = [d.tensor(inFeatures(own), index.length)];
    return call("conv2dSelectGradient", inputs, (b, [t]) => b.conv2dSelectGradient(t, index, g));
  },
  backward: chain,
};

const FEATURES: Readonly<Record<string, Drawn>> = {
  gather(d) {
    const x = d.tensor();
    const index = d.index(d.size(), -1, x.features);
    return call("gather", [x], (b, [t]) => b.gather(t, index));
  },
  scatterAdd(d) {
    const features = d.size();
    const index = d.index(d.size(), -1, features);
    const stated = d.stated(features);
    return call("scatterAdd", [d.tensor(index.length)], (b, [y]) => b.scatterAdd(y, index, stated));
  },
  replace(d) {
    const x = d.tensor();
    const index = d.from.permutation(x.features).slice(0, d.size());
    if (d.astray && index.length > 1) index[0] = index[1];
    const inputs = [x, d.tensor(index.length, x.rows)];
    return call("replace", inputs, (b, [t, y]) => b.replace(t, index, y));
  },
  concat(d) {
    const first = d.tensor();
    const parts = [first, ...Array.from({ length: d.between(0, 4) }, () => d.tensor(null, first.rows))];
    return call("concat", d.astray ? [] : parts, (b, tensors) => b.concat(tensors));
  },
  slice(d) {
    const x = d.tensor();
    const start = d.between(0, x.features);
    const [from, count] = [d.stated(start), d.stated(d.between(0, x.features - start))];
    return call("slice", [x], (b, [t]) => b.slice(t, from, count));
  },
  select(d) {
    const x = d.tensor();
    const { owners, columns } = d.owners(x.rows);
    const features = d.size();
    const places = Float64Array.from({ length: features * columns }, () =>
      d.between(-1, Math.max(-1, x.features - 1)),
    );
    const inputs = [x, d.bench.upload(features, columns, places)];
    const missing = d.value();
    return call("select", inputs, (b, [t, i]) => b.select(t, i, owners, missing));
  },
  selectTranspose(d) {
    const y = d.tensor();
    const { owners, columns } = d.owners(y.rows);
    const features = d.size();
    const places = Float64Array.from({ length: y.features * columns }, () =>
      d.between(-1, Math.max(-1, features - 1)),
    );
    const inputs = [y, d.bench.upload(y.features, columns, places)];
    const stated = d.stated(features);
    return call("selectTranspose", inputs, (b, [t, i]) => b.selectTranspose(t, i, owners, stated));
  },
  maxPoolChoice(d) {
    const own = d.pooling();
    const g = d.spoiled(own);
    const rows = d.size();
    const lower = d.fresh(inFeatures(own), rows, "dyadic");
    const inputs = [lower, d.chance(0.3) ? lower : d.fresh(inFeatures(own), rows, "dyadic")];
    return call("maxPoolChoice", inputs, (b, [l, u]) => ({ ...b.maxPoolChoice(l, u, g) }));
  },
};

const ENTRIES: Readonly<Record<string, Drawn>> = {
  combine(d) {
    const x = d.tensor();
    const [p, q] = [d.value(), d.value()];
    return call("combine", [x, d.like(x)], (b, [s, t]) => b.combine(p, s, q, t), { numbers: [p, q] });
  },
  weightedSum(d) {
    const x = d.tensor();
    const constant = d.value();
    const shapes = Array.from({ length: d.between(0, 4) }, () => [
      d.pick([1, x.features]),
      d.pick([1, x.rows]),
    ]);
    const terms = [x, ...shapes.map(([f, r]) => d.tensor(f, r))];
    const weights = terms.map(() => ({ weight: d.value(), absolute: d.chance(0.5), by: d.chance(0.3) }));
    const bys = terms.filter((_, i) => weights[i].by).map((term) => d.like(term));
    const where = d.chance(0.3) ? [d.like(x)] : [];
    const numbers = [constant, ...weights.map(({ weight }) => weight)];
    const run = (b: Backend, tensors: Tensor[]) => {
      const left = tensors.slice(terms.length);
      const all = weights.map(({ weight, absolute, by }, i) => ({
        weight,
        x: tensors[i],
        absolute,
        ...(by && { by: left.shift() as Tensor }),
      }));
      return b.weightedSum(all, constant, left[0]);
    };
    return call("weightedSum", [...terms, ...bys, ...where], run, { numbers });
  },
  scaleBy(d) {
    const [p, q] = [d.value(), d.value()];
    return call("scaleBy", [d.tensor()], (b, [x]) => b.scaleBy(x, p, q), { numbers: [p, q] });
  },
  multiply(d) {
    const x = d.tensor();
    return call("multiply", [x, d.like(x)], (b, [s, t]) => b.multiply(s, t));
  },
  minimum(d) {
    const x = d.tensor();
    return call("minimum", [x, d.like(x)], (b, [s, t]) => b.minimum(s, t));
  },
  maximum(d) {
    const x = d.tensor();
    return call("maximum", [x, d.like(x)], (b, [s, t]) => b.maximum(s, t));
  },
  minimumGradient(d) {
    const x = d.tensor();
    return call("minimumGradient", [x, d.like(x), d.like(x)], (b, [s, t, g]) => ({
      ...b.minimumGradient(s, t, g),
    }));
  },
  apply(d) {
    const f = d.elementwise();
    return call("apply", [d.tensor()], (b, [x]) => b.apply(f, x));
  },
  applyGradient(d) {
    const f = d.elementwise();
    const x = d.tensor();
    return call("applyGradient", [x, d.like(x)], (b, [t, g]) => b.applyGradient(f, t, g));
  },
  roots(d) {
    const x = d.fresh(d.size(), d.size(), "positive");
    const f = d.pick([{ kind: "sqrt" } as const, { kind: "reciprocal-sqrt", offset: 0.5 } as const]);
    if (d.chance(0.5)) return call("apply", [x], (b, [t]) => b.apply(f, t));
    return call("applyGradient", [x, d.like(x)], (b, [t, g]) => b.applyGradient(f, t, g));
  },
};

const LINES: Readonly<Record<string, Drawn>> = {
  parallelLines(d) {
    const f = d.activation();
    return call("parallelLines", interval(d), (b, [l, u]) => ({ ...b.parallelLines(f, l, u) }));
  },
  parallelLinesGradient(d) {
    const f = d.activation();
    const ends = interval(d);
    const inputs = [...ends, d.like(ends[0]), d.like(ends[0]), d.like(ends[0])];
    const run = (b: Backend, [l, u, slope, shift, radius]: Tensor[]) => ({
      ...b.parallelLinesGradient(f, l, u, { slope, shift, radius }),
    });
    return call("parallelLinesGradient", inputs, run, LOOSE);
  },
  adaptiveLines(d) {
    const f = d.activation();
    return call("adaptiveLines", interval(d), (b, [l, u]) => ({ ...b.adaptiveLines(f, l, u) }));
  },
  adaptiveLinesGradient(d) {
    const f = d.activation();
    const ends = interval(d);
    const inputs = [...ends, d.like(ends[0]), d.like(ends[0]), d.like(ends[0]), d.like(ends[0])];
    const run = (b: Backend, [l, u, lowerSlope, lowerShift, upperSlope, upperShift]: Tensor[]) => ({
      ...b.adaptiveLinesGradient(f, l, u, { lowerSlope, lowerShift, upperSlope, upperShift }),
    });
    return call("adaptiveLinesGradient", inputs, run, LOOSE);
  },
  activateBox(d) {
    const f = d.activation();
    return call("activateBox", box(d), (b, [c, r]) => ({ ...b.activateBox(f, c, r) }));
  },
  activateBoxGradient(d) {
    const f = d.activation();
    const own = box(d);
    const inputs = [...own, d.like(own[0]), d.like(own[0])];
    const run = (b: Backend, [c, r, centre, radius]: Tensor[]) => ({
      ...b.activateBoxGradient(f, c, r, { centre, radius }),
    });
    return call("activateBoxGradient", inputs, run);
  },
  boxMoments: (d) => call("boxMoments", box(d), (b, [c, r]) => b.boxMoments(c, r)),
  boxMomentsGradient(d) {
    const inputs = [...box(d), d.tensor(8, 1)];
    return call("boxMomentsGradient", inputs, (b, [c, r, g]) => ({ ...b.boxMomentsGradient(c, r, g) }));
  },
};

/** Those of `row-operations.ts` beside. */
export const OPERATIONS: Readonly<Record<string, Drawn>> = {
  ...MEMORY,
  ...PRODUCTS,
  ...FEATURES,
  ...ENTRIES,
  ...LINES,
};

export { call, type Drawn };
