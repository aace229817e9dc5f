import * as z from "zod";
import { presentName } from "../../compute/backend-name.js";

/** Where a run's examples came from, so that a resumed run can check that they are the same. */
const dataSchema = z.strictObject({
  /** As `loadDataset` takes it. */
  name: z.string(),
  count: z.int().positive(),
  /** Of one example. */
  shape: z.array(z.int().positive()),
  classes: z.int().positive(),
  /** The first so many examples only; null for all. */
  limit: z.int().positive().nullable(),
  /** Searched first for files of a published data set. */
  dataDir: z.string().nullable(),
  /** Where channels stand in an .npz file, and which column of a table has the labels; absent where it was not said. */
  layout: z.enum(["nchw", "nhwc"]).optional(),
  label: z.string().optional(),
  /** Of data of one's own, where classes have names. */
  classNames: z.array(z.string()).optional(),
  /** Of tables: what the features are called. */
  featureNames: z.array(z.string()).optional(),
  /** Of generated data. */
  seed: z.int(),
  /** Of pixels and labels of all of them, hexadecimal; null where a run of another version did not say. */
  sha256: z.string().nullable().default(null),
  /** Whether the run trains on the examples that its folder lists alone, of which there are `count`. */
  listed: z.boolean().default(false),
  /** The checksum of the test examples that the run is measured on; absent where a run did not say. */
  testSha256: z.string().optional(),
});

/**
 * What is trained, on what, within which ball, by which machine: what is no setting, as it has flags that other commands
 * take as well.
 */
export const SUBJECT_SCHEMAS = {
  data: dataSchema,
  /** The name of an architecture, or the file of a model to begin with. */
  model: z.string(),
  norm: z.enum(["linf", "l2", "l1"]),
  /** What the ℓ∞ ball is cut by. */
  box: z.tuple([z.number(), z.number()]).nullable(),
  seed: z.int(),
  /** `native` or `portable`. */
  backend: z.string().transform(presentName),
  dtype: z.enum(["float32", "float64"]),
};
