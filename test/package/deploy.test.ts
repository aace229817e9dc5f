import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageNetwork, writeModel } from "../cli/input-files.js";
import { newFolder, runCommand } from "../cli/run-command.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DEPLOY = join(ROOT, "deploy");
// TypeDoc brings it.
const { parse } = createRequire(createRequire(import.meta.url).resolve("typedoc"))("yaml") as {
  parse(text: string): unknown;
};
const text = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");
const folder = newFolder();
const home = process.cwd();
const bash = spawnSync("bash", ["-c", "true"]).status === 0;
if (!bash) console.log("skipped: the scripts of deploy/: no bash");

beforeAll(() => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  mkdirSync("bin");
  mkdirSync("parts");
  // Stand for those of Slurm: say how they were called; the step ends as it is told to.
  writeFileSync("bin/srun", '#!/bin/bash\nprintf "%s\\n" "$@"\nexit $STEP_ENDS\n');
  writeFileSync("bin/scontrol", '#!/bin/bash\necho "scontrol $*"\n');
  for (const name of ["bin/srun", "bin/scontrol"]) chmodSync(name, 0o755);
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

/** Runs a script as one task of an array. */
function runTask(script: string, env: Readonly<Record<string, string>>) {
  const path = `${join(folder.path, "bin")}${delimiter}${process.env.PATH}`;
  return spawnSync("bash", [join(DEPLOY, script)], {
    cwd: folder.path,
    env: { PATH: path, ...env },
    encoding: "utf8",
  });
}

/** The arguments of autodual that a script would run as one task of an array. */
function argumentsOf(script: string, env: Readonly<Record<string, string>>): string[] {
  const { stdout, status, stderr } = runTask(script, env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [processors, name, ...args] = stdout.trimEnd().split("\n");
  expect([processors, name]).toEqual(["--cpus-per-task=1", "node_modules/.bin/autodual"]);
  return args;
}

/** The same command on a small model and generated data. */
const small = (args: readonly string[]): string[] => [
  ...args.map(
    (arg) =>
      ({
        "cifar-small-2-255": "image.safetensors",
        cifar10: "glyphs",
        "/data": ".",
        "/work/certify-{shard}.json": "certify-{shard}.json",
      })[arg] ?? arg,
  ),
  ...["--limit", "20"],
];

/** What comments of a file tell to type, by its first word after autodual. */
function told(file: string, command: string): string[] {
  const line = text(file)
    .split("\n")
    .find((one) => one.startsWith("#") && one.includes(`autodual ${command} `));
  const [, args] = /autodual (.*?)'?$/.exec(line ?? "") ?? [];
  return (args ?? "").split(" ");
}

/** Merges as a file tells it, its pattern spelled out. */
async function mergeAsTold(file: string): Promise<void> {
  const args = told(file, "merge").flatMap((arg) => {
    if (!arg.includes("*")) return [arg];
    const [before, after] = arg.split("*");
    const parts = readdirSync("parts").map((name) => `parts/${name}`);
    return [...readdirSync("."), ...parts].filter((name) => name.startsWith(before) && name.endsWith(after));
  });
  const { code, stderr } = await runCommand(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

interface Container {
  readonly args: readonly string[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface IndexedJob {
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly parallelism: number;
    readonly template: {
      readonly spec: {
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

describe.skipIf(!bash)("arrays of Slurm", () => {
  it("certify: the tasks of the array are the shards, and merge as told", async () => {
    const script = "certify-array.sbatch";
    const [, from, to] = /^#SBATCH --array=(\d+)-(\d+)$/m.exec(text(script)) ?? [];
    expect(Number(from)).toBe(1);
    for (let task = Number(from); task <= Number(to); task++) {
      const env = {
        SLURM_ARRAY_TASK_ID: String(task),
        SLURM_ARRAY_TASK_MIN: from,
        SLURM_ARRAY_TASK_COUNT: to,
        SLURM_CPUS_PER_TASK: "1",
      };
      const { code, stderr } = await runCommand(small(argumentsOf(script, env)), env);
      expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
    }
    await mergeAsTold(script);
    expect(JSON.parse(readFileSync("certification.json", "utf8")).examples).toHaveLength(20);
  });

  it("verify: takes the flags of the program", async () => {
    const env = { SLURM_ARRAY_TASK_ID: "1", SLURM_ARRAY_TASK_COUNT: "32", SLURM_CPUS_PER_TASK: "1" };
    const { code, stderr } = await runCommand(argumentsOf("verify-array.sbatch", env), env);
    // The list is the user's own.
    expect([code, stderr]).toEqual([2, "autodual: instances.csv: no such file\n"]);
    expect(told("verify-array.sbatch", "merge")[0]).toBe("merge");
  });
});

describe.skipIf(!bash).each(["certify-array.sbatch", "verify-array.sbatch"])("%s", (script) => {
  const env = { SLURM_ARRAY_TASK_ID: "1", SLURM_CPUS_PER_TASK: "1", SLURM_JOB_ID: "77" };

  it.each([
    ["143", 0, true],
    ["2", 2, false],
    ["1", 1, false],
  ])("of which a step ends with %s ends with %d; is put back: %s", (ends, code, back) => {
    const { status, stdout } = runTask(script, { ...env, STEP_ENDS: ends });
    expect(status).toBe(code);
    expect(stdout.includes("scontrol requeue 77")).toBe(back);
  });

  it("makes the folder of its logs before it is put in, and is told of its end in steps", () => {
    const [, logs] = /^#SBATCH --output=(\w+)\//m.exec(text(script)) ?? [];
    expect(text(script)).toMatch(new RegExp(`^#   mkdir -p ${logs} .*\\n#   sbatch `, "m"));
    expect(text(script)).toMatch(/^#SBATCH --signal=TERM@\d+$/m);
  });
});

describe("an Indexed Job of Kubernetes", () => {
  const job = parse(text("certify-indexed-job.yaml")) as IndexedJob;
  const { containers, volumes, securityContext } = job.spec.template.spec;

  it("has as many completions as its command has shards, each of which it certifies", async () => {
    const { completionMode, completions, parallelism } = job.spec;
    expect(completionMode).toBe("Indexed");
    expect(containers[0].args).toContain(`auto/${completions}`);
    expect(parallelism).toBeLessThanOrEqual(completions);
    for (let index = 0; index < completions; index++) {
      const env = { JOB_COMPLETION_INDEX: String(index) };
      const { code, stderr } = await runCommand(small(containers[0].args), env);
      expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
    }
    await mergeAsTold("certify-indexed-job.yaml");
  });

  it("runs without root and mounts what it names", () => {
    expect(securityContext.runAsNonRoot).toBe(true);
    expect(containers[0].securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    });
    const named = volumes.map(({ name }) => name).sort();
    expect(containers[0].volumeMounts.map(({ name }) => name).sort()).toEqual(named);
    // Nothing makes folders on the volume.
    const { args, volumeMounts } = containers[0];
    const place = dirname(args[args.indexOf("--json") + 1]);
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toContain(place);
  });
});

interface MpiJob {
  readonly spec: {
    readonly slotsPerWorker: number;
    readonly mpiReplicaSpecs: Readonly<
      Record<
        "Launcher" | "Worker",
        {
          readonly replicas: number;
          readonly template: {
            readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
          };
        }
      >
    >;
  };
}

describe("an MPI job", () => {
  const { slotsPerWorker, mpiReplicaSpecs } = (parse(text("train-mpijob.yaml")) as MpiJob).spec;
  const { Launcher, Worker } = mpiReplicaSpecs;
  const [script] = Launcher.template.spec.containers[0].args;
  const commands = Array.from(
    script.matchAll(/mpirun -n (\d+) --bind-to none autodual ([^;]*);/g),
    (match) => ({
      ranks: Number(match[1]),
      args: match[2].split(" "),
    }),
  );

  it("begins a training or goes on with it, on as many ranks as it has slots", () => {
    expect(commands.map(({ args }) => args.slice(0, 2))).toEqual([
      ["train", "--resume"],
      ["train", "--data"],
    ]);
    for (const { ranks } of commands) expect(ranks).toBe(slotsPerWorker * Worker.replicas);
    expect(spawnSync("sh", ["-n", "-c", script]).status).toBe(0);
  });

  it("takes flags that the program has", async () => {
    const [resumed, begun] = commands.map(({ args }) => args);
    const { stderr } = await runCommand(resumed);
    expect(stderr).toContain("/work/runs/large");
    expect(stderr).not.toContain("unknown option");
    // A file is in the way of the run's folder: found after all flags were read.
    const blocked = begun.map(
      (arg) => ({ "/work/runs/large": "image.safetensors", cifar10: "glyphs" })[arg] ?? arg,
    );
    const refused = await runCommand(blocked);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("image.safetensors")]);
  });
});

describe("Dockerfile", () => {
  const lines = text("Dockerfile").split("\n");
  const all = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  it("builds in one stage and runs in another, without root", () => {
    expect(all("FROM").map((line) => / AS (\w+)/.exec(line)?.[1])).toEqual(["build", "mpi", undefined]);
    expect(all("USER")).toEqual(["10001", "10001"]);
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
    expect(last.find((line) => line.startsWith("USER "))).toBe("USER 10001");
    expect(last).toContain('ENTRYPOINT ["autodual"]');
  });

  it("has the program where a session by ssh finds it", () => {
    expect(text("Dockerfile")).toContain("ln -s /opt/autodual/bin/autodual /usr/local/bin/autodual");
  });

  it("copies what there is", () => {
    for (const line of all("COPY").filter((one) => !one.startsWith("--from="))) {
      const sources = line.split(" ").slice(0, -1);
      for (const source of sources) expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
    }
  });
});
