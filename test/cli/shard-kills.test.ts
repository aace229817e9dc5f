import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder } from "./run-command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const folder = newFolder();
const at = (name: string): string => join(folder.path, name);

/** Small batches, and bounds that take some time: a part is written several times. */
const CERTIFY = [
  ...["certify", "image.safetensors", "--data", "glyphs", "--limit", "500", "--epsilon", "0.02"],
  ...["--bound", "adaptive", "--batch", "1", "--backend", "portable"],
];
const KILLS = 5;
const MOST_WAIT_MS = 900;

beforeAll(() => {
  // `npm test` builds first; a test run by itself may come before any build.
  if (!existsSync(main)) spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  writeModel(at("image.safetensors"), imageNetwork());
}, 60_000);
afterAll(() => folder.remove());

function start(...args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder.path,
    encoding: "utf8",
  });
  expect(stderr).not.toContain("autodual:");
  expect(status).toBe(0);
}

const rowsOf = (name: string): number =>
  existsSync(at(name)) ? JSON.parse(readFileSync(at(name), "utf8")).rows.length : 0;

/** Starts a command and kills it some time after it has written more than there was. */
async function startAndKill(args: string[], name: string, waitMs: number): Promise<void> {
  const before = rowsOf(name);
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { cwd: folder.path });
  const ended = new Promise<void>((settle) => child.on("close", () => settle()));
  const watch = setInterval(() => {
    if (rowsOf(name) === before) return;
    clearInterval(watch);
    setTimeout(() => child.kill("SIGKILL"), waitMs);
  }, 10);
  await ended;
  clearInterval(watch);
}

it("a part that was killed at random moments goes on, and the whole is that of one process", async () => {
  const moments = random(20260728, "kills");
  start(...CERTIFY, "--json", "whole.json");
  start(...CERTIFY, "--shard", "2/2", "--json", "part-2.json");
  const first = [...CERTIFY, "--shard", "1/2", "--json", "part-1.json"];
  const reached: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await startAndKill(first, "part-1.json", MOST_WAIT_MS * moments.uniform());
    reached.push(rowsOf("part-1.json"));
  }
  expect(reached).toEqual([...reached].sort((a, b) => a - b));
  // At least one kill fell into the work.
  expect(reached[0]).toBeLessThan(250);
  writeFileSync(at(".part-1.json.4194305-0123abcd.part"), "{");
  start(...first);
  start("merge", "part-1.json", "part-2.json", "--json", "merged.json");
  const [merged, whole] = ["merged.json", "whole.json"].map((name) => {
    const { budget, summary, ...record } = JSON.parse(readFileSync(at(name), "utf8"));
    const { seconds, examplesPerSecond, ...figures } = summary;
    return { ...record, summary: figures };
  });
  expect(merged).toEqual(whole);
  // What a killed process was writing is cleared away.
  expect(readdirSync(folder.path).filter((name) => name.endsWith(".part"))).toEqual([]);
}, 120_000);
