import { loadDataset } from "../../data/load.js";
import { AutodualError } from "../../errors.js";
import {
  type Attacked,
  known,
  type LayerPlanPart,
  type LayerRow,
  type Measured,
  missing,
  type Part,
  type Radii,
  type RecordedVerdict,
  type RunRecord,
} from "../../report/page/run-record.js";
import { type MeasuredFile, readMeasured } from "../measured-files.js";
import { ballPicturesOf } from "./ball-pictures.js";
import { attackCommand, certifyCommand, type MeasureSubject, radiusCommand } from "./measure-commands.js";
import { picturesOf } from "./pictures.js";

/** A run, as far as what is measured of it must belong to it. */
export interface RunSubject extends MeasureSubject {
  /** Of the folder's model as it is now; null where there is none that can be read. */
  readonly sha256: string | null;
  /** What the run's own record says of its test examples. */
  readonly evaluation: Measured | null;
  /** Why nothing can be measured yet, and the command that goes on; null of a finished run. */
  readonly unfinished: Part<never> | null;
}

export type MeasuredParts = Pick<
  RunRecord,
  | "measured"
  | "verdicts"
  | "attacked"
  | "radii"
  | "layers"
  | "pictures"
  | "ballPictures"
  | "classNames"
  | "ball"
> & { readonly split: string };

const AGAIN = "then autodual report again";
const BY_ITSELF = `this measures it, ${AGAIN}`;

/** All that lies beside a run's record. What is damaged, or of another model or ball, is left out, and says so. */
export async function measuredParts(subject: RunSubject): Promise<MeasuredParts> {
  const certification = await certificationOf(subject);
  const found = certification.kind === "known" ? certification.value : null;
  const { norm, box, epsilon } = found ?? { ...subject.config, epsilon: subject.config.epsilon.end };
  const measured = found ? known(measuredOf(found)) : evaluationOf(subject, certification);
  const verdicts: Part<readonly RecordedVerdict[]> = found
    ? known(found.examples)
    : (certification as Part<never>);
  const attacked = await attackOf(subject, found, measured);
  return {
    measured,
    verdicts,
    attacked,
    radii: await radiiOf(subject),
    layers: await layersOf(subject, found),
    ...(await picturesAndNames(subject, found, attacked)),
    ball: { norm, box, epsilon },
    split: found?.data.split ?? "test",
  };
}

export function measuredOf(file: MeasuredFile<"certification">): Measured {
  const { summary, bound, data } = file;
  return {
    examples: data.count,
    error: summary.error,
    robustError: summary.robustError,
    certified: summary.certified,
    estimatedRobustError: summary.estimatedRobustError ?? null,
    guarantee: bound.guarantee,
    mix: bound.mix?.examples ?? null,
    delta: bound.delta,
    evaluation: bound.evaluation,
    method: bound.method,
    arithmetic: bound.arithmetic,
    seconds: summary.seconds,
  };
}

export function layerRowsOf(layers: NonNullable<MeasuredFile<"certification">["layers"]>): LayerRow[] {
  return layers.map(({ ways, ...layer }) => ({ ...layer, ways: Object.keys(ways) }));
}

function evaluationOf({ evaluation }: RunSubject, certification: Part<unknown>): Part<Measured> {
  return evaluation ? known(evaluation) : (certification as Part<never>);
}

/** A file of the run's folder, or in words what is wrong with it; null where it is not there. */
async function fileOf<N extends Parameters<typeof readMeasured>[1]>(
  { folder, sha256 }: RunSubject,
  name: N,
): Promise<MeasuredFile<N> | string | null> {
  try {
    const file = await readMeasured(folder, name);
    if (file === null) return null;
    if (sha256 === null || file.model.sha256 === sha256) return file;
    return `The file of that name in the folder (${name}.json) is of another model, and is left out`;
  } catch (error) {
    if (error instanceof AutodualError) return error.message;
    throw error;
  }
}

async function certificationOf(subject: RunSubject): Promise<Part<MeasuredFile<"certification">>> {
  const file = await fileOf(subject, "certification");
  if (file === null) {
    return (
      subject.unfinished ??
      missing(`Verdicts of examples are not in the folder; ${BY_ITSELF}`, certifyCommand(subject))
    );
  }
  return typeof file === "string" ? missing(`${file}; ${BY_ITSELF}`, certifyCommand(subject)) : known(file);
}

async function attackOf(
  subject: RunSubject,
  certification: MeasuredFile<"certification"> | null,
  measured: Part<Measured>,
): Promise<Part<Attacked>> {
  const file = await fileOf(subject, "attack");
  if (file === null) {
    return subject.unfinished ?? missing(`Not measured; ${BY_ITSELF}`, attackCommand(subject));
  }
  if (typeof file === "string") return missing(`${file}; ${BY_ITSELF}`, attackCommand(subject));
  const same = certification
    ? sameSubject(file, certification)
    : measured.kind === "known" &&
      file.data.count === measured.value.examples &&
      sameBall(file, { ...subject.config, epsilon: subject.config.epsilon.end });
  if (!same) {
    return missing(
      `attack.json is about other examples or another ball, and is left out; ${BY_ITSELF}`,
      attackCommand(subject),
    );
  }
  const { summary, attack } = file;
  if (
    measured.kind === "known" &&
    measured.value.guarantee === "deterministic" &&
    summary.pgdError > measured.value.robustError + 1e-9
  ) {
    return missing(
      "attack.json has more errors than the bounds allow, so that one of them is wrong; measure both anew",
      attackCommand(subject),
    );
  }
  const { pgdError, fgsmError, switchingError = null } = summary;
  return known({ ...attack, pgdError, fgsmError, switchingError, shown: file.shown });
}

interface BallOfFile {
  readonly norm: string;
  readonly epsilon: unknown;
  readonly box: unknown;
}

function sameBall(a: BallOfFile, b: BallOfFile): boolean {
  return a.norm === b.norm && a.epsilon === b.epsilon && JSON.stringify(a.box) === JSON.stringify(b.box);
}

function sameSubject(a: MeasuredFile<"attack">, b: MeasuredFile<"certification">): boolean {
  return (
    sameBall(a, b) &&
    a.data.name === b.data.name &&
    a.data.split === b.data.split &&
    a.data.count === b.data.count
  );
}

async function radiiOf(subject: RunSubject): Promise<Part<Radii>> {
  if (subject.stages > 1) {
    return missing(
      "Radii: a cascade has none of its own, since who answers depends on ε; those of its stages are in their own reports.",
    );
  }
  const file = await fileOf(subject, "radius");
  if (file === null) {
    return (
      subject.unfinished ?? missing(`Certified radii are not measured; ${BY_ITSELF}`, radiusCommand(subject))
    );
  }
  if (typeof file === "string") return missing(`${file}; ${BY_ITSELF}`, radiusCommand(subject));
  if (file.norm !== subject.config.norm || JSON.stringify(file.box) !== JSON.stringify(subject.config.box)) {
    return missing(`radius.json is about other balls, and is left out; ${BY_ITSELF}`, radiusCommand(subject));
  }
  const { most, tolerance, examples } = file;
  return known({ most, tolerance, rows: examples });
}

async function layersOf(
  subject: RunSubject,
  certification: MeasuredFile<"certification"> | null,
): Promise<Part<LayerPlanPart>> {
  if (certification?.layers) {
    const note = subject.stages > 1 ? "all stages together" : null;
    return known({ examples: certification.data.count, layers: layerRowsOf(certification.layers), note });
  }
  const file = await fileOf(subject, "layers");
  if (file === null) {
    return subject.unfinished ?? missing(`Not measured; ${BY_ITSELF}`, certifyCommand(subject));
  }
  if (typeof file === "string") return missing(`${file}; ${BY_ITSELF}`, certifyCommand(subject));
  const note = file.stage === null ? null : `stage ${file.stage}, which every example goes through`;
  return known({ examples: file.examples, layers: layerRowsOf(file.layers), note });
}

async function picturesAndNames(
  { config }: RunSubject,
  certification: MeasuredFile<"certification"> | null,
  attacked: Part<Attacked>,
): Promise<Pick<MeasuredParts, "pictures" | "ballPictures" | "classNames">> {
  const { name, dataDir, layout, label, seed } = config.data;
  try {
    const dataset = await loadDataset(name, {
      split: certification?.data.split === "train" ? "train" : "test",
      limit: certification?.data.count ?? 1,
      dataDir: dataDir ?? undefined,
      layout,
      label,
      seed,
    });
    const shown = attacked.kind === "known" ? attacked.value.shown : undefined;
    const pictures = certification ? picturesOf(dataset, certification.examples) : missing("Not shown.");
    const ballPictures = certification
      ? ballPicturesOf(dataset, certification.examples, certification, shown)
      : missing(
          "Not shown: verdicts of examples are not in the folder; autodual report shows it when they are.",
        );
    return { pictures, ballPictures, classNames: dataset.classNames ?? null };
  } catch (error) {
    if (!(error instanceof AutodualError)) throw error;
    const absent = missing(`Pictures are not shown, as their data are not at hand: ${error.message}`);
    return { pictures: absent, ballPictures: absent, classNames: null };
  }
}
