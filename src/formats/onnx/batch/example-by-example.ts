import type { NodeProto } from "onnx-buf";
import type { Stop } from "../../../compute/deadline.js";
import { AutodualError } from "../../../errors.js";
import { sameShape } from "../../../network/shape.js";
import type { GraphEvaluator, NdArray } from "../evaluate/index.js";
import { takesExamplesApart } from "./apart.js";
import type { NodeInBatch, ValueInBatch } from "./node-in-batch.js";

/**
 * The first node of a fixed batch's graph of which it is not proved that it takes the examples one by one, as a graph of one
 * example does; undefined where this is proved of each, so that the graph's outputs of example i are those of the other graph of
 * that example alone.
 *
 * By induction along the graph: each value is a constant, the same numbers in both graphs, or has a row for each
 * example, which is the other graph's whole value of that example. A node keeps this if its operator works on rows apart, which
 * `takesExamplesApart` decides by the operator, its attributes and its shapes, not by samples.
 *
 * @param whole of a batch of N, the first extent of `shape`, that of its input.
 * @param single the same nodes, of a batch of 1.
 */
export function firstMeeting(
  whole: GraphEvaluator,
  single: GraphEvaluator,
  shape: readonly number[],
  stop?: Stop,
): NodeProto | undefined {
  const batch = shape[0];
  const size = shape.slice(1).reduce((product, extent) => product * extent, 1);
  const together = whole.trace(new Float64Array(batch * size), stop);
  const alone = traced(single, size, stop);
  // Constants may be meant for the whole batch.
  if (!alone) return whole.nodes[0];
  /** Names of values with a row for each example. What a node makes of other values depends on no example's numbers. */
  const rows = new Set([whole.inputName]);

  const pairOf = (name: string, nameAlone: string): ValueInBatch | undefined => {
    const [a, b] = [together.get(name), alone.get(nameAlone)];
    if (!a || !b) return undefined;
    if (rows.has(name)) return { kind: "rows", together: a, alone: b };
    return { kind: sameArray(a, b) ? "constant" : "shape", together: a, alone: b };
  };

  const counterparts = new Map(single.nodes.map((node) => [node.output[0], node]));
  for (const node of whole.nodes) {
    if (node.opType === "Shape" || node.opType === "Size" || !node.input.some((name) => rows.has(name))) {
      continue;
    }
    const counterpart = counterparts.get(node.output[0]);
    if (!counterpart) return node;
    const inputs = node.input.map((name, index) => pairOf(name, counterpart.input[index]));
    if (node.input.some((name, index) => name !== "" && !inputs[index])) return node;
    for (const name of node.output) if (name !== "") rows.add(name);
    const outputs = node.output.filter((name) => name !== "").map((name) => pairOf(name, name));
    const state: NodeInBatch = {
      ...{ node, batch, inputs, opset: whole.opset },
      together: (values) => whole.outputsOf(node, values, stop),
      alone: (values) => single.outputsOf(counterpart, values, stop),
    };
    if (!outputs.every((output) => output && inRows(output, batch)) || !isApart(state)) return node;
  }
  return rows.has(whole.outputName) ? undefined : whole.nodes.at(-1);
}

/** Null where the graph does not take an example by itself. */
function traced(single: GraphEvaluator, size: number, stop: Stop | undefined) {
  try {
    return single.trace(new Float64Array(size), stop);
  } catch (error) {
    stop?.throwIfAborted();
    if (error instanceof AutodualError) return null;
    throw error;
  }
}

/** Whether a value has a row for each example, of the extents that it has in the graph of one. */
function inRows({ together, alone }: ValueInBatch, batch: number): boolean {
  return (
    together.shape[0] === batch &&
    alone.shape[0] === 1 &&
    sameShape(together.shape.slice(1), alone.shape.slice(1))
  );
}

function isApart(state: NodeInBatch): boolean {
  try {
    return takesExamplesApart(state);
  } catch (error) {
    // What cannot be evaluated at labels in the place of values is not proved.
    if (error instanceof AutodualError) return false;
    throw error;
  }
}

function sameArray(a: NdArray, b: NdArray): boolean {
  return (
    a.type === b.type &&
    sameShape(a.shape, b.shape) &&
    a.values.every((value, index) => Object.is(value, b.values[index]))
  );
}
