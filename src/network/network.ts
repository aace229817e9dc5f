import { isActivationKind } from "../activations/index.js";
import {
  expectFunction,
  expectList,
  expectNumbers,
  expectRecord,
  ShapeError,
  UsageError,
} from "../errors.js";
import type { Layer } from "./layer.js";
import type { LayerContext, ParameterSpec } from "./layers/definition.js";
import { definitionOf, LAYER_KINDS } from "./layers/index.js";
import { checkRank, formatShape, type Shape, sizeOf } from "./shape.js";

/** A node of the graph. Inputs are earlier nodes' numbers; node 0 is the input and has no layer. */
export interface NetworkNode {
  readonly name: string;
  readonly layer: Layer;
  readonly inputs: readonly number[];
  /** Of one example. */
  readonly shape: Shape;
}

/** Node 0: the input. */
export interface InputNode {
  readonly name: "input";
  readonly layer: null;
  readonly inputs: readonly [];
  readonly shape: Shape;
}

/** A parameter of the whole network; its name is `node.parameter`. */
export interface NetworkParameter extends ParameterSpec {
  readonly name: string;
  /** The node that it belongs to. */
  readonly node: number;
}

/** A place in a network under construction. */
export interface Handle {
  /** The node's number. */
  readonly node: number;
  /** Of one example. */
  readonly shape: Shape;
}

/**
 * Adds a layer after its inputs; the name is made from the layer's kind unless given (`block2/conv1`). Throws a `ShapeError`
 * that names the layer where its inputs do not fit, a `UsageError` for a name that is taken or an input of another network.
 */
export type Attach = {
  (layer: Layer, ...inputs: readonly Handle[]): Handle;
  /** Under this name. */
  named(name: string, layer: Layer, ...inputs: readonly Handle[]): Handle;
};

/**
 * A feed-forward network as a directed acyclic graph in topological order: plain structure, no weights. Any shape of
 * graph is allowed: skip, dense and nested connections. Made by `sequential` or `graph`.
 */
export class Network {
  /** Of one example. */
  readonly inputShape: Shape;
  /** In topological order; the first is the input. */
  readonly nodes: readonly (InputNode | NetworkNode)[];
  /** The output node's number. */
  readonly output: number;
  /** All parameters, in the order of their nodes. */
  readonly parameters: readonly NetworkParameter[];

  /**
   * Takes nodes as they are; `sequential` and `graph` check what they make.
   * @internal
   */
  constructor(nodes: readonly (InputNode | NetworkNode)[], output: number) {
    this.nodes = nodes;
    this.output = output;
    this.inputShape = nodes[0].shape;
    this.parameters = nodes.flatMap((node, index) =>
      node.layer === null
        ? []
        : definitionOf(node.layer)
            .parameters(
              node.layer,
              node.inputs.map((i) => nodes[i].shape),
            )
            .map((spec) => ({ ...spec, name: `${node.name}.${spec.name}`, node: index })),
    );
  }

  /** Of one example. */
  get outputShape(): Shape {
    return this.nodes[this.output].shape;
  }

  /** Number of classes: the size of the flat output. */
  get classes(): number {
    return sizeOf(this.outputShape);
  }

  /** Number of trained numbers. */
  get parameterCount(): number {
    return this.parameters
      .filter(({ role }) => role === "trained")
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** Number of activations, as the paper's Table 1 counts hidden units. */
  get hiddenUnits(): number {
    return this.nodes.reduce((sum, node) => sum + (isActivation(node) ? sizeOf(node.shape) : 0), 0);
  }

  /**
   * What layer `index` needs in order to act, its parameters taken from `parameters` by full name.
   * @internal
   */
  context(index: number, parameters: ReadonlyMap<string, LayerVariables>): LayerContext {
    const node = this.nodes[index];
    return {
      name: node.name,
      inputShapes: node.inputs.map((i) => this.nodes[i].shape),
      outputShape: node.shape,
      parameter: (name) => {
        const variable = parameters.get(`${node.name}.${name}`);
        if (!variable) throw new ShapeError(`${node.name}: parameter "${name}" is missing`);
        return variable;
      },
    };
  }
}

type LayerVariables = ReturnType<LayerContext["parameter"]>;

/** Whether a node is an elementwise activation. */
export function isActivation({ layer }: InputNode | NetworkNode): boolean {
  return layer !== null && isActivationKind(layer.kind);
}

/**
 * Builds a network of any shape. Throws a `ShapeError` for an input shape with extents that are no positive integers, and
 * what `Attach` throws.
 * @example
 * graph([1, 28, 28], (input, attach) => {
 *   const a = attach(relu(), attach(conv2d(16, { kernel: 3, padding: 1 }), input));
 *   const b = attach(conv2d(16, { kernel: 3, padding: 1 }), a);
 *   return attach(linear(10), attach(flatten(), attach(relu(), attach(add(), a, b))));
 * });
 */
export function graph(inputShape: Shape, build: (input: Handle, attach: Attach) => Handle): Network {
  expectNumbers("graph: input shape", inputShape);
  expectFunction("graph: build", build);
  if (inputShape.length === 0 || !inputShape.every((extent) => Number.isInteger(extent) && extent >= 1)) {
    throw new ShapeError(`input: every extent must be a positive integer, got ${formatShape(inputShape)}`);
  }
  checkRank("input", inputShape);
  const nodes: (InputNode | NetworkNode)[] = [
    { name: "input", layer: null, inputs: [], shape: Array.from(inputShape) },
  ];
  const names = new Set<string>(["input"]);
  const counts = new Map<string, number>();
  const handles = new WeakSet<Handle>();
  const handleOf = (node: number): Handle => {
    const handle = { node, shape: nodes[node].shape };
    handles.add(handle);
    return handle;
  };
  const named = (name: string, layer: Layer, ...inputs: readonly Handle[]): Handle => {
    expectRecord(`${name}: layer`, layer);
    if (!LAYER_KINDS.includes(layer.kind)) {
      throw new UsageError(`${name}: unknown layer "${layer.kind}"; known: ${LAYER_KINDS.join(", ")}`);
    }
    if (layer.kind === "custom") expectRecord(`${name}: definition of the layer`, layer.definition);
    if (names.has(name)) throw new UsageError(`two layers are named "${name}"`);
    for (const input of inputs) {
      if (!handles.has(input)) throw new UsageError(`${name}: an input belongs to another network`);
    }
    const shape = definitionOf(layer).outputShape(
      layer,
      inputs.map((input) => input.shape),
      name,
    );
    checkRank(name, shape);
    names.add(name);
    nodes.push({ name, layer: ownLayer(layer), inputs: inputs.map((input) => input.node), shape });
    return handleOf(nodes.length - 1);
  };
  const attach = ((layer, ...inputs) => {
    expectRecord("attach: layer", layer);
    const kind = layer.kind === "custom" ? (layer.definition?.name ?? "custom") : layer.kind;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return named(`${kind}${count}`, layer, ...inputs);
  }) as Attach;
  attach.named = named;
  const output = build(handleOf(0), attach);
  if (!handles.has(output))
    throw new UsageError("graph: expected build to give what attach gave, found something else");
  return new Network(nodes, output.node);
}

/** A copy that the caller cannot change any more: certificates are about the network as it was built. */
function ownLayer(layer: Layer): Layer {
  return Object.freeze(layer.kind === "custom" ? { ...layer } : structuredClone(layer));
}

/** A chain of layers; throws as `graph` does. */
export function sequential(inputShape: Shape, layers: readonly Layer[]): Network {
  expectList("sequential: layers", layers);
  return graph(inputShape, (input, attach) =>
    Array.from(layers).reduce((x, layer) => attach(layer, x), input),
  );
}
