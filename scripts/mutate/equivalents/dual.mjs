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
    ["src/dual/layers/conv2d.ts", "f < channelOf.length", "f <= channelOf.length"],
    ["src/dual/layers/convolution.ts", "i < places.length", "i <= places.length"],
    ["src/dual/layers/convolution.ts", "i < index.length", "i <= index.length"],
    ["src/dual/layers/window-patch.ts", "i < top.length", "i <= top.length"],
    ["src/dual/layers/batch-norm.ts", "c < shape[0]", "c <= shape[0]"],
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
  {
    file: "src/dual/layers/rearrangement.ts",
    was: "source >= 0",
    becomes: "true",
    why: "typed arrays have no place before the first",
  },
  {
    file: "src/dual/layers/conv-transpose2d.ts",
    was: "moved !== nu",
    becomes: "false",
    why: "frees what was made for this step alone",
  },
  ...["lines.extent === height && columns.extent === width", "isWhole"].map((was) => ({
    file: "src/dual/layers/transposed-patch.ts",
    was,
    becomes: "false",
    why: "saves a copy of what is as large already",
  })),
  ...[
    ["lines <= atOnce", "lines < atOnce"],
    ["begin < lines", "begin <= lines"],
    [
      "bound.recording || tape.recording || lines <= atOnce",
      "(bound.recording || tape.recording) && lines <= atOnce",
    ],
    ["bound.recording || tape.recording", "bound.recording && tape.recording"],
    ["bound.recording || tape.recording", "false"],
  ].map(([was, becomes]) => ({
    file: "src/dual/layers/magnitude.ts",
    was,
    becomes,
    at: was === "begin < lines" ? undefined : "if (bound.recording || tape.recording || lines <= atOnce) {",
    why: "one part, or none beside the others: the same numbers, and a tape that records keeps all of it",
  })),
  // Lines that are chosen.
  ...[
    ["src/dual/slopes/free-variables.ts", "default: return domain satisfies never;"],
    ["src/dual/slopes/lines.ts", "default: return mix satisfies never;"],
    ["src/dual/box.ts", "default: return layer.coupling satisfies never;"],
  ].map(([file, was]) => ({ file, was, becomes: "default:", why: "there is no other kind" })),
  ...[
    ["row < rows", "row <= rows"],
    ["f < features", "f <= features"],
    ["k < features", "k <= features"],
  ].map(([was, becomes]) => ({
    file: "src/dual/slopes/free-variables.ts",
    was,
    becomes,
    why: "reads past the end of typed arrays, whose NaN chooses no shift; what is there is put back as it was",
  })),
  {
    file: "src/dual/slopes/free-variables.ts",
    was: "sorted[k] > candidate",
    becomes: "sorted[k] >= candidate",
    why: "where both are equal the shift before was the same",
  },
  {
    file: "src/dual/slopes/lines.ts",
    was: "slope === 0",
    becomes: "false",
    why: "adds 0 then",
  },
  {
    file: "src/dual/slopes/mixed-dual.ts",
    was: "0.5 * sign",
    becomes: "0.5 / sign",
    why: "a sign is 1 or -1",
  },
  {
    file: "src/dual/slopes/mixed-dual.ts",
    was: 'owners.kind === "own"',
    becomes: "false",
    why: "saves a copy: rows of their own are spread as they are",
  },
];
