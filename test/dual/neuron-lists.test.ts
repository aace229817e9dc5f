import { expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { NeuronState } from "../../src/dual/dual-layer.js";
import { unsettled } from "../../src/dual/neuron-lists.js";
import { sizeOf } from "../../src/network/shape.js";

it.each([
  { shape: [1], examples: 1 },
  { shape: [7], examples: 1 },
  { shape: [1], examples: 5 },
  { shape: [40], examples: 6 },
  { shape: [3, 2, 4], examples: 5 },
  { shape: [3, 4], examples: 2 },
])("neurons are listed by example, then by position, channels side by side: %o", ({ shape, examples }) => {
  const features = sizeOf(shape);
  const positions = shape.length === 3 ? shape[1] * shape[2] : features;
  const source = random(features, "states");
  const states = Uint8Array.from({ length: features * examples }, () => source.integer(3));
  const lists = unsettled(states, examples, shape);
  for (const name of ["unstable", "active"] as const) {
    const expected: [number, number][] = [];
    for (let b = 0; b < examples; b++) {
      for (let position = 0; position < positions; position++) {
        for (let f = position; f < features; f += positions) {
          if (states[f * examples + b] === NeuronState[name]) expected.push([f, b]);
        }
      }
    }
    const { index, owner } = lists[name];
    expect(Array.from(index, (feature, i) => [feature, owner[i]])).toEqual(expected);
  }
});
