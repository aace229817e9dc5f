import { AUGMENTATION } from "./augmentation.js";
import { BOUND, PROJECTIONS } from "./bounds.js";
import { EVALUATION } from "./evaluation.js";
import { LOSS } from "./loss.js";
import { OPTIMIZER } from "./optimizer.js";
import { LENGTH, RAMPS } from "./schedule.js";
import type { Flag, FlagKind, Flags, FlagValue } from "./setting.js";

/**
 * Every setting of a training by its key in the configuration, in the order in which reports tell them. From here come
 * the schema of a configuration and its type, `configOf`, the flags of `train`, the lines of a report, and the command
 * that trains again.
 */
export const SETTINGS = {
  ...RAMPS,
  ...BOUND,
  ...PROJECTIONS,
  ...LOSS,
  ...LENGTH,
  ...OPTIMIZER,
  ...AUGMENTATION,
  ...EVALUATION,
};

type Table = typeof SETTINGS;
type Key = keyof Table;

/** Schemas by key. */
type Schemas = { [K in Key]: Table[K]["schema"] };

/** The schema of each setting, by its key in the configuration. */
export const SETTING_SCHEMAS = Object.fromEntries(
  Object.entries(SETTINGS).map(([key, { schema }]) => [key, schema]),
) as Schemas;

type FlagName = { [K in Key]: keyof Table[K]["flags"] }[Key];
type FlagNamed<Name> = {
  [K in Key]: Name extends keyof Table[K]["flags"] ? Table[K]["flags"][Name] : never;
}[Key];
type ValueNamed<Name> = FlagNamed<Name> extends { readonly kind: infer K } ? FlagValue<K> : never;
type AllGiven = { readonly [Name in FlagName]?: ValueNamed<Name> | undefined };

/**
 * What is to be other than in named settings: values by the names of the flags of `train`, such as `epochs`, `rate`,
 * `evaluateEvery` or `clip`. Words are as there: `testLimit: "all"`, `clip: "none"`.
 */
export interface TrainOverrides extends AllGiven {}

/** Settings or groups of them. */
export type SettingGroup = Readonly<Record<string, { readonly flags: Flags }>>;

/** Groups in the order in which the help of `train` has them, and the command that trains again. */
export const FLAG_GROUPS: readonly SettingGroup[] = [
  BOUND,
  PROJECTIONS,
  LOSS,
  LENGTH,
  RAMPS,
  OPTIMIZER,
  AUGMENTATION,
  EVALUATION,
];

/** The flags of a group by name, in the order in which the help has them. */
export function flagsOf(group: SettingGroup): readonly (readonly [name: string, flag: Flag<FlagKind>])[] {
  const listed: [string, Flag][] = [];
  for (const [name, flag] of Object.values(group).flatMap(({ flags }) => Object.entries(flags))) {
    const before = flag.after === undefined ? -1 : listed.findIndex(([other]) => other === flag.after);
    listed.splice(before < 0 ? listed.length : before + 1, 0, [name, flag]);
  }
  return listed;
}

/** `--rate-decay-every` of `rateDecayEvery`. */
export function longFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
