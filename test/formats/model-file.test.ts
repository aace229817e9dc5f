import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AutodualError, FormatError, ShapeError, UsageError } from "../../src/errors.js";
import { decodeModel, encodeModel, loadModelFile, NETWORK_KEY } from "../../src/formats/model-file.js";
import { describeNetwork, type NetworkDescription } from "../../src/formats/network-description.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../src/formats/safetensors.js";
import { writeFileAtomically } from "../../src/formats/write-file.js";
import { architecture } from "../../src/network/architectures.js";
import {
  add,
  averagePool,
  batchNorm,
  concat,
  conv2d,
  flatten,
  hardtanh,
  identity,
  leakyRelu,
  linear,
  maxPool,
  relu,
  reshape,
  scaleShift,
  sigmoid,
  tanh,
} from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { initialWeights, type Model } from "../../src/network/weights.js";

const image = { inputShape: [1, 28, 28], classes: 10 };

/** One of each layer, a skip, a dense connection, and an output that is not the last node. */
const everything = graph([2, 8, 8], (input, attach) => {
  const x = attach(scaleShift([0.1, -2], 1 / 3), input);
  const a = attach(
    leakyRelu(0.2),
    attach(
      batchNorm(),
      attach.named(
        "stem/conv",
        conv2d(4, { kernel: 3, padding: [0, 1, 2, 1], dilation: [1, 1], groups: 2, bias: false }),
        x,
      ),
    ),
  );
  const b = attach(hardtanh(), attach(identity(), a));
  const c = attach(concat(), attach(add(), a, b, a), b);
  const d = attach(averagePool({ kernel: 2 }), attach(maxPool({ kernel: 3, stride: 1, padding: 1 }), c));
  const logits = attach(
    linear(3),
    attach(tanh(), attach(linear(5), attach(flatten(), attach(reshape([4, -1]), d)))),
  );
  attach(sigmoid(), attach(relu(), logits));
  return logits;
});

function modelOf(network: Network, precision: typeof Float32Array | typeof Float64Array): Model {
  const weights = new Map(
    [...initialWeights(network, 1)].map(([name, values]) => [name, precision.from(values)]),
  );
  return { network, weights };
}

const tiny = modelOf(sequential([3], [linear(4), batchNorm(), relu(), linear(2)]), Float32Array);

/** The same bytes in the same kind of array; `toEqual` takes minutes over millions of numbers. */
function isSame<T extends Float32Array | Float64Array | Uint8Array>(a: T, b: T): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: T) => new Uint8Array(buffer, byteOffset, byteLength);
  return a.constructor === b.constructor && Buffer.compare(bytes(a), bytes(b)) === 0;
}

describe("model files", () => {
  it.each<[string, Network]>([
    ["small", architecture("small", image)],
    ["resnet", architecture("resnet", { ...image, normalization: { mean: 0.1307, std: 0.3081 } })],
    ["everything", everything],
  ])("round trip of %s", (_, network) => {
    for (const precision of [Float32Array, Float64Array]) {
      const model = modelOf(network, precision);
      const bytes = encodeModel(model, { made: "here" });
      const back = decodeModel(bytes, "m.safetensors");
      expect(back.network.nodes).toEqual(network.nodes);
      expect(back.network.output).toBe(network.output);
      expect(back.network.parameters).toEqual(network.parameters);
      expect([...back.weights.keys()]).toEqual([...model.weights.keys()]);
      for (const [name, values] of model.weights)
        expect(isSame(back.weights.get(name)!, values), name).toBe(true);
      expect(back.metadata).toEqual({ made: "here" });
      expect(isSame(encodeModel(back, back.metadata), bytes)).toBe(true);
    }
  });

  it("loads from disk with the file's hash, and says which files it knows", async () => {
    const folder = await mkdtemp(join(tmpdir(), "autodual-"));
    try {
      const path = join(folder, "m.safetensors");
      await writeFileAtomically(path, encodeModel(tiny, { epoch: "3" }));
      const model = await loadModelFile(path);
      expect(model).toMatchObject({ path, metadata: { epoch: "3" }, weights: tiny.weights });
      expect(model.sha256).toMatch(/^[0-9a-f]{64}$/);
      await expect(loadModelFile(join(folder, "m.pt"))).rejects.toThrow(UsageError);
      await expect(loadModelFile(join(folder, "absent.onnx"))).rejects.toThrow(/absent\.onnx: no such file/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("keeps the network's entry to itself and refuses to write broken weights", () => {
    expect(() => encodeModel(tiny, { [NETWORK_KEY]: "{}" })).toThrow(UsageError);
    const weights = new Map(tiny.weights).set("linear1.bias", Float32Array.of(0, Number.NaN, 0, 0));
    expect(() => encodeModel({ ...tiny, weights })).toThrow(/"linear1.bias"\[1\] is NaN/);
  });
});

type Tensors = Map<string, NamedTensor>;

/** The tiny model's file after a change to its tensors and description. */
function changed(change: (tensors: Tensors, description: Record<string, unknown>) => void): Uint8Array {
  const { tensors } = decodeSafetensors(encodeModel(tiny), "m");
  const description = JSON.parse(JSON.stringify(describeNetwork(tiny.network)));
  const open = new Map(tensors);
  change(open, description);
  return encodeSafetensors(open, { [NETWORK_KEY]: JSON.stringify(description) });
}

const nodesOf = (description: Record<string, unknown>) => description.nodes as NetworkDescription["nodes"];

describe("broken model files", () => {
  const zeros = (...shape: number[]): NamedTensor => ({
    shape,
    values: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  it.each<[string, Uint8Array, typeof AutodualError, RegExp]>([
    [
      "no description",
      encodeSafetensors(new Map(), {}),
      FormatError,
      /no model: the metadata has no "autodual.network"/,
    ],
    [
      "a description that is no JSON",
      encodeSafetensors(new Map(), { [NETWORK_KEY]: "{" }),
      FormatError,
      /is not JSON/,
    ],
    [
      "another version",
      changed((_, d) => {
        d.version = "autodual/network/2";
      }),
      FormatError,
      /network\.version: .*autodual\/network\/1/,
    ],
    [
      "a further field",
      changed((_, d) => {
        d.more = 1;
      }),
      FormatError,
      /more/,
    ],
    [
      "an unknown layer",
      changed((_, d) => {
        nodesOf(d)[2].layer = { kind: "gelu" } as never;
      }),
      FormatError,
      /network\.nodes\.2\.layer/,
    ],
    [
      "a layer's field missing",
      changed((_, d) => {
        nodesOf(d)[0].layer = { kind: "linear", outFeatures: 4 } as never;
      }),
      FormatError,
      /network\.nodes\.0\.layer\.bias/,
    ],
    [
      "a cycle",
      changed((_, d) => {
        nodesOf(d)[0].inputs[0] = "linear2";
      }),
      FormatError,
      /node "linear1" reads "linear2", which no earlier node computes/,
    ],
    [
      "two nodes of one name",
      changed((_, d) => {
        nodesOf(d)[2].name = "linear1";
      }),
      FormatError,
      /two layers are named "linear1"/,
    ],
    [
      "an unknown output",
      changed((_, d) => {
        d.output = "nowhere";
      }),
      FormatError,
      /the output reads "nowhere"/,
    ],
    [
      "an input shape of nothing",
      changed((_, d) => {
        d.inputShape = [0];
      }),
      FormatError,
      /network\.inputShape\.0/,
    ],
    [
      "layers that do not fit",
      changed((_, d) => {
        d.inputShape = [3, 1];
      }),
      ShapeError,
      /linear1: linear takes a flat input/,
    ],
    [
      "two inputs to one",
      changed((_, d) => {
        nodesOf(d)[1].inputs.push("input");
      }),
      ShapeError,
      /batch-norm takes one input, got 2/,
    ],
    [
      "a missing weight",
      changed((t) => t.delete("linear2.weight")),
      FormatError,
      /"linear2.weight" is missing, expected 2×4/,
    ],
    [
      "a weight of another shape",
      changed((t) => t.set("linear2.weight", zeros(4, 2))),
      ShapeError,
      /has shape 4×2, expected 2×4/,
    ],
    [
      "a weight of fewer dimensions",
      changed((t) => t.set("linear2.weight", zeros(8))),
      ShapeError,
      /has shape 8, expected 2×4/,
    ],
    [
      "a weight too many",
      changed((t) => t.set("linear3.weight", zeros(1))),
      FormatError,
      /"linear3.weight" belongs to no layer/,
    ],
    [
      "a NaN",
      changed((t) => t.get("linear1.bias")!.values.fill(Number.NaN, 2)),
      FormatError,
      /"linear1.bias"\[2\] is NaN/,
    ],
    [
      "an infinity",
      changed((t) => t.get("linear1.weight")!.values.fill(Number.POSITIVE_INFINITY)),
      FormatError,
      /is Infinity/,
    ],
    [
      "a negative variance",
      changed((t) => t.get("batch-norm1.variance")!.values.fill(-1)),
      FormatError,
      /"batch-norm1.variance"\[0\] is negative/,
    ],
  ])("%s", (_, bytes, type, message) => {
    let error: unknown;
    try {
      decodeModel(bytes, "bad.safetensors");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^bad\.safetensors: [^\n]+$/);
  });

  it("never fails in another way, whichever bit is flipped", () => {
    const bytes = encodeModel(tiny);
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Uint8Array.from(bytes);
      flipped[i] ^= 1 << (i % 8);
      try {
        decodeModel(flipped, "m");
      } catch (error) {
        expect(error, `byte ${i}`).toBeInstanceOf(AutodualError);
      }
    }
  });
});
