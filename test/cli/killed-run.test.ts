import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOCK_FILE } from "../../src/train/run-lock.js";
import { flatNetwork, writeExamples, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const dead = spawnSync(process.execPath, ["-e", "0"]).pid;

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return stdout;
}

beforeAll(async () => {
  process.chdir(folder.path);
  writeModel("flat.safetensors", flatNetwork());
  await writeExamples("four.npz");
  const short = ["--epochs", "2", "--batch", "5", "--test-limit", "5", "--backend", "portable"];
  const asked = ["train", "--data", "four.npz", "--model", "flat.safetensors", "--epsilon", "0.01", ...short];
  await done(...asked, "--out", "whole");
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const filesOf = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

/** The finished run as a process leaves it that was killed: with its lock, and a file that it was writing. */
function killed(name: string, ...missing: string[]): string {
  cpSync("whole", name, { recursive: true });
  for (const file of missing) rmSync(join(name, file));
  const lock = { host: hostname(), pid: dead, began: "1", token: "another" };
  writeFileSync(join(name, LOCK_FILE), JSON.stringify(lock));
  writeFileSync(join(name, `.report.html.${dead}-1-0123abcd.part`), "<html>");
  writeFileSync(join(name, `.${LOCK_FILE}.${dead}-1-0123abcd.part`), "");
  return name;
}

describe("a run whose training is finished, killed", () => {
  it.each([
    ["before anything was measured", ["certification.json", "attack.json", "radius.json", "layers.json"]],
    ["while radii were searched for", ["radius.json", "layers.json"]],
  ])("%s, gets all that is measured", async (_when, missing) => {
    const run = killed(`of-${missing.length}`, ...missing);
    // Of an earlier sitting, that was stopped.
    writeFileSync(join(run, "report.html"), "a page on which nothing is measured");
    expect(await done("train", "--resume", run)).toContain("going on with what is measured of it");
    expect(filesOf(run)).toEqual(filesOf("whole"));
    const radii = [run, "whole"].map((at) => JSON.parse(readFileSync(join(at, "radius.json"), "utf8")));
    expect(radii[0].examples).toEqual(radii[1].examples);
    expect(readFileSync(join(run, "report.html"), "utf8")).not.toContain("nothing is measured");
  });

  it("before its page was whole, gets a page", async () => {
    const run = killed("without-page", "report.html");
    expect(await done("train", "--resume", run)).toContain("only its report was missing");
    expect(filesOf(run)).toEqual(filesOf("whole"));
  });

  it("at its very end, is left as it is but for what the dead process holds", async () => {
    const run = killed("at-the-end");
    expect(await done("train", "--resume", run)).toContain("there is nothing to resume");
    expect(filesOf(run)).toEqual(filesOf("whole"));
    for (const name of filesOf("whole")) {
      expect(readFileSync(join(run, name)).equals(readFileSync(join("whole", name))), name).toBe(true);
    }
  });

  it("has no second process in it while it is measured", async () => {
    const run = killed("measured-twice", "layers.json");
    const lock = { host: hostname(), pid: process.ppid, began: null, token: "another" };
    writeFileSync(join(run, LOCK_FILE), JSON.stringify(lock));
    const { code, stderr } = await runCommand(["train", "--resume", run]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("is under way in this folder")]);
    expect(existsSync(join(run, "layers.json"))).toBe(false);
  });
});
