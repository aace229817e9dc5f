import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/program.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder } from "./run-command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const addon = join(root, "build/mpi/autodual-mpi.node");
const folder = newFolder();
const at = (name: string): string => join(folder.path, name);

const has = (program: string): boolean => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
const missing = ["mpirun", "mpicxx"].filter((program) => !has(program));
if (process.platform !== "linux") missing.push("Linux");
if (missing.length > 0) console.log(`tests of several ranks are skipped: no ${missing.join(", no ")}`);

/** Open MPI leaves root, and more ranks than processors, to those who ask for them; it binds ranks to processors by itself. */
const ENV = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_MCA_hwloc_base_binding_policy: "none",
};

const train = (out: string, ...others: readonly string[]): string[] => [
  ...["train", "--data", "glyphs", "--model", at("image.safetensors"), "--epsilon", "0.02", "--loss", "ibp"],
  ...["--limit", "100", "--batch", "5", "--epochs", "2", "--test-limit", "5", "--evaluate-every", "0"],
  ...["--backend", "portable", "--out", at(out), ...others],
];

beforeAll(() => {
  if (missing.length > 0) return;
  // `npm test` builds first; a test run by itself may come before any build.
  if (!existsSync(main)) spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  const source = join(root, "mpi/addon.cc");
  if (!existsSync(addon) || statSync(addon).mtimeMs < statSync(source).mtimeMs) {
    const built = spawnSync(process.execPath, [join(root, "scripts/build-mpi.mjs")], { encoding: "utf8" });
    expect(built.status, built.stderr).toBe(0);
  }
  writeModel(at("image.safetensors"), imageNetwork());
}, 180_000);
afterAll(() => folder.remove());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function onRanks(
  size: number,
  args: readonly string[],
  meanwhile: (mpirun: ChildProcess, stderr: string) => void = () => {},
): Promise<Ended> {
  const child = spawn("mpirun", ["-n", String(size), process.execPath, main, ...args], {
    cwd: folder.path,
    env: ENV,
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk) => {
      said[name] += chunk;
      meanwhile(child, said.stdout + said.stderr);
    });
  }
  return new Promise((settle) => child.on("close", (code) => settle({ code, ...said })));
}

function alone(args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder.path,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

/** The numbers of its epochs, without what they took. */
function metricsOf(out: string): number[] {
  return readFileSync(at(`${out}/metrics.jsonl`), "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => {
      const { loss, robustLoss, error, robustError } = JSON.parse(line);
      return [loss, robustLoss, error, robustError];
    });
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
  });
}

describe.skipIf(missing.length > 0)("mpirun -n 2 autodual train", () => {
  it("gives the numbers of one process, said and written by one rank", async () => {
    expect(alone(train("one")).code).toBe(0);
    const { code, stdout, stderr } = await onRanks(2, train("two"));
    expect(stderr + stdout).toContain("2 ranks share each batch");
    expect(code).toBe(0);
    expect(stdout.split("run folder").length).toBe(3);
    expectClose(metricsOf("two"), metricsOf("one"));
    const [one, two] = ["one", "two"].map((name) => JSON.parse(readFileSync(at(`${name}/run.json`), "utf8")));
    expect([one.ranks, two.ranks, two.status]).toEqual([undefined, 2, "finished"]);
    expect({ ...two.evaluation, seconds: 0 }).toEqual({ ...one.evaluation, seconds: 0 });
  }, 60_000);

  it("ends where a rank is killed, and goes on from what was kept", async () => {
    let killed = false;
    const { code } = await onRanks(2, train("killed"), (mpirun, said) => {
      if (killed || !said.includes("epoch 1/2")) return;
      killed = true;
      process.kill(ranksOf(mpirun)[1], "SIGKILL");
    });
    expect(code).not.toBe(0);
    const { status, epochs } = JSON.parse(readFileSync(at("killed/run.json"), "utf8"));
    expect([status, epochs.length]).toEqual(["running", 1]);
    const { code: resumed } = await onRanks(2, ["train", "--resume", at("killed")]);
    expect(resumed).toBe(0);
    expectClose(metricsOf("killed"), metricsOf("one"));
  }, 60_000);

  it("tells an error once, with its exit code", async () => {
    const { code, stderr } = await onRanks(2, train("one"));
    expect(code).toBe(2);
    expect(stderr.split("there is a run in this folder").length).toBe(2);
  }, 60_000);

  it("tells a wrong flag once, which no rank comes to join the others with", async () => {
    const { code, stderr } = await onRanks(2, train("flag", "--nonsense"));
    expect(code).toBe(2);
    expect(stderr.split("unknown option '--nonsense'").length).toBe(2);
  }, 60_000);

  it("shows help once", async () => {
    const { code, stdout } = await onRanks(2, ["train", "--help"]);
    expect([code, stdout.split("Usage: autodual train").length]).toEqual([0, 2]);
  }, 60_000);

  it("trains a cascade stage by stage", async () => {
    const cascade = (out: string) => train(out, "--cascade", "2", "--epochs", "1", "--limit", "40");
    expect(alone(cascade("stages-one")).code).toBe(0);
    expect((await onRanks(2, cascade("stages-two"))).code).toBe(0);
    for (const stage of ["stage-1", "stage-2"])
      expectClose(metricsOf(`stages-two/${stage}`), metricsOf(`stages-one/${stage}`));
    const stagesOf = (out: string) =>
      JSON.parse(readFileSync(at(`${out}/run.json`), "utf8")).stages.map(
        (stage: { trainedOn: number; evaluation: { robustError: number } }) => [
          stage.trainedOn,
          stage.evaluation.robustError,
        ],
      );
    expect(stagesOf("stages-two")).toEqual(stagesOf("stages-one"));
  }, 60_000);
});

/** The processes that a launcher started, in the order of their ranks. */
function ranksOf({ pid }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  return children.sort((a, b) => a - b);
}

it("a rank leaves it to the first to tell a wrong flag, and tells it where that one does not", async () => {
  const env = { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2" };
  const told: string[] = [];
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      told.push(String(chunk));
      done();
    },
  });
  const ended = run(["train", "--nonsense"], { stdout: stderr, stderr, env });
  await setTimeout(300);
  expect(told).toEqual([]);
  expect(await ended).toBe(2);
  expect(told.join("")).toContain("unknown option '--nonsense'");
});
