import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeModel, NETWORK_KEY } from "../../src/formats/model-file.js";
import { describeNetwork } from "../../src/formats/network-description.js";
import { writeNpz } from "../../src/formats/npz.js";
import { encodeSafetensors, type NamedTensor } from "../../src/formats/safetensors.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { initialWeights, type Weights } from "../../src/network/weights.js";
import { idxBytes } from "../data/fixtures.js";
import { node, onnxBytes, tensor } from "../formats/onnx-writer.js";
import { runCommand } from "./run-command.js";

/** Four numbers to three classes. */
export function flatNetwork(): Network {
  return sequential([4], [linear(5), relu(), linear(3)]);
}

/** A network for 1 × 28 × 28 that takes a step in a few milliseconds. */
export function imageNetwork(): Network {
  return sequential(
    [1, 28, 28],
    [conv2d(2, { kernel: 4, stride: 4 }), relu(), flatten(), linear(16), relu(), linear(10)],
  );
}

export function writeModel(path: string, network: Network): void {
  writeFileSync(path, encodeModel({ network, weights: initialWeights(network, 1) }));
}

/** Examples of four numbers, labels 0, 1, 2 in turn unless given. */
export async function writeExamples(path: string, labels?: readonly number[]): Promise<void> {
  const count = labels?.length ?? 12;
  await writeNpz(path, {
    x: {
      shape: [count, 4],
      values: Float32Array.from({ length: 4 * count }, (_, i) => ((7 * i) % 10) / 10),
    },
    y: { shape: [count], values: Int32Array.from(labels ?? Array.from({ length: count }, (_, i) => i % 3)) },
  });
}

/** Sound files and unsound ones, by the names that the tests use. */
export async function writeInputFiles(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  const network = flatNetwork();
  writeModel(at("flat.safetensors"), network);
  writeModel(at("image.safetensors"), imageNetwork());
  await writeExamples(at("four.npz"));
  await writeExamples(at("labels.npz"), [0, 1, 7]);
  await writeNpz(at("nan.npz"), {
    x: { shape: [1, 4], values: Float32Array.of(0, 1, Number.NaN, 0) },
    y: { shape: [1], values: Int32Array.of(0) },
  });

  const model = readFileSync(at("flat.safetensors"));
  writeFileSync(at("truncated.safetensors"), model.subarray(0, model.length - 20));
  writeFileSync(at("garbage.safetensors"), "these are not tensors");
  writeFileSync(at("garbage.onnx"), "this is no graph");
  writeFileSync(at("nan.safetensors"), tensorsOf(network, Number.NaN));
  writeFileSync(at("unknown-layer.safetensors"), withUnknownLayer(network));
  writeFileSync(
    at("erf.onnx"),
    onnxBytes({ input: ["N", 4], nodes: [node("Erf", ["x"], "y")], output: ["y", ["N", 4]] }),
  );
  const shapes = onnxBytes({
    input: ["N", 4],
    nodes: [node("MatMul", ["x", "w"], "y", {}, "product")],
    weights: [tensor("w", [5, 3], new Float32Array(15))],
    output: ["y", ["N", 3]],
  });
  writeFileSync(at("shapes.onnx"), shapes);

  const data = readFileSync(at("four.npz"));
  writeFileSync(at("truncated.npz"), data.subarray(0, data.length - 40));
  writeFileSync(at("garbage.npz"), "these are no arrays");
  writeFileSync(at("words.txt"), "a file of another kind");
  mkdirSync(at("empty"));
  mkdirSync(at("others"));
  writeFileSync(at("others/letter.txt"), "dear reader");
  writeMnist(at("whole-mnist"), 0);
  writeMnist(at("short-mnist"), 100);
  writeMnist(at("bad-labels-mnist"), 0, 10);

  await runCommand([
    ...["train", "--data", at("four.npz"), "--model", at("flat.safetensors"), "--epsilon", "0.01"],
    ...["--epochs", "2", "--batch", "5", "--out", at("run")],
  ]);
  changeRun(at("run/run.json"), (run) => ({ ...run, status: "interrupted", evaluation: null }));
}

/** Rewrites a run's record. */
export function changeRun(path: string, change: (run: Record<string, unknown>) => unknown): void {
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
}

function tensorsOf(network: Network, value: number): Uint8Array {
  const weights: Weights = initialWeights(network, 1);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape } of network.parameters) {
    tensors.set(name, { shape, values: (weights.get(name) as Float64Array).map(() => value) });
  }
  return encodeSafetensors(tensors, { [NETWORK_KEY]: JSON.stringify(describeNetwork(network)) });
}

function withUnknownLayer(network: Network): Uint8Array {
  const description = JSON.stringify(describeNetwork(network)).replace('"kind":"relu"', '"kind":"attention"');
  return encodeSafetensors(new Map(), { [NETWORK_KEY]: description });
}

/** Three test images in MNIST's format, `missing` bytes short of that. */
function writeMnist(folder: string, missing: number, label = 2): void {
  mkdirSync(folder);
  const images = idxBytes([3, 28, 28], new Uint8Array(3 * 784));
  writeFileSync(join(folder, "t10k-images-idx3-ubyte"), images.subarray(0, images.length - missing));
  writeFileSync(join(folder, "t10k-labels-idx1-ubyte"), idxBytes([3], [0, 1, label]));
}
