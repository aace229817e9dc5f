import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readCascade } from "../../dist/cascade/folder.js";
import { createBackend } from "../../dist/compute/index.js";
import { loadModelFile } from "../../dist/formats/model-file.js";
import { readMeasured } from "../../dist/runs/measured-files.js";
import { readPart } from "../../dist/runs/parts/part.js";
import { isCascadeRun, readCascadeRun } from "../../dist/train/cascade-run.js";
import { RunFolder } from "../../dist/train/run-folder.js";

/** On which the import of an ONNX file is compared with its graph. */
const onnxBackend = await createBackend("portable");

/** Every file below a folder, hidden ones too. */
export function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** What only a process under way has: locks, and files that are not yet in their place. */
export function leftoversOf(folder) {
  return filesBelow(folder).filter((path) => basename(path).startsWith("."));
}

/** Reads every file as the program itself would; what could not be read, and why. */
export async function readAll(folder) {
  const faults = [];
  for (const path of filesBelow(folder)) {
    try {
      await read(path);
    } catch (error) {
      faults.push(`${path}: cannot be read after a kill: ${error.message}`);
    }
  }
  return faults;
}

async function read(path) {
  const [folder, name] = [dirname(path), basename(path)];
  // A file that is not yet in its place may be of any length.
  if (name.endsWith(".part")) return;
  if (name === ".lock") JSON.parse(readFileSync(path, "utf8"));
  else if (name === "run.json")
    await (isCascadeRun(folder) ? readCascadeRun(folder) : RunFolder.open(folder).readRun());
  else if (name === "part.json") await readPart(path);
  else if (name === "cascade.json") await readCascade(folder);
  else if (name === "examples.json") await RunFolder.of(folder).readExamples();
  else if (["certification", "attack", "radius", "layers"].includes(basename(name, ".json")))
    await readMeasured(folder, basename(name, ".json"));
  else if (name === "metrics.jsonl") readLines(path);
  else if (name === "checkpoint.safetensors") await readCheckpoint(folder);
  else if (/\.(safetensors|onnx)$/.test(name)) await loadModelFile(path, onnxBackend);
  else if (name === "report.html")
    expect(readFileSync(path, "utf8").trimEnd().endsWith("</html>"), "the page has no end");
  else if (name.startsWith("events.")) readEvents(readFileSync(path));
  else throw new Error("a file that nobody knows");
}

/** The settings of a run that has no record yet are not known; then its file alone is looked at. */
async function readCheckpoint(folder) {
  const run = RunFolder.of(folder);
  const { network } = await run.readModel();
  const { config } = existsSync(run.file("run"))
    ? await run.readRun()
    : { config: { optimizer: { kind: "adam" } } };
  await run.readCheckpoint(network, config);
}

function readLines(path) {
  const text = readFileSync(path, "utf8");
  expect(text === "" || text.endsWith("\n"), "the last line has no end");
  for (const line of text.split("\n").slice(0, -1)) JSON.parse(line);
}

/** Records of TensorBoard's files: a length of 8 bytes and its checksum, the bytes and theirs. */
function readEvents(bytes) {
  let offset = 0;
  while (offset < bytes.length) {
    expect(offset + 12 <= bytes.length, "a record is cut off");
    offset += 16 + Number(bytes.readBigUInt64LE(offset));
  }
  expect(offset === bytes.length, "the last record is cut off");
}

function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}
