import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { undividedBatch } from "../../src/distributed/whole-batch.js";
import { add, batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { foldedNetwork } from "../../src/network/fold-batch-norms.js";
import { foldOnTape } from "../../src/network/fold-on-tape.js";
import { forward } from "../../src/network/forward.js";
import { graph, type Network } from "../../src/network/network.js";
import { trainedBindings, uploadWeights } from "../../src/network/weights.js";
import { crownIbpLoss } from "../../src/train/losses/crown-ibp.js";
import { dualLoss } from "../../src/train/losses/dual.js";
import { ibpLoss } from "../../src/train/losses/ibp.js";
import { mtlIbpLoss } from "../../src/train/losses/mtl-ibp.js";
import type { RobustLoss } from "../../src/train/losses/robust-loss.js";
import { sabrLoss } from "../../src/train/losses/sabr.js";
import { randomExamples } from "../support/bounds.js";
import { livelyWeights } from "../support/networks.js";

/** Norms after convolutions and matrices, with a bias and without, in branches; and one behind an activation, which stays. */
const NETWORK = graph([1, 4, 4], (input, attach) => {
  const first = attach(batchNorm(), attach(conv2d(3, { kernel: 2, stride: 2, bias: false }), input));
  const read = attach(relu(), first);
  const branch = attach(batchNorm(), attach(conv2d(3, { kernel: 1 }), read));
  const joined = attach(relu(), attach(add(), read, branch));
  const again = attach(batchNorm(), joined);
  const hidden = attach(batchNorm(), attach(linear(6), attach(flatten(), again)));
  return attach(linear(3), attach(relu(), hidden));
});
const EXAMPLES = 6;
const LABELS = Int32Array.of(0, 2, 1, 1, 0, 2);
const X = randomExamples(NETWORK, EXAMPLES, 1);
const BALL = { norm: "linf", epsilon: 0.04, box: [0, 1] } as const;
const ATTACK = { steps: 3, scale: 1 };

/** Loss, margins and gradients of the trained parameters, with norms taken in or as they stand. */
async function stepOf(loss: RobustLoss, fold: boolean): Promise<number[]> {
  const backend = createPortableBackend();
  using tape = new Tape(backend, { record: true });
  const parameters = uploadWeights(backend, { network: NETWORK, weights: livelyWeights(NETWORK, 2) });
  const own = trainedBindings(NETWORK, parameters);
  const x = tape.own(backend.upload(16, EXAMPLES, X));
  const { output: logits, bindings } = forward(tape, NETWORK, own, x, { batchStatistics: true });
  const bound = { network: NETWORK, bindings };
  const found = await loss({
    ...(fold ? foldOnTape(tape, bound) : bound),
    ...{ tape, batch: { x: X, labels: LABELS, values: x.value }, ball: BALL, logits, dual: {} },
    ...{ regularization: 0.3, stream: random(0, "loss"), whole: undividedBatch(EXAMPLES) },
  });
  const trained = NETWORK.parameters.filter(({ role }) => role === "trained").map(({ name }) => name);
  const gradients = tape.gradients(
    found.loss,
    trained.map((name) => own.get(name) as Variable),
  );
  const read = await Promise.all(
    [found.loss.value, found.margins.value, ...gradients].map(async (tensor) =>
      tensor ? Array.from(await backend.read(tensor)) : [],
    ),
  );
  return read.flat();
}

describe("batch norms taken into weights on a tape", () => {
  it("leave those alone that nothing can take in", () => {
    const kinds = ({ nodes }: Network) => nodes.map(({ layer }) => layer?.kind ?? "input");
    const { folded, into } = foldedNetwork(NETWORK);
    expect(into.size).toBe(3);
    expect(kinds(folded).filter((kind) => kind === "batch-norm")).toHaveLength(1);
    expect(foldedNetwork(folded).folded).toBe(folded);
  });

  it.each([
    ["dual", dualLoss],
    ["ibp", ibpLoss],
    ["crown-ibp", crownIbpLoss],
    ["mtl-ibp", mtlIbpLoss(0.3, ATTACK)],
    ["sabr", sabrLoss(0.4, ATTACK)],
  ])("change neither the loss %s, nor its margins, nor its gradient", async (_name, loss) => {
    const [folded, whole] = [await stepOf(loss, true), await stepOf(loss, false)];
    expect(folded).toHaveLength(whole.length);
    expect(whole.some((value) => value !== 0)).toBe(true);
    const size = Math.max(...whole.map(Math.abs));
    for (const [i, value] of folded.entries()) {
      expect(Math.abs(value - whole[i])).toBeLessThan(1e-10 * size);
    }
  });
});
