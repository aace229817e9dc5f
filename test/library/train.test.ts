import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  certify,
  type Dataset,
  initialWeights,
  linear,
  loadDataset,
  loadModelFile,
  type Model,
  type RunEvent,
  readRun,
  relu,
  report,
  resumeTraining,
  sequential,
  take,
  train,
} from "../../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "autodual-train-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Points of the plane, by whether the first coordinate is larger. */
function points(count: number, split: "train" | "test"): Dataset {
  const pixels = Float64Array.from({ length: 2 * count }, (_, i) => ((i * 7919 + 13) % 101) / 101);
  const labels = Int32Array.from({ length: count }, (_, b) => (pixels[2 * b] > pixels[2 * b + 1] ? 1 : 0));
  return { name: "points", split, shape: [2], classes: 2, count, pixels, labels, source: "memory" };
}

const data = { train: points(40, "train"), test: points(20, "test") };
const network = sequential([2], [linear(8), relu(), linear(2)]);
const common = {
  data,
  model: network,
  epsilon: 0.02,
  epochs: 3,
  batch: 10,
  rate: 0.02,
  backend: "portable",
} as const;

describe("train", () => {
  it("writes a run folder that is a model for every other call, and its report", async () => {
    const out = join(folder, "whole");
    const { folder: written, run, certification } = await train({ ...common, out });
    expect([written, run.status]).toEqual([out, "finished"]);
    expect(certification?.examples).toHaveLength(20);
    const again = await certify(out, data.test, { epsilon: 0.02, backend: "portable" });
    expect(again.summary.robustError).toBe(certification?.summary.robustError);
    expect(existsSync(join(out, "report.html"))).toBe(true);
    rmSync(join(out, "report.html"));
    expect(await report(out)).toBe(join(out, "report.html"));
    expect((await readRun(out)).verdicts.kind).toBe("known");
  });

  it("draws a network's weights as its settings have it, and leaves those that are given", async () => {
    const rate = 1e-9;
    const start = async (model: typeof network | Model, initialization?: "ibp") => {
      const out = join(folder, `start-${readdirSync(folder).length}`);
      const settings = { ...common, model, epochs: 1, rate, out };
      await train({ ...settings, ...(initialization && { initialization }) });
      return Array.from((await loadModelFile(join(out, "model.safetensors"))).weights.get("0.weight") ?? []);
    };
    const near = (own: Model) => Array.from(own.weights.get("0.weight") ?? [], (w) => expect.closeTo(w, 6));
    const standard = { network, weights: initialWeights(network, 0) };
    const ibp = { network, weights: initialWeights(network, 0, "ibp") };
    expect(await start(network)).toEqual(near(standard));
    expect(await start(network, "ibp")).toEqual(near(ibp));
    expect(await start(ibp)).toEqual(near(ibp));
    await expect(start(standard, "ibp")).rejects.toThrow("--initialization: expected a named architecture");
  });

  it("goes on with the same numbers where a signal stopped it", async () => {
    const whole = await train({ ...common, out: join(folder, "one-sitting") });
    const out = join(folder, "two-sittings");
    const controller = new AbortController();
    let epochs = 0;
    const observer = {
      tell: ({ kind }: RunEvent) => {
        if (kind === "epoch" && ++epochs === 2) controller.abort();
      },
    };
    const stopped = await train({ ...common, out, signal: controller.signal, observer });
    expect([stopped.run.status, stopped.certification]).toEqual(["interrupted", null]);
    const { run } = await resumeTraining(out, { data });
    expect(run.status).toBe("finished");
    const [first, second] = await Promise.all(
      [whole.folder, out].map((path) => loadModelFile(join(path, "model.safetensors"))),
    );
    for (const [name, values] of first.weights) expect(second.weights.get(name)).toEqual(values);
  });

  it("trains a cascade, each stage on what those before it do not certify", async () => {
    const out = join(folder, "cascade");
    const stages: number[] = [];
    const heldOut: number[] = [];
    const observer = {
      tell: (event: RunEvent) => {
        if (event.kind !== "stage-examples") return;
        stages.push(event.count + event.heldOut);
        heldOut.push(event.heldOut);
      },
    };
    const own = { ...common, epsilon: 0.1, stages: 2, validation: 8, evaluateEvery: 1 } as const;
    const { run } = await train({ ...own, out, observer });
    expect(run.status).toBe("finished");
    expect([stages[0], heldOut[0]]).toEqual([40, 8]);
    if (stages.length > 1) {
      const left: number[] = JSON.parse(readFileSync(join(out, "stage-2", "examples.json"), "utf8"));
      expect(left).toHaveLength(stages[1]);
      const first = await certify(join(out, "stage-1"), data.train, { epsilon: 0.1, backend: "portable" });
      expect(left).toEqual(first.examples.flatMap(({ certified, index }) => (certified ? [] : [index])));
    }
    const { examples } = await certify(out, data.test, { epsilon: 0.1, backend: "portable" });
    expect(examples).toHaveLength(20);
  });

  it("refuses other data than it began with, and settings that there are not", async () => {
    const out = join(folder, "whole");
    const other = { train: take(data.train, 39), test: data.test };
    await expect(resumeTraining(out, { data: other })).rejects.toThrow(/examples/);
    await expect(train({ ...common, settings: "paper" })).rejects.toThrow(/settings/);
    await expect(train({ ...common, out })).rejects.toThrow(/there is a run/);
    const digits = await loadDataset("glyphs", { split: "test", limit: 1 });
    await expect(train({ ...common, data: { train: digits, test: digits } })).rejects.toThrow(/784/);
  });
});
