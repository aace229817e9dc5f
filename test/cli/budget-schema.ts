import * as z from "zod";

/** What a command was given and took, in the JSON of `certify`, `radius` and `verify`. */
export const budgetSchema = z.strictObject({
  memory: z.number().positive(),
  peakMemory: z.number().positive(),
  peakTensors: z.number().min(0),
  timeout: z.number().positive().nullable(),
  secondsPast: z.number().min(0).nullable(),
});
