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

  it("speak for CIFAR-10 of another loss, a network and a certificate that go with it", () => {
    const { settings, why } = recommendedSettings({ data: "cifar10", norm: "linf", epsilon: 2 / 255 }, {});
    expect(settings).toBe("mtl-ibp-cifar10");
    expect(why).toMatch(/at epsilon 2\/255, with --model cnn5-16 .* four fifths of the errors/);
    const [paper, ours] = ["cifar-small-2-255", "cifar-cnn5-16-2-255-mtl"].map(
      (row) => JSON.parse(readFileSync(`results/${row}.json`, "utf8")).single.robustError as number,
    );
    expect(ours / paper).toBeLessThan(0.8);
  });

  it.each([
    ["another data set", { ...MNIST, data: "glyphs" }, {}, "plain"],
    ["a small ball", { ...MNIST, epsilon: 0.05 }, {}, "plain"],
    [
      "a ball of CIFAR-10 that none was measured at",
      { data: "cifar10", norm: "linf", epsilon: 8 / 255 },
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
