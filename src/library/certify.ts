import * as z from "zod";
import type { Against } from "../certify/certify.js";
import type { BoundMethod } from "../dual/dual-options.js";
import { SKETCH_FORMS, type SketchForm } from "../dual/estimator.js";
import { UsageError } from "../errors.js";
import { type GuaranteeClaim, guaranteeInSentences } from "../report/guarantee.js";
import { type WrittenCertificates, writeCertificates } from "../runs/certificates/write-certificates.js";
import { certifyDataset } from "../runs/certification.js";
import type { CertificationSummary } from "../runs/certification-summary.js";
import { batchWithin, estimationOf } from "../runs/estimation.js";
import { checkBallFitsData } from "../runs/example-batches.js";
import { budgetOf } from "../runs/memory.js";
import { arithmeticOfStages, checkEvaluation } from "../runs/models/check-evaluation.js";
import { checkStagesFitData } from "../runs/models/open-model.js";
import { placeStages } from "../runs/models/place-stages.js";
import type { Watch } from "../runs/observer.js";
import type { About } from "../threat/about.js";
import type { Evaluation } from "../threat/evaluation.js";
import type { Guarantee, GuaranteeMix } from "../threat/guarantee.js";
import { type BallOptions, ballOf } from "./ball.js";
import { checkCertificateModels } from "./certificate-models.js";
import { COMMON, checkOptions, EPSILON, NUMBERS, POSITIVE, TEXT } from "./check-options.js";
import { copyOfImages, type ImageOptions, type ImagesLike, imagesFor } from "./images.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { copyOfModel, type ModelLike, openOn } from "./models.js";

/** How `certify` bounds; ε alone must be given. */
export interface CertifyModelOptions extends BallOptions, ImageOptions, MachineOptions, Watch {
  /** Default `parallel`, the paper's. */
  readonly bound?: BoundMethod;
  /**
   * Seconds an image for whatever proves it first: interval bounds, both kinds of lines, slopes optimised for it, branch and bound. 0 leaves
   * it at bounds. Instead of `bound`, without projections.
   */
  readonly each?: number;
  /** The arithmetic in which the model will run, for which proofs hold. Default: that of the model's file. */
  readonly evaluation?: Evaluation;
  /** Whose margins are bounded. Default: those of the model's own prediction. */
  readonly against?: Against;
  /** The projection dimension r. Absent: no projections, so that certificates hold for certain. */
  readonly projections?: number;
  /** Default `joint`. */
  readonly sketch?: SketchForm;
  /** With projections: each certificate holds with probability 1 − δ. Absent: estimates, which certify nothing. */
  readonly delta?: number;
  /** The largest of so many sketches counts. Default 10. */
  readonly sketches?: number;
  /** Of projections. Default 0. */
  readonly seed?: number;
  /** Bytes that bounds may take; work is cut into pieces to fit. */
  readonly memory?: number;
  /** Images at a time. Default 20. */
  readonly batch?: number;
  /** A file for what `checkCertificate` needs to bound every certified example again. Of models from files, without projections. */
  readonly certificate?: string;
}

/** The verdict on one image. */
export interface CertifiedImage {
  readonly index: number;
  /** Null where it is not known. */
  readonly label: number | null;
  /** The model's answer; −1 where its logits are not numbers. */
  readonly prediction: number;
  /** Whether no point of the ball changes the answer. */
  readonly certified: boolean;
  /** The stage of a cascade that answers; 0 of a single model. */
  readonly stage: number;
  /** Lower bounds of z[prediction] − z[j] by class j, 0 at the prediction (with `against: "label"`, of the label). */
  readonly marginLower: readonly number[];
  /** With `each`: what proved it first, null where nothing did. Slopes and branch and bound prove what `marginLower` need not. */
  readonly rung?: string | null;
  /** What its bounds are worth, where not those of all images are worth the same. */
  readonly guarantee?: Guarantee;
}

/** What `certify` found. */
export interface CertifyResult {
  /** Whose answers `certified` and `robustError` are about: of a cascade those of the stage that answers. */
  readonly about: About;
  /** What the bounds are worth. */
  readonly guarantee: Guarantee;
  /** Where not all images' bounds are worth the same: of how many they are worth what. `guarantee` is then the weakest. */
  readonly mix?: GuaranteeMix;
  /** The arithmetic for which certificates hold, beside real arithmetic: their bounds are rounded outward. */
  readonly evaluation: Evaluation;
  readonly examples: readonly CertifiedImage[];
  /** Fractions from 0 to 1 and times; errors are null where labels are not known. */
  readonly summary: Omit<CertificationSummary, "error" | "robustError"> & {
    readonly error: number | null;
    /**
     * No attack within the ball has a larger error. Of a cascade no attack on the stage that answers; an attacker may also
     * change which stage answers, and this does not bound the error of the cascade then.
     */
    readonly robustError: number | null;
  };
  /** What is guaranteed, in a few sentences; null where labels are not known. */
  readonly statement: string | null;
  /** How many certificates the file has, where one was asked for; if there are none, it is not written. */
  readonly written?: WrittenCertificates;
}

/**
 * Certifies images by dual bounds (Corollary 1): whether no point of the ball around an image changes the model's answer. A
 * cascade answers by the first stage that certifies its own answer (Section 3.3). With no more than ε given, the ball is
 * that of ℓ∞ cut by [0, 1] and the certificates are deterministic.
 *
 * Throws an `AutodualError` for what cannot be read or does not fit, and the signal's reason when it aborts.
 * @example
 * const { examples } = await certify("mnist-small-0.1", image, { epsilon: 0.1 });
 * console.log(examples[0].certified);
 */
export async function certify(
  model: ModelLike,
  images: ImagesLike,
  options: CertifyModelOptions,
): Promise<CertifyResult> {
  checkOptions("certify", options, SHAPE);
  const own = copyOfImages(images);
  const kept = copyOfModel(model);
  return onBackend(options, async (backend) => {
    const opened = await openOn(backend, kept, "certify: model");
    const { evaluation = arithmeticOfStages(opened.stages) } = options;
    checkEvaluation("certify: evaluation", options.evaluation, opened.stages);
    const [{ network }] = opened.stages;
    const { dataset, labelled } = await imagesFor("certify", network, own, options);
    checkStagesFitData(opened.stages, dataset);
    const ball = ballOf(options, dataset);
    checkBallFitsData(ball, dataset);
    const estimation = estimationFor(options, opened.stages.length, network);
    const { against = "prediction", bound = "parallel", each, batch = 20, memory } = options;
    if (each !== undefined && (options.bound !== undefined || options.projections !== undefined)) {
      throw new UsageError(
        "certify: each: expected without bound and projections, as it tries every bound itself",
      );
    }
    if (against === "label" && !labelled) {
      throw new UsageError('certify: labels: expected them with against: "label", found none');
    }
    const { certificate } = options;
    if (certificate !== undefined) {
      if (options.projections !== undefined) {
        throw new UsageError("certify: certificate: expected deterministic bounds, found projections");
      }
      checkCertificateModels("certify", opened.stages, evaluation);
    }
    using placed = placeStages(backend, opened.stages);
    const certification = await certifyDataset(
      placed.stages,
      dataset,
      {
        ball,
        method: bound,
        each,
        against,
        estimation,
        rounding: evaluation,
        batch: estimation
          ? batchWithin(estimation, network, backend, batch, memory)
          : batchOf(ball, batch, dataset.count),
        budget: budgetOf(backend, memory),
      },
      options,
    );
    const { about, guarantee, mix, summary, examples } = certification;
    const worth = { guarantee, ...(mix && { mix }) };
    const subject = { stages: opened.stages, dataset, ball, evaluation };
    const written =
      certificate === undefined
        ? {}
        : { written: await writeCertificates(certificate, subject, examples, options) };
    if (!labelled) {
      return {
        ...written,
        about,
        ...worth,
        evaluation,
        examples: examples.map((example) => ({ ...example, label: null })),
        summary: { ...summary, error: null, robustError: null },
        statement: null,
      };
    }
    return { ...written, about, ...worth, evaluation, examples, summary, statement: statementOf() };

    function statementOf(): string | null {
      const { epsilon } = ball;
      if (typeof epsilon !== "number" && "perExample" in epsilon) return null;
      return statementIn(
        {
          ball: { norm: ball.norm, epsilon, box: ball.box ?? null },
          stages: opened.stages.length,
          robustError: summary.robustError,
          ...worth,
          delta: estimation?.tail?.delta ?? null,
          evaluation,
          against,
        },
        examples,
      );
    }
  });
}

function statementIn(
  claim: Omit<GuaranteeClaim, "examples" | "certified" | "right">,
  examples: readonly CertifiedImage[],
): string {
  const certified = examples.filter((example) => example.certified);
  const right = certified.filter(({ prediction, label }) => prediction === label).length;
  return guaranteeInSentences({ ...claim, examples: examples.length, certified: certified.length, right });
}

/** Radii by example are those of one batch. */
function batchOf({ epsilon }: ReturnType<typeof ballOf>, batch: number, count: number): number {
  return typeof epsilon !== "number" && "perExample" in epsilon ? count : batch;
}

function estimationFor(
  { projections, sketch = "joint", delta, sketches = 10, seed = 0 }: CertifyModelOptions,
  stages: number,
  network: Parameters<typeof estimationOf>[1],
) {
  if (projections === undefined) {
    if (delta === undefined) return null;
    throw new UsageError("certify: delta: expected with projections, found without");
  }
  if (stages > 1) {
    throw new UsageError(
      "certify: projections: expected one model, as those of a cascade's stages are not independent",
    );
  }
  const settings = { projections, sketch, sketches, seed, ...(delta !== undefined && { delta }) };
  return estimationOf(settings, network);
}

const SHAPE = {
  ...COMMON,
  epsilon: EPSILON,
  labels: NUMBERS.optional(),
  against: z.enum(["prediction", "label"]).optional(),
  projections: POSITIVE.optional(),
  sketch: z.enum(SKETCH_FORMS).optional(),
  delta: z.number().gt(0).max(0.5).optional(),
  each: z.number().min(0).optional(),
  certificate: TEXT.optional(),
  sketches: POSITIVE.optional(),
};
