import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examples } from "../../src/data/dataset.js";
import { loadDataset } from "../../src/data/load.js";
import { formatVnnlib } from "../../src/formats/vnnlib/write.js";
import { robustness } from "../../src/verify/robustness.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder } from "./run-command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const folder = newFolder();
const at = (name: string): string => join(folder.path, name);

/** Many small batches: a signal surely falls between two of them. */
const train = (out: string): string[] => [
  ...["train", "--data", "glyphs", "--model", at("image.safetensors"), "--epsilon", "0.02"],
  ...["--limit", "300", "--batch", "2", "--epochs", "2", "--test-limit", "4", "--out", at(out)],
  ...["--backend", "portable"],
];

beforeAll(() => {
  // `npm test` builds first; a test run by itself may come before any build.
  if (!existsSync(main)) spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  writeModel(at("image.safetensors"), imageNetwork());
  expect(start(train("whole")).status).toBe(0);
}, 60_000);
afterAll(() => folder.remove());

function start(args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { cwd: folder.path, encoding: "utf8" });
}

interface Ended {
  readonly code: number | null;
  readonly killedBy: string | null;
  readonly stdout: string;
}

/** Long enough for some batches of the next epoch, far shorter than the epoch; the later ones on a busy machine. */
const DELAYS_MS = [150, 600, 2400];

/** Starts a command, sends the signal soon after it says `cue` on either stream, and waits for the end. */
async function startAndSignal(
  args: string[],
  cue: string,
  signal: NodeJS.Signals,
  delay = DELAYS_MS[0],
): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { cwd: folder.path });
  const said = { stdout: "", stderr: "" };
  let isSignalled = false;
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.on("data", (chunk) => {
      said[name] += chunk;
      if (isSignalled || !said[name].includes(cue)) return;
      isSignalled = true;
      setTimeout(() => child.kill(signal), delay);
    });
  }
  return new Promise((settle) => {
    child.on("close", (code, killedBy) => settle({ code, killedBy, stdout: said.stdout }));
  });
}

function runOf(out: string): { status: string; epochs: unknown[] } {
  return JSON.parse(readFileSync(at(`${out}/run.json`), "utf8"));
}

function expectTheSameModel(out: string): void {
  const [resumed, whole] = [out, "whole"].map((name) => readFileSync(at(`${name}/model.safetensors`)));
  expect(resumed.equals(whole)).toBe(true);
}

describe("a training run that is stopped in the middle of an epoch", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s exits with %d and goes on to the same weights, bit for bit", async (signal, code) => {
    let batch = 1;
    for (const delay of DELAYS_MS) {
      const out = `${signal}-${delay}`;
      const stopped = await startAndSignal(train(out), "epoch 1/2", signal, delay);
      expect([stopped.code, stopped.killedBy]).toEqual([code, null]);
      expect(stopped.stdout).toContain(`autodual train --resume ${at(out)}`);
      expect(runOf(out)).toMatchObject({ status: "interrupted", epochs: [{ epoch: 1 }] });

      const resumed = start(["train", "--resume", at(out)]);
      expect(resumed.status).toBe(0);
      batch = Number(/going on from epoch 2, batch (\d+)/.exec(resumed.stdout)?.[1]);
      expect(runOf(out)).toMatchObject({ status: "finished", epochs: [{ epoch: 1 }, { epoch: 2 }] });
      expectTheSameModel(out);
      if (batch > 1) break;
    }
    expect(batch).toBeGreaterThan(1);
  });

  it("by SIGKILL goes on from its last epoch to the same weights, bit for bit", async () => {
    const stopped = await startAndSignal(train("killed"), "epoch 1/2", "SIGKILL");
    expect(stopped.killedBy).toBe("SIGKILL");
    expect(runOf("killed").status).toBe("running");

    expect(start(["train", "--resume", at("killed")]).status).toBe(0);
    expect(runOf("killed").status).toBe("finished");
    expectTheSameModel("killed");
    expect(readdirSync(at("killed")).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("a run that is stopped while its finished model is measured", () => {
  it("says so, and is measured when it is resumed", async () => {
    const brief = ["--limit", "20", "--epochs", "1", "--test-limit", "1000"];
    const stopped = await startAndSignal(
      [...train("measured"), ...brief],
      "robust error, at most",
      "SIGINT",
      0,
    );
    expect([stopped.code, stopped.killedBy]).toEqual([130, null]);
    expect(stopped.stdout).toContain(`measure it with: autodual train --resume ${at("measured")}`);
    expect(runOf("measured").status).toBe("finished");
    expect(existsSync(at("measured/attack.json"))).toBe(false);
    expect(readFileSync(at("measured/report.html"), "utf8")).toContain("not measured");

    const model = readFileSync(at("measured/model.safetensors"));
    const resumed = start(["train", "--resume", at("measured")]);
    expect(resumed.status).toBe(0);
    expect(resumed.stdout).toContain("going on with what is measured of it");
    expect(JSON.parse(readFileSync(at("measured/attack.json"), "utf8")).data.count).toBe(1000);
    expect(readFileSync(at("measured/model.safetensors")).equals(model)).toBe(true);
    expect(start(["train", "--resume", at("measured")]).stdout).toContain("nothing to resume");
  });
});

describe("verify that is stopped", () => {
  it("exits with 130, answers unknown and claims nothing", async () => {
    const { x, labels } = examples(await loadDataset("glyphs", { split: "test", limit: 2 }), [1]);
    writeFileSync(
      at("ball.vnnlib"),
      formatVnnlib(
        robustness(x, { epsilon: 0.14, box: [0, 1], prediction: labels[0], classes: 10 }),
        "a digit",
      ),
    );
    const args = ["verify", "mnist-small-0.1/stage-1", at("ball.vnnlib"), "--timeout", "600"];
    const stopped = await startAndSignal([...args, "--json", at("stopped.json")], "verify", "SIGINT");
    expect([stopped.code, stopped.killedBy]).toEqual([130, null]);
    expect(stopped.stdout.split("\n")[0]).toBe("unknown");
    const record = JSON.parse(readFileSync(at("stopped.json"), "utf8"));
    expect(record).toMatchObject({ answer: "unknown", counterexample: null });
    expect(record.cases.some((own: { answer: string }) => own.answer === "unknown")).toBe(true);
  });
});

describe("figures of examples that are stopped", () => {
  it.each([
    ["certify", ["--epsilon", "0.1", "--batch", "1"], "SIGTERM", 143],
    ["radius", ["--batch", "1"], "SIGINT", 130],
  ] as const)("%s keeps what it reached, and says how far that is", async (command, flags, signal, code) => {
    const all = 1000;
    const args = [command, "mnist-small-0.1/stage-1", "--data", "glyphs", "--limit", String(all), ...flags];
    const json = at(`${command}.json`);
    const rest = ["--backend", "portable", "--json", json];
    const page = at(`${command}.html`);
    if (command === "certify") rest.push("--report", page);
    for (const delay of [1000, 4000, 10_000]) {
      const stopped = await startAndSignal([...args, ...rest], "portable", signal, delay);
      expect([stopped.code, stopped.killedBy]).toEqual([code, null]);
      if (stopped.stdout.includes("nothing was kept")) continue;
      const { examples: reached, ...record } = JSON.parse(readFileSync(json, "utf8"));
      expect(stopped.stdout).toContain(`stopped after ${reached.length} of 1,000 examples`);
      expect(reached.length).toBeGreaterThan(0);
      if (command === "certify") {
        const words = stopped.stdout.replace(/\s+/g, " ");
        expect(words).toMatch(new RegExp(`of the ${reached.length} examples?, no change`));
        expect(readFileSync(page, "utf8")).toContain("glyphs");
      }
      expect(reached.length + (record.unreached ?? record.summary.unreached)).toBe(all);
      return;
    }
    throw new Error("nothing was reached");
  });
});

describe("certify that is stopped while it writes certificates", () => {
  it("exits with 130, says that there are none and leaves no part of them", async () => {
    const args = [
      "certify",
      "mnist-small-0.1/stage-1",
      "--data",
      "glyphs",
      "--limit",
      "60",
      "--epsilon",
      "0.02",
    ];
    const files = ["--certificate", at("half.json"), "--json", at("half-figures.json")];
    const stopped = await startAndSignal([...args, ...files], "certified predictions", "SIGINT", 400);
    expect([stopped.code, stopped.killedBy]).toEqual([130, null]);
    expect(stopped.stdout).toContain(`certificate: stopped; ${at("half.json")} is not written`);
    expect(readdirSync(folder.path).filter((name) => name.includes("half.json"))).toEqual([]);
    const record = JSON.parse(readFileSync(at("half-figures.json"), "utf8"));
    expect([record.examples.length, record.certificate]).toEqual([60, null]);
  });
});

describe("a reader that goes away", () => {
  it("does not stop the work", async () => {
    const args = [
      "certify",
      at("image.safetensors"),
      "--data",
      "glyphs",
      "--limit",
      "4",
      "--epsilon",
      "0.01",
    ];
    const child = spawn(process.execPath, [main, ...args, "--json", at("figures.json")], {
      cwd: folder.path,
    });
    child.stdout.destroy();
    child.stderr.destroy();
    const code = await new Promise((settle) => child.on("exit", settle));
    expect(code).toBe(0);
    expect(existsSync(at("figures.json"))).toBe(true);
  });
});
