import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBackend } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import { encodeModel } from "../../src/formats/model-file.js";
import { encodeConfig, MODEL_FILES } from "../../src/formats/model-folder.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { certify } from "../../src/library/certify.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { RunFolder } from "../../src/train/run-folder.js";
import { flatNetwork, writeExamples, writeModel } from "../cli/input-files.js";
import { newFolder, runCommand } from "../cli/run-command.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";
import { type Corpus, corporaIn } from "./corpora.js";
import { costOf } from "./cost.js";
import { mutated } from "./mutate.js";

/** Files of each kind: a sample, unless HOSTILE_FILES asks for more. */
const FILES = Number(process.env.HOSTILE_FILES ?? 16);
const SEED = Number(process.env.HOSTILE_SEED ?? 1);

/** Of the processor, for one file. */
const MOST_SECONDS = 2;
/** By which one file may raise what the process has had resident at most. */
const MOST_BYTES = 500 * 2 ** 20;

const folder = newFolder();
afterAll(() => folder.remove());
let corpora: readonly Corpus[] = [];

beforeAll(async () => {
  const at = (name: string) => join(folder.path, name);
  await writeExamples(at("four.npz"));
  writeModel(at("flat.safetensors"), flatNetwork());
  const run = at("run");
  const args = [
    "--data",
    at("four.npz"),
    "--model",
    at("flat.safetensors"),
    "--epsilon",
    "0.02",
    "--out",
    run,
  ];
  const trained = await runCommand([
    "train",
    ...args,
    "--epochs",
    "2",
    "--batch",
    "6",
    "--backend",
    "portable",
  ]);
  expect(trained.code, trained.stderr).toBe(0);
  const model = lively(sequential([4], [linear(8), relu(), linear(3)]), 3);
  writeFileSync(at("model.safetensors"), encodeModel(model));
  const images = [0, 1, 2].map((b) => [0, 1, 2, 3].map((f) => ((3 * b + 5 * f) % 10) / 10));
  await certify(at("model.safetensors"), images, {
    ...{ epsilon: 0.02, backend: "portable", certificate: at("certificate.json") },
  });
  const network = flatNetwork();
  writeFileSync(join(run, MODEL_FILES.config), encodeConfig(network));
  mkdirSync(at("files"));
  const small = [
    "c04_squeeze_axes_in",
    "c05_gemmadd",
    "c13_maxpool_pad",
    "op_concat_const",
    "op_where",
    "c07_mul",
  ];
  corpora = corporaIn({
    folder: at("files"),
    backend: await createBackend("portable"),
    run,
    network,
    optimizer: (await RunFolder.open(run).readRun()).config.optimizer,
    model: at("model.safetensors"),
    certificate: at("certificate.json"),
    onnx: [
      exportOnnx(model),
      ...["conv2d", "batch-norm"].flatMap((name) => {
        const own = LAYER_NETWORKS[name]?.();
        return own ? [exportOnnx(lively(own, 1))] : [];
      }),
      ...small.map((name) => readFileSync(`test/fixtures/models/${name}.onnx`)),
    ],
  });
}, 180_000);

/** What a reader did other than to read the file or to say in a line why not; null if nothing. */
async function faultOf({ read }: Corpus, bytes: Uint8Array): Promise<string | null> {
  const { stack, seconds, memory } = await costOf(() => read(bytes));
  if (stack !== undefined) return stack;
  if (seconds > MOST_SECONDS) return `took ${seconds} s`;
  return memory > MOST_BYTES ? `took ${Math.round(memory / 2 ** 20)} MiB` : null;
}

it(`every reader answers ${FILES} hostile files of its kind`, async () => {
  const faults: string[] = [];
  let refused = 0;
  for (const corpus of corpora) {
    for (const seed of corpus.seeds)
      expect(await faultOf(corpus, seed), `${corpus.name} as it was`).toBeNull();
    for (let i = 0; i < FILES; i++) {
      const source = random(SEED, `${corpus.name} ${i}`);
      const seed = corpus.seeds[source.integer(corpus.seeds.length)];
      const bytes = corpus.within && source.integer(3) ? corpus.within(seed, source) : mutated(seed, source);
      const fault = await faultOf(corpus, bytes);
      if (fault === null) continue;
      refused++;
      faults.push(`${corpus.name} ${i} (${bytes.length} bytes): ${fault}`);
      const kept = process.env.HOSTILE_KEEP;
      if (kept) writeFileSync(join(kept, `${corpus.name}-${i}`), bytes);
    }
  }
  expect(faults.slice(0, 40), `${refused} of ${FILES * corpora.length}`).toEqual([]);
}, 3_600_000);
