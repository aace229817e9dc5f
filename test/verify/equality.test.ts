import { expect, it } from "vitest";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import { verify } from "../../src/library/verify.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";

/** −relu(x) − relu(−x − 1): 0 between −1 and 0, and below elsewhere. */
const model = {
  network: sequential([1], [linear(2), relu(), linear(1)]),
  weights: new Map([
    ["linear1.weight", Float64Array.of(1, -1)],
    ["linear1.bias", Float64Array.of(0, -1)],
    ["linear2.weight", Float64Array.of(-1, -1)],
    ["linear2.bias", Float64Array.of(0)],
  ]),
};

const property = (assertion: string) =>
  parseVnnlib(
    `(declare-const X_0 Real) (declare-const Y_0 Real) (assert (>= X_0 -2)) (assert (<= X_0 2)) (assert ${assertion})`,
  );

const options = { backend: "portable", timeout: 60 } as const;

it("a strict comparison that some input meets with equality ends at once, and says so", async () => {
  const found = await verify(model, property("(> Y_0 0)"), options);
  expect([found.answer, found.equality]).toEqual(["unknown", true]);
  expect(found.seconds).toBeLessThan(30);
});

it("one with a margin is proved, and one that is met is broken", async () => {
  const proved = await verify(model, property("(>= Y_0 0.001)"), options);
  expect([proved.answer, proved.equality]).toEqual(["holds", undefined]);
  const broken = await verify(model, property("(> Y_0 -0.5)"), options);
  expect([broken.answer, broken.equality]).toEqual(["violated", undefined]);
});
