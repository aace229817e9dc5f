import { DATASET_NAMES, isTablePath } from "../../data/load.js";
import type { ReadingOptions } from "../../data/reading.js";
import { formatEpsilon } from "../../report/wording.js";
import type { TrainConfig } from "../../train/config.js";
import { overridesOf } from "../../train/settings/config-of.js";
import { FLAG_GROUPS } from "../../train/settings/index.js";
import { flagWords } from "./flag-words.js";
import { shellLine } from "./shell-words.js";

/** Of a cascade: how many stages, and the model that is the first one, if it was there already. */
interface CascadeOf {
  readonly cascade: number;
  readonly firstStage: string | null;
}

/** The command that trains by a configuration, every flag that decides its numbers spelled out. */
export function trainCommand(config: TrainConfig, several: CascadeOf | null = null): string {
  return shellLine([
    ...["autodual", "train", "--data", config.data.name, "--model", config.model],
    ...ballFlags(config, config.epsilon.end, ownBoxOf(config.data.name)),
    ...readingWords(config.data),
    ...option("--limit", config.data.limit),
    ...(several
      ? ["--cascade", String(several.cascade), ...option("--first-stage", several.firstStage)]
      : []),
    ...flagWords(FLAG_GROUPS, overridesOf(config)),
    ...["--seed", String(config.seed), "--backend", config.backend, "--dtype", config.dtype],
  ]);
}

/** Whether a file of this name may have bounds by feature, which are the box where none is named. */
export function ownBoxOf(data: string): OwnBox {
  return DATASET_NAMES.includes(data) || isTablePath(data) ? null : "data may have a box";
}

type OwnBox = "data may have a box" | null;

/** Norm, radius and box, as every command takes them. */
export function ballFlags(
  { norm, box }: Pick<TrainConfig, "norm" | "box">,
  epsilon: number | string | null,
  ownBox: OwnBox = null,
): string[] {
  const boxed = norm === "linf" ? (box === null ? "none" : box.join(",")) : null;
  const isDefault = boxed === "0,1" && ownBox === null;
  return [
    ...(epsilon === null
      ? []
      : ["--epsilon", typeof epsilon === "string" ? epsilon : formatEpsilon(epsilon)]),
    ...(norm === "linf" ? [] : ["--norm", norm]),
    ...(boxed === null || isDefault ? [] : ["--box", boxed]),
  ];
}

/** Where files lie and how they are read, as every command takes it. */
export function readingWords({
  dataDir,
  layout,
  label,
}: ReadingOptions & { readonly dataDir?: string | null | undefined }): string[] {
  return [
    ...option("--data-dir", dataDir ?? null),
    ...option("--layout", layout ?? null),
    ...option("--label", label ?? null),
  ];
}

function option(flag: string, value: string | number | null): string[] {
  return value === null ? [] : [flag, String(value)];
}
