import { UsageError } from "../errors.js";

/**
 * How a ramp rises: `linear`, the paper's; or `smooth`, first as a fourth power, from a quarter of the way in a straight
 * line, without a kink between them.
 */
export type RampShape = "linear" | "smooth";
export const RAMP_SHAPES: readonly RampShape[] = ["linear", "smooth"];

/** A weight, such as κ, that goes from a start to an end. */
export interface WeightRange {
  readonly start: number;
  readonly end: number;
}

/** A value that moves from `start` to `end` over the first `epochs` epochs and then stays. */
export interface Ramp {
  readonly start: number;
  readonly end: number;
  readonly epochs: number;
  /** Default `linear`. */
  readonly shape?: RampShape;
}

/** The ramp's value after `progress` epochs, which may be a fraction. Before it begins, its start. */
export function rampAt(ramp: Ramp, progress: number): number {
  if (ramp.epochs <= 0 || progress >= ramp.epochs) return progress < 0 ? ramp.start : ramp.end;
  const way = Math.max(0, progress / ramp.epochs);
  return ramp.start + (ramp.end - ramp.start) * (ramp.shape === "smooth" ? smoothly(way) : way);
}

const POWER = 4;
const STRAIGHT_FROM = 0.25;

/** From 0 to 1 on 0 … 1: a·t⁴, then a straight line that continues its slope. */
function smoothly(way: number): number {
  const height = 1 / (1 + (POWER * (1 - STRAIGHT_FROM)) / STRAIGHT_FROM);
  if (way < STRAIGHT_FROM) return height * (way / STRAIGHT_FROM) ** POWER;
  return height + ((1 - height) * (way - STRAIGHT_FROM)) / (1 - STRAIGHT_FROM);
}

/** The learning rate is multiplied by `factor` every `every` epochs after the first `after`. */
export interface StepDecay {
  readonly rate: number;
  readonly factor: number;
  readonly every: number;
  readonly after: number;
}

export function rateAt(decay: StepDecay, epoch: number): number {
  if (decay.every <= 0 || epoch < decay.after) return decay.rate;
  return decay.rate * decay.factor ** Math.floor((epoch - decay.after) / decay.every);
}

/** Throws a `UsageError` that names the setting unless the ramp makes sense. */
export function checkRamp(name: string, ramp: Ramp, limit = Number.POSITIVE_INFINITY): void {
  for (const [part, value] of [
    ["start", ramp.start],
    ["end", ramp.end],
  ] as const) {
    if (!(value >= 0 && value <= limit && Number.isFinite(value))) {
      const most = Number.isFinite(limit) ? ` and at most ${limit}` : "";
      throw new UsageError(`${name} ${part}: expected a finite number of at least 0${most}, got ${value}`);
    }
  }
  if (!(ramp.epochs >= 0)) throw new UsageError(`${name} epochs: expected at least 0, got ${ramp.epochs}`);
}
