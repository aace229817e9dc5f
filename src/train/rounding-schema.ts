import * as z from "zod";
import { EVALUATIONS } from "../threat/evaluation.js";

/** What a run's record says of rounding in an evaluation: bounds that hold for an arithmetic, outward; or it was left out. */
export const roundingSchema = z.strictObject({
  evaluation: z.enum(EVALUATIONS).nullable(),
  rounding: z.enum(["outward", "none"]),
});
