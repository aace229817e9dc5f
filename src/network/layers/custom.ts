import type { Tape, Variable } from "../../autodiff/index.js";
import { expectNumbers, ShapeError } from "../../errors.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import type { LayerContext, LayerDefinition, ParameterSpec } from "./definition.js";

/**
 * What a network knows of a kind of layer that its user defined (`defineLayer`): shapes, parameters, forward pass and cost.
 * How the layer is bounded is for the rooms above.
 */
export interface CustomDefinition<O> {
  /** What nodes are named after. */
  readonly name: string;
  /** The shape of the output; throws a `ShapeError` that begins with `name`. */
  outputShape(options: O, inputs: readonly Shape[], name: string): Shape;
  /** Weights of the layer. */
  parameters?(options: O, inputs: readonly Shape[]): readonly ParameterSpec[];
  /** The layer itself. */
  forward(tape: Tape, options: O, context: LayerContext, inputs: readonly Variable[]): Variable;
  /** Of one row through the layer. */
  multiplyAdds?(options: O, inputs: readonly Shape[], output: Shape): number;
}

/** A layer of a kind that its user defined. It brings its definition along, so it cannot be written to a file. */
export interface CustomLayer {
  readonly kind: "custom";
  readonly definition: CustomDefinition<unknown> & {
    /** The dual rule; networks do not look at it. */
    readonly dual: unknown;
  };
  /** What the definition's functions are given. */
  readonly options: unknown;
}

/** Layers that users define, each by the definition that it brings along. */
export const customDefinition: LayerDefinition<CustomLayer> = {
  fields: null,
  outputShape({ definition, options }, inputs, name) {
    const shape = definition.outputShape(options, inputs, name);
    expectNumbers(`${name}: shape`, shape);
    if (shape.length === 0 || !shape.every((extent) => Number.isInteger(extent) && extent >= 1)) {
      throw new ShapeError(`${name}: every extent must be a positive integer, got ${formatShape(shape)}`);
    }
    return shape;
  },
  parameters: ({ definition, options }, inputs) => definition.parameters?.(options, inputs) ?? [],
  forward: (tape, { definition, options }, context, inputs) =>
    definition.forward(tape, options, context, inputs),
  // Where nothing is said, as much as a dense matrix.
  multiplyAdds: ({ definition, options }, inputs, output) =>
    definition.multiplyAdds?.(options, inputs, output) ??
    inputs.reduce((sum, input) => sum + sizeOf(input), 0) * sizeOf(output),
};
