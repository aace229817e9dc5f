import type { Shape } from "../network/shape.js";
import { NeuronState } from "./dual-layer.js";

/** Neurons to be bounded: feature `index[i]` of example `owner[i]`. */
export interface NeuronList {
  readonly index: Int32Array;
  readonly owner: Int32Array;
}

/** Neurons by what is left to settle. What is inactive needs nothing. */
export interface Unsettled {
  readonly unstable: NeuronList;
  readonly active: NeuronList;
}

/**
 * The neurons of each state `[n, examples]`, grouped by example; the channels of an image's position, which see the same
 * patch, lie side by side.
 */
export function unsettled(states: Uint8Array, examples: number, shape: Shape): Unsettled {
  const features = states.length / examples;
  const channels = shape.length === 3 ? shape[0] : 1;
  const positions = features / channels;
  // Per state and example, first how many neurons there are, then where the next one goes.
  const next = new Int32Array(3 * examples);
  for (let f = 0, i = 0; f < features; f++) {
    for (let b = 0; b < examples; b++, i++) next[states[i] * examples + b]++;
  }
  const lists = [NeuronState.inactive, NeuronState.active, NeuronState.unstable].map((state): NeuronList => {
    let total = 0;
    for (let at = state * examples; at < (state + 1) * examples; at++) {
      const count = next[at];
      next[at] = total;
      total += count;
    }
    const size = state === NeuronState.inactive ? 0 : total;
    return { index: new Int32Array(size), owner: new Int32Array(size) };
  });
  for (let turn = 0; turn < features; turn++) {
    const f = (turn % channels) * positions + Math.floor(turn / channels);
    for (let b = 0; b < examples; b++) {
      const state = states[f * examples + b];
      if (state === NeuronState.inactive) continue;
      const place = next[state * examples + b]++;
      lists[state].index[place] = f;
      lists[state].owner[place] = b;
    }
  }
  return { unstable: lists[NeuronState.unstable], active: lists[NeuronState.active] };
}
