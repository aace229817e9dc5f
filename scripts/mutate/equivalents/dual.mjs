/** Of the dual network: activations, dual layers, lines that are chosen, boxes, the walk. See `equivalents.mjs`. */
export const OF_DUAL = [
  // Activations.
  ...[
    [
      "src/activations/hardtanh.ts",
      "a - slope * a <= b - slope * upper",
      "a - slope * a < b - slope * upper",
    ],
    [
      "src/activations/hardtanh.ts",
      "b - slope * b >= a - slope * lower",
      "b - slope * b > a - slope * lower",
    ],
    ["src/activations/s-shaped.ts", "atLower <= atUpper", "atLower < atUpper"],
  ].map(([file, was, becomes]) => ({
    file,
    was,
    becomes,
    why: "the line then meets both points, and moves alike with either",
  })),
  {
    file: "src/activations/leaky-relu.ts",
    was: "z > 0",
    becomes: "z >= 0",
    at: "value: (z) => (z > 0 ? z : a * z),",
    why: "both pieces are 0 there",
  },
  {
    file: "src/activations/leaky-relu.ts",
    was: "a < 1",
    becomes: "a <= 1",
    at: "const kink = a < 1 ? out.lower : out.upper;",
    why: "of slope 1 both lines are the function itself",
  },
  ...[
    ["tangent > on.lower", "tangent >= on.lower"],
    ["tangent < on.upper", "tangent <= on.upper"],
    ["height < atLower", "height <= atLower"],
    ["height < atUpper", "height <= atUpper"],
  ].map(([was, becomes]) => ({
    file: "src/activations/s-shaped.ts",
    was,
    becomes,
    why: "the line then meets an end of the interval in either case",
  })),
  {
    file: "src/activations/sigmoid.ts",
    was: "z < 0",
    becomes: "z <= 0",
    why: "both forms are 1/2 there",
  },
  // Dual layers.
  ...[
    ["src/dual/layers/choice-in-patch.ts", "i < places.length", "i <= places.length"],
    ["src/dual/layers/elementwise.ts", "i < states.length", "i <= states.length"],
  ].map(([file, was, becomes]) => ({
    file,
    was,
    becomes,
    why: "typed arrays have no place past the last",
  })),
  {
    file: "src/dual/layers/elementwise.ts",
    was: "0.5 * sign",
    becomes: "0.5 / sign",
    why: "a sign is 1 or -1",
  },
];
