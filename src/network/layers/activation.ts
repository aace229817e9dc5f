import * as z from "zod";
import {
  type Activation,
  type ActivationKind,
  activationDefinition,
  onnxForm,
  parametersOf,
} from "../../activations/index.js";
import { apply } from "../../autodiff/index.js";
import { ShapeError } from "../../errors.js";
import { type LayerDefinition, NO_PARAMETERS, onlyShape } from "./definition.js";
import type { Fields } from "./fields.js";

/** Any elementwise activation as a layer, by its own definition. */
export function activationLayer(kind: ActivationKind): LayerDefinition<Activation> {
  return {
    fields: Object.fromEntries(parametersOf(kind).map((name) => [name, z.number()])) as Fields<Activation>,
    outputShape(layer, inputs, name) {
      const fault = activationDefinition(layer).layerFault(layer);
      if (fault !== null) throw new ShapeError(`${name}: ${layer.kind} ${fault}`);
      return onlyShape(inputs, layer.kind, name);
    },
    parameters: NO_PARAMETERS,
    forward: (tape, layer, _context, [x]) => apply(tape, layer, x),
    onnx(layer, _inputs, tensors) {
      const { operator, attributes = {}, inputs = [] } = onnxForm(kind);
      const value = (parameter: string) => (layer as unknown as Readonly<Record<string, number>>)[parameter];
      const reals = Object.entries(attributes).map(([parameter, { name }]) => [
        name,
        { real: value(parameter) },
      ]);
      return [
        {
          op: operator,
          tensors: inputs.map((parameter) => tensors.reals(parameter, [value(parameter)], [])),
          attributes: Object.fromEntries(reals),
        },
      ];
    },
  };
}
