import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addTrainOptions, type TrainFlags } from "../../src/cli/train/flags.js";
import { trainConfig } from "../../src/cli/train/train-config.js";
import { formatPercent } from "../../src/cli/wording.js";
import type { Backend } from "../../src/compute/backend.js";
import { loadDataset } from "../../src/data/load.js";
import { writeNpz } from "../../src/formats/npz.js";
import { attackCommand, certifyCommand, radiusCommand } from "../../src/runs/page/measure-commands.js";
import { trainCommand } from "../../src/runs/page/train-command.js";
import { runSchema } from "../../src/train/run-folder.js";
import { tableRows, textOf } from "../report/run-records.js";
import { changeRun, imageNetwork, writeExamples, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const TRAIN = [
  "train",
  "--data",
  "glyphs",
  "--model",
  "image.safetensors",
  "--epsilon",
  "0.02",
  "--limit",
  "200",
];
const SHORT = [
  "--epochs",
  "4",
  "--batch",
  "20",
  "--rate",
  "0.01",
  "--test-limit",
  "40",
  "--evaluate-limit",
  "20",
];

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return stdout;
}

/** Reports a run that was changed, and gives what the page says. */
async function pageOf(name: string, change: (path: string) => void): Promise<string> {
  rmSync(name, { recursive: true, force: true });
  cpSync("run", name, { recursive: true });
  change(name);
  await done("report", name);
  const html = readFileSync(join(name, "report.html"), "utf8");
  expect(html).not.toMatch(/NaN|undefined|\[object/);
  return textOf(html);
}

const json = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

interface Certification {
  readonly summary: { readonly error: number; readonly robustError: number; readonly certified: number };
  readonly examples: {
    index: number;
    label: number;
    prediction: number;
    certified: boolean;
    stage: number;
    marginLower: number[];
  }[];
}

beforeAll(async () => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  await done(...TRAIN, ...SHORT, "--out", "run", "--backend", "portable");
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("a training's report", () => {
  it("is written at the end, and named in the last line", async () => {
    const stdout = await done(...TRAIN, ...SHORT, "--out", "named", "--backend", "portable");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("report named/report.html");
    expect(existsSync("named/report.html")).toBe(true);
  });

  it("has the figures of the folder's files", async () => {
    await done("report", "run", "--json", "report.json");
    const html = readFileSync("run/report.html", "utf8");
    const run = runSchema.parse(json("run/run.json"));
    const { summary, examples } = json<Certification>("run/certification.json");
    const attack = json<{ summary: { pgdError: number } }>("run/attack.json").summary;
    expect(summary.robustError).toBe(run.evaluation?.robustError);
    expect(summary.error).toBeLessThanOrEqual(attack.pgdError);
    expect(attack.pgdError).toBeLessThanOrEqual(summary.robustError);
    const curve = tableRows(html, "Robust error").slice(1);
    expect(curve.map((row) => Number(row[2]))).toEqual(
      run.epochs.map(({ test }) => Number((100 * (test?.robustError ?? Number.NaN)).toPrecision(4))),
    );
    const layers = json<{ layers: { name: string }[] }>("run/layers.json").layers;
    expect(
      tableRows(html, "Plan and time")
        .slice(1)
        .map(([name]) => name),
    ).toEqual(layers.map(({ name }) => name));
    const radii = json<{ examples: unknown[] }>("run/radius.json").examples;
    expect(radii).toHaveLength(40);
    const report = json<{ measured: unknown; groups: object; margins: number[]; missing: object }>(
      "report.json",
    );
    const { error, robustError, certified } = summary;
    expect(report.measured).toMatchObject({ examples: 40, error, robustError, certified });
    expect(report.missing).toEqual({});
    expect(report.margins).toHaveLength(40);
    expect(Object.values(report.groups).reduce((sum, count) => sum + count, 0)).toBe(examples.length);
  });

  it("has a model card beside it where --card asks, whose command bounds the run again", async () => {
    await done("report", "run");
    expect(existsSync("run/model-card.md")).toBe(false);
    expect(await done("report", "run", "--card", "--out", "page.html")).toContain("card model-card.md");
    const card = readFileSync("model-card.md", "utf8");
    const { robustError } = json<Certification>("run/certification.json").summary;
    expect(card).toContain(`at most ${formatPercent(robustError, "upper")}`);
    const command = /autodual (certify .*)/.exec(card)?.[1].split(" ") ?? [];
    const at = command.indexOf("--json");
    command[at + 1] = "again.json";
    await done(...command, "--backend", "portable");
    expect(json<Certification>("again.json").summary.robustError).toBe(robustError);
  });

  it("goes where --out says, and --figures writes plots whose bytes are the same each time", async () => {
    await done("report", "run", "--out", "page.html", "--figures", "plots");
    const names = ["epsilon", "error", "loss", "margins", "radii", "robust-error"];
    expect(readdirSync("plots").sort()).toEqual(names.flatMap((name) => [`${name}.png`, `${name}.svg`]));
    const first = readdirSync("plots").map((name) => readFileSync(join("plots", name)));
    await done("report", "run", "--out", "again.html", "--figures", "again");
    expect(readdirSync("again").map((name) => readFileSync(join("again", name)))).toEqual(first);
    expect(readFileSync("again.html", "utf8")).toBe(readFileSync("page.html", "utf8"));
    expect(existsSync("run/report.html")).toBe(true);
  });

  it("gives the command that trains the same again", async () => {
    const run = runSchema.parse(json("run/run.json"));
    const text = textOf(readFileSync("run/report.html", "utf8"));
    expect(text).toContain(trainCommand(run.config));
  });
});

describe("a run that is not whole", () => {
  it("that has just begun says so everywhere, and has no charts", async () => {
    const text = await pageOf("begun", (path) => {
      changeRun(join(path, "run.json"), (run) => ({
        ...run,
        status: "running",
        epochs: [],
        evaluation: null,
      }));
      for (const name of ["certification", "attack", "radius", "layers"]) rmSync(join(path, `${name}.json`));
    });
    expect(text).toContain("Nothing is guaranteed: the run is not finished.");
    expect(text).toContain("autodual train --resume begun");
    expect(readFileSync("begun/report.html", "utf8")).not.toContain('<figure class="chart"');
  });

  it("that was interrupted has the curves that there are", async () => {
    const text = await pageOf("interrupted", (path) => {
      changeRun(join(path, "run.json"), (run) => ({
        ...run,
        status: "interrupted",
        epochs: (run.epochs as unknown[]).slice(0, 1),
        evaluation: null,
      }));
      for (const name of ["certification", "attack", "radius", "layers"]) rmSync(join(path, `${name}.json`));
    });
    expect(text).toContain("The run was interrupted");
    expect(tableRows(readFileSync("interrupted/report.html", "utf8"), "Robust error")).toHaveLength(2);
  });

  it("of a version before says what to measure, and its own evaluation", async () => {
    const text = await pageOf("older", (path) => {
      for (const name of ["certification", "attack", "radius", "layers"]) rmSync(join(path, `${name}.json`));
    });
    expect(text).toContain("on 40 examples of glyphs".replace("on", "On"));
    for (const command of ["certify", "attack", "radius"])
      expect(text).toContain(`autodual ${command} older --data glyphs`);
  });

  it("is made whole by the commands that its page names", async () => {
    const name = "mended";
    await pageOf(name, (path) => {
      for (const file of ["certification", "attack", "radius", "layers"]) rmSync(join(path, `${file}.json`));
    });
    await done("report", name, "--json", "mended.json");
    const { missing } = json<{ missing: Record<string, { command: string | null }> }>("mended.json");
    for (const part of ["verdicts", "attacked", "radii"]) {
      const [, ...words] = missing[part].command?.split(" ") ?? [];
      await done(...words, "--backend", "portable");
    }
    await done("report", name, "--json", "mended.json");
    expect(json<{ missing: object }>("mended.json").missing).toEqual({});
  });

  it.each([
    ["truncated", (text: string) => text.slice(0, text.length / 2), "expected JSON, found a damaged file"],
    ["empty", () => "", "expected JSON, found a damaged file"],
    ["null", () => "null", "was it written by this version?"],
    [
      "another version's",
      (text: string) => text.replace(/(autodual\/\w+)\/1/, "$1/9"),
      "was it written by this version?",
    ],
    [
      "another model's",
      (text: string) => text.replace(/"sha256": "[0-9a-f]{8}/, '"sha256": "00000000'),
      "of another model",
    ],
  ])("%s files beside the record are left out in one line each", async (_, damage, words) => {
    for (const name of ["certification", "attack", "radius", "layers"]) {
      const text = await pageOf("damaged", (path) => {
        const file = join(path, `${name}.json`);
        writeFileSync(file, damage(readFileSync(file, "utf8")));
      });
      expect(text).toContain(words);
      expect(text).toContain(`${name}.json`);
    }
  });

  it("refuses verdicts that claim more than their bounds prove", async () => {
    const text = await pageOf("bold", (path) => {
      const file = join(path, "certification.json");
      const certification = json<Certification>(file);
      const [example] = certification.examples;
      example.certified = true;
      example.marginLower[(example.prediction + 1) % 10] = -1;
      writeFileSync(file, JSON.stringify(certification));
    });
    expect(text).toContain("expected margins above 0 of a certified answer");
  });

  it("refuses an attack with more errors than the bounds allow, or of other examples", async () => {
    const text = await pageOf("strong", (path) => {
      changeRun(join(path, "attack.json"), (file) => ({
        ...file,
        summary: { error: 0, fgsmError: 0, pgdError: 1, seconds: 1 },
      }));
      changeRun(join(path, "certification.json"), (file) => {
        const examples = (file.examples as Certification["examples"]).map((each) => ({
          ...each,
          prediction: each.label,
          certified: true,
          marginLower: each.marginLower.map((_margin, j) => (j === each.label ? 0 : 1)),
        }));
        return {
          ...file,
          examples,
          summary: { ...(file.summary as object), error: 0, robustError: 0, certified: 1 },
        };
      });
    });
    expect(text).toContain("more errors than the bounds allow");
    const other = await pageOf("elsewhere", (path) =>
      changeRun(join(path, "attack.json"), (file) => ({ ...file, epsilon: 0.5 })),
    );
    expect(other).toContain("about other examples or another ball");
  });

  it("whose data are gone shows no pictures, and says why", async () => {
    const text = await pageOf("moved", (path) =>
      changeRun(join(path, "run.json"), (run) => {
        const config = run.config as { data: object };
        return { ...run, config: { ...config, data: { ...config.data, name: "/gone/x.npz" } } };
      }),
    );
    expect(text).toContain("Pictures are not shown, as their data are not at hand: --data /gone/x.npz");
  });

  it("whose model is gone says so", async () => {
    const text = await pageOf("modelless", (path) => rmSync(join(path, "model.safetensors")));
    expect(text).toContain("The folder's model cannot be read");
  });
});

describe("what is no run", () => {
  it.each([
    ["no folder", "nowhere", /^autodual: nowhere: no such folder; expected a run folder\n$/],
    ["a file", "image.safetensors", /^autodual: image\.safetensors: expected a run folder, found a file\n$/],
    [
      "a folder without a run",
      "without",
      /^autodual: without: not a run folder: expected run\.json, found nothing\n$/,
    ],
    [
      "a truncated record",
      "cut",
      /^autodual: cut\/run\.json: not readable as JSON; the run folder is damaged\n$/,
    ],
    ["another version's record", "later", /^autodual: later\/run\.json: schema: [^\n]+\n$/],
    ["a record that is a list", "list", /^autodual: list\/run\.json: run: [^\n]+\n$/],
  ])("%s: one line, exit code 2, nothing written", async (_, path, words) => {
    mkdirSync("without", { recursive: true });
    const record = readFileSync("run/run.json", "utf8");
    for (const [name, text] of [
      ["cut", record.slice(0, 100)],
      ["later", record.replace("autodual/run/1", "autodual/run/2")],
      ["list", "[]"],
    ]) {
      mkdirSync(name, { recursive: true });
      writeFileSync(join(name, "run.json"), text);
    }
    const { code, stdout, stderr } = await runCommand(["report", path]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(words);
    expect(existsSync(join(path, "report.html"))).toBe(false);
  });

  it("is refused where the page cannot be written", async () => {
    const { code, stderr } = await runCommand(["report", "run", "--out", "nowhere/page.html"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^autodual: --out: expected a file in a folder/),
    ]);
  });
});

describe("names in files", () => {
  it("never become markup", async () => {
    const evil = "<script>alert(1)</script>";
    await pageOf("evil", (path) => {
      changeRun(join(path, "run.json"), (run) => ({
        ...run,
        config: { ...(run.config as object), model: evil },
      }));
      changeRun(join(path, "layers.json"), (file) => ({
        ...file,
        layers: (file.layers as object[]).map((layer) => ({ ...layer, name: evil })),
      }));
    });
    const html = readFileSync("evil/report.html", "utf8");
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).not.toContain("alert(1)</script>");
    expect(tableRows(html, "Plan and time")[1][0]).toBe(evil);
  });
});

describe("a report of 10,000 examples", () => {
  it("is written, with 24 pictures per group", async () => {
    const labels = Int32Array.from({ length: 10_000 }, (_, i) => (7 * i) % 10);
    const pixels = Float32Array.from({ length: 10_000 * 16 }, (_, i) => (i % 17) / 16);
    await writeNpz("many.npz", {
      x: { shape: [10_000, 1, 4, 4], values: pixels },
      y: { shape: [10_000], values: labels },
    });
    const text = await pageOf("large", (path) => {
      changeRun(join(path, "certification.json"), (file) => {
        const examples = Array.from(labels, (label, index) => ({
          ...{ index, label, prediction: index % 50 === 0 ? (label + 1) % 10 : label, stage: 0 },
          certified: index % 10 !== 0,
          marginLower: Array.from(
            { length: 10 },
            (_, j) => (index % 10 === 0 ? -1 : 1) * (1 + ((index + j) % 7)),
          ),
        }));
        for (const { prediction, marginLower } of examples) marginLower[prediction] = 0;
        changeRun(join(path, "run.json"), (run) => {
          const config = run.config as { data: object };
          return { ...run, config: { ...config, data: { ...config.data, name: "many.npz" } } };
        });
        const summary = { error: 0.02, robustError: 0.1, certified: 0.9, seconds: 1 };
        return { ...file, data: { ...(file.data as object), count: examples.length }, examples, summary };
      });
    });
    expect(text).toContain("for 9,000 of the 10,000 examples");
    expect(readFileSync("large/report.html", "utf8").match(/<img src="data:/g)).toHaveLength(74);
    expect(readFileSync("large/report.html").length).toBeLessThan(2_000_000);
  });

  it("shows no pictures where the data are others than those that were certified", async () => {
    const text = await pageOf("relabelled", (path) =>
      changeRun(join(path, "certification.json"), (file) => {
        const examples = (file.examples as Certification["examples"]).map((each) => ({
          ...each,
          label: (each.label + 1) % 10,
          certified: false,
        }));
        return { ...file, examples, summary: { ...(file.summary as object), robustError: 1 } };
      }),
    );
    expect(text).toContain("on this machine holds others than the examples that were certified");
  });
});

describe("certify --report", () => {
  it("writes a page when asked, whose figures are those of --json", async () => {
    const args = ["certify", "run", "--data", "glyphs", "--limit", "30", "--epsilon", "0.02", "--explain"];
    const stdout = await done(...args, "--backend", "portable", "--json", "c.json", "--report", "c.html");
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("report c.html");
    const html = readFileSync("c.html", "utf8");
    const { examples } = json<Certification>("c.json");
    const certified = examples.filter((each) => each.certified).length;
    expect(textOf(html)).toMatch(
      certified === 0 ? /for none of the 30 examples/ : new RegExp(`for ${certified} of the 30 examples`),
    );
    expect(textOf(html)).toContain("autodual certify run --data glyphs --epsilon 0.02 --limit 30");
    expect(html).toContain("data:image/png;base64,");
    expect(tableRows(html, "Plan and time").length).toBeGreaterThan(1);
  });

  it("guarantees nothing by estimates", async () => {
    const args = [
      "certify",
      "run",
      "--data",
      "glyphs",
      "--limit",
      "5",
      "--epsilon",
      "0.02",
      "--projections",
      "5",
    ];
    await done(...args, "--backend", "portable", "--report", "e.html");
    expect(textOf(readFileSync("e.html", "utf8"))).toContain(
      "Nothing is guaranteed: these bounds are estimates",
    );
  });

  it("is refused before the work where it cannot be written", async () => {
    const args = ["certify", "run", "--data", "glyphs", "--epsilon", "0.02", "--report", "nowhere/c.html"];
    const { code, stderr } = await runCommand(args);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^autodual: --report: expected a file in a folder/),
    ]);
  });
});

describe("examples that are no images", () => {
  it("have everything but pictures", async () => {
    await writeExamples("four.npz");
    const { flatNetwork } = await import("./input-files.js");
    writeModel("flat.safetensors", flatNetwork());
    const flags = [
      "--epsilon",
      "0.01",
      "--epochs",
      "1",
      "--batch",
      "5",
      "--out",
      "flat",
      "--backend",
      "portable",
    ];
    await done("train", "--data", "four.npz", "--model", "flat.safetensors", ...flags);
    expect(textOf(readFileSync("flat/report.html", "utf8"))).toContain("are no images, but of shape");
  });
});

describe("the command that trains the same again", () => {
  const backend = { name: "portable", dtype: "float64" } as Backend;

  it.each([
    [["--epsilon", "8/255"]],
    [["--epsilon", "0.1", "--box", "none", "--norm", "l2", "--projections", "auto", "--seed", "3"]],
    [
      [
        "--epsilon",
        "0.1",
        "--box",
        "0.1,0.9",
        "--bound",
        "adaptive",
        "--schedule",
        "smooth",
        "--kappa",
        "0,0.5",
      ],
    ],
    [["--epsilon", "2/255", "--settings", "paper-cifar10", "--warmup-epochs", "2", "--test-limit", "all"]],
    [["--epsilon", "0.1", "--settings", "paper-mnist", "--kappa-epochs", "3", "--evaluate-every", "0"]],
    [
      [
        "--epsilon",
        "0.1",
        "--settings",
        "paper-cifar10",
        "--no-flip",
        "--clip",
        "none",
        "--sketch",
        "per-term",
      ],
    ],
  ])("has every flag that decides: %j", async (given) => {
    const train = await loadDataset("glyphs", { split: "train", limit: 20 });
    const read = (args: readonly string[]) => {
      const command = new Command().exitOverride();
      addTrainOptions(command);
      command.parse([...args], { from: "user" });
      return trainConfig(command.opts<TrainFlags>(), train, backend);
    };
    const config = read(["--data", "glyphs", "--model", "tiny", "--limit", "20", ...given]);
    const [, , ...words] = trainCommand(config).split(" ");
    expect(read(words)).toEqual(config);
  });

  it("names the box where the data's own may stand in its place", () => {
    const { config } = runSchema.parse(json("run/run.json"));
    const of = (name: string) => ({ ...config, data: { ...config.data, name } });
    const subject = (name: string) => ({ folder: "run", config: of(name), stages: 1, limit: 5 });
    for (const command of [certifyCommand, attackCommand, radiusCommand]) {
      expect(command(subject("mine/test.npz"))).toContain("--data mine/test.npz");
      expect(command(subject("mine/test.npz"))).toContain("--box 0,1");
      expect(command(subject("mine/test.csv"))).not.toContain("--box");
      expect(command(subject("glyphs"))).not.toContain("--box");
    }
    expect(trainCommand(of("mine"))).toContain("--box 0,1");
    expect(trainCommand(of("glyphs"))).not.toContain("--box");
  });
});

describe("where there is no terminal", () => {
  it("commands print plain lines", async () => {
    const { stdout, stderr } = await runCommand([
      ...TRAIN,
      ...SHORT,
      "--out",
      "plain",
      "--backend",
      "portable",
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would be sent
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });
});
