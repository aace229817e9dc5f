/** Of the checker of certificates. */
export const CHECK = [
  {
    file: "src/check/claims.ts",
    was: "sign > 0",
    becomes: "sign >= 0",
    why: "a sign is 1 or -1",
  },
  {
    file: "src/check/claims.ts",
    was: "bound > 0",
    becomes: "bound >= 0",
    places: 2,
    why: "no bound is 0: the last thing done to it is to round it down, and 0 becomes less than 0",
  },
  // The network as the checker sees it.
  {
    file: "src/check/network.ts",
    was: "[]",
    becomes: '["Stryker was here"]',
    places: 3,
    why: "each layer writes its own entry before any other reads it",
  },
  {
    file: "src/check/network.ts",
    was: "!affine || !(isSum || isRescaling || MOVES.includes(layer.kind))",
    becomes: "!affine && !(isSum || isRescaling || MOVES.includes(layer.kind))",
    why: "layers have rows where their kinds are in one of the lists, and nowhere else",
  },
  {
    file: "src/check/network.ts",
    was: "isSum || isRescaling || MOVES.includes(layer.kind)",
    becomes: "true",
    why: "as above",
  },
  // The checker's curves.
  ...[
    ...["true", "d > 0 || d < steepest"].map((becomes) => ["d > 0 && d < steepest", becomes]),
    ["d > 0", "true"],
    ["d > 0", "d >= 0"],
    ["d < steepest", "true"],
    ["d < steepest", "d <= steepest"],
    ["[]", '["Stryker was here"]'],
  ].map(([was, becomes]) => ({
    file: "src/check/curves.ts",
    was,
    becomes,
    why: "turns of such a slope are no finite numbers, and lie in no interval; at the steepest one both are 0, where nothing turns but where a place more does no harm",
  })),
  {
    file: "src/check/curves.ts",
    was: "z > 0",
    becomes: "z >= 0",
    why: "at 0 both sides of the kink have the value 0",
  },
  ...["z > l", "z < u"].map((was) => ({
    file: "src/check/curves.ts",
    was,
    becomes: `${was.slice(0, 3)}=${was.slice(3)}`,
    why: "an end is looked at anyway",
  })),
  // The checker's bounds.
  {
    file: "src/check/bounds.ts",
    was: "cut.neuron >= from",
    becomes: "true",
    why: "a decision is then taken into account again at later layers, which changes nothing",
  },
  {
    file: "src/check/bounds.ts",
    was: "cut && cut.neuron >= from",
    becomes: "cut",
    why: "as above",
  },
  ...["cut.sign > 0", "sign > 0"].map((was) => ({
    file: "src/check/bounds.ts",
    was,
    becomes: was.replace(">", ">="),
    places: was === "cut.sign > 0" ? 2 : 1,
    why: "a sign is 1 or -1",
  })),
  ...[
    ["rows?.features", "rows.features"],
    ["rows?.slopesOf", "rows.slopesOf"],
    ["curve?.below", "curve.below"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "a layer that rows are asked for has rows and a curve; the question mark is there for the types",
  })),
  ...[
    ["part.lower[neuron] < 0", "part.lower[neuron] <= 0"],
    ["part.upper[neuron] > 0", "part.upper[neuron] >= 0"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "bounds are rounded outward, and are 0 by a decision alone; a row more then gives a bound as well",
  })),
  ...[
    ["[]", '["Stryker was here"]', 5],
    ["to - from", "to + from", 2],
    ["i < to", "i <= to", 1],
  ].map(([was, becomes, places]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    places,
    why: "makes entries that nothing reads: those of the input layer, or behind a layer's last neuron",
  })),
  ...[
    ["weight < 0", "weight <= 0"],
    ["least > lower[i]", "least >= lower[i]"],
    ["most < upper[i]", "most <= upper[i]"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    places: was === "weight < 0" ? 2 : 1,
    why: "either side is the same number",
  })),
  {
    file: "src/check/bounds.ts",
    was: "sums[i] <= machine.most",
    becomes: "sums[i] < machine.most",
    why: "bounds are rounded outward, past the largest number that is allowed",
  },
  ...["v === 0", "columns[c] >= 0"].map((was) => ({
    file: "src/check/bounds.ts",
    was,
    ...(was === "v === 0" ? { becomes: "false", places: 2 } : { becomes: "true" }),
    why: "saves time: 0 adds nothing to sums of finite numbers, and typed arrays have no place before the first",
  })),
  ...[
    ["nu[from + i] > 0", "nu[from + i] >= 0"],
    ["v > 0", "v >= 0"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "where ν is 0 either side adds nothing",
  })),
];
