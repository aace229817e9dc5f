import { Tape, type Variable } from "../../autodiff/index.js";
import type { Tensor } from "../../compute/backend.js";
import type { Activation } from "../../compute/elementwise.js";
import type { Owners } from "../../compute/owners.js";
import { isActivation } from "../../network/network.js";
import type { Subject } from "../../network/subject.js";
import type { Ball } from "../../threat/ball.js";
import type { DualGraph } from "../dual-graph.js";
import type { BoundLayer, NodeBounds } from "../dual-layer.js";
import { ruleOf } from "../layers/index.js";
import { type Enclosure, enclosureOf } from "./lines.js";
import { type MixWeights, mixedDual, type SideConstraint, type Trace } from "./mixed-dual.js";

/** What rows bring to a relaxation: choices of lines and constraints, by node of the activation. */
export interface RowChoices {
  readonly owners: Owners;
  readonly rows: number;
  readonly weights: ReadonlyMap<number, MixWeights>;
  readonly constraints?: ReadonlyMap<number, readonly SideConstraint[]>;
  readonly trace?: Trace;
}

/**
 * A network over boxes with every activation between lines, given its pre-activation bounds: the linear relaxation whose
 * dual the backward pass evaluates (equation 8). Columns are boxes, or branches of one.
 */
export class Relaxation implements Disposable {
  readonly subject: Subject;
  readonly ball: Ball;
  readonly #bounds: NodeBounds<Tensor>;
  readonly #tape: Tape;
  readonly #affine: ReadonlyMap<number, BoundLayer>;
  readonly #enclosures = new Map<number, Enclosure>();
  readonly #others = new Map<number, BoundLayer>();

  constructor(subject: Subject, affine: AffineLayers, bounds: NodeBounds<Tensor>, ball: Ball) {
    this.subject = subject;
    this.ball = ball;
    this.#bounds = bounds;
    this.#affine = affine.layers;
    this.#tape = new Tape(subject.backend, { record: false });
  }

  /** Activations between lines that can be chosen, at or before a node. */
  choices(end = this.subject.network.output): number[] {
    const { nodes } = this.subject.network;
    return nodes.flatMap((node, i) => (i > 0 && i <= end && isActivation(node) ? [i] : []));
  }

  /** The lines of an activation; made when they are first asked for. */
  enclosure(node: number): Enclosure {
    const known = this.#enclosures.get(node);
    if (known) return known;
    const { layer, inputs } = this.subject.network.nodes[node];
    const { lower, upper } = this.#boundsOf(inputs[0] as number);
    const made = enclosureOf(this.#tape, layer as Activation, lower, upper);
    this.#enclosures.set(node, made);
    return made;
  }

  /** The dual graph at and below a node for rows with these choices, on a tape that may record. */
  graph(tape: Tape, end: number, choices: RowChoices): DualGraph {
    const { network } = this.subject;
    const layers = network.nodes.map((node, i): BoundLayer | undefined => {
      if (node.layer === null || i > end) return undefined;
      if (!isActivation(node)) return this.#affine.get(i) ?? this.#other(i);
      return mixedDual(
        tape,
        this.enclosure(i),
        choices.weights.get(i) ?? {},
        choices.owners,
        choices.rows,
        choices.constraints?.get(i) ?? [],
        choices.trace && ((nu) => choices.trace?.(i, nu)),
      );
    });
    return {
      network,
      layers,
      ballCentre: tape.constant(this.ball.centre),
      ballRadius: tape.constant(this.ball.radius),
      dualOrder: this.ball.dualOrder,
      rounding: null,
      inputError: undefined,
      errors: [],
    };
  }

  [Symbol.dispose](): void {
    this.#tape.dispose();
  }

  /** An enclosed layer that leaves no choice: max pooling. */
  #other(node: number): BoundLayer {
    const known = this.#others.get(node);
    if (known) return known;
    const { network, bindings } = this.subject;
    const { layer, inputs } = network.nodes[node];
    if (layer === null) throw new Error("the input has no dual layer");
    const rule = ruleOf(layer);
    if (rule.form !== "enclosed") throw new Error(`node ${node} was not bound`);
    const context = network.context(node, bindings);
    const made = rule.parallel(this.#tape, layer, context, this.#boundsOf(inputs[0] as number));
    this.#others.set(node, made);
    return made;
  }

  #boundsOf(node: number): { readonly lower: Variable; readonly upper: Variable } {
    const bounds = this.#bounds.get(node);
    if (!bounds) throw new Error(`node ${node} has no bounds yet`);
    return { lower: this.#tape.constant(bounds.lower), upper: this.#tape.constant(bounds.upper) };
  }
}

/** The affine layers of a network, bound once for all relaxations. */
export class AffineLayers implements Disposable {
  readonly layers: ReadonlyMap<number, BoundLayer>;
  readonly #tape: Tape;

  constructor({ backend, network, bindings }: Subject) {
    this.#tape = new Tape(backend, { record: false });
    this.layers = new Map(
      network.nodes.flatMap(({ layer }, i) => {
        if (layer === null) return [];
        const rule = ruleOf(layer);
        return rule.form === "affine"
          ? [[i, rule.bind(this.#tape, layer, network.context(i, bindings))]]
          : [];
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#tape.dispose();
  }
}
