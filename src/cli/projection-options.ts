import type { Command } from "commander";
import type { BoundMethod } from "../dual/dual-options.js";
import { SKETCH_FORMS, type SketchForm } from "../dual/estimator.js";
import { UsageError } from "../errors.js";
import { MOST_PROJECTIONS, type TrainingProjections } from "../estimators/training.js";
import { numberIn, oneOf, wholeNumber, wholeNumberOr } from "./arguments.js";

/** How bounds are estimated, as flags. */
export interface ProjectionFlags<P extends TrainingProjections = TrainingProjections> {
  readonly projections: P;
  readonly sketch: SketchForm;
}

export function addSketchOption(command: Command): Command {
  return command.option(
    "--sketch <form>",
    "joint (one stream, one estimate) or per-term (the paper's: a sum of estimates)",
    oneOf<SketchForm>("--sketch", SKETCH_FORMS),
    "joint",
  );
}

const DIMENSIONS = { min: 1, max: MOST_PROJECTIONS };

export const parseProjections: (text: string) => TrainingProjections = wholeNumberOr(
  "--projections",
  ["exact", "auto"],
  DIMENSIONS,
  "50",
);

/** Projections that may be made into certificates. */
export interface CertificateFlags extends ProjectionFlags<number | "exact"> {
  readonly delta?: number;
  readonly sketches: number;
}

/** Without a value a user is told what δ means. */
export function addCertificateOptions(command: Command): Command {
  return addSketchOption(
    command.option(
      "--projections <r>",
      "exact, for deterministic bounds, or the dimension of random projections, wherever a layer is wider than that",
      wholeNumberOr("--projections", ["exact"], DIMENSIONS, "50"),
      "exact",
    ),
  )
    .option(
      "--delta <d>",
      "with --projections: certificates that hold with probability 1 - d each, such as 0.01",
      numberIn("--delta", { above: 0, max: 0.5 }, "0.01"),
    )
    .option(
      "--sketches <m>",
      "with --delta: independent sketches, of which the largest estimate counts",
      wholeNumber("--sketches", { min: 1, max: 1000 }),
      10,
    );
}

/** Throws a `UsageError` for projections with a bound, or a norm, that they do not estimate. */
export function checkProjectionFlags(flags: {
  readonly projections: TrainingProjections;
  readonly bound: BoundMethod;
  readonly norm: string;
  readonly delta?: number;
}): void {
  const { projections, bound, norm, delta } = flags;
  if (projections === "exact") {
    if (delta === undefined) return;
    throw new UsageError(
      "--delta: expected --projections beside it, such as --projections 200, as deterministic bounds leave nothing to chance",
    );
  }
  if (bound !== "parallel") {
    throw new UsageError(
      `--projections: expected --bound parallel, whose radii projections estimate, found --bound ${bound}`,
    );
  }
  if (norm === "l1") {
    throw new UsageError(
      "--projections: expected --norm linf or l2, as no projection estimates the l1 ball's dual norm, found l1",
    );
  }
  if (norm !== "linf" && delta !== undefined) {
    throw new UsageError(
      `--delta: expected --norm linf, as the tail bound is one of Cauchy projections, found ${norm}`,
    );
  }
}
