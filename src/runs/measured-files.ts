import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { BOUND_METHODS } from "../dual/dual-options.js";
import { FormatError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";
import { LARGEST_TEXT, readFileOrExplain } from "../formats/read-file.js";
import { aboutOf, aboutSchema } from "../threat/about.js";
import { EVALUATIONS } from "../threat/evaluation.js";
import { guaranteeSchema, mixSchema } from "../threat/guarantee.js";
import { provesAllMargins } from "../threat/verdict.js";
import { RUNGS } from "../verify/rungs.js";

/**
 * What is measured of a run beside its record, each file as the command of that name writes it with `--json`: so any of
 * them can be measured again, or later.
 */
export const MEASURED_FILES = {
  certification: "certification.json",
  attack: "attack.json",
  radius: "radius.json",
  layers: "layers.json",
} as const;

export const REPORT_FILE = "report.html";
/** The model card beside the page. */
export const CARD_FILE = "model-card.md";

const fraction = z.number().min(0).max(1);
const count = z.int().min(0);
/** What all of them say of their subject. */
const subject = {
  model: z.object({ path: z.string(), sha256: z.string(), stages: z.int().positive().optional() }),
  data: z.object({ name: z.string(), split: z.string(), count: z.int().positive() }),
  norm: z.enum(["linf", "l2", "l1"]),
  box: z
    .union([
      z
        .tuple([z.number(), z.number()])
        .refine(([lower, upper]) => lower <= upper, "expected a lower bound before the upper one"),
      z.object({ lower: z.array(z.number()).min(1), upper: z.array(z.number()).min(1) }),
    ])
    .nullable(),
  /** Absent in files of earlier versions. */
  about: aboutSchema.optional(),
};

const layerSchema = z.object({
  name: z.string(),
  ways: z.record(z.string(), z.number()),
  neurons: z.number(),
  open: z.number(),
  rows: z.number(),
  multiplyAdds: z.number(),
  milliseconds: z.number(),
});

const certificationSchema = z.object({
  schema: z.literal("autodual/certification/1"),
  ...subject,
  epsilon: z.union([z.number().min(0), z.object({ perFeature: z.array(z.number().min(0)).min(1) })]),
  bound: z.object({
    method: z.string(),
    arithmetic: z.string(),
    guarantee: guaranteeSchema,
    delta: z.number().nullable(),
    /** Where several ways were tried. */
    secondsEach: z.number().optional(),
    mix: z.object({ examples: mixSchema }).optional(),
    // Other versions did not count rounding.
    evaluation: z.enum(EVALUATIONS).nullable().default(null),
  }),
  summary: z.object({
    error: fraction,
    robustError: fraction,
    certified: fraction,
    estimatedRobustError: fraction.optional(),
    seconds: z.number(),
  }),
  examples: z
    .array(
      z.object({
        index: count,
        label: count,
        prediction: z.int().min(-1),
        certified: z.boolean(),
        stage: count,
        marginLower: z.array(z.number().nullable()).min(1),
        guarantee: guaranteeSchema.optional(),
        /** Where several ways were tried, which proved it first. */
        rung: z.string().nullable().optional(),
      }),
    )
    .min(1),
  layers: z.array(layerSchema).optional(),
});

const attackSchema = z.object({
  schema: z.literal("autodual/attack/1"),
  ...subject,
  epsilon: z.union([z.number().min(0), z.object({ perFeature: z.array(z.number().min(0)).min(1) })]),
  attack: z.object({ steps: z.int(), restarts: z.int(), seed: z.int() }),
  summary: z.object({
    error: fraction,
    fgsmError: fraction,
    pgdError: fraction,
    switchingError: fraction.optional(),
    seconds: z.number(),
  }),
  /** An attacked input; absent in files of earlier versions. */
  shown: z
    .object({ index: count, label: count, prediction: z.int().min(-1), x: z.array(z.number()).min(1) })
    .optional(),
});

const radiusSchema = z.object({
  schema: z.literal("autodual/radius/1"),
  ...subject,
  most: z.number(),
  tolerance: z.number(),
  examples: z
    .array(z.object({ index: count, label: count, prediction: z.int().min(-1), radius: z.number().min(0) }))
    .min(1),
});

const layersSchema = z.object({
  schema: z.literal("autodual/layers/1"),
  model: subject.model,
  /** Of a cascade the stage that was bounded, from 1. */
  stage: z.int().positive().nullable(),
  examples: z.int().positive(),
  layers: z.array(layerSchema).min(1),
});

const SCHEMAS = {
  certification: certificationSchema,
  attack: attackSchema,
  radius: radiusSchema,
  layers: layersSchema,
} as const;

type MeasuredName = keyof typeof SCHEMAS;
export type MeasuredFile<N extends MeasuredName> = z.infer<(typeof SCHEMAS)[N]>;

/** One of the files of a run; null where it is not there. A `FormatError` for one that is damaged or something else. */
export async function readMeasured<N extends MeasuredName>(
  folder: string,
  name: N,
): Promise<MeasuredFile<N> | null> {
  const path = join(folder, MEASURED_FILES[name]);
  if (!existsSync(path)) return null;
  const text = new TextDecoder().decode(await readFileOrExplain(path, { largest: LARGEST_TEXT }));
  return checkMeasured(parseJson(text, path, "expected JSON, found a damaged file"), name, path);
}

/**
 * Data that should be those of a file. A `FormatError` that names the first place where they are not, or verdicts that
 * claim more than their bounds prove.
 */
export function checkMeasured<N extends MeasuredName>(json: unknown, name: N, path: string): MeasuredFile<N> {
  const parsed = SCHEMAS[name].safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${path}: ${issue.path.join(".") || name}: ${issue.message}; was it written by this version?`,
    );
  }
  checkAbout(parsed.data, path);
  if (name === "certification") checkVerdicts(parsed.data as MeasuredFile<"certification">, path);
  return parsed.data as MeasuredFile<N>;
}

/** Figures of a cascade are never taken for those of a model. */
function checkAbout(file: MeasuredFile<MeasuredName>, path: string): void {
  if (!("about" in file) || file.about === undefined) return;
  const expected = aboutOf(file.model.stages ?? 1);
  if (file.about === expected) return;
  throw new FormatError(
    `${path}: about: expected "${expected}" of a model of its stages, found "${file.about}"; the file is damaged or was changed`,
  );
}

function checkVerdicts(
  { data, bound, summary, examples }: MeasuredFile<"certification">,
  path: string,
): void {
  const fault = (what: string): never => {
    throw new FormatError(`${path}: ${what}; the file is damaged or was changed`);
  };
  if (examples.length !== data.count) {
    fault(`expected verdicts of ${data.count} examples, found ${examples.length}`);
  }
  const classes = examples[0].marginLower.length;
  let right = 0;
  for (const example of examples) {
    const { index, label, prediction, certified, marginLower, guarantee = bound.guarantee, rung } = example;
    const where = `example ${index}`;
    if (marginLower.length !== classes)
      fault(`${where}: expected ${classes} margins, found ${marginLower.length}`);
    if (label >= classes || prediction >= classes) fault(`${where}: expected classes below ${classes}`);
    if (certified && prediction === label) right += 1;
    if (!certified) continue;
    if (prediction < 0) fault(`${where}: expected no certificate without an answer, found one`);
    if (guarantee === "estimate") fault(`${where}: expected no certificate by estimates, found one`);
    if (guarantee === "probability" && bound.delta === null) {
      fault(`${where}: expected a delta of a certificate that holds with a probability, found none`);
    }
    checkRung(rung, bound, (what) => fault(`${where}: ${what}`));
    // What slopes, or branch and bound, proved of one example by itself is no bound of a batch.
    const isByItself = rung != null && !(BOUND_METHODS as readonly string[]).includes(rung);
    if (!isByItself && !provesAllMargins({ reference: prediction, marginLower })) {
      fault(`${where}: expected margins above 0 of a certified answer, found ${marginLower.join(", ")}`);
    }
  }
  if (Math.abs(1 - right / examples.length - summary.robustError) > 1e-9) {
    fault(
      `expected the robust error of its verdicts, ${1 - right / examples.length}, found ${summary.robustError}`,
    );
  }
}

/** What proved a certificate is one of the ways that there are, and is told where several were tried. */
function checkRung(
  rung: string | null | undefined,
  { secondsEach }: { readonly secondsEach?: number | undefined },
  fault: (what: string) => never,
): void {
  if (rung == null) return;
  if (secondsEach === undefined) fault(`expected no rung without seconds for each example, found "${rung}"`);
  if (!(RUNGS as readonly string[]).includes(rung))
    fault(`expected a rung of ${RUNGS.join(", ")}, found "${rung}"`);
}
