// Networks like those of the field's public benchmarks, trained here, and robustness properties of them: how many `verify`
// decides. Each network goes through an ONNX file and each property through a VNN-LIB file, as a user's would.
//
//   node scripts/verify-suite.mjs [--out FOLDER] [--data-dir FOLDER] [--timeout SECONDS] [--only NAME ...]
//
// Writes FOLDER/verify.json; networks stay in FOLDER/runs/verify and are trained once.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../dist/cli/program.js";
import { examples } from "../dist/data/dataset.js";
import { loadDataset } from "../dist/data/load.js";
import { encodeModel } from "../dist/formats/model-file.js";
import { formatVnnlib } from "../dist/formats/vnnlib/write.js";
import {
  add,
  averagePool,
  batchNorm,
  conv2d,
  flatten,
  linear,
  maxPool,
  normalize,
  relu,
  sigmoid,
  tanh,
} from "../dist/network/build-layer.js";
import { graph, sequential } from "../dist/network/network.js";
import { initialWeights } from "../dist/network/weights.js";
import { robustness } from "../dist/verify/robustness.js";

const { values: flags } = parseArgs({
  options: {
    out: { type: "string", default: "results" },
    "data-dir": { type: "string" },
    timeout: { type: "string", default: "20" },
    only: { type: "string", multiple: true },
    count: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});

const hidden = (width, depth, activation) =>
  Array.from({ length: depth }, () => [linear(width), activation()]).flat();
const dense =
  (width, depth, activation = relu) =>
  () =>
    sequential([1, 28, 28], [flatten(), ...hidden(width, depth, activation), linear(10)]);
const cifar = normalize([0.485, 0.456, 0.406], [0.225, 0.225, 0.225]);

function block(attach, x, channels, stride) {
  const first = attach(batchNorm(), attach(conv2d(channels, { kernel: 3, stride, padding: 1 }), x));
  const second = attach(
    batchNorm(),
    attach(conv2d(channels, { kernel: 3, padding: 1 }), attach(relu(), first)),
  );
  const shortcut =
    stride === 1 && x.shape[0] === channels
      ? x
      : attach(batchNorm(), attach(conv2d(channels, { kernel: 1, stride }), x));
  return attach(relu(), attach(add(), second, shortcut));
}

function resnet(blocks) {
  return graph([3, 32, 32], (input, attach) => {
    const x = attach(cifar, input);
    let y = attach(relu(), attach(batchNorm(), attach(conv2d(8, { kernel: 3, stride: 2, padding: 1 }), x)));
    for (let i = 0; i < blocks; i++) y = block(attach, y, 16, i % 2 === 0 ? 2 : 1);
    return attach(linear(10), attach(relu(), attach(linear(100), attach(flatten(), y))));
  });
}

const STANDARD = ["--kappa", "0", "--evaluate-every", "0", "--test-limit", "20"];
const robust = (epsilon, epochs) => [
  ...["--epsilon", epsilon, "--epochs", String(epochs), "--projections", "10"],
  ...["--evaluate-every", "0", "--test-limit", "20"],
];

/** Name, data, network, how it is trained, the radii asked about, how many images. */
const NETWORKS = [
  [
    "mnist-256x2",
    "mnist",
    dense(256, 2),
    ["--epsilon", "0.01", "--epochs", "5", ...STANDARD],
    [0.03, 0.05],
    10,
  ],
  [
    "mnist-256x4",
    "mnist",
    dense(256, 4),
    ["--epsilon", "0.01", "--epochs", "5", ...STANDARD],
    [0.03, 0.05],
    10,
  ],
  [
    "mnist-256x6",
    "mnist",
    dense(256, 6),
    ["--epsilon", "0.01", "--epochs", "5", ...STANDARD],
    [0.03, 0.05],
    10,
  ],
  [
    "mnist-sigmoid-100x4",
    "mnist",
    dense(100, 4, sigmoid),
    ["--epsilon", "0.01", "--epochs", "8", ...STANDARD],
    [0.012],
    20,
  ],
  [
    "mnist-tanh-100x4",
    "mnist",
    dense(100, 4, tanh),
    ["--epsilon", "0.01", "--epochs", "5", ...STANDARD],
    [0.012],
    20,
  ],
  [
    "mnist-maxpool",
    "mnist",
    () =>
      sequential(
        [1, 28, 28],
        [
          conv2d(8, { kernel: 5, stride: 2, padding: 2 }),
          relu(),
          maxPool({ kernel: 2 }),
          conv2d(16, { kernel: 3, padding: 1 }),
          relu(),
          maxPool({ kernel: 2, padding: [0, 0, 1, 1] }),
          flatten(),
          linear(50),
          relu(),
          linear(10),
        ],
      ),
    robust("0.04", 4),
    [0.03],
    20,
  ],
  [
    "cifar-averagepool",
    "cifar10",
    () =>
      sequential(
        [3, 32, 32],
        [
          cifar,
          conv2d(16, { kernel: 3, stride: 2, padding: 1 }),
          relu(),
          conv2d(32, { kernel: 3, stride: 2, padding: 1 }),
          relu(),
          averagePool({ kernel: 2 }),
          flatten(),
          linear(64),
          relu(),
          linear(10),
        ],
      ),
    ["--settings", "paper-cifar10", ...robust("1/255", 4), "--schedule-epochs", "2"],
    [1 / 255, 2 / 255],
    10,
  ],
  [
    "cifar-resnet-2b",
    "cifar10",
    () => resnet(2),
    ["--settings", "paper-cifar10", ...robust("1/255", 4), "--schedule-epochs", "2"],
    [1 / 255],
    20,
  ],
  [
    "cifar-resnet-4b",
    "cifar10",
    () => resnet(4),
    ["--settings", "paper-cifar10", ...robust("1/255", 4), "--schedule-epochs", "2"],
    [1 / 255],
    20,
  ],
  ["mnist-small-0.1", "mnist", "mnist-small-0.1/stage-1", null, [0.1, 0.12], 10],
  ["cifar-small-2-255", "cifar10", "cifar-small-2-255/stage-1", null, [2 / 255, 3 / 255], 10],
];

const io = { stdout: process.stderr, stderr: process.stderr, env: process.env };
const dataDir = flags["data-dir"] ? ["--data-dir", flags["data-dir"]] : [];
const threads = ["--threads", flags.threads];

async function command(...args) {
  const code = await run(args, io);
  if (code !== 0) throw new Error(`autodual ${args.join(" ")}: exit code ${code}`);
}

/** The network as an ONNX file, trained if it is not there yet. */
async function onnxOf([name, data, make, training], folder) {
  const path = join(folder, `${name}.onnx`);
  if (existsSync(path)) return path;
  if (typeof make === "string") {
    await command("convert", make, path);
    return path;
  }
  const network = make();
  const start = join(folder, `${name}.safetensors`);
  writeFileSync(start, encodeModel({ network, weights: initialWeights(network, 1) }));
  const runFolder = join(folder, name);
  if (!existsSync(join(runFolder, "model.onnx"))) {
    await command(
      "train",
      "--model",
      start,
      "--data",
      data,
      ...training,
      "--out",
      runFolder,
      ...dataDir,
      ...threads,
    );
  }
  await command("convert", runFolder, path);
  return path;
}

const silent = { write: () => true };

async function verdictOf(onnx, spec, json) {
  const code = await run(["verify", onnx, spec, "--timeout", flags.timeout, "--json", json, ...threads], {
    stdout: silent,
    stderr: process.stderr,
    env: process.env,
  });
  if (code !== 0) throw new Error(`verify ${onnx} ${spec}: exit code ${code}`);
  return JSON.parse(readFileSync(json, "utf8"));
}

async function suiteOf(entry) {
  const [name, data, , , epsilons, count] = entry;
  const folder = join(flags.out, "runs", "verify");
  mkdirSync(folder, { recursive: true });
  const onnx = await onnxOf(entry, folder);
  const wanted = Number(flags.count ?? count);
  const dataset = await loadDataset(data, { split: "test", limit: 10 * wanted, dataDir: flags["data-dir"] });
  // Images that the network gets right, as benchmarks take them.
  const npz = join(folder, `${name}-predictions.json`);
  await command(
    "radius",
    onnx,
    "--data",
    data,
    "--limit",
    String(10 * wanted),
    "--most",
    "0.001",
    "--tolerance",
    "1",
    "--json",
    npz,
    ...dataDir,
    ...threads,
  );
  const right = JSON.parse(readFileSync(npz, "utf8")).examples.filter(
    ({ label, prediction }) => label === prediction,
  );
  const rows = [];
  for (const epsilon of epsilons) {
    for (const { index, label } of right.slice(0, wanted)) {
      const { x } = examples(dataset, Int32Array.of(index));
      const spec = join(folder, `${name}-${index}.vnnlib`);
      writeFileSync(
        spec,
        formatVnnlib(robustness(x, { epsilon, box: [0, 1], prediction: label, classes: 10 })),
      );
      const { answer, seconds, cases } = await verdictOf(onnx, spec, join(folder, "verdict.json"));
      const last = cases.findLast((own) => own.answer === answer) ?? cases[0];
      rows.push({ epsilon, index, answer, seconds, step: last.step });
      process.stderr.write(
        `${name} ${epsilon.toFixed(4)} ${index}: ${answer} ${seconds.toFixed(1)} s ${last.step}\n`,
      );
    }
  }
  return { name, rows };
}

const chosen = NETWORKS.filter(([name]) => !flags.only || flags.only.includes(name));
const results = [];
for (const entry of chosen) {
  results.push(await suiteOf(entry));
  const { name, rows } = results[results.length - 1];
  const by = (answer) => rows.filter((row) => row.answer === answer).length;
  process.stdout.write(
    `${name}: ${by("holds")} hold, ${by("violated")} violated, ${by("unknown")} unknown of ${rows.length}\n`,
  );
  writeFileSync(
    join(flags.out, "verify.json"),
    `${JSON.stringify({ schema: "autodual/verify-suite/1", timeout: Number(flags.timeout), threads: Number(flags.threads), networks: results }, null, 2)}\n`,
  );
}
