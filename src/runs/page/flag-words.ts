import type { WeightRange } from "../../train/schedule.js";
import { flagsOf, longFlag, type SettingGroup } from "../../train/settings/index.js";

/** A flag's value as the command line takes it; a weight that stays as one number. */
export function valueInWords(value: number | string | WeightRange): string {
  if (typeof value !== "object") return String(value);
  const { start, end } = value;
  return start === end ? String(end) : `${start},${end}`;
}

/** The words that give these flags, in the order of the help; what is undefined or switched off is left out. */
export function flagWords(
  groups: readonly SettingGroup[],
  given: Readonly<Record<string, boolean | number | string | WeightRange | undefined>>,
): string[] {
  return groups.flatMap(flagsOf).flatMap(([name]) => {
    const value = given[name];
    if (value === undefined || value === false) return [];
    return value === true ? [longFlag(name)] : [longFlag(name), valueInWords(value)];
  });
}
