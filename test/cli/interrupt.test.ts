import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  ...["--backend", "reference"],
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

/** Long enough for some batches of the next epoch, far shorter than the epoch. */
const AFTER_CUE_MS = 150;

/** Starts a command, sends the signal soon after its standard error says `cue`, and waits for the end. */
async function startAndSignal(args: string[], cue: string, signal: NodeJS.Signals): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { cwd: folder.path });
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    const before = stderr.includes(cue);
    stderr += chunk;
    if (!before && stderr.includes(cue)) setTimeout(() => child.kill(signal), AFTER_CUE_MS);
  });
  return new Promise((settle) => {
    child.on("close", (code, killedBy) => settle({ code, killedBy, stdout }));
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
    const stopped = await startAndSignal(train(signal), "epoch 1/2", signal);
    expect([stopped.code, stopped.killedBy]).toEqual([code, null]);
    expect(stopped.stdout).toContain(`autodual train --resume ${at(signal)}`);
    expect(runOf(signal)).toMatchObject({ status: "interrupted", epochs: [{ epoch: 1 }] });

    const resumed = start(["train", "--resume", at(signal)]);
    expect(resumed.status).toBe(0);
    const [, batch] = /going on from epoch 2, batch (\d+)/.exec(resumed.stdout) ?? [];
    expect(Number(batch)).toBeGreaterThan(1);
    expect(runOf(signal)).toMatchObject({ status: "finished", epochs: [{ epoch: 1 }, { epoch: 2 }] });
    expectTheSameModel(signal);
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
