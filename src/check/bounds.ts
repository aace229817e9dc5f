import type { HintedPlan } from "../formats/certificate/hints.js";
import type { ClaimedRegion } from "../formats/certificate/region.js";
import { type CurveLines, linesAround } from "./curves.js";
import type { CheckedNetwork } from "./network.js";
import { down, FLOOR, gamma, type NeuronBox, Refusal, up } from "./rounding.js";

/** A part of a region, and bounds of all neurons there, in whatever way the network is run. */
export interface CheckedPart extends NeuronBox {
  readonly region: ClaimedRegion;
  /** How the bounds were found. */
  readonly plan: HintedPlan;
  /** By layer. */
  readonly lines: readonly (CurveLines | undefined)[];
  /** Of inputs and affine neurons: what their roundings, and ours in rows through them, come to for a |ν| of 1. */
  readonly errors: Float64Array;
}

/** A decision: sign · (z − value) ≥ 0, z being a neuron's value. */
export interface Cut {
  readonly neuron: number;
  readonly sign: 1 | -1;
  readonly value: number;
}

/** A multiple of a neuron's value. */
export interface NeuronTerm {
  readonly neuron: number;
  readonly coefficient: number;
}

const sizeAt = ({ lower, upper }: NeuronBox, i: number) => Math.max(Math.abs(lower[i]), Math.abs(upper[i]));

/**
 * Bounds of every neuron over a part of a region: by intervals from layer to layer, by rows where a plan is given, within
 * those of the part `before` it, and within a decision. What would contradict the bounds so far changes nothing.
 */
export function boundPart(
  network: CheckedNetwork,
  region: ClaimedRegion,
  given: HintedPlan | null,
  before: CheckedPart | null = null,
  cut: Cut | null = null,
): CheckedPart {
  const { layers, neurons, machine, slack, losses } = network;
  const { tiny, unit } = machine;
  const plan = given ?? before?.plan ?? { slopes: [], rows: [] };
  const lower = before?.lower.slice() ?? new Float64Array(neurons).fill(-Infinity);
  const upper = before?.upper.slice() ?? new Float64Array(neurons).fill(Infinity);
  const [errors, lines]: [Float64Array, CurveLines[]] = [new Float64Array(neurons), []];
  const part = { region, plan, lower, upper, lines, errors };
  // The sums of absolute values that make a value, were all affine layers since the last curves run as one.
  const sums = new Float64Array(neurons);
  let most = 1;
  for (const [k, layer] of layers.entries()) {
    const { name, from, to, inputs, affine, roundings } = layer;
    if (affine) {
      const { taps, columns, columnsAt, weights, weightsAt, bias, constants } = affine;
      const each = gamma(roundings, unit) + 5 * slack;
      const lost = FLOOR + tiny * (roundings === 0 ? 1 : losses * most);
      for (let i = from; i < to; i++) {
        let [low, high, sum] = [bias[i - from], bias[i - from], constants[i - from]];
        for (let t = 0, c = columnsAt[i - from], w = weightsAt[i - from]; t < taps; t++, c++, w++) {
          const [j, weight] = [columns[c], weights[w]];
          if (j < 0) continue;
          low += weight * (weight < 0 ? upper : lower)[j];
          high += weight * (weight < 0 ? lower : upper)[j];
          sum += Math.abs(weight) * sums[j];
        }
        sums[i] = sum * (1 + slack);
        errors[i] = up(each * sums[i] + unit * constants[i - from] + lost) * (1 + slack);
        narrow(part, i, down(low - errors[i]), up(high + errors[i]));
      }
    } else if (layer.curve) {
      const { curve } = layer;
      const input = layers[inputs[0]].from;
      lines[k] = linesAround(curve, to - from, input, part, plan.slopes[k]);
      for (let i = from, j = input; i < to; i++, j++) {
        const error = curve.error(sizeAt(part, j));
        narrow(part, i, down(curve.value(lower[j]) - error), up(curve.value(upper[j]) + error));
      }
    } else {
      for (let i = 0; i < to; i++) {
        errors[i] = up(unit * sizeAt(region, i)) + tiny;
        narrow(part, i, down(region.lower[i] - errors[i]), up(region.upper[i] + errors[i]));
      }
    }
    for (let i = from; i < to; i++) {
      sums[i] = Math.max(sums[i], sizeAt(part, i));
      if (!(sums[i] <= machine.most))
        throw new Refusal(`not checkable: ${name} may overflow, or be no numbers`);
      most = Math.max(most, sums[i]);
    }
    for (const [reader, rows] of given?.rows.entries() ?? []) {
      if (rows && layers[reader].inputs[0] === k) boundByRows(network, part, reader);
    }
    if (cut && cut.neuron >= from && cut.neuron < to) {
      narrow(part, cut.neuron, cut.sign > 0 ? cut.value : -Infinity, cut.sign > 0 ? Infinity : cut.value);
    }
  }
  return part;
}

/** NaN, and what leaves nothing, changes nothing. */
function narrow({ lower, upper }: NeuronBox, i: number, least: number, most: number): void {
  const [low, high] = [least > lower[i] ? least : lower[i], most < upper[i] ? most : upper[i]];
  if (low <= high) [lower[i], upper[i]] = [low, high];
}

/** A row for each side of those inputs of an activation that the plan has rows for. */
function boundByRows(network: CheckedNetwork, part: CheckedPart, reader: number): void {
  const { curve, inputs } = network.layers[reader];
  const rows = part.plan.rows[reader];
  for (const [row, feature] of rows?.features.entries() ?? []) {
    const neuron = network.layers[inputs[0]].from + feature;
    // Beside a kink at 0 nothing depends on the bounds.
    if (curve?.below !== undefined && !(part.lower[neuron] < 0 && part.upper[neuron] > 0)) continue;
    const [least, most] = [1, -1].map((coefficient, side) =>
      lowerBound(network, part, [{ neuron, coefficient }], 0, rows?.slopesOf?.(2 * row + side)),
    );
    narrow(part, neuron, least, -most);
  }
}

/**
 * A lower bound of constant + Σ terms: a row ν goes backward from layer to layer, each adding what it may take away. The bound
 * holds for any ν (Theorem 1 of the paper); by how much ν, rounded, fails to be what it stands for is added, as multiples of the
 * largest values that it is multiplied by: for affine layers a part of `errors`, elsewhere by `slack`. `slopes` are those of the
 * lines of this row alone.
 */
export function lowerBound(
  { layers, neurons, slack, step }: CheckedNetwork,
  part: CheckedPart,
  terms: readonly NeuronTerm[],
  constant: number,
  slopes: HintedPlan["slopes"] = [],
): number {
  step?.();
  const { region, errors } = part;
  const nu = new Float64Array(neurons);
  const less = (total: number, centre: number, radius: number) =>
    down(total + down(centre - up(radius * (1 + slack))));
  let [total, last] = [down(constant - FLOOR), 0];
  for (const { neuron, coefficient } of terms) {
    nu[neuron] += coefficient;
    total = less(total, 0, slack * Math.abs(coefficient) * sizeAt(part, neuron));
    last = Math.max(last, neuron);
  }
  for (let k = layers.length - 1; k > 0; k--) {
    const { from, to, affine, curve, inputs } = layers[k];
    if (from > last) continue;
    let [centre, radius] = [0, 0];
    if (affine) {
      const { taps, columns, columnsAt, weights, weightsAt, bias } = affine;
      for (let i = from; i < to; i++) {
        const v = nu[i];
        if (v === 0) continue;
        centre += v * bias[i - from];
        radius += Math.abs(v) * errors[i];
        for (let t = 0, c = columnsAt[i - from], w = weightsAt[i - from]; t < taps; t++, c++, w++) {
          if (columns[c] >= 0) nu[columns[c]] += v * weights[w];
        }
      }
    } else {
      const input = layers[inputs[0]].from;
      const own = curve && slopes[k] ? linesAround(curve, to - from, input, part, slopes[k]) : part.lines[k];
      const { slope, shift } = own as CurveLines;
      for (let i = 0; i < to - from; i++) {
        const [v, side] = [nu[from + i], nu[from + i] > 0 ? 0 : 1];
        if (v === 0) continue;
        centre += v * shift[side][i];
        radius += Math.abs(v) * slack * (Math.abs(shift[side][i]) + slope[side][i] * sizeAt(part, input + i));
        nu[input + i] += v * slope[side][i];
      }
    }
    total = less(total, centre, radius);
  }
  const input = nu.subarray(0, layers[0].to);
  const sum = (value: (v: number, i: number) => number) =>
    input.reduce((before, v, i) => before + value(v, i), 0);
  const rounded = sum((v, i) => Math.abs(v) * slack * sizeAt(part, i));
  const least = sum((v, i) => v * (v > 0 ? part.lower : part.upper)[i]);
  const inBox = less(total, least, rounded);
  if (!region.ball) return inBox;
  const { norm, centre, radius: own } = region.ball;
  const longest = input.reduce((most, v, i) => Math.max(most, Math.abs(v * own[i])), 0);
  // In units of the longest, so that no square that counts underflows.
  const squares = longest > 0 ? sum((v, i) => ((v * own[i]) / longest) ** 2) : 0;
  const dual = norm === "l2" ? longest * Math.sqrt(squares) : longest;
  const run = sum((v, i) => Math.abs(v) * errors[i]);
  const middle = sum((v, i) => v * centre[i]);
  return Math.max(inBox, less(total, middle, dual + rounded + run));
}
