import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { encodeModel } from "../../src/formats/model-file.js";
import { encodeNpz } from "../../src/formats/npz.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { formatVnnlib } from "../../src/formats/vnnlib/write.js";
import { architecture } from "../../src/network/architectures.js";
import { add, averagePool, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { graph, type Network } from "../../src/network/network.js";
import { initialWeights, type Model } from "../../src/network/weights.js";
import { robustness } from "../../src/verify/robustness.js";
import { newFolder } from "./run-command.js";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const MEGABYTE = 2 ** 20;
/** What a process may have resident of what `--memory` says. */
const RESIDENT = 1.4;

/** A residual network without a linear layer before its last: rows through its joins are whole images. */
function residual(side: number): Network {
  return graph([3, side, side], (input, attach) => {
    const conv = (x: typeof input) => attach(conv2d(16, { kernel: 3, padding: 1 }), x);
    const block = (x: typeof input) => attach(relu(), attach(add(), x, conv(attach(relu(), conv(x)))));
    const y = block(block(attach(relu(), conv(input))));
    return attach(linear(10), attach(flatten(), attach(averagePool({ kernel: 2 }), y)));
  });
}

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  /** Seconds, starting the process included. */
  readonly seconds: number;
  readonly json: {
    readonly answer?: string;
    readonly budget: {
      readonly memory: number;
      readonly peakMemory: number;
      readonly peakTensors: number;
      readonly timeout: number | null;
      readonly secondsPast: number | null;
    };
  } | null;
}

const folder = newFolder();
const path = (name: string) => join(folder.path, name);

/** Runs a command line in a process of its own. */
function inChild(...args: readonly string[]): Promise<Ended> {
  const json = path(`${Math.random()}.json`);
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args, "--json", json], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const seconds = (performance.now() - began) / 1000;
      resolve({ code, stderr, seconds, json: code === 0 ? JSON.parse(readFileSync(json, "utf8")) : null });
    });
  });
}

/** The model, and a property of it that is neither proved nor violated within seconds. */
function write(name: string, network: Network, prediction: number): void {
  const model: Model = { network, weights: initialWeights(network, 1) };
  writeFileSync(path(`${name}.onnx`), exportOnnx(model));
  writeFileSync(path(`${name}.safetensors`), encodeModel(model));
  const features = network.inputShape.reduce((a, b) => a * b, 1);
  const x = Float64Array.from({ length: features }, (_, i) => ((i * 7919) % 1000) / 1000);
  const property = robustness(x, { epsilon: 0.01, box: [0, 1], prediction, classes: network.classes });
  writeFileSync(path(`${name}.vnnlib`), formatVnnlib(property));
}

beforeAll(() => {
  write("residual", residual(24), 9);
  write("large", architecture("large", { inputShape: [1, 28, 28], classes: 10 }), 0);
});
afterAll(() => folder.remove());

/** A file of one image that fits. */
function dataOf(name: string): string {
  if (name === "large") return "glyphs";
  const shape = [1, 3, 24, 24];
  const values = Float32Array.from({ length: 3 * 24 * 24 }, (_, i) => ((i * 7919) % 1000) / 1000);
  const arrays = { x: { shape, values }, y: { shape: [1], values: Int32Array.of(0) } };
  writeFileSync(path("images.npz"), encodeNpz(arrays));
  return path("images.npz");
}

describe.skipIf(nativeProblem() !== null)("--memory", () => {
  it("holds while an ONNX file of 4 million weights is read and compared with its graph", async () => {
    const network = architecture("resnet", { inputShape: [3, 32, 32], classes: 10 });
    const weights = [...initialWeights(network, 1)].map(
      ([name, values]) => [name, Float32Array.from(values)] as const,
    );
    writeFileSync(path("resnet.onnx"), exportOnnx({ network, weights: new Map(weights) }));
    const x = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => ((i * 7919) % 1000) / 1000);
    const arrays = { x: { shape: [1, 3, 32, 32], values: x }, y: { shape: [1], values: Int32Array.of(0) } };
    writeFileSync(path("one.npz"), encodeNpz(arrays));
    const args = ["certify", path("resnet.onnx"), "--data", path("one.npz"), "--epsilon", "0.001"];
    const { code, stderr, json } = await inChild(...args, "--memory", "200MB", "--timeout", "60");
    expect(code, stderr).toBe(0);
    expect(json?.budget.peakMemory).toBeLessThan(RESIDENT * 200 * MEGABYTE);
  }, 60_000);

  it.each(["200MB", "1GB", "4GB"])("%s bounds what the process has resident", async (memory) => {
    const runs = [
      ["verify", path("residual.safetensors"), path("residual.vnnlib"), "--timeout", "4", "--memory", memory],
      ["certify", path("large.safetensors"), "--data", "glyphs", "--limit", "40", "--epsilon", "0.02"].concat(
        "--memory",
        memory,
      ),
      ["radius", path("large.safetensors"), "--data", "glyphs", "--limit", "20", "--tolerance", "0.2"].concat(
        "--memory",
        memory,
      ),
    ];
    for (const args of runs) {
      const { code, stderr, json } = await inChild(...args);
      expect(code, stderr).toBe(0);
      const {
        memory: asked,
        peakMemory,
        peakTensors,
      } = json?.budget ?? { memory: 0, peakMemory: 0, peakTensors: 0 };
      expect(peakMemory, args.join(" ")).toBeLessThan(RESIDENT * asked);
      expect(peakTensors).toBeLessThan(asked);
      expect(peakTensors).toBeGreaterThan(MEGABYTE);
    }
  });

  it("that is too small for one row is an error of one line", async () => {
    const args = ["verify", path("residual.safetensors"), path("residual.vnnlib"), "--memory", "4MB"];
    const { code, stderr } = await inChild(...args, "--timeout", "30");
    expect(code).toBe(2);
    expect(stderr.trim()).toMatch(
      /^autodual: .*layer "[^"]+" \([a-z0-9-]+\): .*out of memory: \d+ bytes wanted.*$/m,
    );
  });
});

describe("--timeout", () => {
  it("shows nothing of examples that it did not reach", async () => {
    const args = ["certify", "mnist-small-0.1/stage-1", "--data", "glyphs", "--epsilon", "0.1"];
    const { code } = await inChild(...args, "--backend", "portable", "--timeout", "3", "--fail-above", "0.9");
    expect(code).toBe(1);
  });

  it("ends the writing of certificates in time", { retry: 2 }, async () => {
    const certificate = path("certificates.json");
    const args = ["certify", "mnist-small-0.1/stage-1", "--data", "glyphs", "--epsilon", "0.02"];
    const { code, stderr, json, seconds } = await inChild(
      ...args,
      "--timeout",
      "4",
      "--certificate",
      certificate,
    );
    expect(code, stderr).toBe(0);
    expect(seconds).toBeLessThan(6.5);
    expect(json).toMatchObject({ certificate: null });
    expect(existsSync(certificate)).toBe(false);
  });

  it.each([
    ["residual", "verify"],
    ["large", "verify"],
    ["residual", "radius"],
    ["large", "radius"],
    // The machine may be busy with other tests.
  ])("ends %s in time: %s", { retry: 2 }, async (name, command) => {
    const model = path(name === "large" ? `${name}.safetensors` : `${name}.onnx`);
    // Enough for loading them beside other tests, and less than the work takes.
    const timeout = 4;
    const args =
      command === "verify"
        ? ["verify", model, path(`${name}.vnnlib`)]
        : ["radius", model, "--data", dataOf(name), "--limit", "1", "--tolerance", "1e-7"];
    const { code, stderr, json, seconds } = await inChild(...args, "--timeout", String(timeout));
    expect(code, stderr).toBe(0);
    expect(json?.budget.timeout).toBe(timeout);
    expect(json?.budget.secondsPast).toBeLessThan(1);
    // The process itself takes some tenths of a second to begin and to end.
    expect(seconds).toBeLessThan(timeout + 1 + 2);
    if (command === "verify") expect(json?.answer).toBe("unknown");
  });

  it("of certify leaves examples unbounded, which count as not certified", async () => {
    const args = [
      "certify",
      path("large.safetensors"),
      "--data",
      "glyphs",
      "--epsilon",
      "0.05",
      "--limit",
      "400",
    ];
    const { code, stderr, json } = await inChild(...args, "--timeout", "2.5");
    expect(code, stderr).toBe(0);
    const found = json as unknown as {
      budget: { secondsPast: number };
      summary: { unfinished: number; robustError: number; certified: number };
      examples: { certified: boolean; marginLower: (number | null)[] }[];
    };
    expect(found.budget.secondsPast).toBeLessThan(1);
    expect(found.summary.unfinished).toBeGreaterThan(0);
    const open = found.examples.slice(-found.summary.unfinished);
    expect(open.some(({ certified }) => certified)).toBe(false);
    expect(open[0].marginLower).toContain(null);
  });
});
