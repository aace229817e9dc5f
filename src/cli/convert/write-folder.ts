import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type CascadeRecord, writeCascade } from "../../cascade/folder.js";
import type { Backend } from "../../compute/backend.js";
import { encodeConfig, MODEL_FILES } from "../../formats/model-folder.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import { openStages } from "../../runs/models/open-model.js";
import { ReplacedFolder } from "../../runs/replaced-folder.js";
import { type Conversion, type WrittenFile, writeForm } from "./forms.js";

/** Files by their paths within the folder. */
export type WrittenFolder = ReadonlyMap<string, WrittenFile>;

/** Writes a model into a new folder, in all its forms. */
export async function writeModelFolder(
  path: string,
  conversion: Conversion,
  backend: Backend,
): Promise<WrittenFolder> {
  using target = new ReplacedFolder("OUT", path, MODEL_FILES.config);
  const written = await writeForms(target.beside, "", conversion, backend);
  await openStages([target.beside], backend);
  target.keep();
  return written;
}

/** Writes a cascade into a new folder, each stage into a folder of its own. */
export async function writeCascadeFolder(
  path: string,
  conversions: readonly Conversion[],
  record: CascadeRecord,
  backend: Backend,
): Promise<WrittenFolder> {
  // The mark is of conversions alone: a cascade's training leaves no such file.
  using target = new ReplacedFolder("OUT", path, `stage-1/${MODEL_FILES.config}`);
  const written = new Map<string, WrittenFile>();
  const stages: CascadeRecord["stages"] = [];
  for (const [i, conversion] of conversions.entries()) {
    const stage = `stage-${i + 1}`;
    mkdirSync(join(target.beside, stage));
    const files = await writeForms(target.beside, `${stage}/`, conversion, backend);
    for (const [name, file] of files) written.set(name, file);
    const model = `${stage}/${MODEL_FILES.weights}`;
    const { sha256 } = files.get(model) as WrittenFile;
    stages.push({ model, sha256, trainedOn: record.stages[i].trainedOn });
  }
  await writeCascade(target.beside, { ...record, stages });
  await openStages([target.beside], backend);
  target.keep();
  return written;
}

async function writeForms(
  folder: string,
  prefix: string,
  conversion: Conversion,
  backend: Backend,
): Promise<WrittenFolder> {
  const written = new Map<string, WrittenFile>();
  for (const [form, file] of [
    ["safetensors", MODEL_FILES.weights],
    ["onnx", MODEL_FILES.onnx],
  ] as const) {
    const name = `${prefix}${file}`;
    written.set(name, await writeForm(form, join(folder, name), conversion, backend));
  }
  const config = encodeConfig(conversion.model.network);
  await writeFileAtomically(join(folder, `${prefix}${MODEL_FILES.config}`), config);
  return written;
}
