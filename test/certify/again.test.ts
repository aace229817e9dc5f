import { beforeAll, describe, expect, it } from "vitest";
import { type CertifyOptions, certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import type { LayerReport } from "../../src/dual/planner.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type PlacedNetwork, uploadWeights } from "../../src/network/weights.js";
import type { BallSpec, Norm } from "../../src/threat/ball.js";
import { outputsOf } from "../verify/random-questions.js";

/** About what single precision loses of these margins by its own rounding. */
const HAIR = 1e-4;

const network = sequential([3], [linear(6), relu(), linear(5), relu(), linear(4)]);
const source = random(6, "again");
const model = {
  network,
  weights: new Map(
    network.parameters.map(({ name, shape }) => [
      name,
      Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.fround(source.normal())),
    ]),
  ),
};
const place = (dtype: "float32" | "float64"): PlacedNetwork => {
  const backend = createPortableBackend({ dtype });
  return { backend, network, parameters: uploadWeights(backend, model) };
};
const [single, double] = [place("float32"), place("float64")];
const both: PlacedNetwork = { ...single, inDouble: () => double };

const REAL = { rounding: "real" } as const satisfies Partial<CertifyOptions>;
const COUNT = 6;
const points = Array.from({ length: COUNT }, () =>
  Float64Array.from({ length: 3 }, () => Math.fround(source.normal())),
);
/** Feature-major. */
const x = Float64Array.from({ length: 3 * COUNT }, (_, i) => points[i % COUNT][Math.floor(i / COUNT)]);

const leastOf = (margins: readonly number[], reference: number) =>
  Math.min(...margins.filter((_, j) => j !== reference));

/** What double precision leaves of each example's smallest margin. */
const LEFT = [HAIR / 2, 0.1, -HAIR, HAIR, -0.1, 2 * HAIR];

type FoundBall = BallSpec & { readonly epsilon: { readonly perExample: readonly number[] } };

/** The ball in which that is left. */
async function findBall(norm: Norm): Promise<FoundBall> {
  const [low, high] = [LEFT.map(() => 0), LEFT.map(() => 4)];
  for (let k = 0; k < 24; k++) {
    const perExample = low.map((least, b) => (least + high[b]) / 2);
    const { examples } = await certifyBatch(double, { x }, { norm, epsilon: { perExample }, ...REAL });
    for (const [b, { marginLower, reference }] of examples.entries()) {
      (leastOf(marginLower, reference) >= LEFT[b] ? low : high)[b] = perExample[b];
    }
  }
  return { norm, epsilon: { perExample: low } };
}
let cube: FoundBall;
beforeAll(async () => {
  cube = await findBall("linf");
});

describe.each(["linf", "l2"] as const)("margins that rounding alone leaves open, in %s", (norm) => {
  let ball: FoundBall;
  beforeAll(async () => {
    ball = norm === "linf" ? cube : await findBall(norm);
  });

  it("are proved in double precision, of each example its own, and no others", async () => {
    const certified = async (placed: PlacedNetwork, options: Partial<CertifyOptions> = {}) =>
      (await certifyBatch(placed, { x }, { ...ball, ...REAL, ...options })).examples;
    const [alone, again, exact] = [await certified(single), await certified(both), await certified(double)];
    expect(alone.map((example) => example.certified)).toEqual([false, true, false, false, false, false]);
    const proved = [true, true, false, true, false, true];
    expect(again.map((example) => example.certified)).toEqual(proved);
    expect((await certified(both, { margins: "open" })).map((example) => example.certified)).toEqual(proved);
    for (const [b, { marginLower, reference }] of again.entries()) {
      for (const [j, margin] of marginLower.entries()) {
        const [before, wanted] = [alone[b].marginLower[j], exact[b].marginLower[j]];
        if (j === reference) expect(margin).toBe(0);
        else if (before > 0 || b === 4) expect(margin).toBe(before);
        else expect(Math.abs(margin - wanted)).toBeLessThan(2 * HAIR);
        expect(margin).toBeGreaterThanOrEqual(before);
      }
    }
  });

  it("are below what points of the ball have", async () => {
    const { examples } = await certifyBatch(both, { x }, { ...ball, ...REAL });
    for (const [b, { marginLower, reference }] of examples.entries()) {
      for (let k = 0; k < 100; k++) {
        const direction = points[b].map(() => source.normal());
        const length = ball.norm === "l2" ? Math.hypot(...direction) : Math.max(...direction.map(Math.abs));
        const size = (0.999999 * ball.epsilon.perExample[b]) / length;
        const outputs = outputsOf(
          model,
          points[b].map((value, f) => value + size * direction[f]),
        );
        for (const [j, margin] of marginLower.entries()) {
          expect(margin).toBeLessThanOrEqual(outputs[reference] - outputs[j]);
        }
      }
    }
  });
});

describe("double precision", () => {
  it.each<[string, Partial<CertifyOptions>, number]>([
    ["where a hair is missing", {}, 1],
    ["nowhere without rounding, which proves nothing of a machine", { rounding: null }, 0],
  ])("is asked %s", async (_, options, times) => {
    let asked = 0;
    const inDouble = () => {
      asked += 1;
      return double;
    };
    const batch = { x };
    const { examples } = await certifyBatch({ ...single, inDouble }, batch, { ...cube, ...REAL, ...options });
    expect(asked).toBe(times);
    // Of another class than the label no margin can be a certificate.
    const labels = Int32Array.from(examples, ({ prediction }) => (prediction + 1) % 4);
    asked = 0;
    await certifyBatch(
      { ...single, inDouble },
      { x, labels },
      { ...cube, ...REAL, ...options, against: "label" },
    );
    expect(asked).toBe(0);
    await certifyBatch({ ...double, inDouble }, batch, { ...cube, ...REAL, ...options });
    expect(asked).toBe(0);
  });

  it("is not asked where all is proved", async () => {
    const inDouble = () => {
      throw new Error("asked");
    };
    const ball = { norm: "linf", epsilon: 1e-6 } as const;
    const { examples } = await certifyBatch({ ...single, inDouble }, { x }, { ...ball, ...REAL });
    expect(examples.every(({ certified }) => certified)).toBe(true);
  });
});

describe("the report of margins", () => {
  it("counts them all, or those alone that the box leaves open", async () => {
    const ball = { norm: "linf", epsilon: 0.1 } as const;
    for (const margins of ["all", "open"] as const) {
      const seen: LayerReport[] = [];
      const onLayer = (report: LayerReport) => void seen.push(report);
      const began = performance.now();
      await certifyBatch(double, { x }, { ...ball, ...REAL, margins, onLayer });
      const { name, way, neurons, unstable, rows, multiplyAdds, seconds } = seen[seen.length - 1];
      expect([name, way, neurons]).toEqual(["margins", "backward", 4 * COUNT]);
      expect(rows).toBe(unstable);
      if (margins === "all") expect(rows).toBe(3 * COUNT);
      else expect(rows).toBeLessThan(3 * COUNT);
      // The three affine layers for every row, and the lines of the activations between them.
      expect(multiplyAdds / rows).toBeGreaterThanOrEqual(3 * 6 + 6 * 5 + 5 * 4 + 6 + 5);
      expect(multiplyAdds / rows).toBeLessThanOrEqual(3 * 6 + 6 * 5 + 5 * 4 + 2 * (6 + 5));
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(seconds).toBeLessThanOrEqual((performance.now() - began) / 1000);
    }
    const seen: LayerReport[] = [];
    const onLayer = (report: LayerReport) => void seen.push(report);
    await certifyBatch(double, { x }, { ...ball, ...REAL, direction: "forward", onLayer });
    expect(seen[seen.length - 1].way).toBe("forward");
  });
});
