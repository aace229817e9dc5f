import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeModel } from "../../src/formats/model-file.js";
import { writeNpz } from "../../src/formats/npz.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const at = (name: string): string => join(folder.path, name);
afterAll(() => folder.remove());

const COUNT = 6;
const [CHANNELS, SIDE] = [3, 8];
const y = { shape: [COUNT], values: Int32Array.from({ length: COUNT }, (_, i) => i % 2) };

/** Pseudo-random values of channel, row and column of example `n`. */
function valueAt(n: number, c: number, row: number, column: number): number {
  return ((n * 7 + c * 31 + row * 13 + column * 5) % 17) / 16;
}

type Value = (n: number, c: number, row: number, column: number) => number;

function images(order: "first" | "last", value: Value = valueAt) {
  const values: number[] = [];
  const sizes = order === "first" ? [CHANNELS, SIDE, SIDE] : [SIDE, SIDE, CHANNELS];
  for (let n = 0; n < COUNT; n++) {
    for (let i = 0; i < sizes[0]; i++) {
      for (let j = 0; j < sizes[1]; j++) {
        for (let k = 0; k < sizes[2]; k++) {
          values.push(order === "first" ? value(n, i, j, k) : value(n, k, i, j));
        }
      }
    }
  }
  return { shape: [COUNT, ...sizes], values: Float32Array.from(values) };
}

function writeModel(name: string, network: Network): void {
  writeFileSync(at(name), encodeModel({ network, weights: initialWeights(network, 3) }));
}

async function figures(line: string): Promise<unknown> {
  const outcome = await runCommand([...line.split(" "), "--json", at("figures.json")]);
  expect(outcome).toMatchObject({ code: 0 });
  return JSON.parse(readFileSync(at("figures.json"), "utf8"));
}

beforeAll(async () => {
  writeModel(
    "colour.safetensors",
    sequential([CHANNELS, SIDE, SIDE], [conv2d(2, { kernel: 4, stride: 4 }), relu(), flatten(), linear(2)]),
  );
  writeModel("grey.safetensors", sequential([1, SIDE, SIDE], [flatten(), linear(2)]));
  writeModel("flat.safetensors", sequential([SIDE * SIDE], [linear(2)]));
  await writeNpz(at("first.npz"), { x: images("first"), y });
  await writeNpz(at("last.npz"), { x: images("last"), y });
  const normalised: Value = (...place) => 4 * valueAt(...place) - 2;
  await writeNpz(at("normalised.npz"), { x: images("first", normalised), y });
  const values = Float32Array.from({ length: COUNT * SIDE * SIDE }, (_, i) => (i % 9) / 8);
  await writeNpz(at("grey.npz"), { x: { shape: [COUNT, SIDE, SIDE], values }, y });
  await writeNpz(at("flat.npz"), { x: { shape: [COUNT, SIDE * SIDE], values }, y });
  await writeNpz(at("halves.npz"), { x: { shape: [COUNT, 2, 4, SIDE], values }, y });
});

describe("shapes of data and models", () => {
  it.each(["certify", "attack", "radius", "drift"])(
    "%s: channels that stand last are recognised",
    async (command) => {
      const epsilon = command === "radius" ? "" : " --epsilon 0.01";
      const line = `${command} ${at("colour.safetensors")} --data ${at("last.npz")}${epsilon}`;
      const { code, stderr } = await runCommand(line.split(" "));
      expect(code).toBe(2);
      expect(stderr.trim()).not.toContain("\n");
      for (const part of ["3×8×8", "8×8×3", "--layout nhwc"]) expect(stderr).toContain(part);
      expect((await runCommand(`${line} --layout nhwc`.split(" "))).code).toBe(0);
    },
  );

  it("--layout nhwc gives the figures of the same images with channels first", async () => {
    const line = `certify ${at("colour.safetensors")} --epsilon 0.01 --data`;
    const [last, first] = [
      await figures(`${line} ${at("last.npz")} --layout nhwc`),
      await figures(`${line} ${at("first.npz")}`),
    ];
    expect(last).toHaveProperty("examples", (first as { examples: unknown }).examples);
  });

  it("a report says the layout in the commands that make it again", async () => {
    const report = at("report.html");
    const line = `certify ${at("colour.safetensors")} --epsilon 0.01 --data ${at("last.npz")} --layout nhwc`;
    expect((await runCommand([...line.split(" "), "--report", report])).code).toBe(0);
    expect(readFileSync(report, "utf8")).toContain("--layout nhwc");
  });

  it.each([
    ["grey.safetensors", "grey.npz"],
    ["grey.safetensors", "flat.npz"],
    ["flat.safetensors", "flat.npz"],
    ["flat.safetensors", "grey.npz"],
  ])("%s takes %s", async (model, data) => {
    const line = `certify ${at(model)} --data ${at(data)} --epsilon 0.01`;
    expect(await runCommand(line.split(" "))).toMatchObject({ code: 0, stderr: "" });
  });

  it.each<[string, string, string[]]>([
    ["colour.safetensors", "grey.npz", ["3×8×8 = 192", "1×8×8 = 64", "[N, 3, 8, 8]"]],
    ["grey.safetensors", "halves.npz", ["1×8×8 = 64", "2×4×8 = 64", "reshape x to [N, 1, 8, 8]"]],
    ["colour.safetensors", "flat.npz --layout nhwc", ["--layout nhwc", "[N, 64]"]],
  ])("%s and %s: one line with both shapes and the mend", async (model, data, parts) => {
    const line = `certify ${at(model)} --data ${at(data)} --epsilon 0.01`;
    const { code, stderr } = await runCommand(line.split(" "));
    expect(code).toBe(2);
    expect(stderr.trim()).not.toContain("\n");
    for (const part of parts) expect(stderr).toContain(part);
  });

  it("a layout is refused where it says nothing", async () => {
    const { code, stderr } = await runCommand(["data", "glyphs", "--layout", "nhwc"]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("glyphs") });
  });

  it("a run remembers the layout, and goes on", async () => {
    const out = at("run");
    const train = `train --data ${at("last.npz")} --layout nhwc --model ${at("colour.safetensors")} --epsilon 0.01 --epochs 1 --out ${out}`;
    expect((await runCommand(train.split(" "))).code).toBe(0);
    const { config } = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
    expect(config.data).toMatchObject({ layout: "nhwc", shape: [CHANNELS, SIDE, SIDE] });
    expect((await runCommand(["report", out])).code).toBe(0);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("--layout nhwc");
    expect((await runCommand(["train", "--resume", out])).code).toBe(0);
  });
});

describe("data of any range", () => {
  const line = () => `${at("colour.safetensors")} --data ${at("normalised.npz")}`;

  it("are refused by the box of pixels, with their range and the mend", async () => {
    const { code, stderr } = await runCommand(`certify ${line()} --epsilon 0.01`.split(" "));
    expect(code).toBe(2);
    for (const part of ["--box 0,1", "from -2 to 2", "--box none", "--box LO,HI"])
      expect(stderr).toContain(part);
    expect(stderr.trim()).not.toContain("\n");
  });

  it.each([
    "certify --epsilon 0.01 --box none",
    "certify --epsilon 0.01 --box -2,2",
    "certify --epsilon 0.01 --norm l2",
    "attack --epsilon 0.01 --box none",
    "radius --box none",
    "radius --norm l2",
    "drift --epsilon 0.01 --box none",
  ])("%s takes them", async (words) => {
    const [command, ...flags] = words.split(" ");
    expect(await runCommand([command, ...line().split(" "), ...flags])).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  it("a box that data break is refused", async () => {
    const { code, stderr } = await runCommand(`certify ${line()} --epsilon 0.01 --box -1,1`.split(" "));
    expect(code).toBe(2);
    expect(stderr).toContain("--box -1,1");
  });

  it("training takes them", async () => {
    const words = `train --model ${line()} --epsilon 0.01 --box none --epochs 1 --out ${at("normalised")}`;
    expect((await runCommand(words.split(" "))).code).toBe(0);
  });
});

describe("tables", () => {
  it("a network of as many inputs is trained on one, certified, and its report says the column", async () => {
    writeModel("four.safetensors", sequential([2], [linear(6), relu(), linear(2)]));
    const rows = Array.from(
      { length: 20 },
      (_, i) => `${i % 2 ? "far" : "near"},${i / 4 - 2},${(i % 2) * 40}`,
    );
    writeFileSync(at("places.csv"), ["kind,east,north", ...rows].join("\n"));
    const data = ["--data", at("places.csv"), "--label", "kind", "--epsilon", "0.1", "--box", "none"];
    const out = at("places");
    const train = ["train", ...data, "--model", at("four.safetensors"), "--epochs", "1", "--out", out];
    expect((await runCommand(train)).code).toBe(0);
    const { config } = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
    expect(config.data).toMatchObject({ label: "kind", classNames: ["far", "near"], shape: [2] });
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("--label kind");
    const { code, stdout } = await runCommand(["certify", out, ...data]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("far, near") });
    const other = await runCommand([
      "certify",
      out,
      "--data",
      at("flat.npz"),
      "--label",
      "kind",
      "--epsilon",
      "0.1",
    ]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("--label kind") });
  });
});
