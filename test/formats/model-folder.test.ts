import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AutodualError, FormatError, ShapeError } from "../../src/errors.js";
import { encodeModel, sha256Of } from "../../src/formats/model-file.js";
import { encodeConfig, loadModelFolder, MODEL_FILES } from "../../src/formats/model-folder.js";
import { networkDifference } from "../../src/formats/network-description.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../src/formats/safetensors.js";
import { batchNorm, leakyRelu, linear, relu } from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";
import type { Model } from "../../src/network/weights.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

let folder: string;
const at = (name: keyof typeof MODEL_FILES) => join(folder, MODEL_FILES[name]);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "autodual-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const model = lively(sequential([3], [linear(4), batchNorm(), leakyRelu(0.2), linear(2)]), 1);

/** A model's weights as Python's save_file leaves them: without the network. */
function saved(
  of: Model,
  change: (tensors: Map<string, NamedTensor>) => unknown = () => {},
  metadata = {},
): Uint8Array {
  const tensors = new Map(decodeSafetensors(encodeModel(of), "m").tensors);
  change(tensors);
  return encodeSafetensors(tensors, metadata);
}

describe("a folder with config.json", () => {
  it.each(Object.entries(LAYER_NETWORKS))("gives the network that the weights lack: %s", async (_, build) => {
    const own = lively(build(), 1);
    writeFileSync(at("config"), encodeConfig(own.network));
    writeFileSync(
      at("weights"),
      saved(own, () => {}, { format: "pt" }),
    );
    const back = await loadModelFolder(folder);
    expect(back.network.nodes).toEqual(own.network.nodes);
    expect(back.weights).toEqual(own.weights);
    expect(back).toMatchObject({ path: at("weights"), metadata: { format: "pt" } });
  });

  it("is named by both files' hashes where the network is in config.json alone, else by the weights'", async () => {
    const bytes = saved(model);
    writeFileSync(at("config"), encodeConfig(model.network));
    writeFileSync(at("weights"), bytes);
    const first = await loadModelFolder(folder);
    expect(first.sha256).not.toBe(sha256Of(bytes));
    const other = sequential([3], [linear(4), batchNorm(), leakyRelu(0.3), linear(2)]);
    writeFileSync(at("config"), encodeConfig(other));
    expect((await loadModelFolder(folder)).sha256).not.toBe(first.sha256);
    const whole = encodeModel(model);
    writeFileSync(at("config"), encodeConfig(model.network));
    writeFileSync(at("weights"), whole);
    expect((await loadModelFolder(folder)).sha256).toBe(sha256Of(whole));
    rmSync(at("config"));
    expect((await loadModelFolder(folder)).sha256).toBe(sha256Of(whole));
  });

  it.each<[string, string, RegExp]>([
    [
      "a slope",
      encodeConfig(sequential([3], [linear(4), batchNorm(), leakyRelu(0.3), linear(2)])),
      /node "leaky-relu1" differs/,
    ],
    [
      "a kind of layer",
      encodeConfig(sequential([3], [linear(4), batchNorm(), relu(), linear(2)])),
      /node "relu1" differs/,
    ],
    [
      "a layer less",
      encodeConfig(sequential([3], [linear(4), batchNorm(), leakyRelu(0.2)])),
      /the number of nodes differs/,
    ],
    [
      "the input",
      encodeConfig(sequential([2], [linear(4), batchNorm(), leakyRelu(0.2), linear(2)])),
      /the input's shape differs/,
    ],
    [
      "the output",
      encodeConfig(
        graph([3], (x, attach) => {
          const last = attach(leakyRelu(0.2), attach(batchNorm(), attach(linear(4), x)));
          attach(linear(2), last);
          return last;
        }),
      ),
      /the output differs/,
    ],
  ])("must agree with the metadata: %s", async (_, config, message) => {
    writeFileSync(at("weights"), encodeModel(model));
    writeFileSync(at("config"), config);
    const failure = await refusal();
    expect(failure).toBeInstanceOf(FormatError);
    expect(failure.message).toMatch(message);
    expect(failure.message.startsWith(`${at("config")}: expected the network that the metadata of `)).toBe(
      true,
    );
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["no JSON", "{", /the description is not JSON/],
    ["cut off", encodeConfig(model.network).slice(0, 200), /is not JSON/],
    ["of another program", '{"architectures": ["ResNet"]}', /network\.version: /],
    [
      "of another version",
      encodeConfig(model.network).replace("network/1", "network/9"),
      /network\.version: /,
    ],
    ["bytes", Uint8Array.of(0xff, 0xfe, 0), /is not JSON/],
    ["a list", "[]", /network: /],
  ])("must be a description: %s", async (_, config, message) => {
    for (const bytes of [encodeModel(model), saved(model)]) {
      writeFileSync(at("weights"), bytes);
      writeFileSync(at("config"), config);
      const failure = await refusal();
      expect(failure).toBeInstanceOf(AutodualError);
      expect(failure.message).toMatch(message);
      expect(failure.message).toMatch(/config\.json: [^\n]+$/);
    }
  });

  it.each<[string, (tensors: Map<string, NamedTensor>) => unknown, typeof AutodualError, RegExp]>([
    ["one is missing", (t) => t.delete("linear1.bias"), FormatError, /"linear1.bias" is missing/],
    [
      "one is too many",
      (t) => t.set("batch-norm1.num_batches_tracked", { shape: [], values: Float64Array.of(7) }),
      FormatError,
      /"batch-norm1.num_batches_tracked" belongs to no layer/,
    ],
    [
      "one is transposed",
      (t) => t.set("linear1.weight", { ...t.get("linear1.weight")!, shape: [3, 4] }),
      ShapeError,
      /has shape 3×4, expected 4×3/,
    ],
    ["one is no number", (t) => t.get("linear2.weight")!.values.fill(Number.NaN), FormatError, /is NaN/],
  ])("must fit the weights: %s", async (_, change, type, message) => {
    writeFileSync(at("config"), encodeConfig(model.network));
    writeFileSync(at("weights"), saved(model, change));
    const failure = await refusal();
    expect(failure).toBeInstanceOf(type);
    expect(failure.message).toMatch(message);
    expect(failure.message.startsWith(`${at("weights")}: `)).toBe(true);
  });

  it("is needed where the weights do not say what they belong to", async () => {
    writeFileSync(at("weights"), saved(model));
    expect((await refusal()).message).toMatch(
      /no model: the metadata has no "autodual.network".*config\.json/,
    );
    mkdirSync(at("config"));
    expect((await refusal()).message).toMatch(/config\.json: expected a file, found a folder/);
  });
});

async function refusal(): Promise<Error> {
  try {
    await loadModelFolder(folder);
  } catch (error) {
    return error as Error;
  }
  return expect.fail("expected a refusal");
}

describe("networkDifference", () => {
  it("does not depend on the order of a layer's fields, and sees none between equals", () => {
    const built = sequential([3], [{ bias: true, outFeatures: 2, kind: "linear" }]);
    expect(networkDifference(built, sequential([3], [linear(2)]))).toBeUndefined();
  });
});
