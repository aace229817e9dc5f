import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Run } from "../../src/train/run-folder.js";
import { changeRun, writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

/** What is wrong, the command line, and words of the one line that must tell it. */
type Row = readonly [what: string, line: string, words: readonly string[]];
/** The same, and what is done to the run folder before. */
type DamageRow = readonly [what: string, line: string, words: readonly string[], damage?: () => void];

const original = newFolder();
const home = process.cwd();
let folder: ReturnType<typeof newFolder>;

beforeAll(() => writeInputFiles(original.path));
afterAll(() => original.remove());
beforeEach(() => {
  folder = newFolder();
  cpSync(original.path, folder.path, { recursive: true });
  process.chdir(folder.path);
  vi.stubEnv("XDG_CACHE_HOME", join(folder.path, "cache"));
  vi.stubEnv("AUTODUAL_DATA", "");
});
afterEach(() => {
  process.chdir(home);
  vi.unstubAllEnvs();
  folder.remove();
});

const CERTIFY = "certify flat.safetensors --data four.npz";
const TRAIN = "train --data four.npz --model flat.safetensors";

const FLAGS: readonly Row[] = [
  ["no command", "", ["expected a command", "quickstart, train, certify, attack"]],
  ["an unknown command", "certfy x", ['"certfy"', "quickstart, train, certify, attack"]],
  ["an unknown flag", `${CERTIFY} --epsilon 1 --limti 4`, ["--limti", "certify --help"]],
  ["an unknown flag of the program", "--verbose", ["--verbose", "autodual --help"]],
  ["no model", "certify --data four.npz --epsilon 0.1", ["model", "certify --help"]],
  ["no data", "certify flat.safetensors --epsilon 0.1", ["--data", "found nothing"]],
  ["no epsilon", CERTIFY, ["--epsilon", "found nothing"]],
  ["no epsilon in training", TRAIN, ["--epsilon", "found nothing"]],
  ["no model in training", "train --data glyphs --epsilon 0.1", ["--model", "found nothing"]],
  ["a flag without its value", `${CERTIFY} --epsilon`, ["--epsilon"]],
  ["too many arguments", "info tiny small", ["info", "too many arguments"]],
  ["negative epsilon", `${CERTIFY} --epsilon=-1`, ["--epsilon", "at least 0", '"-1"']],
  ["epsilon in words", `${CERTIFY} --epsilon abc`, ["--epsilon", "8/255", '"abc"']],
  ["epsilon nan", `${CERTIFY} --epsilon nan`, ["--epsilon", '"nan"']],
  ["epsilon 1/0", `${CERTIFY} --epsilon 1/0`, ["--epsilon", '"1/0"']],
  ["epsilon beyond doubles", `${CERTIFY} --epsilon 1e999`, ["--epsilon", '"1e999"']],
  ["empty epsilon", `${CERTIFY} --epsilon=`, ["--epsilon", "found nothing"]],
  ["inverted box", `${CERTIFY} --epsilon 0.1 --box 1,0`, ["--box", "lower bound first", '"1,0"']],
  ["half a box", `${CERTIFY} --epsilon 0.1 --box 1`, ["--box", "two numbers", '"1"']],
  ["a box with l2", `${CERTIFY} --epsilon 0.1 --norm l2 --box 0,1`, ["--box", "l2", "linf"]],
  ["a box far from the data", `${CERTIFY} --epsilon 0.1 --box 3,4`, ["--box 3,4", "within epsilon"]],
  ["an unknown norm", `${CERTIFY} --epsilon 0.1 --norm l3`, ["--norm", "linf, l2, l1", '"l3"']],
  ["an unknown bound", `${CERTIFY} --epsilon 0.1 --bound best`, ["--bound", "parallel, adaptive", '"best"']],
  ["no examples", `${CERTIFY} --epsilon 0.1 --limit 0`, ["--limit", "at least 1", '"0"']],
  ["half an example", `${CERTIFY} --epsilon 0.1 --limit 1.5`, ["--limit", "whole number", '"1.5"']],
  ["no threads", `${CERTIFY} --epsilon 0.1 --threads 0`, ["--threads", "at least 1"]],
  ["no memory", `${CERTIFY} --epsilon 0.1 --memory 1KB`, ["--memory", "at least 1MB", '"1KB"']],
  ["memory in words", `${CERTIFY} --epsilon 0.1 --memory lots`, ["--memory", "2GB", '"lots"']],
  ["a negative seed", `${CERTIFY} --epsilon 0.1 --seed=-1`, ["--seed", "at least 0"]],
  [
    "an unknown backend",
    `${CERTIFY} --epsilon 0.1 --backend abacus`,
    ["--backend: expected auto, native, portable, found", "abacus"],
  ],
  ["an absent backend", `${CERTIFY} --epsilon 0.1 --backend webgpu`, ["webgpu", "does not have"]],
  ["a share above 1", `${CERTIFY} --epsilon 0.1 --fail-above 5`, ["--fail-above", "at most 1", '"5"']],
  ["an unknown split", `${CERTIFY} --epsilon 0.1 --split dev`, ["--split", "test, train", '"dev"']],
  ["projections in words", `${CERTIFY} --epsilon 1 --projections few`, ["--projections", "exact", '"few"']],
  ["no projections", `${CERTIFY} --epsilon 1 --projections 0`, ["--projections", "at least 1", '"0"']],
  ["half a projection", `${TRAIN} --epsilon 1 --projections 2.5`, ["--projections", "whole number", '"2.5"']],
  [
    "projections of two slopes",
    `${TRAIN} --epsilon 1 --projections 5 --bound adaptive`,
    ["--projections", "--bound parallel", "adaptive"],
  ],
  [
    "projections of an l1 ball",
    `${CERTIFY} --epsilon 1 --projections 5 --norm l1`,
    ["--projections", "linf or l2", "l1"],
  ],
  ["another sketch", `${CERTIFY} --epsilon 1 --sketch rough`, ["--sketch", "joint, per-term", '"rough"']],
  ["delta alone", `${CERTIFY} --epsilon 1 --delta 0.01`, ["--delta", "--projections"]],
  ["delta 0", `${CERTIFY} --epsilon 1 --projections 5 --delta 0`, ["--delta", "above 0", '"0"']],
  ["delta 1", `${CERTIFY} --epsilon 1 --projections 5 --delta 1`, ["--delta", "at most 0.5", '"1"']],
  [
    "delta of an l2 ball",
    `${CERTIFY} --epsilon 1 --projections 5 --delta 0.1 --norm l2`,
    ["--delta", "linf", "l2"],
  ],
  [
    "delta out of reach",
    "certify image.safetensors --data glyphs --limit 5 --epsilon 0.1 --projections 1 --sketches 1 --delta 0.01",
    ["--delta", "cannot be reached", "projections or", "sketches would do"],
  ],
  ["several models", `certify a.onnx b.onnx --data four.npz --epsilon 1`, ["a.onnx", "no such file"]],
  ["no steps", `attack flat.safetensors --data four.npz --epsilon 0.1 --steps 0`, ["--steps", "at least 1"]],
  ["no stages", `${TRAIN} --epsilon 0.1 --cascade 0`, ["--cascade", "at least 1"]],
  ["unknown settings", `${TRAIN} --epsilon 0.1 --settings paper`, ["--settings", "paper-mnist", '"paper"']],
  ["momentum of Adam", `${TRAIN} --epsilon 0.1 --momentum 0.5`, ["--momentum", "sgd", "adam"]],
  ["momentum of 1", `${TRAIN} --epsilon 0.1 --optimizer sgd --momentum 1`, ["--momentum", "at most 0.999"]],
  ["a clip of 0", `${TRAIN} --epsilon 0.1 --clip 0`, ["--clip", "above 0", "none"]],
  ["flips of what is no image", `${TRAIN} --epsilon 0.1 --flip`, ["--flip", "expected images"]],
  ["crops of what is no image", `${TRAIN} --epsilon 0.1 --crop 2`, ["--crop", "expected images"]],
  [
    "an unknown schedule",
    `${TRAIN} --epsilon 0.1 --schedule steep`,
    ["--schedule", "linear, smooth", '"steep"'],
  ],
  [
    "some test examples",
    `${TRAIN} --epsilon 0.1 --test-limit some`,
    ["--test-limit", "whole number", '"some"'],
  ],
  ["certificates by auto", `${CERTIFY} --epsilon 1 --projections auto`, ["--projections", "exact", '"auto"']],
  ["kappa above 1", `${TRAIN} --epsilon 0.1 --kappa 0,2`, ["--kappa", "from 0 to 1", '"0,2"']],
  ["a rate of 0", `${TRAIN} --epsilon 0.1 --rate 0`, ["--rate", "above 0"]],
  ["no epochs", `${TRAIN} --epsilon 0.1 --epochs 0`, ["--epochs", "at least 1"]],
  ["an unknown architecture", "info huge", ['"huge"', "tiny, small, medium, large, resnet"]],
  ["a shape of nothing", "info tiny --input 1,28,x", ["--input", "1,28,28", '"1,28,x"']],
  ["a shape that does not fit", "info tiny --input 7", ["conv2d", "7"]],
  ["a shape beside a file", "info flat.safetensors --input 1,28,28", ["--input", "flat.safetensors"]],
  ["data of no name", "data nowhere", ["nowhere", "glyphs, mnist"]],
  ["a download of generated data", "data glyphs --download", ["glyphs", "download"]],
];

const MODELS: readonly Row[] = [
  ["a missing file", "certify no.onnx --data four.npz --epsilon 0.1", ["no.onnx", "no such file"]],
  ["below a file", "certify words.txt/x.onnx --data four.npz --epsilon 0.1", ["words.txt/x.onnx"]],
  ["another kind of file", "certify words.txt --data four.npz --epsilon 0.1", ["words.txt", ".safetensors"]],
  ["a folder without a run", "certify empty --data four.npz --epsilon 0.1", ["empty", "run folder"]],
  ["truncated", "certify truncated.safetensors --data four.npz --epsilon 0.1", ["truncated.safetensors"]],
  ["garbage", "certify garbage.safetensors --data four.npz --epsilon 0.1", ["garbage.safetensors"]],
  ["garbage as ONNX", "certify garbage.onnx --data four.npz --epsilon 0.1", ["garbage.onnx"]],
  ["an unsupported operator", "certify erf.onnx --data four.npz --epsilon 0.1", ["erf.onnx", "Erf"]],
  [
    "shapes within the model",
    "certify shapes.onnx --data four.npz --epsilon 0.1",
    ["shapes.onnx", "product"],
  ],
  [
    "an unknown layer",
    "certify unknown-layer.safetensors --data four.npz --epsilon 0.1",
    ["unknown-layer.safetensors", "kind"],
  ],
  ["NaN weights", "certify nan.safetensors --data four.npz --epsilon 0.1", ["nan.safetensors", "NaN"]],
  [
    "another input shape",
    "certify flat.safetensors --data glyphs --limit 5 --epsilon 0.1",
    ["flat.safetensors", "4", "1×28×28"],
  ],
  [
    "another input shape, attacked",
    "attack image.safetensors --data four.npz --epsilon 0.1",
    ["1×28×28", "4"],
  ],
  [
    "another input shape, trained",
    "train --data four.npz --model image.safetensors --epsilon 0.1 --out new",
    ["1×28×28", "4"],
  ],
];

const DATA: readonly Row[] = [
  ["of no name", "certify flat.safetensors --data nowhere --epsilon 0.1", ["--data nowhere", "mnist"]],
  ["absent", "certify image.safetensors --data fashion-mnist --epsilon 0.1", ["fashion-mnist", "--download"]],
  [
    "looked for in no folder",
    "certify image.safetensors --data mnist --epsilon 0.1 --data-dir no",
    ["--data-dir no", "folder"],
  ],
  ["below a file", "certify flat.safetensors --data words.txt/x --epsilon 0.1", ["--data words.txt/x"]],
  ["in a folder below a file", "data mnist --data-dir words.txt/x", ["--data-dir words.txt/x"]],
  ["truncated npz", "certify flat.safetensors --data truncated.npz --epsilon 0.1", ["truncated.npz"]],
  ["garbage npz", "train --data garbage.npz --model tiny --epsilon 0.1 --out new", ["garbage.npz"]],
  ["NaN pixels", "certify flat.safetensors --data nan.npz --epsilon 0.1", ["nan.npz", "NaN"]],
  ["labels out of range", "certify flat.safetensors --data labels.npz --epsilon 0.1", ["label", "found 7"]],
  [
    "labels out of range, trained",
    "train --data labels.npz --model flat.safetensors --epsilon 0.1 --out new",
    ["label", "3 classes", "found 7"],
  ],
  [
    "truncated MNIST",
    "certify image.safetensors --data mnist --data-dir short-mnist --epsilon 0.1",
    ["t10k-images-idx3-ubyte"],
  ],
  [
    "MNIST with a label 10",
    "certify image.safetensors --data mnist --data-dir bad-labels-mnist --epsilon 0.1",
    ["t10k-labels-idx1-ubyte", "10"],
  ],
  [
    "MNIST without its training files",
    "train --data mnist --data-dir whole-mnist --model tiny --epsilon 0.1 --out new",
    ["train-images-idx3-ubyte"],
  ],
];

const OUTPUT: readonly Row[] = [
  ["a run folder below a file", `${TRAIN} --epsilon 0.1 --out words.txt/run`, ["words.txt/run"]],
  ["a run folder with a run in it", `${TRAIN} --epsilon 0.1 --out run`, ["run", "--resume run"]],
  ["JSON below a file", `${CERTIFY} --epsilon 0.1 --json words.txt/x.json`, ["--json", "words.txt/x.json"]],
  ["JSON in no folder", `${CERTIFY} --epsilon 0.1 --json no/x.json`, ["--json", "no/x.json"]],
  ["JSON as a folder", `${TRAIN} --epsilon 0.1 --out new --json empty`, ["--json", "folder empty"]],
  ["a quickstart below a file", "quickstart --out words.txt/run", ["--out", "words.txt/run"]],
  ["a quickstart over others' files", "quickstart --out others", ["--out", "others"]],
];

const RESUME: readonly DamageRow[] = [
  ["a folder below a file", "train --resume words.txt/x", ["words.txt/x", "run folder"]],
  ["no folder", "train --resume no", ["no", "run folder"]],
  ["a file", "train --resume words.txt", ["words.txt", "run folder"]],
  ["a folder without a run", "train --resume others", ["others", "run.json"]],
  ["other settings beside it", "train --resume run --epsilon 0.2", ["--epsilon", "--resume"]],
  ["another folder beside it", "train --resume run --out new", ["--out", "--resume"]],
  ["a record that is no JSON", "train --resume run", ["run/run.json"], () => cutInHalf("run/run.json")],
  [
    "a record of another form",
    "train --resume run",
    ["run/run.json", "epochs"],
    () => changeRun("run/run.json", (run) => ({ ...run, epochs: "many" })),
  ],
  [
    "a record of nothing",
    "train --resume run",
    ["run/run.json"],
    () => writeFileSync("run/run.json", "null"),
  ],
  [
    "a truncated checkpoint",
    "train --resume run",
    ["run/checkpoint.safetensors"],
    () => cutInHalf("run/checkpoint.safetensors"),
  ],
  [
    "no checkpoint",
    "train --resume run",
    ["run/checkpoint.safetensors", "no such file"],
    () => rmSync("run/checkpoint.safetensors"),
  ],
  [
    "a model in the checkpoint's place",
    "train --resume run",
    ["run/checkpoint.safetensors", "not a training checkpoint"],
    () => cpSync("flat.safetensors", "run/checkpoint.safetensors"),
  ],
  [
    "a checkpoint of a longer run",
    "train --resume run",
    ["run/checkpoint.safetensors", "position"],
    () => changeConfig((config) => ({ ...config, epochs: 1 })),
  ],
  [
    "a damaged model",
    "train --resume run",
    ["run/model.safetensors"],
    () => cutInHalf("run/model.safetensors"),
  ],
  [
    "other data",
    "train --resume run",
    ["run/run.json", "labels.npz", "expected 12 examples", "found 3"],
    () => changeConfig((config) => ({ ...config, data: { ...config.data, name: resolve("labels.npz") } })),
  ],
  [
    "a backend that is gone",
    "train --resume run",
    ["backend abacus", "portable"],
    () => changeConfig((config) => ({ ...config, backend: "abacus" })),
  ],
];

function changeConfig(change: (config: Run["config"]) => unknown): void {
  changeRun("run/run.json", (run) => ({ ...run, config: change(run.config as Run["config"]) }));
}

function cutInHalf(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length / 2));
}

async function expectRefusal(line: string, words: readonly string[]): Promise<void> {
  const before = readdirSync(".", { recursive: true }).sort();
  const { code, stderr } = await runCommand(line.split(" ").filter((word) => word !== ""));
  expect(stderr).toMatch(/^autodual: [^\n]+\n$/);
  for (const word of words) expect(stderr).toContain(word);
  expect(code).toBe(2);
  expect(readdirSync(".", { recursive: true }).sort()).toEqual(before);
}

describe.each([
  ["flags", FLAGS],
  ["models", MODELS],
  ["data", DATA],
  ["output", OUTPUT],
])("%s: one line, exit code 2, nothing left behind", (_, rows) => {
  it.each(rows)("%s", async (_what, line, words) => expectRefusal(line, words));
});

describe("resume: one line, exit code 2, nothing left behind", () => {
  for (const [what, line, words, damage] of RESUME) {
    it(what, async () => {
      damage?.();
      await expectRefusal(line, words);
    });
  }
});
