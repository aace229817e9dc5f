import * as z from "zod";
import { LINE_METHODS, type LineMethod } from "../../dual/dual-options.js";
import { SKETCH_FORMS, type SketchForm } from "../../dual/estimator.js";
import { MOST_PROJECTIONS, type TrainingProjections } from "../../estimators/training.js";
import { hears, type LossName } from "../losses/index.js";
import { setting } from "./setting.js";

/** The part of a configuration that says how bounds are made in training. */
export interface BoundsConfig {
  readonly loss: LossName;
  readonly bound: LineMethod;
  readonly projections: TrainingProjections;
  readonly sketch: SketchForm;
}

/** The method of bounds. */
export const BOUND = {
  bound: setting({
    schema: z.enum(LINE_METHODS),
    flags: {
      bound: {
        argument: "<method>",
        help: "of dual and crown-ibp: parallel (the paper's lines) or adaptive (usually tighter)",
        kind: { type: "choice", choices: LINE_METHODS },
        byDefault: "parallel",
      },
    },
    value: ({ bound = "parallel" }) => bound,
    again: ({ bound }: { bound: LineMethod }) => ({ bound: bound === "parallel" ? undefined : bound }),
    row: {
      name: "bounds in training",
      words: ({ loss, bound, projections, sketch }: BoundsConfig) => {
        if (!hears(loss, "bound")) return "intervals";
        if (!hears(loss, "projections")) return `${bound}, between intervals`;
        return `${bound}, ${projectionsInWords(projections, sketch)}`;
      },
    },
  }),
};

/** Whether bounds are deterministic or estimated, and how. Their words stand with the method's. */
export const PROJECTIONS = {
  projections: setting({
    schema: z.union([z.literal("exact"), z.literal("auto"), z.int().positive()]),
    flags: {
      projections: {
        argument: "<r>",
        help:
          "exact, for deterministic bounds; the dimension of random projections, wherever a layer is wider than that; or " +
          "auto, where they cost less than deterministic bounds (default: the settings')",
        kind: {
          type: "whole number",
          range: { min: 1, max: MOST_PROJECTIONS },
          words: ["exact", "auto"],
          example: "50",
        },
      },
    },
    value: ({ projections }, { named, loss }) =>
      projections ?? (hears(loss, "projections") ? named.projections : "exact"),
    again: ({ projections }: { projections: TrainingProjections }) => ({ projections }),
  }),
  sketch: setting({
    schema: z.enum(SKETCH_FORMS).default("joint"),
    flags: {
      sketch: {
        argument: "<form>",
        help: "joint (one stream, one estimate) or per-term (the paper's: a sum of estimates)",
        kind: { type: "choice", choices: SKETCH_FORMS },
        byDefault: "joint",
      },
    },
    value: ({ sketch = "joint" }) => sketch,
    again: ({ sketch }: { sketch: SketchForm }) => ({ sketch: sketch === "joint" ? undefined : sketch }),
  }),
};

function projectionsInWords(projections: TrainingProjections, sketch: SketchForm): string {
  if (projections === "exact") return "exact";
  return `${projections === "auto" ? "random projections where cheaper" : `r = ${projections} random projections`}, ${sketch}`;
}
