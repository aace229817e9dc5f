import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TRAIN_SETTINGS } from "../../src/train/settings/named.js";
import { recommendedSettings } from "../../src/train/settings/recommended.js";

const MNIST = { data: "mnist", norm: "linf", epsilon: 0.3 } as const;

describe("settings for a training that asks for none", () => {
  it("are those that measured results speak for, and say why", () => {
    const { settings, why } = recommendedSettings(MNIST, {});
    expect(settings).toBe("ibp-mnist");
    expect(Object.keys(TRAIN_SETTINGS)).toContain(settings);
    expect(why).toMatch(/at epsilon 0.3 the paper's loss leaves three times as many errors/);
    const [paper, interval] = ["mnist-small-0.3", "mnist-small-0.3-ibp"].map(
      (row) => JSON.parse(readFileSync(`results/${row}.json`, "utf8")).single.robustError as number,
    );
    expect(paper / interval).toBeGreaterThan(3);
  });

  it.each([
    [
      "2/255",
      2 / 255,
      "mtl-ibp-cifar10",
      /with --model cnn5-16 .* four fifths of the errors/,
      "cnn5-16-2-255-mtl",
      0.8,
    ],
    [
      "8/255",
      8 / 255,
      "ibp-cifar10",
      /with --model cnn5-16, .* seven eighths of the errors/,
      "cnn5-16-8-255-ibp",
      7 / 8,
    ],
  ] as const)(
    "speak for CIFAR-10 at %s of another loss and network",
    (ball, epsilon, name, words, row, share) => {
      const { settings, why } = recommendedSettings({ data: "cifar10", norm: "linf", epsilon }, {});
      expect(settings).toBe(name);
      expect(Object.keys(TRAIN_SETTINGS)).toContain(settings);
      expect(why).toMatch(words);
      const [paper, ours] = [`cifar-small-${ball.replace("/", "-")}`, `cifar-${row}`].map(
        (file) => JSON.parse(readFileSync(`results/${file}.json`, "utf8")).single.robustError as number,
      );
      expect(ours / paper).toBeLessThan(share);
    },
  );

  it.each([
    ["another data set", { ...MNIST, data: "glyphs" }, {}, "plain"],
    ["a small ball", { ...MNIST, epsilon: 0.05 }, {}, "plain"],
    [
      "a ball of CIFAR-10 that none was measured at",
      { data: "cifar10", norm: "linf", epsilon: 5 / 255 },
      {},
      "plain",
    ],
    ["another norm", { ...MNIST, norm: "l2" }, {}, "plain"],
    ["a loss that was asked for", MNIST, { loss: "dual" }, "plain"],
    ["projections that were asked for", MNIST, { projections: 10 }, "plain"],
    ["settings that were asked for", MNIST, { settings: "paper-mnist" }, "paper-mnist"],
  ] as const)("are not taken with %s", (_what, subject, given, settings) => {
    expect(recommendedSettings(subject, given)).toEqual({ settings, why: null });
  });
});
