import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder } from "./run-command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const folder = newFolder();
const at = (name: string): string => join(folder.path, name);

const train = (out: string): string[] => [
  ...["train", "--data", "glyphs", "--model", at("image.safetensors"), "--epsilon", "0.02"],
  ...["--limit", "40", "--batch", "20", "--epochs", "12", "--evaluate-every", "0", "--test-limit", "4"],
  ...["--backend", "portable", "--out", out],
];

beforeAll(() => {
  // `npm test` builds first; a test run by itself may come before any build.
  if (!existsSync(main)) spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  writeModel(at("image.safetensors"), imageNetwork());
}, 60_000);
afterAll(() => folder.remove());

/** Runs a command that may write no file of more than so many KiB: to it, a disk that is full. */
function start(args: readonly string[], mostKibibytes: number | null = null) {
  const limit = mostKibibytes === null ? "" : `ulimit -f ${mostKibibytes}; `;
  const script = `${limit}exec "$0" "$@"`;
  return spawnSync("bash", ["-c", script, process.execPath, main, ...args], {
    cwd: folder.path,
    encoding: "utf8",
  });
}

it("a training that cannot write says so in one line, keeps what it had, and goes on when it can", () => {
  expect(start(train("whole")).status).toBe(0);
  // The checkpoint grows with every epoch: somewhere on the way it is one byte too large.
  const most = Math.floor((statSync(at("whole/checkpoint.safetensors")).size - 1) / 1024);
  const { status, stderr } = start(train("cut"), most);
  expect(status).toBe(2);
  const complaints = stderr.split("\n").filter((line) => line.startsWith("autodual:"));
  expect(complaints).toEqual([
    "autodual: cut/checkpoint.safetensors: cannot write: the file would be larger than is allowed",
  ]);
  expect(stderr.trim().split("\n").at(-1)).toBe(complaints[0]);
  expect(readdirSync(at("cut")).filter((name) => name.endsWith(".part"))).toEqual([]);

  expect(start(["train", "--resume", "cut"]).status).toBe(0);
  const weights = (run: string) => readFileSync(at(`${run}/model.safetensors`));
  expect(weights("cut").equals(weights("whole"))).toBe(true);
}, 120_000);
