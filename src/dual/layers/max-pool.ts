import {
  add,
  apply,
  dot,
  maxPoolChoice,
  norm,
  scaleBy,
  select,
  selectTranspose,
  subtract,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { Tensor } from "../../compute/backend.js";
import { type Conv2dGeometry, inFeatures } from "../../compute/geometry.js";
import { OWN } from "../../compute/owners.js";
import type { LayerContext } from "../../network/layers/definition.js";
import type { MaxPoolLayer } from "../../network/layers/max-pool.js";
import { windowGeometry } from "../../network/layers/window.js";
import { positionwiseCost } from "../cost.js";
import {
  type BackStep,
  type EnclosedRule,
  NeuronState,
  type ParallelDual,
  type Want,
} from "../dual-layer.js";
import { type Look, lookAtAll, lookAtPatch } from "../patch.js";
import { windowMembers } from "../window-members.js";
import { choiceInPatch } from "./choice-in-patch.js";
import { inputPatch, windowsOverPatch } from "./window-patch.js";

/**
 * Dual of max pooling: z_i ≤ max ≤ z_i + gap for the input i of the window with the largest lower bound, where
 * gap = max(0, largest other upper bound − ℓ_i). Slope 1 on z_i, m = ρ = gap/2. Exact where the gap is 0.
 */
export const maxPool: EnclosedRule<MaxPoolLayer> = {
  form: "enclosed",
  parallel(tape, layer, context, { lower, upper }) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const { choice, rival } = maxPoolChoice(tape, lower, upper, geometry);
    const highest = select(tape, upper, rival, OWN, Number.NEGATIVE_INFINITY);
    const lowest = select(tape, lower, choice, OWN, Number.NEGATIVE_INFINITY);
    const gap = apply(tape, { kind: "relu" }, subtract(tape, highest, lowest));
    const half = scaleBy(tape, gap, 0.5);
    return chosen(choice, half, half, geometry);
  },
  adaptive(tape, layer, context, bounds) {
    return this.parallel(tape, layer, context, bounds);
  },
  interval(tape, layer, context, { lower, upper }) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const maximum = (x: typeof lower) =>
      select(tape, x, maxPoolChoice(tape, x, x, geometry).choice, OWN, Number.NEGATIVE_INFINITY);
    return { lower: maximum(lower), upper: maximum(upper) };
  },
  states(layer, context, lower, upper, examples) {
    return windowStates(layer, context, lower, upper, examples);
  },
};

/** The chosen inputs, one of each window, moved by the shift and known to the radius. */
function chosen(choice: Tensor, shift: Variable, radius: Variable, geometry: Conv2dGeometry): ParallelDual {
  const back = (
    tape: Tape,
    nu: Variable,
    own: Tensor,
    features: number,
    want: Want,
    look: Look,
  ): BackStep => {
    const { values, owners } = look(radius, "by example");
    return {
      nus: [selectTranspose(tape, nu, own, owners, features)],
      centre: want.centre ? dot(tape, nu, look(shift, "by example").values, owners) : undefined,
      radius: norm(tape, nu, values, owners, 1),
    };
  };
  const shape = [geometry.outChannels, geometry.outHeight, geometry.outWidth];
  return {
    kind: "parallel",
    coupling: "diagonal",
    shift,
    radius,
    push: (tape, [x], owners) => select(tape, x, choice, owners, Number.NEGATIVE_INFINITY),
    back: (tape, nu, owners, want) => back(tape, nu, choice, inFeatures(geometry), want, lookAtAll(owners)),
    // What lies on padding was chosen by nobody and goes nowhere: it need not be cleared before.
    crop: (patch, viewers) => ({
      input: inputPatch(geometry, patch),
      multiplyAdds: positionwiseCost(geometry.outChannels * patch.height * patch.width),
      back(tape, nu, want) {
        const own = choiceInPatch(tape, choice, geometry, patch, viewers);
        const features = inFeatures(windowsOverPatch(geometry, patch.height, patch.width));
        return back(tape, nu, own, features, want, lookAtPatch(tape, shape, patch, viewers));
      },
    }),
    absolute: (tape, r) => select(tape, r, choice, OWN, Number.NEGATIVE_INFINITY),
    widened: (tape, by) => ({
      ...chosen(choice, shift, add(tape, radius, by), geometry),
      widening: { own: radius, by },
    }),
  };
}

/** Unstable are inputs that may still be their window's maximum, in windows that are not decided; chosen ones pass on. */
function windowStates(
  layer: MaxPoolLayer,
  context: LayerContext,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  examples: number,
): Uint8Array {
  const states = new Uint8Array(lower.length).fill(NeuronState.inactive);
  for (const members of windowMembers(windowGeometry(layer, context.inputShapes[0], context.outputShape))) {
    for (let b = 0; b < examples; b++) {
      const at = (feature: number) => feature * examples + b;
      let best = members[0];
      for (const feature of members) if (lower[at(feature)] > lower[at(best)]) best = feature;
      const contenders = members.filter(
        (feature) => feature !== best && !(upper[at(feature)] <= lower[at(best)]),
      );
      const state = contenders.length === 0 ? NeuronState.active : NeuronState.unstable;
      // Windows may overlap: an input unstable in one of them is unstable.
      for (const feature of [best, ...contenders]) states[at(feature)] = Math.max(states[at(feature)], state);
    }
  }
  return states;
}
