/**
 * autodual: provably robust neural networks.
 *
 * Build a network (`sequential`, `graph`, `architecture`) or load one (`loadModelFile`), put its weights on a backend
 * (`createBackend`, `uploadWeights`), then certify (`certifyBatch`), attack (`attackBatch`) or train (`Trainer`) it.
 * Bounds themselves come from `buildDual` over a `makeBall`; a VNN-LIB property (`readVnnlib`) is answered by `verify`.
 */
export { type AttackOptions, type AttackVerdict, attackBatch } from "./attack/attack.js";
export { Tape, type Variable } from "./autodiff/index.js";
export { attackCascade, type CascadeAttackVerdict } from "./cascade/attack-cascade.js";
export {
  type CascadeBatchVerdict,
  type CascadeVerdict,
  certifyCascade,
  type Stage,
} from "./cascade/certify-cascade.js";
export { certifiedErrors, type Errors, type LabelledBatch } from "./cascade/errors.js";
export { cascadeOf, type LoadedCascade, loadCascade } from "./cascade/folder.js";
export { loadPretrained, pretrainedNames } from "./cascade/pretrained.js";
export { remainingExamples } from "./cascade/remaining.js";
export {
  type Against,
  type BatchVerdict,
  type CertifyOptions,
  certifyBatch,
  type ExampleVerdict,
} from "./certify/certify.js";
export { certifiedRadii, type ExampleRadius, type RadiusOptions } from "./certify/radius.js";
export type { Backend, Dtype, FloatArray, Tensor } from "./compute/backend.js";
export type { Activation } from "./compute/elementwise.js";
export { type BackendName, createBackend } from "./compute/index.js";
export { type Owners, repeatOwners } from "./compute/owners.js";
export { type RandomSource, random } from "./compute/random.js";
export { batches } from "./data/batches.js";
export { type Dataset, type Examples, examples, type Split, subset, take } from "./data/dataset.js";
export { DATASET_NAMES, type LoadOptions, loadDataset } from "./data/load.js";
export { buildDual } from "./dual/auto-dual.js";
export {
  type Ball,
  type BallSpec,
  type Box,
  type Epsilon,
  makeBall,
  type Norm,
  releaseBall,
} from "./dual/ball.js";
export type { Bounds } from "./dual/dual-layer.js";
export { BOUND_METHODS, type BoundMethod, type DualNetwork, type DualOptions } from "./dual/dual-network.js";
export { type Estimator, type Guarantee, SKETCH_FORMS, type SketchForm } from "./dual/estimator.js";
export {
  AutodualError,
  BackendError,
  FormatError,
  ShapeError,
  UnsupportedOperatorError,
  UsageError,
} from "./errors.js";
export { countEstimates } from "./estimators/count.js";
export { type GeometricMeanSettings, geometricMeanEstimator } from "./estimators/geometric-mean.js";
export { type MedianSettings, medianEstimator } from "./estimators/median.js";
export { dimensionFor, type TailBound, tailBound } from "./estimators/tail.js";
export { type TrainingProjections, trainingEstimator } from "./estimators/training.js";
export { decodeModel, encodeModel, type LoadedModel, loadModelFile } from "./formats/model-file.js";
export { loadModelFolder } from "./formats/model-folder.js";
export { type ExportOptions, exportOnnx } from "./formats/onnx/export/export.js";
export { importCheckedOnnx as importOnnx } from "./formats/onnx/import.js";
export { parseVnnlib } from "./formats/vnnlib/parse.js";
export type { InputBox, OutputConstraint, Property, PropertyCase } from "./formats/vnnlib/property.js";
export { readVnnlib } from "./formats/vnnlib/read.js";
export { formatCounterexample, formatVnnlib } from "./formats/vnnlib/write.js";
export { ARCHITECTURES, type ArchitectureOptions, architecture } from "./network/architectures.js";
export {
  add,
  averagePool,
  batchNorm,
  concat,
  conv2d,
  convTranspose2d,
  flatten,
  hardtanh,
  identity,
  leakyRelu,
  linear,
  maxPool,
  normalize,
  pad,
  permute,
  relu,
  reshape,
  scaleShift,
  sigmoid,
  take as takeAlong,
  tanh,
} from "./network/build-layer.js";
export { forward } from "./network/forward.js";
export type { Layer, LayerKind } from "./network/layer.js";
export { type Attach, graph, type Handle, Network, sequential } from "./network/network.js";
export type { Shape } from "./network/shape.js";
export {
  type Bindings,
  downloadWeights,
  fixedBindings,
  initialWeights,
  type Model,
  type Parameters,
  releaseParameters,
  trainedBindings,
  uploadWeights,
  type Weights,
} from "./network/weights.js";
export type { EpochRow, TrainConfig } from "./train/config.js";
export { mixedLoss, robustLoss, standardLoss } from "./train/loss.js";
export { configOf, TRAIN_SETTINGS, type TrainSettings, trainSettings } from "./train/settings.js";
export { type BatchSource, Trainer, type TrainingEvent, type TrainingState } from "./train/trainer.js";
export { robustness } from "./verify/robustness.js";
export { type Subject, subjectOf } from "./verify/subject.js";
export { type CaseVerdict, type Verdict, type VerifyOptions, verify } from "./verify/verify.js";
