import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openFeed } from "../../src/serve/feed.js";
import { LiveRuns } from "../../src/serve/live-runs.js";
import { changedParts } from "../../src/serve/view.js";
import { newFolder } from "../cli/run-command.js";
import { epochRow, writeCascadeFolder, writeCertification, writeLock, writeRun } from "./run-folders.js";

let folder: ReturnType<typeof newFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);
const open = (...names: string[]) =>
  LiveRuns.open(
    names.map((name) => at(name)),
    { look: 0, ping: 10_000 },
  );
const textOf = (runs: LiveRuns, page = 1): string =>
  runs
    .view(page)
    .parts.map(({ html }) => html)
    .join("")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

beforeEach(async () => {
  folder = newFolder();
  await writeRun(at("run"), 2);
});
afterEach(() => folder.remove());

describe("a run as it goes on", () => {
  it("changes the parts that an epoch is in, and no others", async () => {
    const runs = await open("run");
    const before = runs.view(1);
    await runs.refresh();
    expect(runs.view(1)).toBe(before);
    await writeRun(at("run"), 3);
    await runs.refresh();
    const changed = changedParts(before.version, runs.view(1)).map(({ id }) => id);
    expect(changed).toEqual(["now", "curves", "provenance"]);
    expect(textOf(runs)).toContain("epoch 3 of 20");
    expect(changedParts("another page's", runs.view(1))).toHaveLength(runs.view(1).parts.length);
  });

  it("shows examples as soon as they are certified", async () => {
    const runs = await open("run");
    const gallery = () => runs.view(1).parts.find(({ id }) => id === "gallery")?.html;
    const links = () => runs.view(1).parts.find(({ id }) => id === "sections")?.html;
    expect(gallery()).toMatch(/^<section[^>]* hidden/);
    expect(links()).not.toContain("#gallery");
    await writeCertification(at("run"), 9);
    await runs.refresh();
    expect(gallery()).toContain("data:image/png");
    expect(gallery()).not.toMatch(/^<section[^>]* hidden/);
    expect(links()).toContain("#gallery");
    expect(textOf(runs)).toContain("for 6 of the 9 examples");
  });

  it.each([
    ["running", {}, "Under way : epoch 2 of 20"],
    ["running", null, "Killed : epoch 2 of 20"],
    ["running", { pid: 2 ** 22 + 1 }, "Killed : epoch 2 of 20"],
    ["running", { host: "elsewhere" }, "whether it still lives cannot be told from here"],
    ["interrupted", null, "Interrupted : epoch 2 of 20"],
    ["finished", null, "Finished : epoch 2 of 20"],
  ] as const)("that is %s, its lock %j, says %s", async (status, lock, words) => {
    await writeRun(at("run"), 2, { status });
    if (lock) writeLock(at("run"), lock);
    expect(textOf(await open("run"))).toContain(words);
  });

  it("whose process dies says so, though no file changes", async () => {
    writeLock(at("run"));
    const runs = await open("run");
    expect(textOf(runs)).toContain("Under way");
    // As long as its first one, and as old.
    const { atime, mtime } = statSync(at("run", ".lock"));
    const lock = readFileSync(at("run", ".lock"), "utf8");
    writeFileSync(
      at("run", ".lock"),
      lock.replace('"began":null', '"began":"12"').replace("another", "anoth"),
    );
    utimesSync(at("run", ".lock"), atime, mtime);
    await runs.refresh();
    expect(textOf(runs)).toContain("Killed");
    expect(textOf(runs)).toContain("train --resume");
  });

  it("tells the time left by the pace of its last epochs", async () => {
    writeLock(at("run"));
    await writeRun(at("run"), 0, { epochs: [1, 2, 3, 4, 5, 6].map((n) => epochRow(n, { seconds: n })) });
    const runs = await open("run");
    const { endsAt } = runs.runs[0].snapshot.progress;
    // Epochs 2 to 6 took 4 s each on average; 14 are left.
    expect(endsAt! - statSync(at("run", "run.json")).mtimeMs).toBeCloseTo(14 * 4000, 6);
  });

  it("never gives a figure of training for a bound", async () => {
    await writeRun(at("run"), 0, { epochs: [epochRow(1, { test: null, robustError: 0.25 })] });
    const runs = await open("run");
    expect(runs.runs[0].snapshot.progress.errors).toMatchObject({ robustError: 0.25, isBound: false });
    expect(textOf(runs)).toContain("epoch 1, on its training examples, at its own ε; guarantees nothing");
  });

  it("says which epochs are evaluated, and on what, before one was", async () => {
    const { config } = await writeRun(at("run"), 0, { epochs: [epochRow(1, { test: null })] });
    const said = async (changes: Partial<typeof config>) => {
      await writeRun(at("run"), 0, {
        ...{ config: { ...config, ...changes }, epochs: [epochRow(1, { test: null })] },
      });
      return textOf(await open("run"));
    };
    const every = (count: number) => ({ evaluation: { every: count, limit: null } });
    expect(await said(every(1))).toContain("yet: every epoch is evaluated on test examples.");
    expect(await said({ ...every(5), validation: 50 })).toContain(
      "yet: one epoch of 5 is evaluated on held-out examples, once epsilon is reached.",
    );
  });

  it("that has just begun says so", async () => {
    writeLock(at("run"));
    await writeRun(at("run"), 0);
    const text = textOf(await open("run"));
    expect(text).toContain("The run has just begun: its first epoch is under way");
    expect(text).toContain("No epoch is done yet");
  });
});

describe("a cascade", () => {
  it("says at which stage it is, whose errors these are, and follows the epochs of the stage", async () => {
    await writeCascadeFolder(at("cascade"), 4);
    writeLock(at("cascade"));
    const runs = await open("cascade");
    const { progress } = runs.runs[0].snapshot;
    expect(progress).toMatchObject({ stage: { number: 2, of: 3 }, epoch: 4, epochs: 20 });
    // 16 epochs of 2 s, from when the stage's record was written.
    const { mtimeMs } = statSync(at("cascade", "stage-2", "run.json"));
    expect(progress.endsAt! - mtimeMs).toBeCloseTo(32_000, 6);
    expect(textOf(runs)).toContain("Under way : stage 2 of 3, epoch 4 of 20");
    expect(textOf(runs)).toContain("30.0 % upper bound, after stage 1, on 100 test examples");
    await writeCascadeFolder(at("cascade"), 5);
    await runs.refresh();
    expect(textOf(runs)).toContain("stage 2 of 3, epoch 5 of 20");
  });

  it("is not read where it names a stage outside of its folder", async () => {
    await writeCascadeFolder(at("cascade"), 4, "../run");
    await expect(open("cascade")).rejects.toThrow('stages: expected the folder stage-1, found "../run"');
  });
});

describe("files that are amiss", () => {
  it("leave the page as it was, and are told when they stay so", async () => {
    const runs = await open("run");
    const whole = readFileSync(at("run", "run.json"), "utf8");
    writeFileSync(at("run", "run.json"), whole.slice(0, whole.length / 2));
    await runs.refresh();
    expect(textOf(runs)).not.toContain("cannot be read");
    await runs.refresh();
    expect(textOf(runs)).toContain(
      "The folder cannot be read at the moment: run/run.json: not readable as JSON",
    );
    expect(textOf(runs)).toContain("epoch 2 of 20");
    rmSync(at("run"), { recursive: true });
    await runs.refresh();
    expect(textOf(runs)).toContain("no such folder");
    await writeRun(at("run"), 4);
    await runs.refresh();
    expect(textOf(runs)).toContain("epoch 4 of 20");
    expect(textOf(runs)).not.toContain("cannot be read");
  });

  it("are left out where the run can be read without them", async () => {
    writeFileSync(at("run", "metrics.jsonl"), '{"epoch":1}\n{"epo');
    writeFileSync(at("run", "certification.json"), '{"schema":');
    expect(textOf(await open("run"))).toContain("expected JSON, found a damaged file");
  });
});

describe("links out of the folder", () => {
  const secret = "secret words";

  it.each(["run.json", "certification.json", "model.safetensors", "config.json", ".lock"])(
    "are never followed: %s",
    async (name) => {
      writeFileSync(at("secret"), secret);
      rmSync(at("run", name), { force: true });
      symlinkSync(at("secret"), at("run", name));
      await expect(open("run")).rejects.toThrow(
        `${name}: a link out of the run folder; expected a file in it`,
      );
    },
  );

  it("that come later end the reading, and show nothing", async () => {
    const runs = await open("run");
    await writeRun(at("other"), 7);
    rmSync(at("run", "run.json"));
    symlinkSync("../other/run.json", at("run", "run.json"));
    await runs.refresh();
    await runs.refresh();
    expect(textOf(runs)).toContain("a link out of the run folder");
    expect(textOf(runs)).toContain("epoch 2 of 20");
  });

  it("of a stage's folder are refused", async () => {
    symlinkSync(folder.path, at("run", "stage-1"));
    await expect(open("run")).rejects.toThrow("stage-1: a link out of the run folder");
  });

  it("are links that stay in it followed, and folders no files", async () => {
    renameSync(at("run", "run.json"), at("run", "real.json"));
    symlinkSync("real.json", at("run", "run.json"));
    expect(textOf(await open("run"))).toContain("epoch 2 of 20");
    mkdirSync(at("run", "attack.json"));
    await expect(open("run")).rejects.toThrow("attack.json: expected a file, found something else");
  });
});

describe("several runs", () => {
  it("have a card each, and their robust errors in one plot", async () => {
    await writeRun(at("second"), 5, { status: "interrupted" });
    const runs = await open("run", "second");
    const { parts } = runs.view(0);
    expect(parts.map(({ id }) => id)).toEqual(["run-1", "run-2", "together"]);
    expect(parts[1].html).toContain('href="/runs/2"');
    expect(parts[2].html.match(/<path class="line c/g)?.length).toBeGreaterThanOrEqual(2);
    const before = runs.view(0);
    await writeRun(at("second"), 6);
    await runs.refresh();
    expect(changedParts(before.version, runs.view(0)).map(({ id }) => id)).toEqual(["run-2", "together"]);
  });
});

describe("the events of a page", () => {
  const decoder = new TextDecoder();

  it("wait one at a time for a browser that is slow, and the last state is in the next", async () => {
    const runs = await open("run");
    const reader = openFeed(runs, 1, runs.view(1).version, () => {}).getReader();
    for (let epochs = 3; epochs <= 12; epochs++) {
      await writeRun(at("run"), epochs);
      await runs.refresh();
    }
    const next = async () => decoder.decode((await reader.read()).value);
    expect(await next()).toBe("retry: 2000\n\n");
    const event = await next();
    expect(event.split("\n")[0]).toBe(`id: ${runs.view(1).version}`);
    expect(event).toContain("epoch 12 of 20");
    expect(event.split("\n")).toHaveLength(5);
    await reader.cancel();
    expect([runs.listening, runs.isWatching]).toEqual([0, false]);
  });

  it("begin with all that a browser does not have, and end when nothing is read any more", async () => {
    const runs = await LiveRuns.open([at("run")], { look: 5, ping: 10 });
    let given = 0;
    const reader = openFeed(runs, 1, "nothing", () => {
      given += 1;
    }).getReader();
    await reader.read();
    expect(
      Object.keys(JSON.parse(decoder.decode((await reader.read()).value).split("data: ")[1]).parts),
    ).toEqual(runs.view(1).parts.map(({ id }) => id));
    expect(decoder.decode((await reader.read()).value)).toBe(":\n\n");
    await expect.poll(() => given, { timeout: 60_000 }).toBe(1);
    expect([runs.listening, runs.isWatching]).toEqual([0, false]);
  });
});
