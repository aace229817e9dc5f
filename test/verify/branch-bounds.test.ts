import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { add, leakyRelu, linear, relu, tanh } from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";
import type { Branch, BranchedBox } from "../../src/verify/branch.js";
import { BranchBounds } from "../../src/verify/branch-bounds.js";
import {
  above,
  below,
  branched,
  branchOf,
  caseOf,
  expectAbout,
  type Pairs,
  region,
  rowByRow,
  subject,
  threeLayers,
} from "./by-hand.js";

/**
 * z = (x, 1 − x), both between −1 and 2; r = relu(z); t = (r₀ − 2 r₁ + ½, 1½ − r₀ − r₁), between −3½ and 2½, and between −½ and ½;
 * y = relu(t₀) + relu(t₁).
 */
const deep = subject(
  threeLayers([
    [
      [[1], [-1]],
      [0, 1],
    ],
    [
      [
        [1, -2],
        [-1, -1],
      ],
      [0.5, 1.5],
    ],
    [[[1, 1]], [0]],
  ]),
);
const box = region([-1], [2]);
const asked = caseOf([[1]], [0]);
const boxOf = (own = deep, evaluation: "float64" | null = "float64") => branched(own, box, asked, evaluation);

/** Of each branch its bounds at both activations, `[lower, upper]` by neuron. */
async function boundsOf(own: BranchedBox, branches: readonly Branch[], refresh: boolean) {
  using bounds = new BranchBounds(own, branches);
  if (refresh) await bounds.refresh();
  const found = (await bounds.read()).map((byNode) =>
    [2, 4].map((node): Pairs => {
      const { lower, upper } = byNode.get(node) as { lower: Float64Array; upper: Float64Array };
      return Array.from(lower, (low, i) => [low, upper[i]]);
    }),
  );
  return { found, empty: new Map(bounds.empty) };
}

const FIRST: Pairs = [
  [-1, 2],
  [-1, 2],
];
const SECOND: Pairs = [
  [-3.5, 2.5],
  [-0.5, 0.5],
];
const inherited = (node: number, lower: number[], upper: number[]) =>
  ({ bounds: new Map([[node, region(lower, upper)]]) }) satisfies Partial<Branch>;

describe("bounds of branches", () => {
  it("are the box's, cut where each has decided", async () => {
    const { found, empty } = await boundsOf(
      await boxOf(),
      [
        branchOf([]),
        branchOf([above(0), below(1, 0.25)]),
        branchOf([above(1, 0.5), above(1, 0.25), below(0, 1), below(0, 1.5)]),
        branchOf([below(1, -0.25, 4), above(0, 2, 4)]),
        branchOf([above(0, -3), below(0, 7)]),
      ],
      false,
    );
    const expected: Pairs[][] = [
      [FIRST, SECOND],
      [
        [
          [0, 2],
          [-1, 0.25],
        ],
        SECOND,
      ],
      [
        [
          [-1, 1],
          [0.5, 2],
        ],
        SECOND,
      ],
      [
        FIRST,
        [
          [2, 2.5],
          [-0.5, -0.25],
        ],
      ],
      [FIRST, SECOND],
    ];
    for (const [column, byNode] of expected.entries())
      for (const [i, own] of byNode.entries()) expectAbout(found[column][i], own);
    expect(empty.size).toBe(0);
  });

  it("are their parents' where these have passed on theirs, cut by what is decided since", async () => {
    const { found } = await boundsOf(
      await boxOf(),
      [
        branchOf([above(0), below(1, 1)], inherited(2, [0.5, -0.5], [1.5, 0.75])),
        branchOf([above(1, 0.25, 4)], inherited(4, [-3, -0.25], [1, 0.375])),
      ],
      false,
    );
    expect(found[0][0]).toEqual([
      [0.5, 1.5],
      [-0.5, 0.75],
    ]);
    expectAbout(found[0][1], SECOND);
    expectAbout(found[1][0], FIRST);
    expect(found[1][1]).toEqual([
      [-3, 1],
      [0.25, 0.375],
    ]);
  });

  it.each([deep, rowByRow(deep)])(
    "above the last decision are computed again, for each branch its own",
    async (own) => {
      const { found, empty } = await boundsOf(
        await boxOf(own),
        [
          branchOf([above(0), below(1)]),
          branchOf([]),
          branchOf([below(0), above(1)]),
          branchOf([above(0, -0.25, 4), above(0), below(1)]),
          branchOf([above(0), below(1), above(1, -0.25, 4)]),
          branchOf([above(0), above(1)]),
        ],
        true,
      );
      // There t₀ is x + ½, and t₁ = 1½ − x.
      expectAbout(found[0][1], [
        [-0.5, 2.5],
        [-0.5, 0.5],
      ]);
      expectAbout(found[1][1], SECOND);
      // There t₀ is 2x − 1½, t₁ = x + ½.
      expectAbout(found[2][1], SECOND);
      expectAbout(found[3][1], [
        [-0.25, 2.5],
        [-0.5, 0.5],
      ]);
      // Nothing is computed again below or beside a decision.
      expectAbout(found[4][1], [
        [-3.5, 2.5],
        [-0.25, 0.5],
      ]);
      // There t₁ is ½.
      expectAbout(found[5][1], [
        [-3.5, 2.5],
        [0.5, 0.5],
      ]);
      expect(empty.size).toBe(0);
    },
  );

  it("are computed again of neurons alone that are still unstable, an activation's own inputs included", async () => {
    // t₁ is ½ where both are above 0; decided about already, it stays as it was cut.
    const { found } = await boundsOf(await boxOf(), [branchOf([above(1, 0, 4), above(0), above(1)])], true);
    expect(found[0][1][1][0]).toBe(0);
    // tanh(relu(x)), and relu(x) is 0 where x is below 0.
    const network = sequential([1], [linear(1), relu(), tanh(), linear(1)]);
    const weights = new Map(network.parameters.map(({ name }, i) => [name, Float64Array.of((i + 1) % 2)]));
    using bounds = new BranchBounds(await boxOf(subject({ network, weights })), [branchOf([below(0)])]);
    await bounds.refresh();
    const [own] = await bounds.read();
    expect(own.get(3)?.upper[0]).toBeCloseTo(0, 11);
  });

  it("are the same for all activations of a node, whichever was decided about", async () => {
    // z = (x, 5 + x, x − ½): the second is above 0. A decision about node 3 is one about node 2.
    const network = graph([1], (x, attach) => {
      const z = attach(linear(3), x);
      return attach(linear(1), attach(add(), attach(relu(), z), attach(leakyRelu(0.5), z)));
    });
    const weights = [[1, 1, 1], [0, 5, -0.5], [1, 1, 1], [0]];
    const own = subject({
      network,
      weights: new Map(network.parameters.map(({ name }, i) => [name, Float64Array.from(weights[i])])),
    });
    using bounds = new BranchBounds(await boxOf(own), [
      branchOf([above(2), below(0, 0.5, 3)]),
      branchOf([above(0, 0.25)], inherited(3, [0, -1], [1, 1.25])),
    ]);
    const found = await bounds.read();
    for (const node of [2, 3]) {
      const [first, second] = found.map((byNode) => {
        const { lower, upper } = byNode.get(node) as { lower: Float64Array; upper: Float64Array };
        return Array.from(lower, (low, n) => [low, upper[n]] as const);
      });
      expectAbout(first, [
        [-1, 0.5],
        [0, 1.5],
      ]);
      expectAbout(second, [
        [0.25, 1],
        [-1, 1.25],
      ]);
    }
  });
});

describe("a branch without an input", () => {
  // x ≤ 0 and x ≥ 1: there t₁ is 1½, and in the whole box at most ½.
  const nowhere = () => branchOf([below(0), below(1)]);

  it("is found where bounds cross, with the neuron that shows it", async () => {
    const { empty, found } = await boundsOf(
      await boxOf(),
      [branchOf([above(0)]), branchOf([]), nowhere(), branchOf([above(1)]), nowhere()],
      true,
    );
    expect([...empty.keys()]).toEqual([2, 4]);
    expect(empty.get(2)).toMatchObject({ kind: "crossing", node: 4, neuron: 1, value: expect.closeTo(1, 9) });
    // Its lines need an interval all the same.
    expectAbout(found[2][1].slice(1), [[-0.5, 0.5]]);
  });

  it("is not said to be one where rounding is not counted, which may have made bounds cross", async () => {
    const { empty, found } = await boundsOf(await boxOf(deep, null), [nowhere()], true);
    expect(empty.size).toBe(0);
    expectAbout(found[0][1].slice(1), [[-0.5, 0.5]]);
  });

  it("is none where bounds meet: a point may lie there", async () => {
    const first = await boundsOf(await boxOf(), [branchOf([above(0), above(1)])], true);
    // t₁ is ½ there: between two numbers beside it.
    const [low, high] = first.found[0][1][1];
    for (const [lower, upper] of [
      [-0.5, low],
      [-0.5, high],
    ]) {
      const branch = branchOf([above(0), above(1)], inherited(4, [-3.5, lower], [2.5, upper]));
      const { empty, found } = await boundsOf(await boxOf(), [branch], true);
      expect(empty.size).toBe(0);
      expect(found[0][1][1]).toEqual([low, upper]);
    }
    const apart = inherited(4, [-3.5, -0.5], [2.5, 0.49]);
    const { empty } = await boundsOf(await boxOf(), [branchOf([above(0), above(1)], apart)], true);
    expect(empty.get(0)).toMatchObject({ neuron: 1, value: expect.closeTo(0.495, 9) });
  });

  it("is none by what is further apart than numbers go", async () => {
    const far = subject(
      threeLayers(
        [
          [
            [[1], [-1]],
            [0, 1],
          ],
          [[[0, 0]], [1.7e308]],
          [[[1]], [0]],
        ],
        tanh(),
      ),
    );
    const own = await boxOf(far);
    const unstable = new Map([...own.unstable, [4, Int32Array.of(0)]]);
    const branch = branchOf([above(0)], inherited(4, [-1.7e308], [-1.6e308]));
    const { empty } = await boundsOf({ ...own, unstable }, [branch], true);
    expect(empty.size).toBe(0);
  });
});

describe("branches", () => {
  it("release what they have taken, and are ended between two pieces", async () => {
    const own = await boxOf();
    const { backend } = own.subject;
    const before = backend.memory().liveBytes;
    {
      using bounds = new BranchBounds(own, [branchOf([above(0)]), branchOf([below(0)])]);
      await bounds.refresh();
      await expect(bounds.refresh({ signal: Deadline.in(-1) })).rejects.toThrow("the time is over");
    }
    expect(backend.memory().liveBytes).toBe(before);
  });
});
