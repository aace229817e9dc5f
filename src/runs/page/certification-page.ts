import type { Against } from "../../certify/certify.js";
import { renderPage } from "../../report/page/render-page.js";
import { known, missing, type RunRecord } from "../../report/page/run-record.js";
import { formatBall, formatCount, formatDuration } from "../../report/wording.js";
import { isByFeature } from "../../threat/box.js";
import { type CertificationSubject, certificationRecord } from "../certification-record.js";
import type { Certification } from "../certification-summary.js";
import { circumstances } from "../circumstances.js";
import type { LayerSummary } from "../layer-plan.js";
import { checkMeasured } from "../measured-files.js";
import { ballPicturesOf } from "./ball-pictures.js";
import { circumstanceRows } from "./configuration.js";
import { layerRowsOf, measuredOf } from "./measured-parts.js";
import { picturesOf } from "./pictures.js";
import { pathForOthers, shellLine } from "./shell-words.js";
import { ballFlags, readingWords } from "./train-command.js";

export interface CertificationPage {
  readonly subject: CertificationSubject;
  readonly certification: Certification;
  readonly layers: readonly LayerSummary[] | null;
  /** What was named on the command line. */
  readonly models: readonly string[];
  readonly data: string;
  /** ε as it was given: a number, or what says it by feature. */
  readonly epsilon: number | string;
  /** Where files lie and how they are read. */
  readonly reading: Parameters<typeof readingWords>[0];
  /** All flags that decide the figures, as they were given. */
  readonly flags: readonly string[];
  readonly against: Against;
}

/** The page of `certify --report`: as that of a run, without what only a training has. */
export function certificationPage(page: CertificationPage): string {
  return renderPage(certificationRun(page));
}

function certificationRun(page: CertificationPage): RunRecord {
  const { subject, certification, layers, models, flags, data } = page;
  const { model, dataset, ball, method, arithmetic } = subject;
  // As JSON has it: bounds that are not numbers are null.
  const json: unknown = JSON.parse(JSON.stringify(certificationRecord(subject, certification)));
  const file = checkMeasured(json, "certification", "certification");
  const where = [...models, "--data", data, ...readingWords(page.reading)];
  const count = [
    "--limit",
    String(dataset.count),
    ...(dataset.split === "test" ? [] : ["--split", dataset.split]),
  ];
  const { norm, box } = ball;
  const balls = (epsilon: number | string | null): string[] =>
    box && isByFeature(box)
      ? ballFlags({ norm, box: [0, 1] }, epsilon)
      : ballFlags(
          { norm, box: box && [box[0], box[1]] },
          epsilon,
          dataset.box ? "data may have a box" : null,
        );
  const command = (name: string, epsilon: number | string | null, more: readonly string[]) =>
    shellLine(["autodual", name, ...where, ...balls(epsilon), ...count, ...more]);
  return {
    kind: "certification",
    title: pathForOthers(model.path),
    status: "finished",
    notes: [],
    model: pathForOthers(model.path),
    stages: model.stages.length,
    data: { name: dataset.name, split: dataset.split },
    classNames: dataset.classNames ?? null,
    ball,
    measured: known(measuredOf(file)),
    verdicts: known(file.examples),
    attacked: missing(
      "Not part of a certification; an attack on the same examples",
      command("attack", page.epsilon, []),
    ),
    radii:
      model.stages.length > 1
        ? missing("Radii: a cascade has none of its own, since who answers depends on ε.")
        : missing("Radii are not part of a certification; they are found by", command("radius", null, [])),
    curves: missing(
      "No training: a certification of a model has no curves; the report of its run folder has.",
    ),
    testCurves: known(true),
    stageRows: [],
    layers:
      layers === null
        ? missing(
            "Not measured; with --explain the page shows it",
            command("certify", page.epsilon, [...flags, "--explain"]),
          )
        : known({
            examples: dataset.count,
            layers: layerRowsOf(
              layers.map((layer) => ({ ...layer, ways: { ...layer.ways } as Record<string, number> })),
            ),
            note: model.stages.length > 1 ? "all stages together" : null,
          }),
    pictures: picturesOf(dataset, file.examples),
    ballPictures: ballPicturesOf(dataset, file.examples, ball, undefined),
    configuration: [
      ["model", pathForOthers(model.path)],
      ["checksum of the model", model.sha256],
      ["data", `${dataset.name} (${dataset.split}), ${formatCount(dataset.count)} examples`],
      ["ball", formatBall(ball)],
      ["bound", method],
      ["margins of", page.against],
      ["arithmetic", arithmetic],
      ["holds for", certification.evaluation ?? "nothing that a machine computes: rounding was left out"],
    ],
    circumstances: [
      ...circumstanceRows(circumstances().versions, circumstances().machine),
      ["time", formatDuration(certification.summary.seconds)],
    ],
    command: command("certify", page.epsilon, flags),
  };
}
