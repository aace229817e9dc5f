import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { linear } from "../../../network/build-layer.js";
import { type Shape, sizeOf } from "../../../network/shape.js";
import { withoutEllipses } from "../einsum-ellipses.js";
import type { OnnxNode, OperatorImport } from "../graph-import.js";
import { formatExtents } from "../values.js";

/** More products than this are no matrix worth its memory. */
const MOST_PRODUCTS = 2 ** 22;

/** Operands and the result by their labels, such as `bi`, `ij` and `bj`. */
interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
}

/** A sum of products with one constant at most: a matrix, whose every entry is one number of the constant. */
export const einsum: OperatorImport = (node, graph) => {
  const at = node.inputs.findIndex((value) => !graph.isConstant(value));
  const others = node.inputs.filter((_, i) => i !== at);
  if (others.length > 1 || others.some((value) => !graph.isConstant(value))) {
    throw new UnsupportedOperatorError(
      `${node.label}: expected one activation and at most one constant, found ${node.inputs.length} operands`,
    );
  }
  const x = graph.activation(node, at);
  const constant = others.length > 0 ? graph.constant(node, 1 - at) : undefined;
  const ranks = node.inputs.map((_, i) => (i === at ? x.shape : (constant?.shape ?? [])).length);
  const { operands, result } = equationOf(node, ranks);
  const own = operands[at];
  const fixed = constant ? operands[1 - at] : "";
  const extents = extentsOf(node, [
    [own, x.shape],
    [fixed, constant?.shape ?? []],
  ]);
  const lost = [...fixed].find((label) => !own.includes(label) && !result.includes(label));
  if (lost !== undefined) {
    throw new UnsupportedOperatorError(
      `${node.label}: sums the constant alone along ${JSON.stringify(lost)}; export the model with constants folded`,
    );
  }
  const labels = [...new Set([...own, ...result])];
  const shape = [...result].map((label) => {
    const extent = extents.get(label);
    if (extent === undefined)
      throw new ShapeError(`${node.label}: ${JSON.stringify(label)} is of no operand`);
    return extent;
  });
  const counts = labels.map((label) => extents.get(label) as number);
  const [inputs, outputs] = [sizeOf(x.shape), sizeOf(shape)];
  if (sizeOf(counts) > MOST_PRODUCTS || inputs * outputs > MOST_PRODUCTS) {
    throw new UnsupportedOperatorError(
      `${node.label}: a matrix of ${outputs} × ${inputs} is too large; export the model with MatMul in its place`,
    );
  }
  const weight =
    constant?.values instanceof Float64Array
      ? new Float64Array(inputs * outputs)
      : new Float32Array(inputs * outputs);
  const places = [own, result, fixed].map((word) => stepsOf(word, labels, extents));
  for (const [from, to, c] of offsetsOf(counts, places)) {
    weight[to * inputs + from] = constant ? constant.values[c] : 1;
  }
  const flat = graph.shaped(node, x.handle, [inputs]);
  const handle = graph.attach(node.name, linear(outputs, { bias: false }), [flat], { weight });
  return graph.value(node, handle, shape);
};

function equationOf(node: OnnxNode, ranks: readonly number[]): Equation {
  const equation = node.attributes.string("equation", "").replace(/\s/g, "");
  const spelt = withoutEllipses(equation, ranks);
  const [left, right] = spelt.split("->");
  const operands = left.split(",");
  const letters = [...operands.join("")];
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label)).sort();
  const result = right ?? once.join("");
  const repeats = [...operands, result].some((word) => new Set(word).size !== word.length);
  if (!/^[A-Za-z\d]*(,[A-Za-z\d]*)*(->[A-Za-z\d]*)?$/.test(spelt) || /\d/.test(equation) || repeats) {
    throw new UnsupportedOperatorError(
      `${node.label}: equation ${JSON.stringify(equation)} is not supported; expected letters, each once in an operand`,
    );
  }
  if (operands.length !== node.inputs.length) {
    throw new ShapeError(
      `${node.label}: ${JSON.stringify(equation)} does not fit ${node.inputs.length} operands`,
    );
  }
  return { operands, result };
}

function extentsOf(node: OnnxNode, words: readonly (readonly [string, Shape])[]): Map<string, number> {
  const extents = new Map<string, number>();
  for (const [word, shape] of words) {
    if (word.length !== shape.length) {
      throw new ShapeError(
        `${node.label}: ${JSON.stringify(word)} does not fit the shape ${formatExtents(shape)}`,
      );
    }
    for (const [axis, label] of [...word].entries()) {
      const known = extents.get(label) ?? shape[axis];
      if (known !== shape[axis]) {
        throw new ShapeError(`${node.label}: ${JSON.stringify(label)} is ${known} and ${shape[axis]} long`);
      }
      extents.set(label, known);
    }
  }
  return extents;
}

/** How far an operand's entries lie apart along each label; 0 where it has none. */
function stepsOf(word: string, labels: readonly string[], extents: ReadonlyMap<string, number>): number[] {
  return labels.map((label) => {
    const at = word.indexOf(label);
    if (at < 0) return 0;
    return [...word.slice(at + 1)].reduce((step, later) => step * (extents.get(later) as number), 1);
  });
}

/** The offsets in each operand at all combinations of the labels' values. */
function* offsetsOf(counts: readonly number[], steps: readonly (readonly number[])[]): Generator<number[]> {
  const index = counts.map(() => 0);
  const total = sizeOf(counts);
  for (let done = 0; done < total; done++) {
    yield steps.map((own) => own.reduce((sum, step, i) => sum + step * index[i], 0));
    for (let i = counts.length - 1; i >= 0; i--) {
      index[i]++;
      if (index[i] < counts[i]) break;
      index[i] = 0;
    }
  }
}
