import { subtract, Tape, type Variable } from "../../src/autodiff/index.js";
import type { Backend } from "../../src/compute/backend.js";
import { type Owners, repeatOwners } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { propagateBack } from "../../src/dual/backward.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { BoundLayer, Bounds } from "../../src/dual/dual-layer.js";
import type { DualNetwork } from "../../src/dual/dual-network.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { allMargins, type Margin } from "../../src/dual/margin.js";
import { wholeRows } from "../../src/dual/view.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { type Bindings, fixedBindings, trainedBindings, uploadWeights } from "../../src/network/weights.js";
import { type Ball, makeBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";
import * as dense from "./rules/dense.js";

// Dual networks, and their bounds by rows through the same lines.

export const double = createPortableBackend({ dtype: "float64" });
export const [EXAMPLES, CLASSES, TINY] = [3, 3, 1e-12];
export const LABELS = Int32Array.of(2, 0, 1);
const CHAIN = sequential([4], [linear(5), relu(), linear(6), relu(), linear(CLASSES)]);
export const MARGINS = allMargins(LABELS, CLASSES);
export const OWNERS = repeatOwners(CLASSES - 1);

export const read = async ({ value }: Variable) => Array.from(await double.read(value));

/** A dual network, and what it is made of. */
export interface Found {
  readonly dual: DualNetwork;
  readonly tape: Tape;
  /** Layers over the dual network's own bounds, rounding not counted. */
  readonly own: DualGraph;
  readonly ball: Ball;
  readonly bindings: Bindings;
  /** Rows e_label − e_other. */
  readonly c: Variable;
}

/** Builds one over a small chain, or another network. */
export async function over(
  options: DualOptions & {
    epsilon?: number;
    norm?: "linf" | "l2";
    record?: boolean;
    network?: Network;
    scale?: number;
    backend?: Backend;
  },
  use: (found: Found) => Promise<void>,
): Promise<void> {
  const {
    epsilon = 0.15,
    norm = "linf",
    record = false,
    network = CHAIN,
    scale = 1,
    backend = double,
    ...others
  } = options;
  using tape = new Tape(backend, { record });
  const { weights } = lively(network, 3);
  const scaled = new Map([...weights].map(([name, values]) => [name, values.map((value) => value * scale)]));
  const parameters = uploadWeights(backend, { network, weights: scaled });
  const bindings = record ? trainedBindings(network, parameters) : fixedBindings(parameters);
  const x = randomExamples(network, EXAMPLES, 2);
  const ball = makeBall(backend, x, EXAMPLES, { norm, epsilon });
  const dual = await buildDual(tape, network, bindings, ball, others);
  const layers = network.nodes.map(({ layer, inputs }, node): BoundLayer | undefined => {
    if (layer === null || others.method === "interval") return undefined;
    const context = network.context(node, bindings);
    const rule = ruleOf(layer);
    if (rule.form === "affine") return rule.bind(tape, layer, context);
    return rule[others.method ?? "parallel"](
      tape,
      layer,
      context,
      dual.preActivation.get(inputs[0] as number) as Bounds,
    );
  });
  const [ballCentre, ballRadius] = [tape.constant(ball.centre), tape.constant(ball.radius)];
  const unrounded = { rounding: null, inputError: undefined, errors: [] };
  const own = { network, layers, ballCentre, ballRadius, dualOrder: ball.dualOrder, ...unrounded };
  const c = dense.uploaded(
    tape,
    dense.matrix(CLASSES, MARGINS.length, (f, row) => {
      const { label, other } = MARGINS[row];
      return f === label ? 1 : f === other ? -1 : 0;
    }),
  );
  await use({ dual, tape, own, c, ball, bindings });
}

/** Bounds of all margins by rows that go back through `own`. */
export function byRows({ tape, own, c }: Found, owners: Owners = OWNERS) {
  const start = { node: own.network.output, nu: c };
  return propagateBack(tape, own, wholeRows(own, owners), start, { centre: true, input: true });
}

/** Their centre less their radius. */
export async function lowerOf(found: Found): Promise<number[]> {
  const { centre, radius } = byRows(found);
  return read(subtract(found.tape, centre as Variable, radius));
}

export const placedBy = (lower: readonly number[], margins: readonly Margin[] = MARGINS) => {
  const placed = new Array<number>(CLASSES * EXAMPLES).fill(0);
  margins.forEach(({ other, example }, row) => {
    placed[other * EXAMPLES + example] = lower[row];
  });
  return placed;
};
