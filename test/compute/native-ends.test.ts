import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const problem = nativeProblem();

const LOAD = `require(${JSON.stringify(join(ROOT, "node_modules/node-gyp-build"))})(${JSON.stringify(ROOT)})`;

/**
 * Has 15 workers with many reads under way on two engines, the second within the memory of the first, and ends each by what the
 * first word says, at another moment each time; some before they have an engine.
 */
const WORKERS = `
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
if (!isMainThread) {
  const addon = ${LOAD};
  const [instructionSet] = addon.instructionSets();
  const options = { threads: 2, instructionSet, memoryLimit: 0, poison: false, misalign: false };
  const single = new addon.Engine({ ...options, dtype: "float32" });
  const double = new addon.Engine({ ...options, dtype: "float64", beside: single });
  let ends = false;
  for (const engine of [single, double]) {
    const x = engine.filled(300, 300, 1);
    const again = () => engine.read(engine.multiply(x, x)).then(() => { parentPort.postMessage("read"); return ends ? 0 : again(); });
    const untilDisposed = (error) => { if (error.code !== "AUTODUAL_DISPOSED") throw error; };
    for (let i = 0; i < 4; i++) again().catch(untilDisposed);
    engine.peak(1000000).catch(untilDisposed);
    engine.finish().catch(untilDisposed);
  }
  parentPort.on("message", () => {
    if (workerData === "exit") process.exit(0);
    if (workerData === "throw") throw new Error("on purpose");
    if (workerData === "dispose") for (const engine of [double, single]) engine.dispose();
    ends = true;
    parentPort.close();
  });
} else {
  (async () => {
    const end = process.argv[2];
    for (let round = 0; round < 15; round++) {
      const worker = new Worker(__filename, { workerData: end });
      worker.on("error", (error) => { if (error.message !== "on purpose") throw error; });
      const ended = new Promise((go) => worker.once("exit", go));
      // Every fifth is terminated while it begins.
      if (end !== "terminate" || round % 5 > 0) await new Promise((go) => worker.once("message", go));
      await new Promise((go) => setTimeout(go, (round % 7) * (round % 5 > 0 ? 1 : 12)));
      if (end === "leave" && round === 7) process.exit(7);
      if (end === "terminate") await worker.terminate();
      else if (end !== "leave") worker.postMessage("end");
      if (end !== "leave") await ended;
    }
    console.log("all ended");
  })();
}
`;

/** Engines that nobody disposes or holds, with reads under way, and then the end of the process. */
const FORGOTTEN = `
const addon = ${LOAD};
const [instructionSet] = addon.instructionSets();
const options = { dtype: "float32", threads: 2, instructionSet, memoryLimit: 0, poison: false, misalign: false };
const forget = (awaited) => {
  const engine = new addon.Engine(options);
  const beside = new addon.Engine({ ...options, beside: engine });
  const x = engine.filled(200, 200, 1), y = beside.filled(200, 200, 1);
  const reads = [];
  for (let i = 0; i < 4; i++) reads.push(engine.read(engine.multiply(x, x)), beside.read(beside.multiply(y, y)));
  return awaited ? Promise.all(reads) : null;
};
(async () => {
  for (let round = 0; round < 60; round++) {
    await forget(round % 2 === 0);
    if (round % 10 === 0) gc();
    await new Promise((go) => setTimeout(go, round % 3));
  }
  gc();
  console.log("forgotten");
  for (let i = 0; i < 4; i++) forget(false);
  if (process.argv[2] === "exit") process.exit(0);
})();
`;

/** Of tensors that no array holds; with a limit of memory the tensor itself fails first. */
const HUGE = `
const addon = ${LOAD};
const [instructionSet] = addon.instructionSets();
(async () => {
  for (const dtype of ["float32", "float64"]) for (const memoryLimit of [1e6, 0]) {
    const engine = new addon.Engine({ dtype, threads: 1, instructionSet, memoryLimit, poison: false, misalign: false });
    try { await engine.read(engine.filled(65536, memoryLimit === 0 ? 1e9 : 1e6, 1)); console.log("read"); } catch (error) { console.log(error.code); }
    engine.dispose();
  }
})();
`;

/** What a program prints, and how it ends. */
function run(program: string, ...words: string[]): { readonly text: string; readonly status: unknown } {
  const folder = mkdtempSync(join(tmpdir(), "autodual-ends-"));
  try {
    const file = join(folder, "program.cjs");
    writeFileSync(file, program);
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, ["--expose-gc", file, ...words], {
      encoding: "utf8",
      timeout: 120_000,
    });
    return { text: `${stdout}${stderr}`.trim(), status: signal ?? status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(problem !== null)("the addon never ends the process", () => {
  it.each(["terminate", "exit", "throw", "dispose", "return"])("as workers with open promises %s", (end) => {
    expect(run(WORKERS, end)).toEqual({ text: "all ended", status: 0 });
  });

  it("as the process exits while workers have open promises", () => {
    expect(run(WORKERS, "leave")).toEqual({ text: "", status: 7 });
  });

  it.each(["return", "exit"])("as engines are forgotten with open promises, and then %s", (end) => {
    expect(run(FORGOTTEN, end)).toEqual({ text: "forgotten", status: 0 });
  });

  it("as a tensor is read that no array holds", () => {
    const { text, status } = run(HUGE);
    expect(text.split("\n")).toEqual(Array.from({ length: 4 }, () => "AUTODUAL_MEMORY"));
    expect(status).toBe(0);
  });
});
