import { maximum, multiply, spread, Tape, type Variable } from "../../autodiff/index.js";
import type { Tensor } from "../../compute/backend.js";
import type { Activation } from "../../compute/elementwise.js";
import { type Owners, SHARED } from "../../compute/owners.js";
import { isActivation } from "../../network/network.js";
import type { Subject } from "../../network/subject.js";
import type { Ball } from "../../threat/ball.js";
import type { DualGraph } from "../dual-graph.js";
import type { BoundLayer, Bounds, NodeBounds } from "../dual-layer.js";
import { ruleOf } from "../layers/index.js";
import { ballOf, roundingOf } from "../outward.js";
import type { Gathered } from "../own-rounding.js";
import type { Rounding } from "../rounding.js";
import { widened } from "../widening.js";
import { type Enclosure, enclosureOf, type Line } from "./lines.js";
import {
  type MixedRounding,
  type MixWeights,
  mixedDual,
  type SideConstraint,
  type Trace,
} from "./mixed-dual.js";
import { gatheredAt, type RegionRounding } from "./region-rounding.js";

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
  /** Rounding within the whole box, which every column lies in. */
  readonly rounding: RegionRounding | null;
  #ball: ReturnType<typeof ballOf> | undefined;
  readonly #gathered = new Map<number, Gathered>();
  readonly #widths = new Map<number, Variable>();
  readonly #bounds: NodeBounds<Tensor>;
  readonly #tape: Tape;
  readonly #affine: ReadonlyMap<number, BoundLayer>;
  readonly #enclosures = new Map<number, Enclosure>();
  readonly #others = new Map<number, BoundLayer>();

  constructor(
    subject: Subject,
    affine: AffineLayers,
    bounds: NodeBounds<Tensor>,
    ball: Ball,
    rounding: RegionRounding | null,
  ) {
    this.subject = subject;
    this.ball = ball;
    this.rounding = rounding;
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
        this.#roundingOf(i),
        choices.trace && ((nu) => choices.trace?.(i, nu)),
      );
    });
    return {
      network,
      layers,
      ...this.#ballOn(tape),
      // Activations take in what has gathered since the last one.
      errors: [],
    };
  }

  /** Rounding at a node that an activation reads or at the output; where it is counted. */
  gathered(node: number): Gathered | null {
    if (!this.rounding) return null;
    const known = this.#gathered.get(node);
    if (known) return known;
    const made = gatheredAt(this.#tape, this.rounding, node);
    this.#gathered.set(node, made);
    return made;
  }

  #ballOn(tape: Tape): ReturnType<typeof ballOf> {
    this.#ball ??= ballOf(this.#tape, this.ball, this.rounding?.rounding ?? null);
    const { ballCentre, ballRadius, inputError, ...rest } = this.#ball;
    return {
      ...rest,
      ballCentre: tape.constant(ballCentre.value),
      ballRadius: tape.constant(ballRadius.value),
      inputError: inputError && tape.constant(inputError.value),
    };
  }

  /** What rounding adds to the lines of an activation, `[n, columns]`, and to a constraint on its input, `[n, 1]`. */
  #roundingOf(node: number): MixedRounding | null {
    const { rounding: region } = this;
    if (!region) return null;
    const { layer, inputs } = this.subject.network.nodes[node];
    const gathered = this.gathered(inputs[0] as number) as Gathered;
    const known = this.#widths.get(node);
    const width =
      known ?? this.#widthOf(region.rounding, this.enclosure(node), layer as Activation, gathered);
    this.#widths.set(node, width);
    return { rounding: region.rounding, width, gathered };
  }

  /** By the steepest of the lines that may be chosen and the largest of their shifts. */
  #widthOf(rounding: Rounding, { lower, upper }: Enclosure, layer: Activation, gathered: Gathered): Variable {
    const tape = this.#tape;
    const lines: readonly Line[] = [...lower, ...upper];
    const slope = lines.map((line) => line.slope).reduce((a, b) => maximum(tape, a, b));
    const { rows: columns } = slope.value;
    const constants = () =>
      lines.flatMap(({ shift }) => (shift ? [{ weight: 1, x: shift, absolute: true }] : []));
    const each = (x: Variable): Variable => spread(tape, x, SHARED, columns);
    const { size, error } = gathered;
    return rounding.enclosed(
      tape,
      {
        ...{ kind: "two-lines", constants, magnitude: () => slope },
        absolute: (_tape, r) => multiply(tape, r, slope),
      },
      { size: size.map((term) => ({ ...term, x: each(term.x) })), error: error && each(error) },
      roundingOf(layer),
    );
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
    const bounds = this.#boundsOf(inputs[0] as number);
    const own = rule.parallel(this.#tape, layer, context, bounds);
    const gathered = this.gathered(inputs[0] as number);
    const made =
      gathered && this.rounding
        ? widened(
            this.#tape,
            own,
            this.rounding.rounding.enclosed(this.#tape, own, this.#each(gathered, bounds), roundingOf(layer)),
          )
        : own;
    this.#others.set(node, made);
    return made;
  }

  /** Rounding that all columns share, once for each of them. */
  #each({ size, error }: Gathered, { lower }: Bounds): Gathered {
    const each = (x: Variable): Variable => spread(this.#tape, x, SHARED, lower.value.rows);
    return { size: size.map((term) => ({ ...term, x: each(term.x) })), error: error && each(error) };
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
