import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const problem = nativeProblem();

/** Has `rounds` workers with many reads under way, and ends each by `end`, at another moment each time. */
const WORKERS = `
const { Worker, isMainThread, parentPort } = require("node:worker_threads");
const addon = require(${JSON.stringify(join(ROOT, "node_modules/node-gyp-build"))})(${JSON.stringify(ROOT)});
const [instructionSet] = addon.instructionSets();
if (!isMainThread) {
  const engine = new addon.Engine({ dtype: "float32", threads: 2, instructionSet, memoryLimit: 0, poison: false, misalign: false });
  const x = engine.filled(512, 512, 1);
  const again = () => engine.read(engine.multiply(x, x)).then(() => { parentPort.postMessage("read"); return again(); });
  for (let i = 0; i < 8; i++) again();
  engine.peak(1000000);
  parentPort.on("message", () => process.exit(0));
} else {
  (async () => {
    for (let round = 0; round < 25; round++) {
      const worker = new Worker(__filename);
      await new Promise((go) => worker.once("message", go));
      await new Promise((go) => setTimeout(go, round % 7));
      const ended = new Promise((go) => worker.once("exit", go));
      if (process.argv[2] === "terminate") await worker.terminate(); else worker.postMessage("exit");
      await ended;
    }
    console.log("all ended");
  })();
}
`;

/** Of tensors that no array holds; with a limit of memory the tensor itself fails first. */
const HUGE = `
const addon = require(${JSON.stringify(join(ROOT, "node_modules/node-gyp-build"))})(${JSON.stringify(ROOT)});
const [instructionSet] = addon.instructionSets();
(async () => {
  for (const dtype of ["float32", "float64"]) for (const memoryLimit of [1e6, 0]) {
    const engine = new addon.Engine({ dtype, threads: 1, instructionSet, memoryLimit, poison: false, misalign: false });
    try { await engine.read(engine.filled(65536, memoryLimit === 0 ? 1e9 : 1e6, 1)); console.log("read"); } catch (error) { console.log(error.code); }
    engine.dispose();
  }
})();
`;

function run(program: string, ...words: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "autodual-ends-"));
  try {
    const file = join(folder, "program.cjs");
    writeFileSync(file, program);
    return execFileSync(process.execPath, [file, ...words], { encoding: "utf8", timeout: 60_000 }).trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(problem !== null)("the addon never ends the process", () => {
  it.each(["terminate", "exit"])("as workers with open promises %s", { timeout: 90_000 }, (end) => {
    expect(run(WORKERS, end)).toBe("all ended");
  });

  it("as a tensor is read that no array holds", () => {
    expect(run(HUGE).split("\n")).toEqual(Array.from({ length: 4 }, () => "AUTODUAL_MEMORY"));
  });
});
