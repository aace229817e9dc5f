import * as z from "zod";

/** The version that certificates carry; another one is refused. */
export const CERTIFICATE_SCHEMA = "autodual/certificate/1";

/** The arithmetics in which a network may be run; the room `threat` says what they are. */
const EVALUATIONS = ["float32", "float32-ftz", "float64", "real"] as const;

/** More decisions on one way from the root, or rows in one case, are refused. */
export const MOST_TERMS = 256;

const base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64")
  .refine((text) => text.length % 4 === 0, "expected whole base64");
const whole = z.int().min(0);
const name = z.string().min(1).max(1000);

/** CertificateNumbers in one of three forms: little-endian floating point, or a byte b for b/255. */
const numbers = z.union(
  [
    z.strictObject({ float64: base64 }),
    z.strictObject({ float32: base64 }),
    z.strictObject({ byte: base64 }),
  ],
  "expected { float64 }, { float32 } or { byte }",
);

/** Slopes of an activation's listed neurons, a byte b each for b/255 of its largest slope; `adaptive`: 0 or 1 by the bounds. */
const slopes = z.union([z.literal("adaptive"), base64]);
const lines = z.strictObject({ lower: slopes.optional(), upper: base64.optional() });

/**
 * How pre-activation bounds are found, by activation: whether the listed neurons get a backward row for each side, with
 * lower slopes for each of these rows alone if `rowSlopes` has them; and the lines that all later rows go through.
 */
const plan = z.record(
  name,
  lines.extend({ rows: z.boolean().optional(), rowSlopes: base64.optional() }).strict(),
);

/** By activation, the neurons that all hints are about: a bit each, the lowest bit of a byte first. */
const neurons = z.record(name, base64);

/** The place among the plans of the one that finds a part's bounds; absent: they are found without rows. */
const planned = { plan: whole.optional() };

const leaf = z.strictObject({
  ...planned,
  /** Weights of the case's rows. */
  shares: z.array(z.number().min(0)).max(MOST_TERMS),
  /** One for each decision on the way to this leaf, in their order; absent: all 0. */
  multipliers: z.array(z.number().min(0)).max(MOST_TERMS).optional(),
  lines: z.record(name, lines).optional(),
});

/** A decision: a neuron's input to an activation, or an input of the network (layer `input`), is at most or at least `at`. */
const split = z.strictObject({ ...planned, layer: name, neuron: whole, at: z.number() });

/** A part of the region; those of a tree stand in preorder, after a split its part below and then its part above. */
const treeNode = z.union([leaf, split], "expected a leaf, or a split");

const common = {
  /** SHA-256 of the model's file. */
  model: z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal"),
  evaluation: z.enum(EVALUATIONS),
  neurons,
};

const robust = z.strictObject({
  kind: z.literal("robust"),
  ...common,
  /** The example's number in its data set, and the data set's name. */
  index: whole,
  data: z.string().max(10_000),
  /** The example; absent: it is looked up in the data. */
  input: numbers.optional(),
  norm: z.enum(["linf", "l2", "l1"]),
  epsilon: z.union([z.number().min(0), numbers], "expected a number of at least 0, or one for each feature"),
  box: z
    .union(
      [z.tuple([z.number(), z.number()]), z.strictObject({ lower: numbers, upper: numbers })],
      "expected [lower, upper], or { lower, upper } with a number for each feature",
    )
    .nullable(),
  prediction: whole,
  /** Lower bounds of z_prediction − z_j; 0 at the prediction. */
  margins: z.array(z.number()).min(2),
  plan,
});

const row = z.strictObject({
  terms: z.array(z.tuple([whole, z.number()])).max(1_000_000),
  bound: z.number(),
});

const property = z.strictObject({
  kind: z.literal("property"),
  ...common,
  lower: numbers,
  upper: numbers,
  plans: z.array(plan),
  /** Each: nowhere in the box are all rows Σ c·y ≤ bound met at once. */
  cases: z
    .array(z.strictObject({ rows: z.array(row).max(MOST_TERMS), tree: z.array(treeNode).min(1) }))
    .min(1),
});

/** What a certificate file holds, but for what its claims are. */
export const certificateSchema = z.strictObject({
  schema: z.literal(CERTIFICATE_SCHEMA),
  claims: z.array(z.unknown()).min(1),
});
export const claimSchema = z.discriminatedUnion("kind", [robust, property]);

export type Claim = z.infer<typeof claimSchema>;
/** A certificate file: claims about networks, each with what helps to prove it again. */
export interface Certificate {
  readonly schema: typeof CERTIFICATE_SCHEMA;
  readonly claims: readonly Claim[];
}
/** No point of a ball around an example gets another answer. */
export type RobustClaim = z.infer<typeof robust>;
/** No input of a box gives outputs that meet all rows of some case. */
export type PropertyClaim = z.infer<typeof property>;
export type CertificateCase = PropertyClaim["cases"][number];
export type CertificateRow = z.infer<typeof row>;
export type TreeNode = z.infer<typeof treeNode>;
export type TreeLeaf = z.infer<typeof leaf>;
export type TreeSplit = z.infer<typeof split>;
export type CertificatePlan = z.infer<typeof plan>;
export type CertificateLines = z.infer<typeof lines>;
export type ClaimedEvaluation = (typeof EVALUATIONS)[number];
export type CertificateNumbers = z.infer<typeof numbers>;
