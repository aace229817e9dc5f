import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { indexedOwners } from "../../src/compute/owners.js";
import { random } from "../../src/compute/random.js";
import { layerCost } from "../../src/dual/cost.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { encodeModel } from "../../src/formats/model-file.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { defineLayer, linear, operations, relu, sequential } from "../../src/index.js";
import { fixedBindings } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { Bench, randomExamples, samplePoints } from "../support/bounds.js";
import { lively } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";
import { absoluteValue } from "./custom/absolute-value.js";
import { cumulativeSum } from "./custom/cumulative-sum.js";

const NETWORK = sequential(
  [5],
  [linear(6), cumulativeSum(null), relu(), linear(6), absoluteValue(null), linear(5), relu(), linear(3)],
);
const EXAMPLES = 2;
const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.1 },
  { norm: "linf", epsilon: 0.2, box: [0, 1] },
  { norm: "l2", epsilon: 0.3 },
  { norm: "l1", epsilon: 0.4 },
];

describe("layers defined outside", () => {
  const bench = new Bench(lively(NETWORK, 5));
  const x = randomExamples(NETWORK, EXAMPLES, 5);

  it.each(["cumulative-sum", "absolute-value"])(
    "docs/add-a-dual-layer.md prints %s as it is here",
    (name) => {
      const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
      const code = read(`./custom/${name}.ts`).replace("../../../src/index.js", "autodual");
      expect(read("../../docs/add-a-dual-layer.md")).toContain(`\`\`\`ts\n${code}\`\`\``);
    },
  );

  it("name their nodes", () => {
    expect(NETWORK.nodes.map(({ name }) => name)).toEqual(
      [
        "input",
        "linear1",
        "cumulative-sum1",
        "relu1",
        "linear2",
        "absolute-value1",
        "linear3",
        "relu2",
      ].concat("linear4"),
    );
    expect(NETWORK.hiddenUnits).toBe(11);
  });

  it.each(["parallel", "adaptive"] as const)("sampled points never leave the bounds: %s", async (method) => {
    const source = random(8, "custom points");
    for (const spec of BALLS) {
      const ball = bench.ball(x, EXAMPLES, spec);
      for (const complete of [false, true]) {
        await bench.dual(ball, { method, complete }, async (dual) => {
          const margins = await bench.values(dual.margins(Int32Array.of(0, 2)));
          for (let b = 0; b < EXAMPLES; b++) {
            const points = await samplePoints(bench, ball, b, 400, source);
            const values = await bench.nodeValues(points, 400);
            for (const [node, bounds] of dual.preActivation) {
              const lower = await bench.values(bounds.lower);
              const upper = await bench.values(bounds.upper);
              for (const [i, value] of values[node].entries()) {
                const at = Math.floor(i / 400) * EXAMPLES + b;
                expect(value).toBeGreaterThan(lower[at] - 1e-9);
                expect(value).toBeLessThan(upper[at] + 1e-9);
              }
            }
            const logits = values[NETWORK.output];
            for (let i = 0; i < 400; i++) {
              const margin = logits[[0, 2][b] * 400 + i] - logits[400 + i];
              expect(margin).toBeGreaterThan(margins[EXAMPLES + b] - 1e-9);
            }
          }
        });
      }
    }
  });

  it("give the same margins in both directions", async () => {
    const ball = bench.ball(x, EXAMPLES, { norm: "linf", epsilon: 0.1 });
    const labels = Int32Array.of(0, 2);
    const backward = await bench.margins(ball, labels);
    const forward = await bench.margins(ball, labels, { direction: "forward" });
    expect(largestRelativeError(forward, backward)).toBeLessThan(1e-10);
  });

  it("have ν of back as the transpose of push", async () => {
    using tape = new Tape(bench.backend, { record: false });
    const node = NETWORK.nodes[2];
    if (node.layer === null) throw new Error("no layer");
    const rule = ruleOf(node.layer);
    if (rule.form !== "affine") throw new Error("not affine");
    const layer = rule.bind(tape, node.layer, NETWORK.context(2, fixedBindings(bench.parameters)));
    const source = random(3, "rows");
    const rows = () =>
      tape.own(
        bench.backend.upload(
          6,
          4,
          Float64Array.from({ length: 24 }, () => source.normal()),
        ),
      );
    const [z, nu, owners] = [rows(), rows(), indexedOwners(Int32Array.of(0, 1, 1, 0))];
    const sum = async (a: typeof z, b: typeof z) =>
      Float64Array.from(await bench.values(operations.multiply(tape, a, b))).reduce(
        (total, value) => total + value,
      );
    const forward = await sum(layer.push(tape, [z], owners), nu);
    const backward = await sum(layer.back(tape, nu, owners, { centre: false }).nus[0], z);
    expect(Math.abs(forward - backward)).toBeLessThan(1e-12);
  });

  it("are certified through: tiny balls are, large ones are not", async () => {
    const verdicts = async (epsilon: number) => {
      const ball: BallSpec = { norm: "linf", epsilon };
      const { examples } = await certifyBatch(
        { backend: bench.backend, network: NETWORK, parameters: bench.parameters },
        { x },
        ball,
      );
      return examples.map(({ certified }) => certified);
    };
    expect(await verdicts(1e-5)).toEqual([true, true]);
    expect(await verdicts(10)).toEqual([false, false]);
  });

  it("cost what they say, or a dense matrix", () => {
    expect(layerCost(NETWORK, 2)).toBe(36);
    const silent = defineLayer<null>({
      name: "silent",
      outputShape: () => [4],
      forward: (_tape, _options, _context, [input]) => input,
      dual: { form: "affine", bind: () => ({}) as never },
    });
    expect(layerCost(sequential([3], [silent(null)]), 1)).toBe(12);
  });

  it("are refused by files in one line", () => {
    const model = lively(NETWORK, 5);
    for (const write of [() => encodeModel(model), () => exportOnnx(model)]) {
      expect(write).toThrow(UnsupportedOperatorError);
      expect(write).toThrow(/^layer "cumulative-sum1": cumulative-sum is defined by code \(defineLayer\)/);
    }
  });

  it("must have a shape", () => {
    const odd = defineLayer<null>({
      name: "odd",
      outputShape: () => [0.5],
      forward: (_tape, _options, _context, [input]) => input,
      dual: { form: "affine", bind: () => ({}) as never },
    });
    expect(() => sequential([3], [odd(null)])).toThrow(ShapeError);
  });
});
