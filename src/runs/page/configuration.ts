import { formatBall, formatCount, formatEpsilon, formatNumber } from "../../report/wording.js";
import type { TrainConfig } from "../../train/config.js";
import { SETTINGS } from "../../train/settings/index.js";
import type { NumberWords } from "../../train/settings/setting.js";
import { pathForOthers } from "./shell-words.js";

type Rows = readonly (readonly [name: string, value: string])[];

const SAY: NumberWords = { count: formatCount, number: formatNumber, epsilon: formatEpsilon };

/** A training's configuration in words. */
export function configurationRows(config: TrainConfig): Rows {
  const { data, norm, epsilon, box } = config;
  return [
    [
      "data",
      `${pathForOthers(data.name)}, ${formatCount(data.count)} training examples of ${data.shape.join(" × ")}`,
    ],
    ...(data.sha256 === null ? [] : [["checksum of the data", data.sha256] as const]),
    ["model", pathForOthers(config.model)],
    ["ball", formatBall({ norm, epsilon: epsilon.end, box })],
    ...Object.values(SETTINGS).flatMap(({ row }) => {
      const words = row?.words(config, SAY) ?? null;
      return row && words !== null ? [[row.name, words] as const] : [];
    }),
    ["seed", String(config.seed)],
    ["backend", `${config.backend}, ${config.dtype}`],
  ];
}

/** Versions and machine, as they stand in `run.json`. */
export function circumstanceRows(
  versions: Readonly<Record<string, string>>,
  machine: Readonly<Record<string, string | number>>,
): Rows {
  const names: Readonly<Record<string, string>> = { memoryGB: "memory, GB", arch: "architecture" };
  return [
    ...Object.entries(versions),
    ...Object.entries(machine).map(([name, value]) => [names[name] ?? name, String(value)] as const),
  ];
}
