import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { undividedBatch } from "../../src/distributed/whole-batch.js";
import { IntervalNetwork } from "../../src/dual/interval-network.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { forward } from "../../src/network/forward.js";
import { sequential } from "../../src/network/network.js";
import { trainedBindings, uploadWeights, type Weights } from "../../src/network/weights.js";
import { releaseBall } from "../../src/threat/ball.js";
import { attackedPoint } from "../../src/train/losses/attacked-point.js";
import { standardLoss } from "../../src/train/losses/cross-entropy.js";
import { ibpLoss } from "../../src/train/losses/ibp.js";
import { intervalRegularizer } from "../../src/train/losses/interval-regularizer.js";
import { mtlIbpLoss } from "../../src/train/losses/mtl-ibp.js";
import { ballOf, type LossInputs, type RobustLoss, scaled } from "../../src/train/losses/robust-loss.js";
import { sabrLoss } from "../../src/train/losses/sabr.js";
import { randomExamples } from "../support/bounds.js";
import { livelyWeights } from "../support/networks.js";

const NETWORK = sequential(
  [1, 4, 4],
  [conv2d(3, { kernel: 2, stride: 2 }), relu(), flatten(), linear(8), relu(), linear(3)],
);
const EXAMPLES = 5;
const BATCH = { x: randomExamples(NETWORK, EXAMPLES, 1), labels: Int32Array.of(0, 2, 1, 1, 0) };
const BALL = { norm: "linf", epsilon: 0.06, box: [0, 1] } as const;
const ATTACK = { steps: 6, scale: 1 };
const backend = createPortableBackend();

async function inputs<T>(weights: Weights, run: (own: LossInputs) => Promise<T>): Promise<T> {
  using tape = new Tape(backend, { record: true });
  const bindings = trainedBindings(NETWORK, uploadWeights(backend, { network: NETWORK, weights }));
  const x = tape.own(backend.upload(16, EXAMPLES, BATCH.x));
  const { output: logits } = forward(tape, NETWORK, bindings, x);
  const batch = { ...BATCH, values: x.value };
  const stream = random(0, "loss");
  const common = { tape, network: NETWORK, bindings, batch, ball: BALL, logits, dual: {} };
  return await run({ ...common, regularization: 0, stream, whole: undividedBatch(EXAMPLES) });
}

function lossOf(loss: RobustLoss, changes: Partial<LossInputs> = {}, weights = livelyWeights(NETWORK, 1)) {
  return inputs(
    weights,
    async (own) => (await backend.read((await loss({ ...own, ...changes })).loss.value))[0],
  );
}

describe("losses at an attacked point", () => {
  it("find a point of the ball with a larger loss than the centre's, the larger the more steps", async () => {
    await inputs(livelyWeights(NETWORK, 1), async (own) => {
      const ball = ballOf(own);
      const [centre, radius] = [await backend.read(ball.centre), await backend.read(ball.radius)];
      const losses: number[] = [
        (await backend.read(standardLoss(own.tape, own.logits, BATCH.labels).value))[0],
      ];
      for (const steps of [1, 20]) {
        using point = attackedPoint({ ...own, stream: random(1, "start") }, ball, steps);
        const values = await backend.read(point);
        values.forEach((value, i) => {
          expect(Math.abs(value - centre[i])).toBeLessThanOrEqual(radius[i] * (1 + 1e-12));
        });
        const { output } = forward(own.tape, NETWORK, own.bindings, own.tape.constant(point));
        losses.push((await backend.read(standardLoss(own.tape, output, BATCH.labels).value))[0]);
      }
      expect(losses[1]).toBeGreaterThan(losses[0]);
      expect(losses[2]).toBeGreaterThanOrEqual(losses[1]);
      releaseBall(ball);
    });
  });

  it("are the interval loss where all of it is asked for", async () => {
    const interval = await lossOf(ibpLoss);
    expect(await lossOf(mtlIbpLoss(1, ATTACK))).toBeCloseTo(interval, 12);
    expect(await lossOf(sabrLoss(1, ATTACK))).toBeCloseTo(interval, 12);
  });

  it("rise with the share of intervals, from the attack's loss to theirs", async () => {
    const shares = [0, 0.25, 0.5, 1];
    for (const make of [mtlIbpLoss, sabrLoss]) {
      const values = await Promise.all(shares.map((share) => lossOf(make(share, ATTACK))));
      for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThan(values[i - 1]);
    }
  });

  it("attack within a larger ball where that is asked for", async () => {
    const [own, larger] = await Promise.all(
      [1, 3].map((scale) => lossOf(mtlIbpLoss(0, { steps: 6, scale }))),
    );
    expect(larger).toBeGreaterThan(own);
    expect(scaled(BALL, 3).epsilon).toBeCloseTo(0.18, 12);
  });
});

describe("regularisers of interval bounds", () => {
  /** As the paper has them, in plain numbers. */
  async function plain(intervals: IntervalNetwork): Promise<number> {
    const boxes = await Promise.all(
      intervals.readByActivations.map(async ({ centre, radius }) => ({
        centre: Array.from(await backend.read(centre.value)),
        radius: Array.from(await backend.read(radius.value)),
      })),
    );
    const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;
    const [input, ...read] = boxes;
    let total = 0;
    for (const { centre, radius } of read) {
      total += Math.max(0, 0.5 - mean(input.radius) / mean(radius)) / 0.5;
      const middle = mean(centre);
      const over = (counts: (i: number) => boolean, of: (c: number) => number): number =>
        mean(centre.map((c, i) => (counts(i) ? of(c) : 0)));
      const active = (i: number): boolean => centre[i] - radius[i] > 0;
      const inactive = (i: number): boolean => centre[i] + radius[i] < 0;
      for (const [a, b] of [
        [over(active, (c) => c), over(inactive, (c) => -c)],
        [over(active, (c) => (c - middle) ** 2), over(inactive, (c) => (c - middle) ** 2)],
      ]) {
        total += Math.max(0, 0.5 - Math.min(a, b) / Math.max(a, b)) / 0.5;
      }
    }
    return total / read.length;
  }

  it("are the paper's, with their gradients", async () => {
    const of = (weights: Weights) =>
      inputs(weights, async (own) => {
        const intervals = IntervalNetwork.over(own.tape, NETWORK, own.bindings, ballOf(own));
        const found = await intervalRegularizer(own.tape, intervals, own.whole);
        if (!found) throw new Error("there are activations");
        expect((await backend.read(found.value))[0]).toBeCloseTo(await plain(intervals), 6);
        const name = "linear1.weight";
        const [gradient] = own.tape.gradients(found, [own.bindings.get(name) as NonNullable<typeof found>]);
        const slopes = gradient ? Array.from(await backend.read(gradient)) : [];
        return { value: await plain(intervals), slopes };
      });
    for (const seed of [1, 2, 3, 4]) {
      const weights = livelyWeights(NETWORK, seed);
      const { slopes, value } = await of(weights);
      expect(value).toBeGreaterThan(0);
      for (const at of [0, 5, 11]) {
        const moved = (step: number): Weights =>
          new Map(
            [...weights].map(([name, values]) => [
              name,
              name === "linear1.weight" ? values.map((v, i) => (i === at ? v + step : v)) : values,
            ]),
          );
        const [up, down] = [(await of(moved(1e-6))).value, (await of(moved(-1e-6))).value];
        expect(slopes[at]).toBeCloseTo((up - down) / 2e-6, 4);
      }
    }
  });

  it("count by their weight", async () => {
    const [none, some] = [await lossOf(ibpLoss), await lossOf(ibpLoss, { regularization: 0.5 })];
    expect(some).toBeGreaterThan(none);
    expect(await lossOf(sabrLoss(1, ATTACK), { regularization: 0.5 })).toBeCloseTo(some, 12);
  });
});
