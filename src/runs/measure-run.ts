import { existsSync } from "node:fs";
import { join } from "node:path";
import { certifyBatch } from "../../certify/certify.js";
import { certifiedRadii } from "../../certify/radius.js";
import { take } from "../../data/dataset.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import { type AttackOutcome, type AttackSettings, attackDataset } from "../attack-dataset.js";
import { attackRecord } from "../attack-report.js";
import type { Certification, PlacedModel } from "../certification.js";
import { type CertificationSubject, certificationRecord, modelRecord } from "../certification-report.js";
import { inOrder } from "../example-batches.js";
import { LayerPlan } from "../layer-plan.js";
import { nextTurn } from "../next-turn.js";
import type { Output } from "../output.js";
import { largestRadius, type RadiusRow, radiusRecord, radiusTolerance } from "../radius-report.js";
import { MEASURED_FILES } from "../report/measured-files.js";

/** A model that was trained, certified on test examples. */
export interface TrainedModel {
  /** Where what is measured is written. */
  readonly folder: string;
  readonly subject: CertificationSubject;
  readonly certification: Certification;
  readonly placed: PlacedModel;
}

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

/** Whether all that is measured of every run has been; radii are not searched for in each. */
export function isMeasured(folder: string): boolean {
  return (["certification", "attack", "layers"] as const).every((name) =>
    existsSync(join(folder, MEASURED_FILES[name])),
  );
}

/**
 * Measures of the examples that were certified what a report shows beside: errors under attack, certified radii of a single
 * model, and how each layer was bounded. Each goes into the run folder. Null if the signal aborts.
 */
export async function measureRun(
  trained: TrainedModel,
  attack: AttackPlan,
  output: Output,
  signal: AbortSignal,
): Promise<AttackOutcome | null> {
  await writeCertification(trained);
  const { placed, subject } = trained;
  const { dataset, ball, method } = subject;
  const outcome = await attackDataset(placed, dataset, { ball, method, ...attack }, output, signal);
  if (!outcome) return null;
  await writeAttack(trained, attack, outcome);
  await measureLayers(trained);
  return (await measureRadii(trained, output, signal)) ? outcome : null;
}

export async function writeCertification({ folder, subject, certification }: TrainedModel): Promise<void> {
  await writeJsonFile(folder, "certification", certificationRecord(subject, certification));
}

export async function writeAttack(
  { folder, subject }: TrainedModel,
  attack: AttackPlan,
  outcome: AttackOutcome,
): Promise<void> {
  await writeJsonFile(folder, "attack", attackRecord(subject, attack, outcome));
}

/** How each layer was bounded for a few examples; of a cascade, by its first stage, which all examples go through. */
export async function measureLayers({ folder, subject, placed }: TrainedModel): Promise<void> {
  const { dataset, ball, method, model } = subject;
  const [{ network, parameters }] = placed.stages;
  const plan = new LayerPlan();
  for (const { x, labels } of inOrder(take(dataset, PLANNED), PLANNED)) {
    const options = { method, onLayer: plan.add };
    await certifyBatch(placed.backend, network, parameters, x, labels.length, ball, null, options);
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

/** Certified radii of the first examples, as many as are likely to be found in a little time. False if the signal aborts. */
async function measureRadii(trained: TrainedModel, output: Output, signal: AbortSignal): Promise<boolean> {
  const { folder, subject, placed, certification } = trained;
  const { dataset, ball, method, model, arithmetic } = subject;
  const perExample = certification.summary.seconds / certification.examples.length;
  const affordable = Math.floor(RADII_SECONDS / (STEPS_A_RADIUS * perExample));
  const count = Math.min(MOST_RADII, dataset.count, affordable);
  if (model.stages.length > 1 || count < 1) return true;
  const began = performance.now();
  const chosen = take(dataset, count);
  const most = largestRadius(ball.norm);
  const tolerance = radiusTolerance(most);
  const [{ network, parameters }] = placed.stages;
  const rows: RadiusRow[] = [];
  const progress = output.progress({ label: "radius", total: count });
  try {
    for (const { x, labels, first } of inOrder(chosen, RADII_BATCH)) {
      const options = { most, tolerance, method };
      const { norm, box } = ball;
      const found = await certifiedRadii(
        placed.backend,
        network,
        parameters,
        x,
        labels.length,
        { norm, box },
        options,
      );
      for (const [i, { prediction, radius }] of found.entries()) {
        rows.push({ index: first + i, label: labels[i], prediction, radius, broken: null });
      }
      progress.update(rows.length, "");
      await nextTurn();
      if (signal.aborted) return false;
    }
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  const found = { most, tolerance, timeout: null, seconds, rows };
  const of = { model: model.stages[0], dataset: chosen, ball, method, arithmetic };
  await writeJsonFile(folder, "radius", radiusRecord(of, found));
  return true;
}

async function writeJsonFile(
  folder: string,
  name: keyof typeof MEASURED_FILES,
  value: unknown,
): Promise<void> {
  await writeFileAtomically(join(folder, MEASURED_FILES[name]), `${JSON.stringify(value, null, 2)}\n`);
}
