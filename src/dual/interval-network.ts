import { add, type BoxVariables, subtract, type Tape, type Variable } from "../autodiff/index.js";
import { repeatOwners } from "../compute/owners.js";
import { UsageError } from "../errors.js";
import type { LayerContext } from "../network/layers/definition.js";
import { definitionOf } from "../network/layers/index.js";
import type { Network } from "../network/network.js";
import type { Bindings } from "../network/weights.js";
import type { Ball } from "../threat/ball.js";
import { propagateBack } from "./backward.js";
import { boxOf } from "./box.js";
import { boxLayer } from "./box-layer.js";
import type { DualGraph } from "./dual-graph.js";
import type { BoundLayer, Bounds, EnclosedRule } from "./dual-layer.js";
import { ruleOf } from "./layers/index.js";
import { allMargins, checkLabels, objectiveOf, placed } from "./margin.js";
import { wholeRows } from "./view.js";

/** Which lines rows between interval bounds go by: none, as the box is carried on, or those of a dual network. */
export type IntervalMargins = "interval" | "parallel" | "adaptive";

/**
 * Interval bounds of a network over ℓ∞ balls (Gowal et al. 2018), node by node: v̂ and r go through W and |W|, ℓ and u through
 * activations. One affine layer over a box is exact; from layer to layer they forget how features depend on one another. Rounding
 * is not counted: for training, and as what is bounded between.
 */
export class IntervalNetwork {
  readonly #tape: Tape;
  readonly #network: Network;
  readonly #bindings: Bindings;
  readonly #ball: Ball;
  readonly #boxes: readonly BoxVariables[];
  readonly #affine: readonly (BoundLayer | undefined)[];

  private constructor(parts: {
    tape: Tape;
    network: Network;
    bindings: Bindings;
    ball: Ball;
    boxes: readonly BoxVariables[];
    affine: readonly (BoundLayer | undefined)[];
  }) {
    this.#tape = parts.tape;
    this.#network = parts.network;
    this.#bindings = parts.bindings;
    this.#ball = parts.ball;
    this.#boxes = parts.boxes;
    this.#affine = parts.affine;
  }

  /** Bounds every node. Throws a `UsageError` for balls of another norm, which are no boxes. */
  static over(tape: Tape, network: Network, bindings: Bindings, ball: Ball): IntervalNetwork {
    if (ball.spec.norm !== "linf") {
      throw new UsageError(`interval bounds: expected linf balls, which are boxes, found ${ball.spec.norm}`);
    }
    const boxes: BoxVariables[] = [
      { centre: tape.constant(ball.centre), radius: tape.constant(ball.radius) },
    ];
    const affine: (BoundLayer | undefined)[] = network.nodes.map(() => undefined);
    for (let node = 1; node <= network.output; node++) {
      const { layer, inputs } = network.nodes[node];
      if (layer === null) continue;
      const context = network.context(node, bindings);
      const rule = ruleOf(layer);
      const before = inputs.map((input) => boxes[input]);
      if (rule.form === "affine") {
        const bound = rule.bind(tape, layer, context);
        affine[node] = bound;
        const centres = before.map(({ centre }) => centre);
        const radii = before.map(({ radius }) => radius);
        boxes[node] = {
          centre: definitionOf(layer).forward(tape, layer, context, centres),
          radius: bound.absolute(tape, radii, 1),
        };
        continue;
      }
      const [box] = before;
      boxes[node] = rule.box?.(tape, layer, context, box) ?? boxThrough(tape, rule, layer, context, box);
    }
    return new IntervalNetwork({ tape, network, bindings, ball, boxes, affine });
  }

  /** The boxes of what activations read, layer by layer; the input's own comes first. */
  get readByActivations(): readonly BoxVariables[] {
    const nodes = this.#network.nodes.flatMap(({ layer, inputs }) =>
      layer && ruleOf(layer).form === "enclosed" ? inputs : [],
    );
    return [0, ...nodes].map((node) => this.#boxes[node]);
  }

  /** ℓ and u of a node. */
  boundsOf(node: number): Bounds {
    return endsOf(this.#tape, this.#boxes[node]);
  }

  /**
   * Lower bounds of z_label − z_j for every class j, 0 at the label: `[classes, examples]`. By intervals the rows e_label − e_j go
   * back through the affine layers above the last activation, so that these are bounded as one; by lines they go back to the
   * input, between interval bounds (CROWN-IBP, Zhang et al. 2019).
   */
  margins(labels: Int32Array, by: IntervalMargins = "interval"): Variable {
    const tape = this.#tape;
    const { classes, output } = this.#network;
    const { examples } = this.#ball;
    checkLabels(labels, classes, examples);
    const margins = allMargins(labels, classes);
    const c = tape.own(tape.backend.upload(classes, margins.length, objectiveOf(margins, classes)));
    const owners = repeatOwners(classes - 1);
    const graph = by === "interval" ? this.#cut() : this.#between(by);
    const start = { node: output, nu: c };
    const { centre, radius } = propagateBack(tape, graph, wholeRows(graph, owners), start, { centre: true });
    const lower = subtract(tape, centre as Variable, radius);
    return placed(tape, lower, margins, classes, examples);
  }

  /** Lines over the interval bounds. */
  #between(method: "parallel" | "adaptive"): DualGraph {
    const layers = this.#network.nodes.map(({ layer, inputs }, node) => {
      const known = this.#affine[node];
      if (known || layer === null) return known;
      const rule = ruleOf(layer);
      if (rule.form !== "enclosed") throw new Error(`node ${node} was not bound`);
      return rule[method](
        this.#tape,
        layer,
        this.#network.context(node, this.#bindings),
        this.boundsOf(inputs[0]),
      );
    });
    return this.#graph(layers);
  }

  /** Every activation is its box, which rows do not pass: they stay between their start and the last activations. */
  #cut(): DualGraph {
    const layers = this.#network.nodes.map(({ layer }, node) =>
      layer === null ? undefined : (this.#affine[node] ?? boxLayer(this.#boxes[node])),
    );
    return this.#graph(layers);
  }

  #graph(layers: readonly (BoundLayer | undefined)[]): DualGraph {
    const [{ centre, radius }] = this.#boxes;
    return {
      network: this.#network,
      layers,
      ballCentre: centre,
      ballRadius: radius,
      dualOrder: 1,
      rounding: null,
      inputError: undefined,
      errors: [],
    };
  }
}

function endsOf(tape: Tape, { centre, radius }: BoxVariables): Bounds {
  return { lower: subtract(tape, centre, radius), upper: add(tape, centre, radius) };
}

/** The box after a monotone layer, by the images of the ends. */
function boxThrough<L>(
  tape: Tape,
  rule: EnclosedRule<L>,
  layer: L,
  context: LayerContext,
  box: BoxVariables,
) {
  return boxOf(tape, rule.interval(tape, layer, context, endsOf(tape, box)));
}
