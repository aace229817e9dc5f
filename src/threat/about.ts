import * as z from "zod";

const SUBJECTS = ["model", "stage that answers"] as const satisfies readonly About[];

/**
 * Whose answers certificates and errors within a ball are about. `model`: the model's own, so that they bound its error under
 * attack. `stage that answers`, of a cascade: the answers of that stage's network which answers an example as it is (Section
 * 3.3). Who attacks a cascade may also change which stage answers, so that they do not bound the cascade's error under attack.
 */
export type About = "model" | "stage that answers";

/** As JSON has it; files of earlier versions do not say it. */
export const aboutSchema = z.enum(SUBJECTS);

/** What figures of a model of so many stages are about. */
export function aboutOf(stages: number): About {
  return stages > 1 ? "stage that answers" : "model";
}
