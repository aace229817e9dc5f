import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addTrainOptions, type TrainFlags } from "../../src/cli/train/flags.js";
import { trainConfig } from "../../src/cli/train/train-config.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { loadDataset } from "../../src/data/load.js";
import { flagWords } from "../../src/runs/page/flag-words.js";
import type { TrainConfig } from "../../src/train/config.js";
import { hears, LOSS_NAMES, type LossFlag } from "../../src/train/losses/index.js";
import { overridesOf } from "../../src/train/settings/config-of.js";
import { FLAG_GROUPS, flagsOf, longFlag } from "../../src/train/settings/index.js";
import type { FlagKind } from "../../src/train/settings/setting.js";

const SUBJECT = ["--data", "glyphs", "--model", "tiny", "--epsilon", "0.1", "--limit", "20"];
/** So that the flag is one that may be given. */
function baseOf(name: string): string[] {
  const loss = LOSS_NAMES.find((known) => hears(known, name as LossFlag));
  return ["--optimizer", "sgd", ...(loss ? ["--loss", loss] : [])];
}
const FLAGS = FLAG_GROUPS.flatMap(flagsOf);

const train = await loadDataset("glyphs", { split: "train", limit: 20 });
const backend = createPortableBackend();

function configOfWords(words: readonly string[]): TrainConfig {
  const command = new Command().exitOverride();
  addTrainOptions(command);
  command.parse([...SUBJECT, ...words], { from: "user" });
  return trainConfig(command.opts<TrainFlags>(), train, backend);
}

/** Values for a flag of this kind, as one types them. */
function samples(kind: FlagKind): readonly (readonly string[])[] {
  switch (kind.type) {
    case "switch":
      return [[]];
    case "choice":
      return kind.choices.map((choice) => [choice]);
    case "number":
      return [["1/4"], ...(kind.words ?? []).map((word) => [word])];
    case "whole number":
      return [["3"], ...(kind.words ?? []).map((word) => [word])];
    case "weight range":
      return [["0.5"], ["0,1"], ["1"]];
    default:
      return kind satisfies never;
  }
}

describe.each(FLAGS.map(([name, flag]) => ({ flag: longFlag(name), name, ...flag })))(
  "$flag",
  ({ flag, name, kind }) => {
    it("decides the configuration, which gives the flags again that lead to it", () => {
      const base = baseOf(name);
      const configs = samples(kind).map((value) => {
        const config = configOfWords([...base, flag, ...value]);
        const words = flagWords(FLAG_GROUPS, overridesOf(config));
        expect(configOfWords(words)).toEqual(config);
        return JSON.stringify(config);
      });
      const untouched = JSON.stringify(configOfWords(base));
      const choices = kind.type === "choice" ? kind.choices.length : 2;
      if (choices > 1) expect(configs.some((config) => config !== untouched)).toBe(true);
    });

    it.each(["", " ", "x"])("answers %j by one line that names it", (text) => {
      if (kind.type === "switch") return;
      const found = text === "" ? "nothing" : JSON.stringify(text);
      expect(() => configOfWords([flag, text])).toThrow(
        new RegExp(`^${flag}: expected [^\n]*, found ${found}$`),
      );
    });
  },
);

describe("flags of some losses", () => {
  it.each([
    ["--loss ibp --projections 10", "--projections: expected with --loss dual alone, found with ibp"],
    ["--loss crown-ibp --sketch per-term", "--sketch: expected with --loss dual alone, found with crown-ibp"],
    ["--interval-share 0.1", "--interval-share: expected with --loss mtl-ibp alone, found with dual"],
    ["--loss mtl-ibp --box-share 0.1", "--box-share: expected with --loss sabr alone, found with mtl-ibp"],
    [
      "--loss ibp --attack-steps 4",
      "--attack-steps: expected with --loss mtl-ibp or sabr alone, found with ibp",
    ],
  ])("%s is answered by one line", (words, line) => {
    expect(() => configOfWords(words.split(" "))).toThrow(line);
  });

  it("leave what settings say of other losses unheard", () => {
    const config = configOfWords("--settings mtl-ibp-cifar10 --loss ibp".split(" "));
    expect(config.intervalShare).toBe(0.5);
    expect(configOfWords("--settings paper-mnist --loss ibp".split(" ")).projections).toBe("exact");
  });
});

describe("the help of train", () => {
  const lines = (() => {
    const command = new Command();
    return addTrainOptions(command).helpInformation().split("\n");
  })();

  it("has one line for each flag, in the groups' order, with what is taken where it is not given", () => {
    const at = FLAGS.map(([name]) =>
      lines.findIndex((line) => line.trimStart().startsWith(`${longFlag(name)} `)),
    );
    expect(at.every((line) => line > 0)).toBe(true);
    expect(at).toEqual([...at].sort((a, b) => a - b));
    const text = lines.join(" ").replace(/\s+/g, " ");
    for (const words of [
      "--loss <name> the robust loss: dual (the paper's)",
      "--schedule <shape> how epsilon and kappa rise: linear, or smooth, slowly at first (default: linear, or the settings')",
      "--kappa <k> weight of the robust loss, or its start and end such as 0,1 (default: 1, or the settings')",
      '--bound <method> of dual and crown-ibp: parallel (the paper\'s lines) or adaptive (usually tighter) (default: "parallel")',
      "--evaluate-limit <n> the first so many test examples, or all, in each of these (default: 100)",
      "--no-flip do not, whatever the settings are",
    ]) {
      expect(text).toContain(words);
    }
  });
});
