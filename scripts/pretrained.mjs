// Puts a row of a table that was run into models/: node scripts/pretrained.mjs ROW [RESULTS]. The cascade's stages without
// their training states, its record, and its result; no path of the machine that trained it.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCascade, readCascade, writeCascade } from "../dist/cascade/folder.js";
import { encodeModel, loadModelFile } from "../dist/formats/model-file.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const [row, results = join(root, "results")] = process.argv.slice(2);
const run = join(results, "runs", row);
const target = join(root, "models", row);
const record = await readCascade(run);
rmSync(target, { recursive: true, force: true });
const stages = [];
for (const stage of record.stages) {
  const { network, weights, metadata } = await loadModelFile(join(run, stage.model));
  const config = JSON.parse(metadata["autodual.config"]);
  config.data.dataDir = null;
  const path = join(target, stage.model);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(
    path,
    encodeModel({ network, weights }, { ...metadata, "autodual.config": JSON.stringify(config) }),
  );
  stages.push({ ...stage, sha256: (await loadModelFile(path)).sha256 });
}
await writeCascade(target, { ...record, stages });
copyFileSync(join(results, `${row}.json`), join(target, "results.json"));
const { stages: loaded } = await loadCascade(target);
const bytes = record.stages.reduce((sum, { model }) => sum + readFileSync(join(target, model)).length, 0);
console.log(`models/${row}: ${loaded.length} stages, ${(bytes / 2 ** 20).toFixed(1)} MB`);
