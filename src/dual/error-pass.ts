import { add, type Tape, type Variable } from "../autodiff/index.js";
import { sizeOf } from "../network/shape.js";
import { boundLayer, type DualGraph } from "./dual-graph.js";

/**
 * All rounding on the way to a node as a box `[n, examples]`, where generators or projections go forward: as generators of its
 * own it would be as many as there are neurons. Absent where roundings are not counted.
 */
export class ErrorPass {
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #made = new Map<number, Variable>();

  constructor(tape: Tape, graph: DualGraph) {
    this.#tape = tape;
    this.#graph = graph;
  }

  /** Layers up to the node must be bound, by parallel lines. */
  at(node: number): Variable | undefined {
    const { rounding, inputError } = this.#graph;
    if (!rounding) return undefined;
    if (node === 0) return inputError;
    const known = this.#made.get(node);
    if (known) return known;
    const made = this.#after(node);
    this.#made.set(node, made);
    return made;
  }

  #after(node: number): Variable {
    const tape = this.#tape;
    const { network, errors } = this.#graph;
    const layer = boundLayer(this.#graph, node);
    if (layer.kind === "two-lines") throw new Error(`node ${node} has two lines, which push nothing forward`);
    const before = network.nodes[node].inputs.map((input: number) => this.at(input) ?? this.#zeros(input));
    const passed =
      layer.kind === "affine" ? layer.absolute(tape, before, 1) : layer.absolute(tape, before[0]);
    const own = layer.kind === "affine" ? errors[node] : layer.widening?.by;
    const total = own ? add(tape, passed, own) : passed;
    return this.#graph.rounding ? this.#graph.rounding.ofSum(tape, total) : total;
  }

  #zeros(node: number): Variable {
    const { network, ballCentre } = this.#graph;
    const { backend } = this.#tape;
    return this.#tape.own(backend.filled(sizeOf(network.nodes[node].shape), ballCentre.value.rows, 0));
  }
}
