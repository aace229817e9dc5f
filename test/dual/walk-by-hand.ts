import type { Activation } from "../../src/activations/index.js";
import { scaleBy, type Tape, type Variable } from "../../src/autodiff/index.js";
import type { NormOrder } from "../../src/compute/backend.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { BoundLayer } from "../../src/dual/dual-layer.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import type { Rounding } from "../../src/dual/rounding.js";
import { add, concat, linear, relu, tanh } from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { fixedBindings } from "../../src/network/weights.js";
import { linesOf } from "../activations/lines-of.js";
import type { Bench } from "../support/bounds.js";
import * as dense from "./rules/dense.js";

// The walk against equation 8 written out node by node: ν, and what each layer and the ball add.

export const EXAMPLES = 2;
export const OWNER = Int32Array.of(1, 0, 1);
export const ROWS = OWNER.length;
export const INDEX = Int32Array.of(2, 0, 1);
export const ORDERS: readonly NormOrder[] = [1, 2, Number.POSITIVE_INFINITY];

export const NETWORKS: Readonly<Record<string, Network>> = {
  chain: sequential([3], [linear(4), relu(), linear(5, { bias: false }), tanh(), linear(3)]),
  // One node is read three times, one of them past two others.
  joins: graph([3], (x, attach) => {
    const a = attach(relu(), attach(linear(4), x));
    const b = attach(tanh(), attach(linear(4), a));
    const c = attach(add(), a, b, a);
    return attach(linear(3), attach(concat(), attach(relu(), c), x));
  }),
  // Beside one another, the later one read first.
  branches: graph([3], (x, attach) => {
    const a = attach(relu(), attach(linear(4), x));
    const b = attach(tanh(), attach(linear(3), x));
    return attach(linear(3), attach(concat(), b, a));
  }),
};

/** Lines of one slope, or of two. */
export type Method = "parallel" | "adaptive";

/** Random bounds of a node. */
function boundsOf(features: number, node: number) {
  const centre = dense.randomMatrix(features, EXAMPLES, node);
  const radius = dense.mapped(dense.randomMatrix(features, EXAMPLES, node + 50), Math.abs);
  const at = (sign: number) => ({
    ...centre,
    values: centre.values.map((c, i) => c + sign * radius.values[i]),
  });
  return { lower: at(-1), upper: at(1) };
}

/** What a graph is over, beside its layers. */
export interface Extras {
  readonly order: NormOrder;
  /** Rounding at the input, and of x̂ᵀν. */
  readonly inputError?: number;
  readonly ofCentre?: number;
}

/** The dual graph of a network over random bounds and a ball. */
export function graphOf(
  tape: Tape,
  bench: Bench,
  method: Method,
  { order, inputError, ofCentre }: Extras,
): DualGraph {
  const { network, backend } = bench;
  const layers = network.nodes.map(({ layer, inputs }, node): BoundLayer | undefined => {
    if (layer === null) return undefined;
    const context = network.context(node, fixedBindings(bench.parameters));
    const rule = ruleOf(layer);
    if (rule.form === "affine") return rule.bind(tape, layer, context);
    const { lower, upper } = boundsOf(sizeOf(network.nodes[inputs[0]].shape), inputs[0]);
    return rule[method](tape, layer, context, {
      lower: dense.uploaded(tape, lower),
      upper: dense.uploaded(tape, upper),
    });
  });
  const filled = (value: number) => tape.own(backend.filled(3, EXAMPLES, value));
  // A walk asks for no more than these two.
  const rounding = {
    radius: (own: Tape, radius: Variable, given: NormOrder) =>
      scaleBy(own, radius, 2, given === order ? 0.5 : Number.NaN),
    ofCentre: () => filled(ofCentre ?? 0),
  } as unknown as Rounding;
  return {
    ...{ network, layers, dualOrder: order, errors: [] },
    ballCentre: dense.uploaded(tape, CENTRE),
    ballRadius: dense.uploaded(tape, RADIUS),
    rounding: ofCentre === undefined ? null : rounding,
    inputError: inputError === undefined ? undefined : filled(inputError),
  };
}

const CENTRE = dense.randomMatrix(3, EXAMPLES, 90);
const RADIUS = dense.mapped(dense.randomMatrix(3, EXAMPLES, 91), Math.abs);

function normOf(order: NormOrder, values: readonly number[]): number {
  const sizes = values.map(Math.abs);
  if (order === 1) return sizes.reduce((a, b) => a + b);
  return order === 2 ? Math.hypot(...sizes) : Math.max(...sizes);
}

const maps = new Map<string, ReturnType<Bench["affineMap"]>>();

/** A layer's matrix and constant, read off once. */
function mapOf(bench: Bench, node: number): ReturnType<Bench["affineMap"]> {
  const name = `${Object.keys(NETWORKS).find((own) => NETWORKS[own] === bench.network)} ${node}`;
  const known = maps.get(name) ?? bench.affineMap(node);
  maps.set(name, known);
  return known;
}

/** Equation 8 by hand. */
export async function byHand(bench: Bench, method: Method, node: number, nu: dense.Matrix, extras: Extras) {
  const { nodes } = bench.network;
  const pending = nodes.map(({ shape }) => dense.matrix(sizeOf(shape), ROWS, () => 0));
  pending[node] = nu;
  const centre = new Array<number>(ROWS).fill(0);
  const radius = new Array<number>(ROWS).fill(0);
  const note = (sums: number[], more: readonly number[]) => {
    for (const [row, by] of more.entries()) sums[row] += by;
  };
  const plus = (at: number, more: dense.Matrix) => {
    pending[at] = { ...more, values: more.values.map((value, i) => value + pending[at].values[i]) };
  };
  for (let at = node; at > 0; at--) {
    const { layer, inputs } = nodes[at];
    const own = pending[at];
    if (layer && ruleOf(layer).form === "affine") {
      const { matrix, offset } = await mapOf(bench, at);
      const columns = inputs.reduce((sum: number, input) => sum + sizeOf(nodes[input].shape), 0);
      note(
        centre,
        dense.columnSums(own, (f) => offset[f]),
      );
      const below = dense.times(
        dense.transposed({ features: own.features, rows: columns, values: matrix }),
        own,
      );
      let from = 0;
      for (const input of inputs) {
        const size = sizeOf(nodes[input].shape);
        const start = from;
        plus(
          input,
          dense.matrix(size, ROWS, (f, row) => below.values[(start + f) * ROWS + row]),
        );
        from += size;
      }
      continue;
    }
    const { lower, upper } = boundsOf(own.features, inputs[0] as number);
    const line = (f: number, row: number) => {
      const i = f * EXAMPLES + OWNER[row];
      const lines = linesOf(layer as Activation, method, lower.values[i], upper.values[i]);
      const taken = own.values[f * ROWS + row] > 0 ? lines.lower : lines.upper;
      const middle = (lines.lower.shift + lines.upper.shift) / 2;
      return { slope: taken.slope, shift: taken.shift, middle };
    };
    if (method === "adaptive")
      note(
        centre,
        dense.columnSums(own, (f, row) => line(f, row).shift),
      );
    else {
      note(
        centre,
        dense.columnSums(own, (f, row) => line(f, row).middle),
      );
      note(
        radius,
        dense.columnSums(own, (f, row) => line(f, row).middle - line(f, row).shift),
      );
    }
    plus(
      inputs[0] as number,
      dense.matrix(own.features, ROWS, (f, row) => own.values[f * ROWS + row] * line(f, row).slope),
    );
  }
  const input = pending[0];
  note(
    centre,
    dense.columnSums(input, (f, row) => CENTRE.values[f * EXAMPLES + OWNER[row]]),
  );
  const column = (row: number) => [0, 1, 2].map((f) => input.values[f * ROWS + row]);
  const ends = Array.from({ length: ROWS }, (_, row) => {
    const met = column(row).map((value, f) => value * RADIUS.values[f * EXAMPLES + OWNER[row]]);
    return normOf(extras.order, met) + (extras.inputError ?? 0) * normOf(1, column(row));
  });
  note(radius, ends);
  const inMiddle = Array.from({ length: ROWS }, (_, row) => (extras.ofCentre ?? 0) * normOf(1, column(row)));
  return { centre, radius, inMiddle, input };
}
