import type * as z from "zod";
import type { LossName } from "../losses/index.js";
import type { RampShape, WeightRange } from "../schedule.js";
import type { TrainSettings } from "./named.js";

/** Range of a number; both ends belong to it unless `above` is given. */
export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  /** The number must be larger than this. */
  readonly above?: number;
}

/** What may stand after a flag. The command line makes a parser of it. */
export type FlagKind =
  /** No value: given, or by `--no-…` (whose help is `off`) taken back. */
  | { readonly type: "switch"; readonly off: string }
  | { readonly type: "choice"; readonly choices: readonly string[] }
  /** A decimal or a fraction, or one of some words. */
  | {
      readonly type: "number";
      readonly range: NumberRange;
      readonly example?: string;
      readonly words?: readonly string[];
    }
  | {
      readonly type: "whole number";
      readonly range: NumberRange;
      readonly example?: string;
      readonly words?: readonly string[];
    }
  /** A number from 0 to 1, or two: where it starts and where it ends. */
  | { readonly type: "weight range" };

/** The value of a flag of this kind. */
export type FlagValue<K> = K extends { readonly type: "switch" }
  ? boolean
  : K extends { readonly type: "weight range" }
    ? WeightRange
    : K extends { readonly type: "choice"; readonly choices: readonly (infer Choice)[] }
      ? Choice
      : K extends { readonly words: readonly (infer Word)[] }
        ? number | Word
        : number;

/** A flag of `train`. Its name is its key in camel case: `rateDecayEvery` for `--rate-decay-every`. */
export interface Flag<K extends FlagKind = FlagKind> {
  /** What the help calls its value: `<n>`. A switch has none. */
  readonly argument?: string;
  readonly help: string;
  readonly kind: K;
  /** What the command line takes where it is not given; absent, that is left to the setting. */
  readonly byDefault?: number | string | WeightRange;
  /** The flag of another setting of the same group that the help has before it. */
  readonly after?: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** Values of flags by their names; absent or undefined where a flag is not given. */
export type Given<F extends Flags> = { readonly [Name in keyof F]?: FlagValue<F[Name]["kind"]> | undefined };

/** How long a run is and when its ramps end, by which other settings go. */
export interface Course {
  readonly epochs: number;
  readonly warmupEpochs: number;
  /** Epochs until ε is reached, after the warm-up. */
  readonly scheduleEpochs: number;
  readonly shape: RampShape;
}

/** What decides a setting where no flag does. */
export interface Asked {
  readonly named: TrainSettings;
  /** The radius that training ends with. */
  readonly epsilon: number;
  readonly course: Course;
  readonly loss: LossName;
}

/** How a report writes numbers. */
export interface NumberWords {
  readonly count: (count: number) => string;
  readonly number: (value: number) => string;
  readonly epsilon: (epsilon: number) => string;
}

/**
 * One setting of a training: a key of the configuration in `run.json`, the flags that decide it, and its words. `C` and
 * `R` are the parts of a configuration that `again` and `row` look at; each entry says which, and the compiler compares
 * them with the configuration where the table is read.
 */
export interface Setting<S extends z.ZodType, F extends Flags, C, R> {
  /** A setting that came later needs a default, by which files without it are read. */
  readonly schema: S;
  readonly flags: F;
  /** The configuration's value. A `UsageError` for flags that do not go together. */
  readonly value: (given: Given<F>, asked: Asked) => z.infer<S>;
  /** The flags that ask for this value again; those that it need not spell out are left out. */
  readonly again: (config: C) => Given<F>;
  /** A line of a report; null where there is nothing to say. */
  readonly row?: { readonly name: string; readonly words: (config: R, say: NumberWords) => string | null };
}

/** An entry of the table, its kinds of flags kept as they are written. */
export function setting<S extends z.ZodType, const F extends Flags, C, R>(
  entry: Setting<S, F, C, R>,
): Setting<S, F, C, R> {
  return entry;
}
