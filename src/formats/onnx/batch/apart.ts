import { Attributes } from "../attributes.js";
import { withoutEllipses } from "../einsum-ellipses.js";
import { movesRowsApart } from "./moved.js";
import type { NodeInBatch, ValueInBatch } from "./node-in-batch.js";

type Rule = (state: NodeInBatch) => boolean;

/** The first input has rows, all others are constants: operators whose first axis is the batch by their definition. */
const alongBatch: Rule = ({ inputs: [first, ...others] }) =>
  first?.kind === "rows" && others.every((other) => !other || other.kind === "constant");

/** A constant that is broadcast to the rows of values of that many axes, the same to each. */
const isOfEachRow = ({ kind, together: { shape } }: ValueInBatch, rank: number): boolean =>
  kind === "constant" && (shape.length < rank || (shape.length === rank && shape[0] === 1));

/** Number by number, after broadcasting: rows must meet rows. */
const elementwise: Rule = ({ inputs }) => {
  const present = inputs.filter((input) => input !== undefined);
  const rank = Math.max(...present.map(({ together }) => together.shape.length));
  return present.every((input) =>
    input.kind === "rows" ? input.together.shape.length === rank : isOfEachRow(input, rank),
  );
};

/** Rows of the first operand times a matrix; stacks of matrices, along whose first axis the examples lie. */
const product: Rule = ({ inputs: [a, b] }) => {
  if (!a || !b) return false;
  const [left, right] = [a.together.shape.length, b.together.shape.length];
  if (a.kind === "rows" && b.kind === "rows") return left === right && left >= 3;
  if (a.kind === "rows") return b.kind === "constant" && (right <= 2 ? left >= 2 : isOfEachRow(b, left));
  return b.kind === "rows" && right >= 3 && (left <= 2 ? a.kind === "constant" : isOfEachRow(a, right));
};

const affine: Rule = ({ node, inputs: [a, b, c] }) => {
  const attributes = new Attributes(node, node.opType);
  return (
    a?.kind === "rows" &&
    attributes.int("transA", 0) === 0 &&
    b?.kind === "constant" &&
    (!c || isOfEachRow(c, 2) || (c.kind === "rows" && c.together.shape.length === 2))
  );
};

/** Over the axes that stand in an attribute, or, from that operator set on, in the second input; never over the first. */
const reduction =
  (since: number): Rule =>
  (state) => {
    const { node, inputs, opset } = state;
    const [x, list] = inputs;
    const attributes = new Attributes(node, node.opType);
    const axes = opset >= since ? list?.together.values : attributes.ints("axes", undefined);
    if (!alongBatch(state) || !x || !axes || axes.length === 0) return false;
    const rank = x.together.shape.length;
    return Array.from(axes).every((axis) => (axis < 0 ? axis + rank : axis) > 0);
  };

/** Along one axis, or all from it on; never from the first. */
const alongAxis: Rule = (state) => {
  const { node, inputs, opset } = state;
  const rank = inputs[0]?.together.shape.length ?? 0;
  const axis = new Attributes(node, node.opType).int("axis", opset < 13 ? 1 : -1);
  return alongBatch(state) && (axis < 0 ? axis + rank : axis) > 0;
};

/** One label stands for the examples: it is the first of each operand with rows, and of no other, and the first of the result. */
const einsum: Rule = ({ node, inputs }) => {
  const written = new Attributes(node, node.opType).string("equation", "").replaceAll(" ", "");
  const equation = withoutEllipses(
    written,
    inputs.map((input) => input?.together.shape.length ?? 0),
  );
  const [left, result] = equation.split("->");
  const example = result?.[0];
  if (!example || !/^[A-Za-z\d,]*$/.test(left)) return false;
  return left.split(",").every((word, index) => {
    const input = inputs[index];
    if (input?.kind === "rows") return word.lastIndexOf(example) === 0;
    return input?.kind === "constant" && !word.includes(example);
  });
};

/** Each extent by a scale of its own; that of the examples is 1, by `scales`, or by `sizes`, which `firstMeeting` has compared. */
const resized: Rule = ({ node, opset, inputs: [x, , scales, sizes] }) => {
  const attributes = new Attributes(node, node.opType);
  if (opset < 11 || x?.kind !== "rows" || sizes?.kind === "rows" || scales?.kind === "rows") return false;
  if (attributes.has("axes") || attributes.has("keep_aspect_ratio_policy")) return false;
  if (attributes.string("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize")
    return false;
  const given = scales && scales.together.values.length > 0;
  return given ? scales.kind === "constant" && scales.together.values[0] === 1 : sizes !== undefined;
};

const named = (rule: Rule, names: string): [string, Rule][] => names.split(" ").map((name) => [name, rule]);

/** By operator. What is not listed is not known to take examples apart. */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ...named(
    alongBatch,
    "Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool BatchNormalization Dropout",
  ),
  ...named(
    elementwise,
    "Add Sub Mul Div Pow Sum Min Max Clip Where Equal Greater Less GreaterOrEqual LessOrEqual And Or Not Cast " +
      "Relu LeakyRelu PRelu Sigmoid HardSigmoid Tanh Abs Neg Exp Log Sqrt Reciprocal Sign Floor Ceil Erf",
  ),
  ...named(product, "MatMul"),
  ...named(affine, "Gemm"),
  ...named(reduction(13), "ReduceSum"),
  ...named(reduction(18), "ReduceMean ReduceProd ReduceMax ReduceMin"),
  ...named(alongAxis, "Softmax LogSoftmax"),
  ...named(einsum, "Einsum"),
  ...named(resized, "Resize"),
  ...named(
    movesRowsApart,
    "Identity Flatten Reshape Squeeze Unsqueeze Transpose Concat Split Slice Gather Expand Tile Pad DepthToSpace SpaceToDepth",
  ),
]);

/** Whether a node's outputs of an example are what the node gives of that example's inputs alone. */
export function takesExamplesApart(state: NodeInBatch): boolean {
  return RULES.get(state.node.opType)?.(state) ?? false;
}
