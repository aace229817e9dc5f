import type { Dtype } from "../compute/backend.js";
import type { About } from "../threat/about.js";
import { plainEpsilon } from "../threat/ball.js";
import { plainBox } from "../threat/box.js";
import type { AttackOutcome, AttackSettings } from "./attack.js";
import { type CertificationSubject, dataRecord, modelRecord } from "./certification-record.js";

/** What an attack was of. */
export type AttackSubject = Pick<CertificationSubject, "model" | "dataset" | "ball"> & {
  readonly arithmetic: Dtype;
};

/** The JSON of `attack` (`autodual/attack/1`). */
export function attackRecord(
  subject: AttackSubject,
  settings: Pick<AttackSettings, "steps" | "restarts" | "seed">,
  { about, summary, examples, shown }: AttackOutcome,
) {
  return { ...attackHeader(subject, settings, about), summary, examples, ...(shown && { shown }) };
}

/** Of that JSON what the examples do not decide. */
export function attackHeader(
  { model, dataset, ball, arithmetic }: AttackSubject,
  { steps, restarts, seed }: Pick<AttackSettings, "steps" | "restarts" | "seed">,
  about: About,
) {
  return {
    schema: "autodual/attack/1" as const,
    model: modelRecord(model),
    data: dataRecord(dataset),
    norm: ball.norm,
    epsilon: plainEpsilon(ball.epsilon),
    box: ball.box && plainBox(ball.box),
    about,
    attack: { steps, restarts, seed, arithmetic },
  };
}
