// The tables of docs/scale.md: what an epoch of training takes on several machines, computed from the step times of Table 1
// (results/table1.json), the sizes of the gradients, and what scripts/measure-ranks.mjs measured. Prints Markdown: `node scripts/scale.mjs`.
import { readFileSync } from "node:fs";

const { networks } = JSON.parse(readFileSync(new URL("../results/table1.json", import.meta.url), "utf8"));
const MACHINES = [1, 2, 4, 8, 16, 32, 64];
const BATCH = 50;
/** Bytes that arrive each second, and seconds that a message is on its way. */
const NETWORKS = [
  { name: "1 Gbit/s", bytes: 0.118e9, delay: 50e-6 },
  { name: "10 Gbit/s", bytes: 1.18e9, delay: 50e-6 },
];
/** Seconds a byte in which gradients are read and put back, on one thread: the least of `step` − `sum` of resnet on two ranks. */
const COPYING = (46.3e-3 - 10.8e-3) / 16.86e6;
/** Sums of a few numbers, beside the gradients. */
const SMALL_MESSAGES = 2;

for (const growing of [false, true]) {
  const batch = growing ? `${BATCH} examples on each machine` : `${BATCH} examples, shared`;
  for (const { name, bytes, delay } of NETWORKS) {
    console.log(`\nBatches of ${batch}; ${name}\n`);
    console.log(`| data, model | MB a step | ${MACHINES.join(" | ")} |`);
    console.log(`|---|---|${MACHINES.map(() => "---").join("|")}|`);
    for (const { data, model, parameters, secondsAStep: step } of networks) {
      if (model === "small") continue;
      const message = 4 * parameters;
      const steps = (data === "mnist" ? 60_000 : 50_000) / BATCH;
      const cells = MACHINES.map((p) => {
        const turns = Math.ceil(Math.log2(p));
        const sum = (2 * (p - 1) * message) / p / bytes + 2 * turns * delay;
        const talk = p === 1 ? 0 : sum + SMALL_MESSAGES * 2 * turns * delay + COPYING * message;
        const compute = growing ? step : (step * Math.ceil(BATCH / p)) / BATCH;
        const seconds = (growing ? Math.ceil(steps / p) : steps) * (compute + talk);
        const share = (100 * talk) / (compute + talk);
        return p === 1 ? seconds.toFixed(0) : `${seconds.toFixed(0)} (${share.toFixed(0)} %)`;
      });
      console.log(`| ${data}, ${model} | ${(message / 1e6).toFixed(1)} | ${cells.join(" | ")} |`);
    }
  }
}
