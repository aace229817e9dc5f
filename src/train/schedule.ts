import { UsageError } from "../errors.js";

/** A value that moves in a straight line from `start` to `end` over the first `epochs` epochs and then stays. */
export interface Ramp {
  readonly start: number;
  readonly end: number;
  readonly epochs: number;
}

/** The ramp's value after `progress` epochs, which may be a fraction. */
export function rampAt(ramp: Ramp, progress: number): number {
  if (ramp.epochs <= 0 || progress >= ramp.epochs) return ramp.end;
  return ramp.start + (ramp.end - ramp.start) * (progress / ramp.epochs);
}

/** The learning rate is multiplied by `factor` every `every` epochs, counted from `after`. */
export interface StepDecay {
  readonly rate: number;
  readonly factor: number;
  readonly every: number;
  readonly after: number;
}

export function rateAt(decay: StepDecay, epoch: number): number {
  if (decay.every <= 0 || epoch < decay.after) return decay.rate;
  return decay.rate * decay.factor ** (Math.floor((epoch - decay.after) / decay.every) + 1);
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
