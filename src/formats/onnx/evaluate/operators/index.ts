import type { OperatorEvaluation } from "../evaluation.js";
import { ACTIVATIONS } from "./activations.js";
import { ARITHMETIC } from "./arithmetic.js";
import { BLOCKS } from "./blocks.js";
import { COMPARISON } from "./comparison.js";
import { CONSTANTS } from "./constants.js";
import { CONVOLUTION } from "./convolution.js";
import { EINSUM } from "./einsum.js";
import { LINEAR } from "./linear.js";
import { MOVEMENT } from "./movement.js";
import { NORMALIZATION } from "./normalization.js";
import { PAD } from "./pad.js";
import { POOLING } from "./pooling.js";
import { REDUCTIONS } from "./reductions.js";
import { RESIZE } from "./resize.js";
import { SHAPES } from "./shapes.js";
import { SLICE } from "./slice.js";
import { SOFTMAX } from "./softmax.js";
import { TRANSPOSED_CONVOLUTION } from "./transposed-convolution.js";

/** The operators that can be evaluated, by their names in the ONNX standard. */
export const EVALUATED: ReadonlyMap<string, OperatorEvaluation> = new Map<string, OperatorEvaluation>(
  Object.entries({
    ...CONVOLUTION,
    ...TRANSPOSED_CONVOLUTION,
    ...LINEAR,
    ...EINSUM,
    ...POOLING,
    ...NORMALIZATION,
    ...ARITHMETIC,
    ...ACTIVATIONS,
    ...SOFTMAX,
    ...REDUCTIONS,
    ...COMPARISON,
    ...SHAPES,
    ...MOVEMENT,
    ...BLOCKS,
    ...SLICE,
    ...PAD,
    ...RESIZE,
    ...CONSTANTS,
  }),
);
