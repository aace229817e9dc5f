import { create } from "@bufbuild/protobuf";
import {
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
} from "onnx-buf";
import type { LayerTensors } from "../../../network/layers/exported-node.js";
import type { Network } from "../../../network/network.js";
import type { Model } from "../../../network/weights.js";
import { attributesOf } from "./attributes.js";
import { exportLayer } from "./export-layer.js";
import { Names } from "./names.js";
import type { ElementType } from "./precision.js";
import { batchValue, integerTensor, realTensor } from "./tensors.js";

/** The graph's input and output. */
const INPUT = "input";
const OUTPUT = "output";

/**
 * A network as a graph of ONNX operators, its weights as initializers `layer.parameter`. A function of the network, its
 * weights and the precision alone: `describedModel` relies on that when it reads the file again.
 */
export function exportGraph(model: Model, elementType: ElementType, name: string): GraphProto {
  const { network, weights } = model;
  const values = valueNames(network);
  const taken = new Names([...values, ...network.parameters.map((parameter) => parameter.name)]);
  const nodeNames = new Names(network.nodes.map((node) => node.name));
  const shapes = new Map(network.parameters.map((spec) => [spec.name, spec.shape]));
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const add = (tensor: TensorProto): string => {
    initializers.push(tensor);
    return tensor.name;
  };
  for (const [number, layerNode] of network.nodes.entries()) {
    const { layer, inputs, name: layerName } = layerNode;
    if (layer === null) continue;
    const tensors: LayerTensors = {
      parameter(parameter) {
        const full = `${layerName}.${parameter}`;
        return add(realTensor(full, shapes.get(full) ?? [], weights.get(full) ?? [], elementType));
      },
      // −0 would not survive the description, and a file must not depend on how often it was written.
      reals: (part, list, shape) =>
        add(
          realTensor(
            taken.free(`${layerName}.${part}`),
            shape,
            list.map((value) => value + 0),
            elementType,
          ),
        ),
      integers: (part, list) => add(integerTensor(taken.free(`${layerName}.${part}`), list)),
    };
    const made = exportLayer(
      layerNode,
      inputs.map((input) => network.nodes[input].shape),
      tensors,
    );
    let read = inputs.map((input) => values[input]);
    for (const [i, { op, tensors: further = [], attributes = {} }] of made.entries()) {
      const isLast = i === made.length - 1;
      const part = `${layerName}/${op.toLowerCase()}`;
      const output = isLast ? values[number] : taken.free(part);
      nodes.push(
        create(NodeProtoSchema, {
          opType: op,
          name: isLast ? layerName : nodeNames.free(part),
          input: [...read, ...further],
          output: [output],
          attribute: attributesOf(attributes, layerName),
        }),
      );
      read = [output];
    }
  }
  if (network.output === 0) {
    const node = { opType: "Identity", name: nodeNames.free("identity"), input: [INPUT], output: [OUTPUT] };
    nodes.push(create(NodeProtoSchema, node));
  }
  return create(GraphProtoSchema, {
    name,
    node: nodes,
    initializer: initializers,
    input: [batchValue(INPUT, network.inputShape, elementType)],
    output: [batchValue(OUTPUT, network.outputShape, elementType)],
  });
}

/** The value that each node makes: named as the node, but for the network's output and where a tensor has the name. */
function valueNames(network: Network): readonly string[] {
  const taken = new Names([INPUT, OUTPUT, ...network.parameters.map(({ name }) => name)]);
  return network.nodes.map(({ name }, number) => {
    if (number === 0) return INPUT;
    return number === network.output ? OUTPUT : taken.free(name);
  });
}
