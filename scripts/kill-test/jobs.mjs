import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ad from "../../dist/internals.js";

/** The model of a small training, and one that has learnt a little, whose examples are neither all certified nor none. */
export async function prepare(inputs) {
  const dense = [ad.flatten(), ad.linear(16), ad.relu(), ad.linear(10)];
  const convolution = [ad.conv2d(2, { kernel: 4, stride: 4 }), ad.relu(), ...dense];
  for (const [name, layers] of Object.entries({ dense, convolution })) {
    const network = ad.sequential([1, 28, 28], layers);
    writeFileSync(
      join(inputs, `${name}.safetensors`),
      ad.encodeModel({ network, weights: ad.initialWeights(network, 1) }),
    );
  }
}

const DATA = "--data glyphs --epsilon 0.02";
/** Epochs of a moment, each evaluated and kept. */
const TRAIN = `${DATA} --limit 120 --batch 10 --epochs 3 --test-limit 20 --out run`;
const PART = "--shard 1/2 --json part.json";

/** A training goes on by `--resume` once its folder has a record, and begins again before that. */
const training = (name, flags) => ({
  first: (inputs) => [
    "train",
    "--model",
    join(inputs, `${name}.safetensors`),
    ...`${TRAIN} ${flags}`.split(" "),
  ],
  goOn: (place) => (existsSync(join(place, "run/run.json")) ? ["train", "--resume", "run"] : null),
});

/** A part goes on by the same command. */
const part = (command, name, flags) => ({
  first: (inputs) => [command, join(inputs, `${name}.safetensors`), ...`${flags} ${PART}`.split(" ")],
  goOn: () => null,
});

/** What can be killed: its first command, and the one that goes on from what is there; null where that is the first again. */
export const JOBS = {
  train: training("convolution", "--projections 5 --backend portable"),
  attacked: training("dense", "--loss sabr --validation 40 --average-epochs 2"),
  cascade: training("dense", "--cascade 2"),
  certify: part(
    "certify",
    "convolution",
    `${DATA} --limit 400 --bound adaptive --batch 1 --backend portable`,
  ),
  attack: part("attack", "convolution", `${DATA} --limit 400 --steps 20 --restarts 2 --batch 2`),
  radius: part("radius", "dense", "--data glyphs --limit 200 --batch 2 --backend portable"),
};
