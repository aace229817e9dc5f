import * as z from "zod";
import { AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../errors.js";
import type { Layer, LayerKind } from "../network/layer.js";
import { positive } from "../network/layers/fields.js";
import { fieldsOf, LAYER_KINDS } from "../network/layers/index.js";
import { graph, type Handle, type Network } from "../network/network.js";
import { parseJson } from "./json-text.js";
import { isSameData } from "./same-data.js";

/** The entry of a file's metadata that holds the network's structure. */
export const NETWORK_KEY = "autodual.network";

/** The version that descriptions carry; another one is refused. */
export const NETWORK_SCHEMA = "autodual/network/1";

/** Every kind of layer that can be written, by the fields of its definition. */
const LayerSchema = z.discriminatedUnion("kind", [
  ...LAYER_KINDS.flatMap((kind) => {
    const fields = fieldsOf(kind);
    return fields === null ? [] : [z.strictObject({ kind: z.literal(kind), ...fields })];
  }),
] as unknown as [z.ZodObject<{ kind: z.ZodLiteral<LayerKind> }>]) as unknown as z.ZodType<Layer>;

/** Names stand in one-line messages and in file headers: no control characters. */
const name = z
  .string()
  .min(1)
  .regex(/^\P{Cc}+$/u, "a name must be one line of text");

const NetworkSchema = z.strictObject({
  version: z.literal(NETWORK_SCHEMA),
  inputShape: z.array(positive).min(1),
  nodes: z.array(z.strictObject({ name, layer: LayerSchema, inputs: z.array(name).min(1) })),
  output: name,
});

/** A network's structure as JSON: nodes in topological order, their inputs by name, `input` for the network's own. */
export type NetworkDescription = z.infer<typeof NetworkSchema>;

/**
 * Describes a network as JSON data; `networkFromDescription` builds it again. An `UnsupportedOperatorError` for a layer
 * that its user defined: files hold no code.
 */
export function describeNetwork(network: Network): NetworkDescription {
  const nameOf = (node: number): string => network.nodes[node].name;
  return {
    version: NETWORK_SCHEMA,
    inputShape: [...network.inputShape],
    nodes: network.nodes.flatMap(({ name, layer, inputs }) => {
      if (layer === null) return [];
      if (layer.kind === "custom") {
        throw new UnsupportedOperatorError(
          `layer "${name}": ${layer.definition.name} is defined by code (defineLayer) and cannot be written to a file`,
        );
      }
      return [{ name, layer, inputs: inputs.map(nameOf) }];
    }),
    output: nameOf(network.output),
  };
}

/**
 * Builds a network from its description. Shapes are not part of it: they are inferred and checked again. Throws a
 * `FormatError` where the description is not one, a `ShapeError` where its layers do not fit; both name `where`.
 */
export function networkFromDescription(description: unknown, where: string): Network {
  const parsed = NetworkSchema.safeParse(description);
  if (!parsed.success) throw new FormatError(`${where}: ${firstIssue(parsed.error)}`);
  const { inputShape, nodes, output } = parsed.data;
  try {
    return graph(inputShape, (input, attach) => {
      const handles = new Map<string, Handle>([["input", input]]);
      const handleOf = (wanted: string, by: string): Handle => {
        const handle = handles.get(wanted);
        if (!handle) throw new FormatError(`${by} reads "${wanted}", which no earlier node computes`);
        return handle;
      };
      for (const node of nodes) {
        const inputs = node.inputs.map((wanted) => handleOf(wanted, `node "${node.name}"`));
        handles.set(node.name, attach.named(node.name, node.layer, ...inputs));
      }
      return handleOf(output, "the output");
    });
  } catch (error) {
    if (error instanceof ShapeError) throw new ShapeError(`${where}: ${error.message}`);
    if (error instanceof AutodualError) throw new FormatError(`${where}: ${error.message}`);
    throw error;
  }
}

/** A network from the JSON text of its description. Throws as `networkFromDescription`, and for what is no JSON. */
export function networkFromJson(text: string, where: string, entry: string): Network {
  return networkFromDescription(parseJson(text, where, `${entry} is not JSON`), where);
}

/** What the first difference between two networks is, as `node "relu1"`; undefined where they are the same. */
export function networkDifference(a: Network, b: Network): string | undefined {
  const [own, other] = [describeNetwork(a), describeNetwork(b)];
  if (!isSameData(own.inputShape, other.inputShape)) return "the input's shape";
  const odd = own.nodes.find((node, i) => !isSameData(node, other.nodes[i]));
  if (odd) return `node ${JSON.stringify(odd.name)}`;
  if (own.nodes.length !== other.nodes.length) return "the number of nodes";
  return own.output === other.output ? undefined : "the output";
}

/** Where the first fault lies and what it is, in one line. */
function firstIssue(error: z.ZodError): string {
  const [{ path, message }] = error.issues;
  const place = path.length > 0 ? `network.${path.join(".")}` : "network";
  return `${place}: ${message.replace(/\s+/g, " ")}`;
}
