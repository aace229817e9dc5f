import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cascadeSchema, writeCascade } from "../../src/cascade/folder.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { encodeModel, loadModelFile } from "../../src/formats/model-file.js";
import { encodeConfig } from "../../src/formats/model-folder.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/formats/safetensors.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import { linear, normalize } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights, type Model } from "../../src/network/weights.js";
import { flatNetwork, imageNetwork, writeExamples } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();

const single = (model: Model): Model => ({
  ...model,
  weights: new Map([...model.weights].map(([name, values]) => [name, Float32Array.from(values)])),
});
const image = single({ network: imageNetwork(), weights: initialWeights(imageNetwork(), 1) });

/** A file as the library reads it; what is made of an ONNX file is checked on the portable backend. */
const loadModel = (path: string) => loadModelFile(path, createPortableBackend());

interface Conversion {
  readonly schema: string;
  readonly from: { readonly path: string; readonly sha256: string; readonly stages: number };
  readonly to: { readonly path: string; readonly form: string };
  readonly float32: boolean;
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly largestDifference: number;
  }[];
  readonly inputs: number;
  readonly largestDifference: number;
}

/** A conversion that must succeed: its only line and its figures. */
async function converted(...args: string[]): Promise<{ line: string; json: Conversion }> {
  const { code, stdout, stderr } = await runCommand(["convert", ...args, "--json", "figures.json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^[^\n]+\n$/);
  return { line: stdout, json: JSON.parse(readFileSync("figures.json", "utf8")) };
}

/** A conversion that must be refused in one line that holds these words, with nothing changed. */
async function refused(line: string, ...words: string[]): Promise<void> {
  const before = snapshot();
  const { code, stdout, stderr } = await runCommand([
    "convert",
    ...line.split(" ").filter((word) => word !== ""),
  ]);
  expect(stderr).toMatch(/^autodual: [^\n]+\n$/);
  for (const word of words) expect(stderr).toContain(word);
  expect([code, stdout]).toEqual([2, ""]);
  expect(snapshot()).toEqual(before);
}

function snapshot(): [string, string][] {
  return readdirSync(".", { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => [path, statSync(path).isFile() ? readFileSync(path, "base64") : "folder"]);
}

async function writeStages(path: string, count: number): Promise<void> {
  const stages = [];
  for (let i = 1; i <= count; i++) {
    mkdirSync(join(path, `s${i}`), { recursive: true });
    const file = join(path, `s${i}/model.safetensors`);
    writeFileSync(
      file,
      encodeModel({
        ...image,
        weights: single({ ...image, weights: initialWeights(image.network, i) }).weights,
      }),
    );
    const { sha256 } = await loadModelFile(file);
    stages.push({ model: `s${i}/model.safetensors`, sha256, trainedOn: 100 * i });
  }
  const ball = { norm: "linf", epsilon: 0.1, box: [0, 1], bound: "adaptive" } as const;
  await writeCascade(path, { schema: "autodual/cascade/1", ...ball, box: [0, 1], stages });
}

beforeAll(() => process.chdir(folder.path));
beforeEach(async () => {
  for (const name of readdirSync(".")) rmSync(name, { recursive: true });
  writeFileSync("m.safetensors", encodeModel(image, { "autodual.epochs": "3" }));
  writeFileSync("m.onnx", exportOnnx(image, { metadata: { "autodual.epochs": "3" } }));
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("convert", () => {
  it("goes from every form to every other and back, byte by byte", async () => {
    await converted("m.onnx", "f");
    cpSync("f", "run", { recursive: true });
    rmSync("run/config.json");
    rmSync("run/model.onnx");
    for (const from of ["m.onnx", "m.safetensors", "f", "f/", "run", "f/model.onnx"]) {
      for (const [to, file, same] of [
        ["to.onnx", "to.onnx", "m.onnx"],
        ["to.safetensors", "to.safetensors", "m.safetensors"],
        ["to-folder", "to-folder/model.onnx", "m.onnx"],
        ["to-other/", "to-other/model.safetensors", "m.safetensors"],
        ["mnist-0.1", "mnist-0.1/config.json", "f/config.json"],
      ]) {
        const { json } = await converted(from, to, "--force");
        expect(json.largestDifference).toBeLessThan(1e-12);
        expect(readFileSync(file).equals(readFileSync(same)), `${from} to ${to}`).toBe(true);
      }
    }
    expect(readdirSync("to-folder").sort()).toEqual(["config.json", "model.onnx", "model.safetensors"]);
    expect(readdirSync(".").filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("says what was written, its size and the largest difference", async () => {
    const network = sequential([1, 2, 2], [normalize(0.1307, 0.3081)]);
    writeFileSync("n.safetensors", encodeModel({ network, weights: new Map() }));
    const { line, json } = await converted("n.safetensors", "n.onnx");
    expect(json).toMatchObject({
      schema: "autodual/conversion/1",
      from: { path: "n.safetensors", sha256: expect.stringMatching(/^[0-9a-f]{64}$/), stages: 1 },
      to: { path: "n.onnx", form: "onnx" },
      float32: false,
      files: [{ path: "n.onnx", bytes: statSync("n.onnx").size, sha256: (await loadModel("n.onnx")).sha256 }],
      inputs: 3,
    });
    // The graph's constants are rounded, the network's are not.
    expect(json.largestDifference).toBeGreaterThan(1e-9);
    expect(json.largestDifference).toBeLessThan(1e-6);
    expect(line).toBe(
      `n.onnx: 0 parameters, ${statSync("n.onnx").size} bytes; outputs on 3 random inputs differ by at most ` +
        `${Number(json.largestDifference.toPrecision(4))} from those of n.safetensors\n`,
    );
    const exact = await converted("m.onnx", "m2.safetensors");
    expect(exact.line).toMatch(
      /^m2\.safetensors: 1,?\d+ parameters, \d+ KB; outputs on 3 random inputs are those of m\.onnx\n$/,
    );
    const words = await converted("m.onnx", "w");
    expect(words.line).toMatch(/^w: model\.safetensors, config\.json and model\.onnx, /);
    expect(words.json.files.map(({ path }) => path)).toEqual([
      join("w", "model.safetensors"),
      join("w", "model.onnx"),
    ]);
  });

  it("keeps doubles, unless they are to be rounded", async () => {
    const wide = { ...image, weights: initialWeights(image.network, 2) };
    writeFileSync("wide.safetensors", encodeModel(wide));
    await converted("wide.safetensors", "wide.onnx");
    expect(importOnnx(readFileSync("wide.onnx"), "wide.onnx").weights).toEqual(wide.weights);
    // onnxruntime has no convolution of doubles.
    await expect(ort.InferenceSession.create("wide.onnx", { logSeverityLevel: 4 })).rejects.toThrow(/Conv/);

    const { json } = await converted("wide.safetensors", "narrow.onnx", "--float32");
    expect(json.float32).toBe(true);
    expect(json.largestDifference).toBeGreaterThan(1e-10);
    expect(json.largestDifference).toBeLessThan(1e-5);
    const { weights } = importOnnx(readFileSync("narrow.onnx"), "narrow.onnx");
    expect(weights).toEqual(single(wide).weights);
    const session = await ort.InferenceSession.create("narrow.onnx", { logSeverityLevel: 4 });
    await session.release();
    await converted("wide.safetensors", "narrow.safetensors", "--float32");
    expect((await loadModel("narrow.safetensors")).weights).toEqual(weights);
  });

  it("takes a model of the package, which onnxruntime then runs as we do", async () => {
    await converted("mnist-small-0.1/stage-1", "mnist.onnx");
    const source = random(3, "pixels");
    const inputs = [1, 2, 3].map(() =>
      Float64Array.from({ length: 784 }, () => Math.fround(source.uniform())),
    );
    const x = new ort.Tensor("float32", Float32Array.from(inputs.flatMap((one) => [...one])), [3, 1, 28, 28]);
    const session = await ort.InferenceSession.create("mnist.onnx", { logSeverityLevel: 4 });
    const { output } = await session.run({ input: x });
    await session.release();
    const ours = await networkOutputs(createPortableBackend(), await loadModel("mnist.onnx"), inputs);
    expect(output.dims).toEqual([3, 10]);
    for (const [i, value] of ours.flatMap((one) => [...one]).entries()) {
      expect((output.data as Float32Array)[i]).toBeCloseTo(value, 3);
    }
  });

  it("takes weights that Python wrote again, beside their config.json", async () => {
    await converted("m.onnx", "f");
    const { tensors } = decodeSafetensors(readFileSync("f/model.safetensors"), "f");
    writeFileSync("f/model.safetensors", encodeSafetensors(tensors, { format: "pt" }));
    await converted("f", "back.onnx");
    expect(importOnnx(readFileSync("back.onnx"), "back.onnx").metadata).toEqual({ format: "pt" });
    await refused("f/model.safetensors x.onnx", "f/model.safetensors", "autodual.network", "config.json");
  });

  it("replaces what is there with --force, but nobody else's files", async () => {
    await converted("m.onnx", "f");
    writeFileSync(
      "other.safetensors",
      encodeModel(single({ network: flatNetwork(), weights: initialWeights(flatNetwork(), 1) })),
    );
    await refused("other.safetensors m.onnx", "OUT: m.onnx is there already", "--force");
    await refused("other.safetensors f", "OUT: f is there already", "--force");
    await converted("other.safetensors", "f", "--force");
    expect((await loadModel("f/model.safetensors")).network.inputShape).toEqual([4]);
    await converted("other.safetensors", "m.onnx", "--force");
    mkdirSync("theirs");
    writeFileSync("theirs/letter.txt", "dear reader");
    await refused("other.safetensors theirs --force", "OUT", "others' files in theirs");
    rmSync("theirs/letter.txt");
    await converted("other.safetensors", "theirs", "--force");
  });

  it("does not touch a run folder, but writes into it", async () => {
    await writeExamples("four.npz");
    writeFileSync(
      "flat.safetensors",
      encodeModel({ network: flatNetwork(), weights: initialWeights(flatNetwork(), 1) }),
    );
    const train = "train --data four.npz --model flat.safetensors --epsilon 0.01 --epochs 1 --out run";
    expect((await runCommand(train.split(" "))).code).toBe(0);
    await refused("m.onnx run --force", "OUT", "others' files in run");
    await refused("run run/model.onnx", "run/model.onnx is there already");
    rmSync("run/model.onnx");
    await converted("run", "run/model.onnx");
    await refused("run run/model.safetensors --force", "another place than IN");
    await refused("run run --force", "another place than IN");
    await refused("run . --force", "does not hold IN");
  });
});

describe("convert a cascade", () => {
  beforeEach(() => writeStages("c", 3));

  it("writes a folder that is a cascade of the same stages", async () => {
    const { line, json } = await converted("c", "d");
    expect(line).toMatch(/^d: 3 stages, [\d,]+ parameters, \d+ KB; outputs on 3 random inputs .* c\n$/);
    expect(json).toMatchObject({ from: { stages: 3 }, to: { path: "d", form: "folder" } });
    expect(json.files).toHaveLength(6);
    expect(readdirSync("d").sort()).toEqual(["cascade.json", "stage-1", "stage-2", "stage-3"]);
    expect(readdirSync("d/stage-2").sort()).toEqual(["config.json", "model.onnx", "model.safetensors"]);
    const [before, after] = ["c", "d"].map((name) =>
      cascadeSchema.parse(JSON.parse(readFileSync(`${name}/cascade.json`, "utf8"))),
    );
    expect(after.stages.map(({ sha256, trainedOn }) => [sha256, trainedOn])).toEqual(
      before.stages.map(({ sha256, trainedOn }) => [sha256, trainedOn]),
    );
    expect({ ...after, stages: [] }).toEqual({ ...before, stages: [] });
    const info = await runCommand(["info", "d"]);
    expect([info.code, info.stdout]).toEqual([0, expect.stringContaining("3 stages")]);
    await converted("d", "e");
    expect(readFileSync("e/cascade.json").equals(readFileSync("d/cascade.json"))).toBe(true);
    await converted("d/stage-3", "third.onnx");
    await converted("c", "d", "--force");
  });

  it("does not fit into one file", async () => {
    await refused(
      "c all.onnx",
      "OUT: expected a folder for the 3 stages of c",
      "all.onnx",
      `${join("c", "s1")}`,
    );
    await refused(
      "mnist-small-0.1 all.safetensors",
      "6 stages of mnist-small-0.1",
      "mnist-small-0.1/stage-1",
    );
  });

  it("is not replaced by one that is elsewhere, nor while it is read", async () => {
    await converted("c", "d");
    await refused("d d --force", "another place than IN");
    await refused("d/stage-1 d --force", "does not hold IN");
    await refused("m.onnx d --force", "others' files in d");
    await refused("m.onnx c --force", "others' files in c");
  });

  it("is told where it is damaged", async () => {
    writeFileSync("c/s2/model.safetensors", encodeModel(image));
    await refused("c d", join("c/s2/model.safetensors"), "sha256");
    writeFileSync("c/cascade.json", "{");
    await refused("c d", "c/cascade.json", "JSON");
  });
});

describe("convert refuses, in one line and with nothing left behind", () => {
  it.each<[string, string, readonly string[]]>([
    ["nothing", "", ["convert", "missing required argument"]],
    ["no OUT", "m.onnx", ["convert", "missing required argument 'out'"]],
    ["too much", "m.onnx a b", ["convert", "too many arguments"]],
    ["an unknown flag", "m.onnx a.onnx --fast", ["--fast", "convert --help"]],
    ["an ending of another kind", "m.onnx m.pt", ["OUT", ".onnx or .safetensors", '"m.pt"']],
    ["a missing IN", "no.onnx a.onnx", ["no.onnx", "no such file"]],
    ["a missing folder as IN", "no/where a.onnx", ["no/where"]],
    ["an architecture as IN", "small a.onnx", ["small", "expected a model file"]],
    ["a missing stage of the package", "mnist-small-0.1/stage-9 a.onnx", ["mnist-small-0.1/stage-9"]],
    ["OUT in a missing folder", "m.onnx no/m2.onnx", ["OUT", "a folder that exists", "no/m2.onnx"]],
    ["OUT below a file", "m.onnx m.safetensors/x.onnx", ["OUT", "m.safetensors/x.onnx"]],
    ["a folder below a file", "m.onnx m.safetensors/x --force", ["OUT", "m.safetensors/x"]],
    ["OUT equal to IN", "m.onnx m.onnx --force", ["OUT", "another place than IN", "m.onnx"]],
    ["OUT equal to IN in other words", "m.onnx ./f/../m.onnx --force", ["OUT", "another place than IN"]],
    ["OUT that IN links to", "link.onnx m.onnx --force", ["OUT", "another place than IN"]],
    ["a folder in a file's place", "m.onnx folder.onnx", ["OUT", "found the folder folder.onnx"]],
    ["a file in a folder's place", "m.onnx words --force", ["OUT", "words"]],
    ["figures in a missing folder", "m.onnx a.onnx --json no/f.json", ["--json", "no/f.json"]],
    ["an empty OUT", "m.onnx /", ["OUT"]],
    ["a truncated file", "cut.onnx a.onnx", ["cut.onnx"]],
    ["a truncated model", "cut.safetensors a", ["cut.safetensors"]],
    ["a damaged config.json", "damaged a.onnx", [join("damaged/config.json"), "not JSON"]],
    [
      "another config.json",
      "disagreeing a.onnx",
      [join("disagreeing/config.json"), 'node "linear1" differs'],
    ],
    [
      "weights beyond single precision",
      "large.safetensors a.onnx --float32",
      ["--float32", "1e+40", "linear1.bias"],
    ],
  ])("%s", async (_, line, words) => {
    symlinkSync("m.onnx", "link.onnx");
    mkdirSync("folder.onnx");
    writeFileSync("words", "a file");
    writeFileSync("cut.onnx", readFileSync("m.onnx").subarray(0, 900));
    writeFileSync("cut.safetensors", readFileSync("m.safetensors").subarray(0, 900));
    for (const [name, config] of [
      ["damaged", "{"],
      ["disagreeing", encodeConfig(image.network).replace('"outFeatures": 16', '"outFeatures": 17')],
    ]) {
      mkdirSync(name);
      cpSync("m.safetensors", join(name, "model.safetensors"));
      writeFileSync(join(name, "config.json"), config);
    }
    const network = sequential([2], [linear(1)]);
    const weights = new Map(initialWeights(network, 1)).set("linear1.bias", Float64Array.of(1e40));
    writeFileSync("large.safetensors", encodeModel({ network, weights }));
    await refused(line, ...words);
    expect(existsSync("a.onnx")).toBe(false);
  });
});
