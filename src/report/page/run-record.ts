import type { Evaluation } from "../../threat/evaluation.js";
import type { Guarantee, GuaranteeMix } from "../../threat/guarantee.js";
import type { BallInWords } from "../wording.js";

/** A part of a record: what was measured, or why it is not there and the command that would measure it. */
export type Part<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "missing"; readonly why: string; readonly command: string | null };

/** A part that is there. */
export function known<T>(value: T): Part<T> {
  return { kind: "known", value };
}

/** A part that is not there: why, and the command that makes it. */
export function missing(why: string, command: string | null = null): Part<never> {
  return { kind: "missing", why, command };
}

/** The verdict on one example. Bounds are null where they are not numbers. */
export interface RecordedVerdict {
  readonly index: number;
  readonly label: number;
  /** −1 where the model has no answer. */
  readonly prediction: number;
  readonly certified: boolean;
  readonly stage: number;
  readonly marginLower: readonly (number | null)[];
}

/** What was measured on all examples together, by bounds. */
export interface Measured {
  readonly examples: number;
  readonly error: number;
  readonly robustError: number;
  /** Null where certified answers were not counted apart from right ones. */
  readonly certified: number | null;
  /** Where bounds are estimates: the robust error that they suggest. */
  readonly estimatedRobustError: number | null;
  readonly guarantee: Guarantee;
  /** Where not all examples' bounds are worth the same. */
  readonly mix?: GuaranteeMix | null;
  readonly delta: number | null;
  /** For which certificates hold; null where rounding was left out. */
  readonly evaluation: Evaluation | null;
  readonly method: string;
  readonly arithmetic: string;
  readonly seconds: number;
}

/** Errors that attacks really caused on the same examples. */
export interface Attacked {
  readonly pgdError: number;
  readonly fgsmError: number;
  /** Of a cascade's own answers, where a changed input may go to another stage; null if not measured. */
  readonly switchingError: number | null;
  readonly steps: number;
  readonly restarts: number;
  /** An attacked input, where one was kept. */
  readonly shown?: ShownAttack | undefined;
}

/** An input within the ball of a right example at which the answer is wrong; `x` is `[features]` in C order. */
export interface ShownAttack {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly x: readonly number[];
}

/** Largest certified ε of some examples. */
export interface Radii {
  readonly most: number;
  readonly tolerance: number;
  readonly rows: readonly {
    readonly index: number;
    readonly label: number;
    readonly prediction: number;
    readonly radius: number;
  }[];
}

/** One epoch, as curves show it. */
export interface Epoch {
  readonly epoch: number;
  readonly epsilon: number;
  readonly loss: number;
  readonly robustLoss: number | null;
  readonly error: number;
  readonly robustError: number | null;
  readonly seconds: number;
  readonly test: {
    readonly error: number;
    readonly robustError: number;
    readonly examples: number;
    /** Of a later stage of a cascade: the errors are those of the cascade up to this many stages. */
    readonly stages?: number | undefined;
  } | null;
}

/** The epochs of one training: a run, or a stage of a cascade. */
export interface Curve {
  /** From 1; null for a single model. */
  readonly stage: number | null;
  readonly epochs: readonly Epoch[];
}

/** A stage of a cascade, and what the cascade up to it is worth. */
export interface StageRow {
  readonly stage: number;
  readonly trainedOn: number | null;
  readonly seconds: number | null;
  readonly error: number;
  readonly robustError: number;
  readonly certified: number;
  /** Examples that this stage answers, of them certified ones; null where verdicts are not at hand. */
  readonly answers: { readonly count: number; readonly certified: number } | null;
}

/** How a layer was bounded, and what that took: means per example. */
export interface LayerRow {
  readonly name: string;
  readonly ways: readonly string[];
  readonly neurons: number;
  /** Unstable neurons. */
  readonly open: number;
  readonly rows: number;
  readonly multiplyAdds: number;
  readonly milliseconds: number;
}

/** How each layer was bounded. */
export interface LayerPlanPart {
  readonly examples: number;
  readonly layers: readonly LayerRow[];
  /** What the plan is of, where that is not the whole model. */
  readonly note: string | null;
}

/** A small picture of an example, as a data: URI. */
export interface Picture {
  readonly uri: string;
  readonly width: number;
  readonly height: number;
}

/** What the ball of one example looks like. */
export interface BallPictures {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly certified: boolean;
  readonly original: Picture;
  /** With noise as large as the ball allows, every pixel up or down at random. */
  readonly noisy: Picture;
  /** With an attack's change, and the answer to it; null where no attack changed the answer, or none was kept. */
  readonly attacked: { readonly picture: Picture; readonly prediction: number } | null;
}

/** Everything that a page says of a run, read and checked. Pictures are by example number. */
export interface RunRecord {
  readonly kind: "training" | "cascade" | "certification";
  /** What the page is called: the folder, or the model. */
  readonly title: string;
  readonly status: "running" | "interrupted" | "finished";
  /** What was found to be amiss in the folder, one line each. */
  readonly notes: readonly string[];
  readonly model: string;
  readonly stages: number;
  readonly data: { readonly name: string; readonly split: string };
  readonly classNames: readonly string[] | null;
  readonly ball: BallInWords;
  readonly measured: Part<Measured>;
  readonly attacked: Part<Attacked>;
  readonly verdicts: Part<readonly RecordedVerdict[]>;
  readonly radii: Part<Radii>;
  readonly curves: Part<readonly Curve[]>;
  /** Of curves: why there are no test curves, where there are none. */
  readonly testCurves: Part<true>;
  readonly stageRows: readonly StageRow[];
  readonly layers: Part<LayerPlanPart>;
  readonly pictures: Part<ReadonlyMap<number, Picture>>;
  readonly ballPictures: Part<BallPictures>;
  /** Names and values, as they are shown. */
  readonly configuration: readonly (readonly [name: string, value: string])[];
  readonly circumstances: readonly (readonly [name: string, value: string])[];
  /** Reproduces the run. */
  readonly command: string;
}
