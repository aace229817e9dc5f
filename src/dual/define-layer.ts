import type { Tape, Variable } from "../autodiff/index.js";
import { expectFunction, expectRecord, expectText, kindOf, UsageError } from "../errors.js";
import type { CustomDefinition, CustomLayer } from "../network/layers/custom.js";
import type { LayerContext, ParameterSpec } from "../network/layers/definition.js";
import type { Shape } from "../network/shape.js";
import type { DualRule } from "./dual-layer.js";

/** All that networks and bounds ask of a kind of layer; `O` is what tells one layer of the kind from another. */
export interface LayerSpecification<O> extends CustomDefinition<O> {
  /** What nodes are named after: the first is `name1`. */
  readonly name: string;
  /** The layer's shape from its inputs' shapes. Throws a `ShapeError` that begins with `name`, the layer's in its network. */
  outputShape(options: O, inputs: readonly Shape[], name: string): Shape;
  /** Weights of the layer; none if left out. `context.parameter(name)` gives them in `forward` and in the dual rule. */
  parameters?(options: O, inputs: readonly Shape[]): readonly ParameterSpec[];
  /** Inputs `[features, rows]`, one row per example → output. */
  forward(tape: Tape, options: O, context: LayerContext, inputs: readonly Variable[]): Variable;
  /** Multiply-adds of one row through the layer, for the planner; if left out, those of a dense matrix. */
  multiplyAdds?(options: O, inputs: readonly Shape[], output: Shape): number;
  /** Exact (`affine`: z = A x + b), or between parallel lines over bounds of the input (`enclosed`). */
  readonly dual: DualRule<O>;
}

/**
 * A kind of layer of one's own: gives what makes its layers, to be used like any other in `sequential` and `graph`. Such a
 * network is bounded, certified, attacked, and trained by `Trainer` (`autodual/internals`); its layers bring their definition
 * along, so that `encodeModel`, `exportOnnx` and `train`, which writes files, refuse it with an `UnsupportedOperatorError`.
 *
 * Bounds are as sound as the dual rule. An affine rule's ν of `back` is the transpose of `push` without constants, and
 * `absolute` gives |A| r. An enclosed rule's lines hold for every z with ℓ ≤ z ≤ u, NaN where that is not known.
 * @example
 * const halve = defineLayer<number>({
 *   name: "halve",
 *   outputShape: (_factor, [shape]) => shape,
 *   forward: (tape, factor, _context, [x]) => operations.scaleBy(tape, x, factor),
 *   multiplyAdds: (_factor, [shape]) => shape.reduce((a, b) => a * b),
 *   dual: {
 *     form: "affine",
 *     bind: (_tape, factor) => ({
 *       kind: "affine",
 *       coupling: "diagonal",
 *       offset: undefined,
 *       push: (tape, [x]) => operations.scaleBy(tape, x, factor),
 *       back: (tape, nu) => ({ nus: [operations.scaleBy(tape, nu, factor)] }),
 *       absolute: (tape, [radius]) => operations.scaleBy(tape, radius, Math.abs(factor)),
 *     }),
 *   },
 * });
 * const network = sequential([4], [linear(8), halve(0.5), relu(), linear(3)]);
 */
export function defineLayer<O>(specification: LayerSpecification<O>): (options: O) => CustomLayer {
  checkSpecification(specification);
  const definition = {
    ...specification,
    dual: onLayers(specification.dual),
  } as unknown as CustomLayer["definition"];
  return (options) => ({ kind: "custom", definition, options });
}

function checkSpecification<O>(specification: LayerSpecification<O>): void {
  expectRecord("defineLayer: specification", specification);
  const { name, outputShape, forward, dual } = specification;
  expectText("defineLayer: name", name);
  expectFunction("defineLayer: outputShape", outputShape);
  expectFunction("defineLayer: forward", forward);
  expectRecord("defineLayer: dual", dual);
  if (dual.form !== "affine" && dual.form !== "enclosed") {
    throw new UsageError(
      `defineLayer: form of dual: expected affine or enclosed, found ${kindOf((dual as { form?: unknown }).form)}`,
    );
  }
  const parts = dual.form === "affine" ? ["bind"] : ["parallel", "adaptive", "interval", "states"];
  for (const part of parts) {
    expectFunction(
      `defineLayer: ${part} of dual`,
      (dual as unknown as Readonly<Record<string, unknown>>)[part],
    );
  }
}

/** A rule on options as one on layers, which hold them. */
function onLayers<O>(rule: DualRule<O>): DualRule<CustomLayer> {
  const of = ({ options }: CustomLayer): O => options as O;
  if (rule.form === "affine") {
    return { form: "affine", bind: (tape, layer, context) => rule.bind(tape, of(layer), context) };
  }
  return {
    form: "enclosed",
    parallel: (tape, layer, context, bounds) => rule.parallel(tape, of(layer), context, bounds),
    adaptive: (tape, layer, context, bounds) => rule.adaptive(tape, of(layer), context, bounds),
    interval: (tape, layer, context, bounds) => rule.interval(tape, of(layer), context, bounds),
    states: (layer, context, lower, upper, examples) =>
      rule.states(of(layer), context, lower, upper, examples),
  };
}
