/// <reference lib="esnext.disposable" preserve="true" />

/**
 * autodual in a browser: what needs no files, no processes and no C++.
 *
 * {@link readModel} reads a model from the bytes of a safetensors or an ONNX file; {@link certify} certifies images of it,
 * {@link bounds} bounds its outputs, {@link attack} attacks it. A network may also be built here, by {@link sequential} or
 * {@link graph}. What computes is the portable backend in double precision, on the thread of the caller: long work belongs in a Worker.
 *
 * ε and boxes are in the units of the images. A mistake of the caller is an {@link AutodualError}, told in one line.
 *
 * @packageDocumentation
 */
export type { AttackVerdict } from "./attack/attack.js";
export { attack, type BrowserAttackOptions } from "./browser/attack.js";
export { type BoundsOptions, bounds, type OutputBounds } from "./browser/bounds.js";
export { type BrowserCertification, type BrowserCertifyOptions, certify } from "./browser/certify.js";
export { type ReadModelOptions, readModel } from "./browser/read-model.js";
export { type Dataset, type Examples, examples, take } from "./data/dataset.js";
export {
  AutodualError,
  FormatError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedOperatorError,
  UsageError,
} from "./errors.js";
export { type DescribedModel, encodeModel } from "./formats/model-bytes.js";
export { type ExportOptions, exportOnnx } from "./formats/onnx/export/export.js";
export type { BallOptions } from "./library/ball.js";
export type { CertifiedImage } from "./library/certify.js";
export type { ListedImageOptions, ListedImages } from "./library/image-list.js";
export * from "./network/build-layer.js";
export { take as takeAlong } from "./network/layers/rearrangement.js";
export { graph, Network, sequential } from "./network/network.js";
export { initialWeights, type Model, type Weights } from "./network/weights.js";
export type { Epsilon, EpsilonByFeature, Norm } from "./threat/ball.js";
export type { Box, BoxByFeature } from "./threat/box.js";
export type { Evaluation } from "./threat/evaluation.js";
