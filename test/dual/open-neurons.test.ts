import { expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { NeuronState } from "../../src/dual/dual-layer.js";
import { unsettled } from "../../src/dual/open-neurons.js";

it.each([
  [1, 1],
  [7, 1],
  [1, 5],
  [40, 6],
])("neurons are listed by example, features ascending: %i features, %i examples", (features, examples) => {
  const source = random(features, "states");
  const states = Uint8Array.from({ length: features * examples }, () => source.integer(3));
  const lists = unsettled(states, examples);
  for (const name of ["open", "passing"] as const) {
    const expected: [number, number][] = [];
    for (let b = 0; b < examples; b++) {
      for (let f = 0; f < features; f++) {
        if (states[f * examples + b] === NeuronState[name]) expected.push([f, b]);
      }
    }
    const { index, owner } = lists[name];
    expect(Array.from(index, (feature, i) => [feature, owner[i]])).toEqual(expected);
  }
});
