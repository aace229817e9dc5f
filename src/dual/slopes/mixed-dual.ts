import {
  add,
  apply,
  combine,
  dot,
  multiply,
  norm,
  scaleBy,
  scaleBySign,
  scaleShift,
  spread,
  subtract,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import { OWN, type Owners, SHARED } from "../../compute/owners.js";
import type { BackStep, TwoLineDual } from "../dual-layer.js";
import type { Gathered } from "../own-rounding.js";
import type { Rounding } from "../rounding.js";
import type { Enclosure, Line } from "./lines.js";

/** Weights of the first line, one per neuron and row, `[n, rows]`, where there are two to choose from. */
export interface MixWeights {
  readonly lower?: Variable;
  readonly upper?: Variable;
}

/**
 * A constraint on pre-activations as branches have it: at the marked neurons, z ≥ value for `above`, z ≤ value for
 * `below`. Marks are 1 or 0, values 0 where there is no mark; multipliers, never negative, are free. Each `[n, rows]`.
 */
export interface SideConstraint {
  readonly side: "above" | "below";
  readonly marks: Variable;
  readonly values: Variable | null;
  readonly multipliers: Variable;
}

/** What rounding adds around the lines, `[n, columns]`, and what is known of it at the activation's input. */
export interface MixedRounding {
  readonly rounding: Rounding;
  readonly width: Variable;
  readonly gathered: Gathered;
}

/** Is shown ν at the output of an activation as the backward pass comes by. */
export type Trace = (node: number, nu: Variable) => void;

/**
 * The dual of an activation between mixed lines, under constraints on its input (β-CROWN): a lower bound takes the lower
 * line where ν > 0 and the upper one where ν < 0. A constraint z ≥ v adds β(v − z), z ≤ v adds β(z − v), each at most 0
 * wherever the constraint holds.
 */
export function mixedDual(
  tape: Tape,
  enclosure: Enclosure,
  weights: MixWeights,
  owners: Owners,
  rows: number,
  constraints: readonly SideConstraint[],
  rounding: MixedRounding | null,
  onBack?: (nu: Variable) => void,
): TwoLineDual {
  const low = mixed(tape, enclosure.lower, weights.lower, owners, rows);
  const high = mixed(tape, enclosure.upper, weights.upper, owners, rows);
  return {
    kind: "two-lines",
    back(tape, nu): BackStep {
      onBack?.(nu);
      const collected = [
        ...(low.shift ? [signedPart(tape, nu, low.shift, 1)] : []),
        ...(high.shift ? [signedPart(tape, nu, high.shift, -1)] : []),
      ];
      const radii = rounding ? [norm(tape, nu, rounding.width, owners, 1)] : [];
      let below = scaleBySign(tape, nu, low.slope, high.slope, OWN);
      for (const { side, marks, values, multipliers } of constraints) {
        const pull = multiply(tape, marks, multipliers);
        below = side === "above" ? subtract(tape, below, pull) : add(tape, below, pull);
        if (rounding) radii.push(...constraintRadii(tape, rounding, pull, values));
        if (!values) continue;
        const constant = dot(tape, pull, values, OWN);
        collected.push(side === "above" ? constant : scaleBy(tape, constant, -1));
      }
      const centre = collected.length === 0 ? undefined : collected.reduce((a, b) => add(tape, a, b));
      const radius = radii.length === 0 ? undefined : radii.reduce((a, b) => add(tape, a, b));
      return { nus: [below], ...(centre && { centre }), ...(radius && { radius }) };
    },
  };
}

/** What the multipliers of a constraint may be off by. */
function constraintRadii(
  tape: Tape,
  { rounding, gathered }: MixedRounding,
  pull: Variable,
  values: Variable | null,
): Variable[] {
  const radii = [norm(tape, pull, rounding.ofConstraint(tape, gathered), SHARED, 1)];
  if (!values) return radii;
  const share = rounding.ofTerms(values.value.features);
  return [...radii, scaleBy(tape, norm(tape, pull, apply(tape, { kind: "abs" }, values), OWN, 1), share)];
}

/** Σ shift·max(ν, 0) or Σ shift·min(ν, 0), `[1, rows]`: (ν ± |ν|)/2. */
function signedPart(tape: Tape, nu: Variable, shift: Variable, sign: 1 | -1): Variable {
  return combine(tape, 0.5, dot(tape, nu, shift, OWN), 0.5 * sign, norm(tape, nu, shift, OWN, 1));
}

/** A line per row: the only one, or the mix. */
function mixed(
  tape: Tape,
  lines: readonly Line[],
  weight: Variable | undefined,
  owners: Owners,
  rows: number,
): Line {
  const [first, second] = lines;
  const each = (x: Variable): Variable => (owners.kind === "own" ? x : spread(tape, x, owners, rows));
  if (!second || !weight)
    return { slope: each(first.slope), ...(first.shift && { shift: each(first.shift) }) };
  const between = (a: Variable, b: Variable): Variable =>
    scaleShift(tape, weight, subtract(tape, a, b), b, owners);
  const slope = between(first.slope, second.slope);
  if (first.shift && second.shift) return { slope, shift: between(first.shift, second.shift) };
  if (first.shift || second.shift) throw new Error("of two lines that are mixed both have a shift, or none");
  return { slope };
}
