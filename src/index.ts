/// <reference lib="esnext.disposable" preserve="true" />

/**
 * autodual: provably robust neural networks.
 *
 * One call each: {@link certify} images by a model, {@link attack} them, find the certified {@link radius} of each,
 * bound the {@link drift} between machines, {@link verify} a VNN-LIB property, {@link checkCertificate} by a checker of its own,
 * {@link train} a model or a cascade ({@link resumeTraining} where it was stopped), write the {@link report} of a run, or begin
 * with a {@link quickstart}. A model is the path of a file or run folder, the name of a model of the package, or a network with
 * its weights; build one by {@link sequential}, {@link graph} or {@link architecture}.
 *
 * - ε, radii and boxes are in the units of the data; pixels of images lie in [0, 1].
 * - A mistake of the caller is an {@link AutodualError}, told in one line, from TypeScript and from plain JavaScript alike.
 * - Long calls take a `signal`, whose reason they reject with when it aborts, and an `observer` of their progress. A training
 *   does not reject: it is interrupted, and can go on. Nor does {@link verify}: what is open by then is `unknown`.
 * - Theorems, algorithms, equations and sections are those of Wong, Schmidt, Metzen and Kolter, "Scaling provable adversarial
 *   defenses" (2018, arXiv 1805.12514), unless another source is named; letters are the paper's.
 *
 * Tensors, tapes, dual networks and batches are exported by `autodual/internals`.
 *
 * @packageDocumentation
 */
export type { Activation, ActivationKind } from "./activations/index.js";
export type {
  JointVectorJacobianProduct,
  Tape,
  Variable,
  VectorJacobianProduct,
} from "./autodiff/index.js";
export * as operations from "./autodiff/operations.js";
export type { LoadedCascade } from "./cascade/folder.js";
export { loadPretrained, pretrainedNames } from "./cascade/pretrained.js";
export type { Against } from "./certify/certify.js";
export type * from "./compute/backend.js";
export type { CropWindow } from "./compute/crop-window.js";
export type { Stop } from "./compute/deadline.js";
export type { Elementwise } from "./compute/elementwise.js";
export type { Conv2dGeometry } from "./compute/geometry.js";
export { type BackendName, type BackendOptions, createBackend } from "./compute/index.js";
export type { Noise } from "./compute/noise.js";
export type { Owners } from "./compute/owners.js";
export { type Dataset, type Examples, examples, type Split, take } from "./data/dataset.js";
export { type LoadOptions, loadDataset } from "./data/load.js";
export type { DataLayout, ReadingInTime, ReadingOptions } from "./data/reading.js";
export type { RoundedEvaluation } from "./drift/bound.js";
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
  type ParallelDual,
  type Patch,
  type Roundings,
  type TwoLineDual,
  type Viewers,
  type Want,
} from "./dual/dual-layer.js";
export type { BoundMethod, LineMethod } from "./dual/dual-options.js";
export type { SketchForm } from "./dual/estimator.js";
export { type EnclosingLines, parallelDual } from "./dual/parallel-dual.js";
export {
  AutodualError,
  BackendError,
  FormatError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedOperatorError,
  UsageError,
} from "./errors.js";
export type { TrainingProjections } from "./estimators/training.js";
export { type DescribedModel, encodeModel, type LoadedModel, loadModelFile } from "./formats/model-file.js";
export { type ExportOptions, exportOnnx } from "./formats/onnx/export/export.js";
export type { LeftOut } from "./formats/onnx/imported-model.js";
export { parseVnnlib } from "./formats/vnnlib/parse.js";
export type {
  InputBox,
  InputTerm,
  OutputConstraint,
  Property,
  PropertyCase,
} from "./formats/vnnlib/property.js";
export { formatVnnlib } from "./formats/vnnlib/write.js";
export { type AttackModelOptions, attack } from "./library/attack.js";
export type { BallOptions } from "./library/ball.js";
export {
  type CertifiedImage,
  type CertifyModelOptions,
  type CertifyResult,
  certify,
} from "./library/certify.js";
export {
  type CheckCertificateOptions,
  type CheckedCertificate,
  checkCertificate,
} from "./library/check-certificate.js";
export { type DriftModelOptions, type DriftResult, drift, type ImageDrift } from "./library/drift.js";
export type { ListedImageOptions, ListedImages } from "./library/image-list.js";
export type { ImageOptions, ImagesLike } from "./library/images.js";
export type { MachineOptions } from "./library/machine.js";
export type { ModelLike } from "./library/models.js";
export { type QuickstartOptions, type QuickstartResult, quickstart } from "./library/quickstart.js";
export { type ImageRadius, type RadiusModelOptions, radius } from "./library/radius.js";
export { readRun, report } from "./library/report.js";
export {
  type ResumeOptions,
  resumeTraining,
  type TrainOptions,
  type TrainResult,
  train,
} from "./library/train.js";
export { type VerifyModelOptions, type VerifyResult, verify } from "./library/verify.js";
export { type ArchitectureOptions, architecture } from "./network/architectures.js";
export * from "./network/build-layer.js";
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
export { initialWeights, type Model, type Weights } from "./network/weights.js";
export type {
  Attacked,
  BallPictures,
  Curve,
  Epoch,
  LayerPlanPart,
  LayerRow,
  Measured,
  Part,
  Picture,
  Radii,
  RecordedVerdict,
  RunRecord,
  ShownAttack,
  StageRow,
} from "./report/page/run-record.js";
export type { BallInWords } from "./report/wording.js";
export type { AttackedExample, AttackedInput, AttackOutcome } from "./runs/attack.js";
export type { CertificateFault } from "./runs/certificates/check-claims.js";
export type {
  ClaimedBoxByFeature,
  ClaimedExamples,
  ClaimedGroup,
  ClaimedProperty,
  ClaimedRange,
} from "./runs/certificates/claimed.js";
export type { CertificateRequirements } from "./runs/certificates/requirements.js";
export type { WrittenCertificates } from "./runs/certificates/write-certificates.js";
export type { WrittenProperty } from "./runs/certificates/write-property.js";
export type { Certification, CertificationSummary, CertifiedExample } from "./runs/certification-summary.js";
export type { DriftRow, LogitDrift } from "./runs/drift.js";
export type { Figures, Observer, RunEvent, Watch, Work, WorkName, WorkObserver } from "./runs/observer.js";
export type { RunData } from "./runs/training/run-data.js";
export type { About } from "./threat/about.js";
export type { Epsilon, EpsilonByFeature, Norm } from "./threat/ball.js";
export type { Box, BoxByFeature } from "./threat/box.js";
export { EVALUATIONS, type Evaluation } from "./threat/evaluation.js";
export type { Guarantee, GuaranteeMix } from "./threat/guarantee.js";
export type { CascadeRun } from "./train/cascade-run.js";
export type { EpochRow, TestRow, TrainConfig } from "./train/config.js";
export type { TrainingAttack } from "./train/losses/attacked-point.js";
export type { OptimizerSettings } from "./train/optimizer.js";
export { type Run, RunFolder } from "./train/run-folder.js";
export type { RampShape, WeightRange } from "./train/schedule.js";
export type { TrainOverrides } from "./train/settings/index.js";
export { TRAIN_SETTINGS, type TrainSettings } from "./train/settings/named.js";
export { type Neighbourhood, robustness } from "./verify/robustness.js";
export type { CaseVerdict, Step as VerifyStep, Verdict } from "./verify/verdict.js";
export type { SplitChoice, VerifyProgress } from "./verify/verify-options.js";
