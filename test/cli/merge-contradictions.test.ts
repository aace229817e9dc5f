import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { lively } from "../support/networks.js";
import { flatNetwork, imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();

type Row = Record<string, unknown>;
interface Part {
  readonly once: Row;
  readonly same: { readonly record: Row & { readonly bound: Row; readonly data: Row; readonly list: Row } };
  readonly rows: Row[];
}
type Change = (part: Part) => void;

const SPEC = [
  ...[0, 1, 2, 3].map((i) => `(declare-const X_${i} Real) (assert (>= X_${i} 0)) (assert (<= X_${i} 1))`),
  ...[0, 1, 2].map((i) => `(declare-const Y_${i} Real)`),
];
const SUBJECT = ["--data", "glyphs", "--limit", "3", "--backend", "portable", "--shard", "1/1", "--json"];

async function ok(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(args);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}

beforeAll(async () => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  writeFileSync("flat.onnx", exportOnnx(lively(flatNetwork(), 1)));
  writeFileSync("holds.vnnlib", [...SPEC, "(assert (>= Y_0 1000))"].join("\n"));
  writeFileSync("violated.vnnlib", [...SPEC, "(assert (>= Y_0 -1000))"].join("\n"));
  writeFileSync("list.csv", "flat.onnx,holds.vnnlib,20\nflat.onnx,violated.vnnlib,20\n");
  const ball = ["--epsilon", "0.001"];
  await ok("certify", "image.safetensors", ...ball, ...SUBJECT, "certify.json");
  await ok("attack", "image.safetensors", ...ball, "--steps", "2", ...SUBJECT, "attack.json");
  await ok("radius", "image.safetensors", ...SUBJECT, "radius.json");
  await ok(
    "verify",
    "--list",
    "list.csv",
    "--backend",
    "portable",
    "--shard",
    "1/1",
    "--json",
    "verify.json",
  );
}, 60_000);
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const set =
  (row: Row, number = 0): Change =>
  ({ rows }) => {
    Object.assign(rows[number], row);
  };
const bound =
  (values: Row): Change =>
  ({ same }) => {
    Object.assign(same.record.bound, values);
  };
const proved = { certified: true, marginLower: Array.from({ length: 10 }, () => 1) };

it.each<[name: string, command: string, change: Change, message: string]>([
  [
    "no answer, certified",
    "certify",
    set({ ...proved, prediction: -1 }),
    "expected no certificate without an",
  ],
  ["a delta of 5", "certify", bound({ delta: 5 }), "record.bound.delta"],
  ["no rounding, for float32", "certify", bound({ rounding: "none" }), "record.bound.rounding"],
  [
    "a box that is none",
    "certify",
    ({ same }) => Object.assign(same.record, { box: [1, 0] }),
    "box: expected a lower bound before the upper one",
  ],
  [
    "more examples than were attacked",
    "attack",
    ({ same }) => Object.assign(same.record.data, { count: 10_000 }),
    "record.data.count: expected that of the parts' items, 3, found 10000",
  ],
  [
    "a wrong answer, told as right",
    "attack",
    set({ label: 1, prediction: 2, wrong: false, fgsm: true, pgd: true }),
    "item 0: wrong: expected true",
  ],
  [
    "a wrong answer that no attack misled",
    "attack",
    set({ label: 1, prediction: 2, wrong: true, fgsm: false, pgd: true }),
    "item 0: fgsm",
  ],
  [
    "misled by FGSM alone",
    "attack",
    set({ label: 1, prediction: 1, wrong: false, fgsm: true, pgd: false }),
    "pgd",
  ],
  ["a model that is taken for a cascade", "attack", set({ switched: true }), "item 0: switched"],
  [
    "more radii than were found",
    "radius",
    ({ same }) => Object.assign(same.record.data, { count: 10_000 }),
    "record.data.count",
  ],
  ["a radius above the largest tried", "radius", set({ radius: 99 }), "item 0: radius: expected at most 1,"],
  ["a certified radius that is broken", "radius", set({ radius: 0.2, broken: 0.1 }), "item 0: broken"],
  [
    "a radius without an answer",
    "radius",
    set({ radius: 0.2, prediction: -1 }),
    "item 0: radius: expected 0",
  ],
  ["another guarantee", "radius", bound({ guarantee: "absolute" }), "record.bound.guarantee"],
  ["no bound", "radius", ({ same }) => Reflect.deleteProperty(same.record, "bound"), "record.bound"],
  [
    "more properties than were answered",
    "verify",
    ({ same }) => Object.assign(same.record.list, { count: 999 }),
    "record.list.count: expected that of the parts' items, 2, found 999",
  ],
  [
    "what holds, with a counterexample",
    "verify",
    set({ counterexample: { input: [0], output: [0] } }),
    "counterexample",
  ],
  ["what is violated, without one", "verify", set({ counterexample: null }, 1), "item 1: counterexample"],
  [
    "what holds of files unread",
    "verify",
    set({ model: { path: "x.onnx", sha256: null } }),
    "item 0: answer",
  ],
  ["what holds, with a fault", "verify", set({ error: "no such file" }), "item 0: error"],
  [
    "another command's figures",
    "verify",
    ({ same }) => Object.assign(same.record, { schema: "autodual/certification/1" }),
    "record.schema",
  ],
])("merge refuses %s", async (_, command, change, message) => {
  const whole = readFileSync(`${command}.json`, "utf8");
  await ok("merge", `${command}.json`);
  const part = JSON.parse(whole) as Part;
  change(part);
  writeFileSync("changed.json", JSON.stringify(part));
  const { code, stderr } = await runCommand(["merge", "changed.json", "--json", "never.json"]);
  expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 2, lines: 1 });
  expect(stderr).toContain("changed.json: ");
  expect(stderr).toContain(message);
  expect(existsSync("never.json")).toBe(false);
});
