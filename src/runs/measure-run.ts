import { existsSync } from "node:fs";
import { join } from "node:path";
import { certifyBatch } from "../certify/certify.js";
import { take } from "../data/dataset.js";
import { writeFileAtomically } from "../formats/write-file.js";
import type { PlacedNetwork } from "../network/weights.js";
import { type AttackOutcome, type AttackSettings, attackDataset } from "./attack.js";
import { attackRecord } from "./attack-record.js";
import { type CertificationSubject, certificationRecord, modelRecord } from "./certification-record.js";
import type { Certification } from "./certification-summary.js";
import { inOrder } from "./example-batches.js";
import { LayerPlan } from "./layer-plan.js";
import { MEASURED_FILES } from "./measured-files.js";
import type { Watch } from "./observer.js";
import { radiiOfDataset } from "./radius.js";
import { largestRadius, radiusRecord, radiusTolerance } from "./radius-record.js";

/** A model that was trained, certified on test examples. */
export interface TrainedModel {
  /** Where what is measured is written. */
  readonly folder: string;
  readonly subject: CertificationSubject;
  readonly certification: Certification;
  readonly stages: readonly PlacedNetwork[];
}

/** How hard the examples are attacked. */
export type AttackPlan = Omit<AttackSettings, "ball" | "method">;

/** Cheap: a training is about certificates. */
export const ATTACK_AFTER_TRAINING = { steps: 20, restarts: 1, batch: 50 } as const;

const MOST_RADII = 100;
const RADII_BATCH = 20;
/** Radii are searched for no more examples than this many seconds are likely to be enough for. */
const RADII_SECONDS = 30;
/** Certifications that the search for one radius takes, about. */
const STEPS_A_RADIUS = 12;
/** Examples by which the plan of layers is shown. */
const PLANNED = 20;

/** Whether all that is measured of a run has been. Radii are not searched for in each: layers come after them. */
export function isMeasured(folder: string): boolean {
  return (["certification", "attack", "layers"] as const).every((name) =>
    existsSync(join(folder, MEASURED_FILES[name])),
  );
}

/**
 * Measures of the examples that were certified what a report shows beside: errors under attack, certified radii of a single
 * model, and how each layer was bounded. Each goes into the run folder. Throws the signal's reason.
 */
export async function measureRun(
  trained: TrainedModel,
  attack: AttackPlan,
  watch: Watch = {},
): Promise<AttackOutcome> {
  await writeCertification(trained);
  const { stages, subject } = trained;
  const { dataset, ball, method } = subject;
  const outcome = await attackDataset(stages, dataset, { ball, method, ...attack }, watch);
  await writeAttack(trained, attack, outcome);
  await measureRadii(trained, watch);
  // What is written last says that all has been.
  await measureLayers(trained);
  return outcome;
}

/** Writes the verdicts into the run folder. */
export async function writeCertification({ folder, subject, certification }: TrainedModel): Promise<void> {
  await writeJsonFile(folder, "certification", certificationRecord(subject, certification));
}

/** Writes what attacks found into the run folder. */
export async function writeAttack(
  { folder, subject }: TrainedModel,
  attack: AttackPlan,
  outcome: AttackOutcome,
): Promise<void> {
  await writeJsonFile(folder, "attack", attackRecord(subject, attack, outcome));
}

/** How each layer was bounded for a few examples; of a cascade, by its first stage, which all examples go through. */
export async function measureLayers({ folder, subject, stages }: TrainedModel): Promise<void> {
  const { dataset, ball, method, model } = subject;
  const plan = new LayerPlan();
  for (const { x } of inOrder(take(dataset, PLANNED), PLANNED)) {
    await certifyBatch(stages[0], { x }, { ...ball, method, onLayer: plan.add });
  }
  const examples = Math.min(PLANNED, dataset.count);
  await writeJsonFile(folder, "layers", {
    schema: "autodual/layers/1",
    model: modelRecord(model),
    stage: model.stages.length > 1 ? 1 : null,
    examples,
    layers: plan.summary(examples),
  });
}

/** Certified radii of the first examples, as many as are likely to be found in a little time. */
async function measureRadii({ folder, subject, stages, certification }: TrainedModel, watch: Watch) {
  const { dataset, ball, method, model, arithmetic } = subject;
  const perExample = certification.summary.seconds / certification.examples.length;
  const affordable = Math.floor(RADII_SECONDS / (STEPS_A_RADIUS * perExample));
  const count = Math.min(MOST_RADII, dataset.count, affordable);
  if (stages.length > 1 || count < 1) return;
  const began = performance.now();
  const chosen = take(dataset, count);
  const most = largestRadius(ball.norm);
  const tolerance = radiusTolerance(most);
  const { norm, box } = ball;
  const { evaluation } = certification;
  const settings = { ball: { norm, box }, method, most, tolerance, batch: RADII_BATCH, rounding: evaluation };
  const rows = await radiiOfDataset(stages[0], chosen, settings, watch);
  const seconds = (performance.now() - began) / 1000;
  const found = { most, tolerance, timeout: null, seconds, rows };
  const of = { model: model.stages[0], dataset: chosen, ball, method, arithmetic, evaluation };
  await writeJsonFile(folder, "radius", radiusRecord(of, found));
}

async function writeJsonFile(
  folder: string,
  name: keyof typeof MEASURED_FILES,
  value: unknown,
): Promise<void> {
  await writeFileAtomically(join(folder, MEASURED_FILES[name]), `${JSON.stringify(value, null, 2)}\n`);
}
