import {
  add,
  dot,
  gather,
  norm,
  reshape,
  scaleBy,
  sum,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { BackwardStep, NormOrder } from "../compute/backend.js";
import type { Owners } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { AffineDual, BoundLayer, Want } from "./dual-layer.js";

/** The part of a dual network that is known so far: bound layers by node, and the ball at the input. */
export interface DualGraph {
  readonly network: Network;
  readonly layers: readonly (BoundLayer | undefined)[];
  readonly ballCentre: Variable;
  readonly ballRadius: Variable;
  readonly dualOrder: NormOrder;
}

/** Where ν starts: rows given at a node's value `[features, R]`, or ±unit vectors of its features. */
export type Start =
  | { readonly node: number; readonly nu: Variable }
  | { readonly node: number; readonly index: Int32Array; readonly sign: 1 | -1 };

/** A lower bound of νᵀz over the ball is centre − radius, each `[1, R]`. The centre is absent where not wanted. */
export interface Objective {
  readonly centre: Variable | undefined;
  readonly radius: Variable;
  /** ν at the input `[features, R]`, where it is wanted and anything depends on the input. */
  readonly input?: Variable;
}

/**
 * The dual objective (equation 8) for rows ν that start at a node: back through the layers in reverse topological
 * order, as reverse-mode differentiation does; a fan-out adds the ν of its branches. Each layer adds its terms, the
 * input adds the ball's support function. The sign is that of a lower bound: the paper's ν₁ is −ν here.
 */
export function propagateBack(
  tape: Tape,
  graph: DualGraph,
  start: Start,
  owners: Owners,
  want: Want,
): Objective {
  if (!tape.recording && !want.centre && !want.input) {
    const radius = fusedRadius(tape, graph, start, owners);
    if (radius) return { centre: undefined, radius };
  }
  const walk = new BackwardWalk(tape, graph, owners, want);
  walk.begin(start);
  for (let node = start.node; node > 0; node--) walk.pass(node);
  return walk.finish();
}

/** Whether rows that start as unit vectors of a node are bounded by one operation that keeps nothing on the way. */
export function passesAtOnce({ network, layers }: DualGraph, node: number): boolean {
  const first = layers[node];
  const [below] = network.nodes[node].inputs;
  return (
    first?.kind === "affine" && first.lines !== undefined && chainOf({ network, layers }, below) !== null
  );
}

/** The nodes from here back to the input if each has one input and a step; else null. */
function chainOf({ network, layers }: Pick<DualGraph, "network" | "layers">, node: number): number[] | null {
  const chain: number[] = [];
  for (let at = node; at > 0; [at] = network.nodes[at].inputs) {
    if (network.nodes[at].inputs.length !== 1 || !layers[at]?.step) return null;
    chain.push(at);
  }
  return chain;
}

/** The steps from a node's value back to another's, if all between have one input and a step; else null. */
export function stepsBetween(
  { network, layers }: DualGraph,
  from: number,
  to: number,
  owners: Owners,
): BackwardStep[] | null {
  const steps: BackwardStep[] = [];
  for (let at = from; at !== to; [at] = network.nodes[at].inputs) {
    const layer = layers[at];
    if (at < to || network.nodes[at].inputs.length !== 1 || !layer?.step) return null;
    steps.push(...[layer.step(owners) ?? []].flat());
  }
  return steps;
}

/** The radius by one operation; undefined where the graph is no chain of steps, or the start must be made first. */
function fusedRadius(tape: Tape, graph: DualGraph, start: Start, owners: Owners): Variable | undefined {
  const { network, layers, ballRadius, dualOrder } = graph;
  const first = layers[start.node];
  const given = "nu" in start;
  if (!given && (first?.kind !== "affine" || !first.select)) return undefined;
  const chain = chainOf(graph, given ? start.node : network.nodes[start.node].inputs[0]);
  if (!chain) return undefined;
  const steps = chain.flatMap((node) => layers[node]?.step?.(owners) ?? []);
  const end = { radius: ballRadius.value, owners, order: dualOrder };
  if (given) return tape.own(tape.backend.backward({ kind: "rows", nu: start.nu.value }, steps, end));
  const { lines, select } = first as Required<AffineDual>;
  if (lines) {
    const from = { kind: "lines", matrix: lines.value, index: start.index } as const;
    return tape.own(tape.backend.backward(from, steps, end));
  }
  const nu = select(tape, start.index);
  const radius = tape.own(tape.backend.backward({ kind: "rows", nu: nu.value }, steps, end));
  tape.discard(nu);
  return radius;
}

class BackwardWalk {
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #owners: Owners;
  readonly #want: Want;
  readonly #pending: Variable[][];
  /** Rows that the caller gave and may still need. */
  #given: Variable | undefined;
  readonly #centre: Variable[] = [];
  readonly #radius: Variable[] = [];

  constructor(tape: Tape, graph: DualGraph, owners: Owners, want: Want) {
    this.#tape = tape;
    this.#graph = graph;
    this.#owners = owners;
    this.#want = want;
    this.#pending = graph.network.nodes.map(() => []);
  }

  begin(start: Start): void {
    if ("nu" in start) {
      this.#given = start.nu;
      this.#pending[start.node].push(start.nu);
    } else this.#beginAtUnits(start.node, start.index, start.sign);
  }

  /** Takes what has arrived at a node through its layer. */
  pass(node: number): void {
    const nu = this.#take(node);
    if (!nu) return;
    const { nus, centre, radius } = this.#layer(node).back(this.#tape, nu, this.#owners, this.#want);
    if (centre) this.#centre.push(centre);
    if (radius) this.#radius.push(radius);
    this.#hand(node, nus);
    this.#discard(nu);
  }

  finish(): Objective {
    const tape = this.#tape;
    const nu = this.#take(0);
    if (nu) {
      const { ballCentre, ballRadius, dualOrder } = this.#graph;
      this.#radius.push(norm(tape, nu, ballRadius, this.#owners, dualOrder));
      if (this.#want.centre) this.#centre.push(dot(tape, nu, ballCentre, this.#owners));
      if (!this.#want.input) this.#discard(nu);
    }
    return {
      centre: this.#want.centre ? sum(tape, this.#centre) : undefined,
      radius: sum(tape, this.#radius),
      ...(this.#want.input && nu && { input: nu }),
    };
  }

  #beginAtUnits(node: number, index: Int32Array, sign: 1 | -1): void {
    const tape = this.#tape;
    const layer = this.#graph.layers[node];
    const signed = (x: Variable): Variable => (sign === 1 ? x : scaleBy(tape, x, -1));
    if (layer?.kind !== "affine" || !layer.select) {
      const features = sizeOf(this.#graph.network.nodes[node].shape);
      const values = new Float64Array(features * index.length);
      index.forEach((feature, row) => {
        values[feature * index.length + row] = sign;
      });
      this.#pending[node].push(tape.own(tape.backend.upload(features, index.length, values)));
      return;
    }
    if (this.#want.centre && layer.offset) {
      this.#centre.push(signed(reshape(tape, gather(tape, layer.offset, index), 1, index.length)));
    }
    this.#hand(node, [signed(layer.select(tape, index))]);
  }

  #layer(node: number): BoundLayer {
    const layer = this.#graph.layers[node];
    if (!layer) throw new Error(`node ${node} has no dual layer yet`);
    return layer;
  }

  #hand(node: number, nus: readonly Variable[]): void {
    this.#graph.network.nodes[node].inputs.forEach((input, i) => {
      this.#pending[input].push(nus[i]);
    });
  }

  /** Frees rows that no branch still waits for. */
  #discard(nu: Variable): void {
    const waits = this.#pending.some((list) => list.some(({ value }) => value === nu.value));
    if (!waits && nu.value !== this.#given?.value) this.#tape.discard(nu);
  }

  #take(node: number): Variable | undefined {
    const arrived = this.#pending[node];
    this.#pending[node] = [];
    if (arrived.length <= 1) return arrived[0];
    return arrived.slice(1).reduce((total, term) => add(this.#tape, total, term), arrived[0]);
  }
}
