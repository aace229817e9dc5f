import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { flatten as flattenLayer, reshape as reshapeLayer } from "../../../network/build-layer.js";
import type { OperatorImport } from "../graph-import.js";

/** Everything but the batch in one dimension. */
export const flatten: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const axis = node.attributes.int("axis", 1);
  if (axis !== 1 && axis !== -x.shape.length) {
    throw new UnsupportedOperatorError(
      `${node.label}: axis ${axis} would mix the batch with the features; only 1 is supported`,
    );
  }
  return graph.attach(node.name, flattenLayer(), [x]);
};

/** Another shape with the batch where it was: the first entry is 0, −1 or 1. */
export const reshape: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const { shape, values, name } = graph.constant(node, 1);
  const wanted = Array.from(values);
  const zeroCopies = node.attributes.int("allowzero", 0) === 0;
  const misfit = (why: string): ShapeError =>
    new ShapeError(
      `${node.label}: cannot reshape [batch, ${x.shape.join(", ")}] to ${JSON.stringify(name)} = ` +
        `[${wanted.join(", ")}]: ${why}`,
    );
  if (shape.length !== 1 || wanted.length < 2) throw misfit("expected [batch, ...features]");
  const [batch, ...features] = wanted;
  if (![0, -1, 1].includes(batch) || (batch === 0 && !zeroCopies)) {
    throw misfit("the first entry must keep the batch: 0, -1 or 1");
  }
  const resolved = features.map((extent, i) => {
    if (extent !== 0) return extent;
    if (!zeroCopies || x.shape[i] === undefined) throw misfit("it has an empty dimension");
    return x.shape[i];
  });
  // With the batch open, a second −1 would leave two unknowns.
  if (batch === -1 && resolved.includes(-1)) throw misfit("only one entry may be -1");
  return graph.attach(node.name, resolved.length === 1 ? flattenTo(resolved[0]) : reshapeLayer(resolved), [
    x,
  ]);

  function flattenTo(extent: number) {
    const size = x.shape.reduce((product, n) => product * n, 1);
    if (extent !== -1 && extent !== size) throw misfit(`there are ${size} features`);
    return flattenLayer();
  }
};

/** The same value under another name: no layer. */
export const identity: OperatorImport = (node, graph) => graph.activation(node, 0);

/** Constants are read before the layers; one that comes here has an odd number of outputs. */
export const constant: OperatorImport = (node) => {
  throw new FormatError(`${node.label}: a Constant has one output`);
};
