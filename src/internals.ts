/// <reference lib="esnext.disposable" preserve="true" />

/**
 * What autodual is made of: tensors, tapes, dual networks, batches, runs. The calls that most programs need are exported by
 * `autodual` itself; what stands here may change from version to version.
 *
 * Build a network ({@link sequential}, {@link graph}, {@link architecture}) or load one ({@link loadModelFile}), put its
 * weights on a backend ({@link createBackend}, {@link uploadWeights}), then certify ({@link certifyBatch}), attack
 * ({@link attackBatch}) or train ({@link Trainer}) it. Bounds themselves come from {@link buildDual} over a
 * {@link makeBall}; a VNN-LIB property ({@link readVnnlib}) is answered by {@link verify}.
 *
 * - Batches are feature-major, `[features, examples]`: feature f of example b stands at f · examples + b. Images are
 *   channel-major along features.
 * - ε, radii and boxes are in the units of the data; pixels of images lie in [0, 1].
 * - Theorems, algorithms, equations and sections are those of Wong, Schmidt, Metzen and Kolter, "Scaling provable adversarial
 *   defenses" (2018, arXiv 1805.12514), unless another source is named; letters are the paper's.
 * - A mistake of the caller is an {@link AutodualError}, told in one line. Tensors that do not fit an operation are a
 *   {@link ShapeError}; one that was released, or that another backend made, is a {@link BackendError}.
 * - Tensors are released explicitly, by `using`, `dispose`, the {@link Tape} that made them, {@link releaseBall} or
 *   {@link releaseParameters}.
 *
 * @packageDocumentation
 */

export type { Activation, ActivationKind } from "./activations/index.js";
export { type AttackOptions, type AttackVerdict, attackBatch } from "./attack/attack.js";
export {
  type JointVectorJacobianProduct,
  Tape,
  type Variable,
  type VectorJacobianProduct,
} from "./autodiff/index.js";
export * as operations from "./autodiff/operations.js";
export {
  attackCascade,
  type CascadeAttackOptions,
  type CascadeAttackVerdict,
} from "./cascade/attack-cascade.js";
export {
  type CascadeBatchVerdict,
  type CascadeVerdict,
  type CertifyStage,
  certifyCascade,
} from "./cascade/certify-cascade.js";
export {
  type CertifiedCounts,
  certifiedCounts,
  certifiedErrors,
  type Errors,
  errorsOf,
} from "./cascade/errors.js";
export { cascadeOf, type LoadedCascade, loadCascade } from "./cascade/folder.js";
export { loadPretrained, pretrainedNames } from "./cascade/pretrained.js";
export { remainingExamples } from "./cascade/remaining.js";
export { type SwitchingOptions, switchCascade } from "./cascade/switching-attack.js";
export {
  type Against,
  type BatchVerdict,
  type CertifyOptions,
  certifyBatch,
  type ExampleVerdict,
} from "./certify/certify.js";
export { certifiedRadii, type ExampleRadius, type RadiusOptions } from "./certify/radius.js";
export type {
  AdamSettings,
  Backend,
  BackwardEnd,
  BackwardStart,
  BackwardStep,
  CentredBox,
  Dtype,
  FloatArray,
  MemoryUse,
  NormOrder,
  ParallelLines,
  Reading,
  Sight,
  Tensor,
  TwoLines,
  Weighted,
} from "./compute/backend.js";
export { Budget } from "./compute/budget.js";
export type { CropWindow } from "./compute/crop-window.js";
export { Deadline, type Stop } from "./compute/deadline.js";
export type { Elementwise } from "./compute/elementwise.js";
export type { Conv2dGeometry } from "./compute/geometry.js";
export { type BackendName, type BackendOptions, createBackend } from "./compute/index.js";
export type { Noise } from "./compute/noise.js";
export { type Owners, repeatOwners } from "./compute/owners.js";
export { type RandomSource, random } from "./compute/random.js";
export type { Augmentation } from "./data/augment.js";
export { type BatchOptions, batches, type DrawnBatch } from "./data/batches.js";
export { type Dataset, type Examples, examples, type Split, subset, take } from "./data/dataset.js";
export { DATASET_NAMES, type LoadOptions, loadDataset } from "./data/load.js";
export type { DataLayout, ReadingInTime, ReadingOptions } from "./data/reading.js";
export { ALONE, type Communicator } from "./distributed/communicator.js";
export type { Share } from "./distributed/share.js";
export { Team } from "./distributed/team.js";
export {
  boundDrift,
  type DriftBound,
  type DriftOptions,
  type RoundedEvaluation,
} from "./drift/bound.js";
export { FloatModel } from "./drift/evaluate.js";
export { FLOAT32, FLOAT64, type FloatFormat } from "./drift/float-format.js";
export { observeDrift } from "./drift/observe.js";
export { type Order, type SummationWay, waysOf } from "./drift/summation.js";
export { buildDual } from "./dual/auto-dual.js";
export type { ObjectiveRows } from "./dual/bound-in-pieces.js";
export type { Way as BoundWay } from "./dual/bounders/bounder.js";
export { defineLayer, type LayerSpecification } from "./dual/define-layer.js";
export {
  type AffineDual,
  type AffineRule,
  type BackStep,
  type Bounds,
  type Collected,
  type Coupling,
  type CroppedLayer,
  type DualLayer,
  type DualRule,
  type EnclosedRule,
  type FeaturePart,
  type Intermediates,
  NeuronState,
  type NodeBounds,
  type ParallelDual,
  type Patch,
  type Roundings,
  type TwoLineDual,
  type Viewers,
  type Want,
} from "./dual/dual-layer.js";
export type { DualNetwork } from "./dual/dual-network.js";
export {
  BOUND_METHODS,
  type BoundMethod,
  type DualOptions,
  LINE_METHODS,
  type LineMethod,
} from "./dual/dual-options.js";
export { type Estimator, SKETCH_FORMS, type SketchForm } from "./dual/estimator.js";
export { type IntervalMargins, IntervalNetwork } from "./dual/interval-network.js";
export type { Margin } from "./dual/margin.js";
export type { IsHopeless, SettledMargins } from "./dual/open-margins.js";
export { type EnclosingLines, parallelDual } from "./dual/parallel-dual.js";
export type { LayerReport } from "./dual/planner.js";
export {
  AutodualError,
  BackendError,
  FormatError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedOperatorError,
  UsageError,
} from "./errors.js";
export { countEstimates } from "./estimators/count.js";
export { type GeometricMeanSettings, geometricMeanEstimator } from "./estimators/geometric-mean.js";
export { type MedianSettings, medianEstimator } from "./estimators/median.js";
export { dimensionFor, type TailBound, tailBound } from "./estimators/tail.js";
export { type TrainingProjections, trainingEstimator } from "./estimators/training.js";
export {
  type ConfiguredNetwork,
  type DescribedModel,
  decodeModel,
  encodeModel,
  type LoadedModel,
  loadModelFile,
} from "./formats/model-file.js";
export { loadModelFolder } from "./formats/model-folder.js";
export { type ExportOptions, exportOnnx } from "./formats/onnx/export/export.js";
export { importCheckedOnnx as importOnnx } from "./formats/onnx/import-checked.js";
export type { ImportedModel, LeftOut } from "./formats/onnx/imported-model.js";
export { parseVnnlib } from "./formats/vnnlib/parse.js";
export type {
  InputBox,
  InputTerm,
  OutputConstraint,
  Property,
  PropertyCase,
} from "./formats/vnnlib/property.js";
export { readVnnlib } from "./formats/vnnlib/read.js";
export { formatCounterexample, formatVnnlib } from "./formats/vnnlib/write.js";
export { ARCHITECTURES, type ArchitectureOptions, architecture } from "./network/architectures.js";
export * from "./network/build-layer.js";
export { type ForwardPass, forward } from "./network/forward.js";
export type { Initialization, LayerContext, ParameterSpec } from "./network/layers/definition.js";
export { take as takeAlong } from "./network/layers/rearrangement.js";
export {
  type Attach,
  graph,
  type Handle,
  type InputNode,
  Network,
  type NetworkNode,
  type NetworkParameter,
  sequential,
} from "./network/network.js";
export type { Shape } from "./network/shape.js";
export { type Subject, subjectOf } from "./network/subject.js";
export {
  type Bindings,
  downloadWeights,
  fixedBindings,
  initialWeights,
  type Model,
  type Parameters,
  type PlacedNetwork,
  releaseParameters,
  trainedBindings,
  uploadWeights,
  type Weights,
} from "./network/weights.js";
export type { About } from "./threat/about.js";
export {
  type Ball,
  type BallSpec,
  type Epsilon,
  type EpsilonByFeature,
  makeBall,
  type Norm,
  type RadiusRounding,
  releaseBall,
} from "./threat/ball.js";
export type { Batch, LabelledBatch } from "./threat/batch.js";
export type { Box, BoxByFeature } from "./threat/box.js";
export { EVALUATIONS, type Evaluation } from "./threat/evaluation.js";
export type { Guarantee, GuaranteeMix } from "./threat/guarantee.js";
export type { EpochRow, TestRow, TrainConfig } from "./train/config.js";
export type { EpochSums } from "./train/epoch-sums.js";
export type { TrainingAttack } from "./train/losses/attacked-point.js";
export { robustLoss, standardLoss } from "./train/losses/cross-entropy.js";
export { mixedLoss } from "./train/losses/mixed.js";
export type { OptimizerSettings, OptimizerSlots, OptimizerState } from "./train/optimizer.js";
export type { RampShape, WeightRange } from "./train/schedule.js";
export { configOf, type TrainSubject } from "./train/settings/config-of.js";
export type { TrainOverrides } from "./train/settings/index.js";
export { TRAIN_SETTINGS, type TrainSettings, trainSettings } from "./train/settings/named.js";
export { Trainer } from "./train/trainer.js";
export type { BatchSource, TrainingEvent, TrainingState } from "./train/training-state.js";
export type { AverageState } from "./train/weight-average.js";
export {
  type CaseProof,
  ProofPart,
  type RecordedCrossing,
  type RecordedLeaf,
  type RecordedSlopes,
  type SplitPlace,
  type SplitSides,
} from "./verify/proof.js";
export type { InputSet, OutputCase } from "./verify/question.js";
export type { JudgedRows } from "./verify/relations.js";
export { type Neighbourhood, robustness } from "./verify/robustness.js";
export type { SearchProgress } from "./verify/split-neurons.js";
export type { TightenRecord } from "./verify/tighten-box.js";
export type { CaseVerdict, Step as VerifyStep, Verdict } from "./verify/verdict.js";
export { verify } from "./verify/verify.js";
export type { SplitChoice, VerifyOptions, VerifyProgress } from "./verify/verify-options.js";
