import type { AttackOptions } from "../attack/attack.js";
import { attackCascade } from "../cascade/attack-cascade.js";
import { switchCascade } from "../cascade/switching-attack.js";
import { letIn } from "../compute/deadline.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { PlacedNetwork } from "../network/weights.js";
import { type About, aboutOf } from "../threat/about.js";
import type { BallSpec } from "../threat/ball.js";
import { allOf, inOrder } from "./example-batches.js";
import { observed, type Watch } from "./observer.js";

/** Within which balls a data set is attacked, and how hard. */
export interface AttackSettings extends Required<Pick<AttackOptions, "steps" | "restarts" | "seed">> {
  readonly ball: BallSpec;
  /** By which the stages of a cascade certify; a single model is attacked the same with each. */
  readonly method: BoundMethod;
  readonly batch: number;
  /** The examples of these numbers alone, in this order. Default: all. */
  readonly among?: Int32Array;
  /** Takes what is found as it comes; the work waits for it. */
  readonly keep?: (found: readonly AttackedExample[], shown: AttackedInput | null) => Promise<void>;
}

/** What attacks found on one example, as it stands in the JSON. */
export interface AttackedExample {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  /** The stage that answers, whose network was attacked; 0 for a single model. */
  readonly stage: number;
  /** Wrong without any change, by FGSM at the latest, by PGD at the latest. */
  readonly wrong: boolean;
  readonly fgsm: boolean;
  readonly pgd: boolean;
  /** Of a cascade only: wrong already, or the cascade itself answers a point of the ball wrongly, by any stage. */
  readonly switched?: boolean;
}

/** An example that is right as it is, and an input within its ball at which the network that answers it is wrong. */
export interface AttackedInput {
  readonly index: number;
  readonly label: number;
  /** At the attacked input. */
  readonly prediction: number;
  /** The attacked input, `[features]` in C order. */
  readonly x: readonly number[];
}

/** What attacks found on a data set. */
export interface AttackOutcome {
  /** Whose answers the errors by FGSM and PGD are about. */
  readonly about: About;
  readonly summary: {
    readonly error: number;
    readonly fgsmError: number;
    readonly pgdError: number;
    /** Of a cascade only: of its own answers, where a changed input may go to another stage. No certificate bounds it. */
    readonly switchingError?: number;
    readonly seconds: number;
  };
  readonly examples: readonly AttackedExample[];
  /** The first one that was misled, to be looked at; null where none was, or where inputs are very large. */
  readonly shown: AttackedInput | null;
}

/** Larger inputs are not kept: a report would be full of one. */
const MOST_SHOWN = 2 ** 14;

/**
 * Attacks a data set in its own order: of a cascade the stage that answers an example, and its own answers. Throws what
 * `attackCascade` throws, and the signal's reason.
 */
export async function attackDataset(
  stages: readonly PlacedNetwork[],
  dataset: Dataset,
  { ball, method, batch, among = allOf(dataset), keep, ...options }: AttackSettings,
  watch: Watch = {},
): Promise<AttackOutcome> {
  const began = performance.now();
  const ending = watch.signal ? { signal: watch.signal } : {};
  const examples: AttackedExample[] = [];
  let shown: AttackedInput | null = null;
  await observed(
    watch,
    { name: "attack", total: among.length, about: aboutOf(stages.length) },
    async (seen) => {
      for (const { x, labels, indices } of inOrder(dataset, batch, among)) {
        const verdicts = await attackCascade(
          stages,
          { x, labels },
          {
            ...{ ...ball, ...options, ...ending, method, numbers: indices },
            ...(!shown &&
              x.length / labels.length <= MOST_SHOWN && {
                onMisled: (b, point, prediction) => {
                  shown ??= { index: indices[b], label: labels[b], prediction, x: Array.from(point) };
                },
              }),
          },
        );
        const switched =
          stages.length > 1
            ? await switchCascade(stages, { x, labels }, { ...ball, ...ending, method })
            : null;
        const found = verdicts.map((verdict, i) => ({
          ...{ index: indices[i], label: labels[i], ...verdict },
          ...(switched && { switched: switched[i] }),
        }));
        examples.push(...found);
        seen.update(examples.length, { pgdError: attackSummary(examples).pgdError });
        if (keep) await keep(found, shown);
        await letIn(watch.signal);
      }
    },
  );
  const seconds = (performance.now() - began) / 1000;
  return {
    about: aboutOf(stages.length),
    summary: { ...attackSummary(examples), seconds },
    examples,
    shown,
  };
}

/** Fractions of the examples; that of a cascade's own answers where it was attacked. */
export function attackSummary(
  examples: readonly AttackedExample[],
): Omit<AttackOutcome["summary"], "seconds"> {
  const share = (kind: "wrong" | "fgsm" | "pgd" | "switched"): number =>
    examples.filter((example) => example[kind]).length / examples.length;
  return {
    ...{ error: share("wrong"), fgsmError: share("fgsm"), pgdError: share("pgd") },
    ...(examples.some(({ switched }) => switched !== undefined) && { switchingError: share("switched") }),
  };
}
