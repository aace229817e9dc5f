import type { Activation } from "../../../src/activations/index.js";
import type { Tensor } from "../../../src/compute/backend.js";
import { OWN, type Owners, SHARED } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import {
  type DualRows,
  lowerName,
  type NamedConstraint,
  upperName,
} from "../../../src/dual/slopes/dual-rows.js";
import { FreeVariables } from "../../../src/dual/slopes/free-variables.js";
import type { RegionRounding } from "../../../src/dual/slopes/region-rounding.js";
import { AffineLayers, Relaxation } from "../../../src/dual/slopes/relaxation.js";
import { crownBounds } from "../../../src/dual/slopes/tighten.js";
import { linear, relu, tanh } from "../../../src/network/build-layer.js";
import { sequential } from "../../../src/network/network.js";
import { subjectOf } from "../../../src/network/subject.js";
import { boxBall } from "../../../src/threat/ball.js";
import { linesOf } from "../../activations/lines-of.js";
import { lively } from "../../support/networks.js";
import * as dense from "../rules/dense.js";

// Rows over a relaxation, and their bounds written out: linear(4), relu, linear(3), tanh, linear(2).

export const backend = createPortableBackend({ dtype: "float64" });
const network = sequential([2], [linear(4), relu(), linear(3), tanh(), linear(2)]);
const MODEL = lively(network, 5);
export const subject = subjectOf(backend, MODEL);
/** Features of each node. */
export const SIZES = [2, 4, 4, 3, 3, 2];
export const [RELU, TANH, OUTPUT] = [2, 4, 5];
export const ROWS = 3;
export const REGION = { lower: Float64Array.of(-0.5, 0.1), upper: Float64Array.of(0.6, 0.9) };

/** Of every node that an activation reads: bounds of so many columns. */
export function boundsOf(columns: number) {
  return new Map(
    [1, 3].map((node) => {
      const centre = dense.mapped(dense.randomMatrix(SIZES[node], columns, node), (x) => x / 2);
      const radius = dense.mapped(dense.randomMatrix(SIZES[node], columns, node + 10), Math.abs);
      const at = (sign: number) =>
        dense.matrix(SIZES[node], columns, (f, c) => {
          const i = f * columns + c;
          return centre.values[i] + sign * radius.values[i];
        });
      return [node, { lower: at(-1), upper: at(1) }] as const;
    }),
  );
}

export const placed = ({ features, rows, values }: dense.Matrix): Tensor =>
  backend.upload(features, rows, Float64Array.from(values));

export function relaxationOf(columns: number, rounding: RegionRounding | null = null) {
  const bounds = boundsOf(columns);
  const tensors = new Map(
    [...bounds].map(([node, { lower, upper }]) => [node, { lower: placed(lower), upper: placed(upper) }]),
  );
  const each = (ends: Float64Array) =>
    Float64Array.from({ length: 2 * columns }, (_, i) => ends[Math.floor(i / columns)]);
  const ball = boxBall(backend, each(REGION.lower), each(REGION.upper), columns);
  return { bounds, relaxation: new Relaxation(subject, new AffineLayers(subject), tensors, ball, rounding) };
}

const weight = (layer: number) => {
  const [out, into] = [
    [4, 2],
    [3, 4],
    [2, 3],
  ][layer - 1];
  const values = MODEL.weights.get(`linear${layer}.weight`);
  const bias = MODEL.weights.get(`linear${layer}.bias`);
  return {
    a: dense.matrix(out, into, (f, i) => values?.[f * into + i] ?? Number.NaN),
    b: (f: number) => bias?.[f] ?? Number.NaN,
  };
};

/** Weights of lines, and multipliers. */
interface Free {
  readonly low: dense.Matrix;
  readonly lowTanh: dense.Matrix;
  readonly highTanh: dense.Matrix;
  readonly pull: dense.Matrix;
}
export const FREE: Free = {
  low: dense.mapped(dense.randomMatrix(4, ROWS, 70), (x) => Math.sin(x) ** 2),
  lowTanh: dense.mapped(dense.randomMatrix(3, ROWS, 71), (x) => Math.sin(x) ** 2),
  highTanh: dense.mapped(dense.randomMatrix(3, ROWS, 72), (x) => Math.sin(x) ** 2),
  pull: dense.mapped(dense.randomMatrix(4, ROWS, 73), (x) => Math.abs(x) / 4),
};
export const MARKS = dense.matrix(4, ROWS, (f, row) => (f + row) % 2);
const CUTS = dense.matrix(4, ROWS, (f, row) => MARKS.values[f * ROWS + row] * Math.cos(f + 2 * row));

/** min over the box of νᵀz, through the lines that the variables choose; ν at the input, and at outputs of activations. */
export function byHand(columns: number, nu: dense.Matrix, node: number, constrained: boolean, free = FREE) {
  const bounds = boundsOf(columns);
  const centre = new Array<number>(ROWS).fill(0);
  const traces = new Map<number, dense.Matrix>();
  const through = (rows: dense.Matrix, at: number, f: Activation): dense.Matrix => {
    traces.set(at, rows);
    const { lower, upper } = bounds.get(at - 1) ?? { lower: rows, upper: rows };
    return dense.matrix(rows.features, ROWS, (feature, row) => {
      const i = feature * columns + (columns === 1 ? 0 : row);
      const value = rows.values[feature * ROWS + row];
      const [l, u] = [lower.values[i], upper.values[i]];
      const [crown, one] = [linesOf(f, "adaptive", l, u), linesOf(f, "parallel", l, u)];
      const mix = (w: number, a: number, b: number) => w * a + (1 - w) * b;
      const w = (x: dense.Matrix) => x.values[feature * ROWS + row];
      let line: { slope: number; shift: number };
      if (f.kind === "relu") {
        const unstable = l < 0 && u > 0;
        line = value > 0 && unstable ? { slope: w(free.low), shift: 0 } : one.upper;
      } else {
        const side = value > 0 ? "lower" : "upper";
        const own = w(value > 0 ? free.lowTanh : free.highTanh);
        line = {
          slope: mix(own, crown[side].slope, one[side].slope),
          shift: mix(own, crown[side].shift, one[side].shift),
        };
      }
      centre[row] += value * line.shift;
      let below = value * line.slope;
      if (constrained && at === RELU) {
        const pull = MARKS.values[feature * ROWS + row] * w(free.pull);
        below -= pull;
        centre[row] += pull * CUTS.values[feature * ROWS + row];
      }
      return below;
    });
  };
  const affine = (rows: dense.Matrix, layer: number): dense.Matrix => {
    const { a, b } = weight(layer);
    dense
      .columnSums(rows, (f) => b(f))
      .forEach((sum, row) => {
        centre[row] += sum;
      });
    return dense.times(dense.transposed(a), rows);
  };
  let rows = nu;
  if (node >= OUTPUT) rows = through(affine(rows, 3), TANH, tanh());
  if (node >= 3) rows = affine(rows, 2);
  if (node >= RELU) rows = through(rows, RELU, relu());
  rows = affine(rows, 1);
  const least = (f: number, row: number) => {
    const value = rows.values[f * ROWS + row];
    return value * (value > 0 ? REGION.lower[f] : REGION.upper[f]);
  };
  const ends = dense.columnSums(
    dense.matrix(2, ROWS, () => 1),
    least,
  );
  return { values: centre.map((sum, row) => sum + ends[row]), input: rows, traces };
}

function freeVariables(constrained: boolean): FreeVariables {
  const free = new FreeVariables(backend);
  free.add(lowerName(RELU), placed(FREE.low), "unit");
  free.add(lowerName(TANH), placed(FREE.lowTanh), "unit");
  free.add(upperName(TANH), placed(FREE.highTanh), "unit");
  if (constrained) free.add("pull", placed(FREE.pull), "multiplier");
  return free;
}

const CONSTRAINTS = (): NamedConstraint[] => [
  { node: RELU, side: "above", marks: placed(MARKS), values: placed(CUTS), multipliers: "pull" },
];

export function rowsOf(
  columns: number,
  node: number,
  constrained: boolean,
  rounding: RegionRounding | null = null,
): DualRows {
  const owners: Owners = columns === 1 ? SHARED : OWN;
  return {
    relaxation: relaxationOf(columns, rounding).relaxation,
    objective: { kind: "fixed", node, nu: placed(dense.randomMatrix(SIZES[node], ROWS, 80)) },
    ...{ owners, rows: ROWS, free: freeVariables(constrained) },
    constraints: constrained ? CONSTRAINTS() : [],
  };
}

/** A region's rounding with numbers put in: at nodes that activations read and at the output. */
export async function regionOf({ error = 0, size = 0, floor = 0, at = OUTPUT }): Promise<RegionRounding> {
  const { rounding } = await crownBounds(subject, REGION, "float64");
  if (!rounding) throw new Error("expected rounding");
  const of = (node: number, value: number) => new Float64Array(SIZES[node]).fill(node === at ? value : 0);
  const nodes = new Map(
    [1, 3, OUTPUT].map((node) => [node, { size: of(node, size), error: of(node, error) }]),
  );
  return { rounding: rounding.rounding, floor, nodes };
}
