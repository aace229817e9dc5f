import { boundPart, type CheckedPart, lowerBound } from "../../check/bounds.js";
import type { CheckedNetwork } from "../../check/network.js";
import { UsageError } from "../../errors.js";
import { HintReader } from "../../formats/certificate/hints.js";
import { encodeNumbers } from "../../formats/certificate/numbers.js";
import { isWithin, regionOf } from "../../formats/certificate/region.js";
import type { ClaimedEvaluation, RobustClaim } from "../../formats/certificate/schema.js";
import type { BallSpec, Epsilon } from "../../threat/ball.js";
import { isByFeature } from "../../threat/box.js";
import { encodeNeurons, encodePlan } from "./encode-hints.js";
import { findHints, LINE_CHOICES } from "./find-hints.js";

/** What a claim of robustness is about. */
export interface RobustSubject {
  readonly network: CheckedNetwork;
  /** SHA-256 of the model's file. */
  readonly model: string;
  /** In which `network` is checked. */
  readonly evaluation: ClaimedEvaluation;
  /** The example's number in its data set, and that data set's name. */
  readonly index: number;
  readonly data: string;
  /** The example, `[features]`. */
  readonly x: Float64Array;
  readonly ball: BallSpec;
  readonly prediction: number;
}

/**
 * A claim that no point of the ball gets another answer than `prediction`, with what the checker needs to find so again; null
 * where its own arithmetic, with the hints that are looked for, does not prove it, or the box leaves the example out. Throws a `Refusal` for a network that the
 * checker does not know.
 */
export function robustClaim(subject: RobustSubject): RobustClaim | null {
  const { network, model, evaluation, index, data, x, ball, prediction } = subject;
  const { norm, box } = ball;
  const kind = "robust" as const;
  const claim: RobustClaim = {
    ...{
      kind,
      model,
      evaluation,
      index,
      data,
      input: encodeNumbers(x),
      norm,
      epsilon: epsilonOf(ball.epsilon),
    },
    ...{ box: claimedBox(box), prediction, margins: [], neurons: {}, plan: {} },
  };
  // The answer of what the box leaves is not that to the example, where that lies outside.
  if (!isWithin(claim.box, x)) return null;
  const region = regionOf(claim, x.length);
  for (const choice of LINE_CHOICES) {
    const { listed, plan: found } = findHints(network, region, choice);
    const neurons = encodeNeurons(network, listed);
    const plan = encodePlan(network, listed, found);
    // What the checker will do, by what the file says.
    const part = boundPart(network, region, new HintReader(network.layers, neurons).plan(plan));
    const margins = marginBounds(network, part, prediction);
    if (margins.every((margin, j) => j === prediction || margin > 0)) {
      return { ...claim, neurons, plan, margins: margins.map(claimedMargin) };
    }
  }
  return null;
}

function marginBounds(network: CheckedNetwork, part: CheckedPart, prediction: number): number[] {
  const { from, to } = network.layers[network.layers.length - 1];
  return Array.from({ length: to - from }, (_, j) => {
    const ends = [prediction, j].map((own, i) => ({ neuron: from + own, coefficient: i === 0 ? 1 : -1 }));
    return j === prediction ? 0 : lowerBound(network, part, ends, 0);
  });
}

/** A little less than what was found, so that it is found on machines whose tanh is another, and in few digits. */
function claimedMargin(bound: number): number {
  return Number((bound * (1 - 2 ** -16)).toPrecision(6));
}

function claimedBox(box: BallSpec["box"]): RobustClaim["box"] {
  if (!box) return null;
  if (!isByFeature(box)) return [box[0], box[1]];
  const numbers = (ends: ArrayLike<number>) => encodeNumbers(Float64Array.from(ends));
  return { lower: numbers(box.lower), upper: numbers(box.upper) };
}

function epsilonOf(epsilon: Epsilon): RobustClaim["epsilon"] {
  if (typeof epsilon === "number") return epsilon;
  if ("perFeature" in epsilon) return encodeNumbers(Float64Array.from(epsilon.perFeature));
  throw new UsageError("certificate: expected one epsilon, or one per feature, for an example");
}
