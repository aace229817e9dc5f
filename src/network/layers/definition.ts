import type { Tape, Variable } from "../../autodiff/index.js";
import { ShapeError } from "../../errors.js";
import type { Shape } from "../shape.js";
import type { ExportedNodes, LayerTensors } from "./exported-node.js";
import type { Fields } from "./fields.js";
import type { Sums, SumsContext } from "./sums.js";

/** How a parameter starts. `constant` is a value; `normal` a standard deviation; `uniform` a half-width. */
export type Initialization =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "uniform"; readonly bound: number };

/** A parameter of a layer. */
export interface ParameterSpec {
  /** Within its layer: `weight`, `bias`, `mean`, `variance`. */
  readonly name: string;
  /** In the usual mathematical order: `[out, in]`, `[out, in/groups, kh, kw]`. */
  readonly shape: Shape;
  /** Statistics are kept by averaging, not by gradients. */
  readonly role: "trained" | "statistic";
  readonly initialization: Initialization;
}

/** What a layer needs in order to act: where it stands, its shapes, its parameters. */
export interface LayerContext {
  readonly name: string;
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  /** A parameter of this layer by its name within the layer. */
  parameter(name: string): Variable;
}

/** One kind of layer of the primal network. */
export interface LayerDefinition<L extends { readonly kind: string }> {
  /** What a file says of the layer; null where it cannot be written to one. */
  readonly fields: Fields<L> | null;
  /** Throws a `ShapeError` that names the layer. */
  outputShape(layer: L, inputs: readonly Shape[], name: string): Shape;
  parameters(layer: L, inputs: readonly Shape[]): readonly ParameterSpec[];
  /** Inputs `[features, rows]`, one row per example → output. */
  forward(tape: Tape, layer: L, context: LayerContext, inputs: readonly Variable[]): Variable;
  /**
   * Multiply-adds of one row through the layer, those on padding not counted; left out of layers that act feature by
   * feature. A wrong number makes bounds slower, not wrong.
   */
  multiplyAdds?(layer: L, inputs: readonly Shape[], output: Shape): number;
  /**
   * An affine layer as sums, by which its rounding is known (`roundingErrors`). Left out of layers that are not affine, and of
   * those that users define.
   */
  sums?(layer: L, context: SumsContext): Sums;
  /**
   * The layer in operators of ONNX as set 17 defines them; values have the batch in front of the network's extents. Left
   * out of layers that ONNX has no operators for.
   */
  onnx?(layer: L, inputs: readonly Shape[], tensors: LayerTensors): ExportedNodes;
}

/** The only input's shape; a `ShapeError` if there are more or none. */
export function onlyShape(inputs: readonly Shape[], kind: string, name: string): Shape {
  if (inputs.length !== 1) throw new ShapeError(`${name}: ${kind} takes one input, got ${inputs.length}`);
  return inputs[0];
}

export const NO_PARAMETERS = (): readonly ParameterSpec[] => [];

/** Of layers that only move features. */
export const MOVES_ONLY = (): number => 0;
