import type { Dtype } from "../compute/backend.js";
import { plainEpsilon } from "../threat/ball.js";
import { plainBox } from "../threat/box.js";
import type { AttackOutcome, AttackSettings } from "./attack.js";
import { type CertificationSubject, dataRecord, modelRecord } from "./certification-record.js";

/** The JSON of `attack` (`autodual/attack/1`). */
export function attackRecord(
  {
    model,
    dataset,
    ball,
    arithmetic,
  }: Pick<CertificationSubject, "model" | "dataset" | "ball"> & {
    readonly arithmetic: Dtype;
  },
  { steps, restarts, seed }: Omit<AttackSettings, "ball" | "method" | "batch">,
  { about, summary, examples, shown }: AttackOutcome,
) {
  return {
    schema: "autodual/attack/1",
    model: modelRecord(model),
    data: dataRecord(dataset),
    norm: ball.norm,
    epsilon: plainEpsilon(ball.epsilon),
    box: ball.box && plainBox(ball.box),
    about,
    attack: { steps, restarts, seed, arithmetic },
    summary,
    examples,
    ...(shown && { shown }),
  };
}
