import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type TrainConfig, trainConfigSchema } from "../../src/train/config.js";
import { configOf, overridesOf, type TrainSubject } from "../../src/train/settings/config-of.js";
import {
  FLAG_GROUPS,
  flagsOf,
  longFlag,
  SETTINGS,
  type TrainOverrides,
} from "../../src/train/settings/index.js";
import { TRAIN_SETTINGS, trainSettings } from "../../src/train/settings/named.js";
import type { NumberWords } from "../../src/train/settings/setting.js";

const SUBJECT: TrainSubject = {
  data: {
    ...{ name: "glyphs", count: 400, shape: [1, 28, 28], classes: 10, limit: null, dataDir: null },
    ...{ seed: 0, sha256: null, listed: false },
  },
  ...{ model: "tiny", norm: "linf", epsilon: 0.1, box: [0, 1], seed: 3 },
  ...{ backend: "portable", dtype: "float64" },
};

const FLAGS = FLAG_GROUPS.flatMap(flagsOf);
const SAY: NumberWords = { count: String, number: String, epsilon: String };

describe.each(Object.keys(TRAIN_SETTINGS))("the table of settings, by the named settings %s", (name) => {
  const named = trainSettings(name);
  const plain = configOf(named, SUBJECT);

  it("is told again by its own flags", () => {
    expect(configOf(trainSettings("plain"), SUBJECT, overridesOf(plain))).toEqual(plain);
  });

  it("is what its schema reads from JSON, key for key", () => {
    expect(JSON.stringify(trainConfigSchema.parse(JSON.parse(JSON.stringify(plain))))).toBe(
      JSON.stringify(plain),
    );
  });
});

describe("settings that choose epochs", () => {
  it.each([
    [{ validation: 20 }, "--validation"],
    [{ patience: 2 }, "--patience"],
  ])("ask for epochs that are evaluated: %o", (overrides, flag) => {
    expect(() => configOf(trainSettings("plain"), SUBJECT, { ...overrides, evaluateEvery: 0 })).toThrow(
      `${flag}: expected --evaluate-every 1 or more beside it, as epochs are chosen by their evaluation, found 0`,
    );
    expect(configOf(trainSettings("plain"), SUBJECT, { ...overrides, evaluateEvery: 1 })).toMatchObject(
      overrides,
    );
  });
});

describe("patience", () => {
  it("is shorter than the run, which it would never end else", () => {
    const withPatience = (patience: number) =>
      configOf(trainSettings("plain"), SUBJECT, { evaluateEvery: 1, epochs: 5, patience });
    expect(withPatience(4).patience).toBe(4);
    expect(() => withPatience(5)).toThrow(
      "--patience: expected fewer than the epochs of the run, 5, found 5, which would never end it",
    );
  });
});

describe("flags that a loss has no ear for", () => {
  it.each([
    ["ibp", { bound: "adaptive" }, "--bound: expected with --loss dual or crown-ibp alone, found with ibp"],
    ["sabr", { bound: "adaptive" }, "--bound: expected with --loss dual or crown-ibp alone, found with sabr"],
    [
      "dual",
      { regularization: 0.5 },
      "--regularization: expected with --loss ibp or crown-ibp or mtl-ibp or sabr alone, found with dual",
    ],
    ["ibp", { intervalShare: 0 }, "--interval-share: expected with --loss mtl-ibp alone, found with ibp"],
  ] as const)("are refused: %s, %o", (loss, overrides, line) => {
    expect(() => configOf(trainSettings("plain"), SUBJECT, { loss, ...overrides })).toThrow(line);
  });

  it("may say that there is nothing of the kind", () => {
    const { bound } = configOf(trainSettings("plain"), SUBJECT, { loss: "crown-ibp", bound: "adaptive" });
    expect(bound).toBe("adaptive");
    expect(configOf(trainSettings("plain"), SUBJECT, { loss: "ibp", bound: "parallel" }).loss).toBe("ibp");
    expect(configOf(trainSettings("plain"), SUBJECT, { regularization: 0 }).regularization).toBe(0);
  });

  it("are not taken from named settings either", () => {
    expect(configOf(trainSettings("ibp-mnist"), SUBJECT).regularization).toBe(0.5);
    expect(configOf(trainSettings("ibp-mnist"), SUBJECT, { loss: "dual" }).regularization).toBe(0);
  });

  it("have no words in a report that speak of other bounds", () => {
    const wordsOf = (loss: TrainConfig["loss"]) =>
      SETTINGS.bound.row?.words(configOf(trainSettings("plain"), SUBJECT, { loss }), SAY);
    expect([wordsOf("dual"), wordsOf("ibp"), wordsOf("sabr"), wordsOf("crown-ibp")]).toEqual([
      "parallel, exact",
      "intervals",
      "intervals",
      "parallel, between intervals",
    ]);
  });
});

describe("a mean of weights", () => {
  it("is of the last epochs, which are not known where patience ends a run", () => {
    const both = { evaluateEvery: 1, epochs: 5, patience: 2, averageEpochs: 2 };
    expect(() => configOf(trainSettings("plain"), SUBJECT, both)).toThrow(
      /^--average-epochs: expected without --patience, .* found both$/,
    );
  });
});

describe("how weights start", () => {
  it("is not told of a model that comes with its own", () => {
    const model = { ...SUBJECT, model: "given.onnx", hasWeights: true };
    expect(configOf(trainSettings("ibp-mnist"), SUBJECT).initialization).toBe("ibp");
    expect(configOf(trainSettings("ibp-mnist"), model).initialization).toBe("standard");
    expect(() => configOf(trainSettings("plain"), model, { initialization: "ibp" })).toThrow(
      "--initialization: expected a named architecture, whose weights are drawn, found the model given.onnx, which has its own",
    );
  });
});

describe("the words of losses", () => {
  it.each([
    ["mtl-ibp", { intervalShare: 0.25 }, "mtl-ibp, a share of 0.25, attacks of 8 steps within 1 epsilon"],
    ["sabr", { boxShare: 0.1, attackSteps: 3 }, "sabr, a box of 0.1, attacks of 3 steps within 1 epsilon"],
    ["ibp", {}, "ibp"],
    ["dual", {}, null],
  ] as const)("say what is minimised: %s", (loss, overrides, expected) => {
    const config = configOf(trainSettings("plain"), SUBJECT, { loss, ...overrides });
    expect(SETTINGS.loss.row?.words(config, SAY)).toBe(expected);
    expect(configOf(trainSettings("plain"), SUBJECT, overridesOf(config))).toEqual(config);
  });
});

describe("the table of settings", () => {
  const config = configOf(trainSettings("plain"), SUBJECT);

  it.each<[string, TrainOverrides, Partial<TrainConfig>]>([
    [
      "the momentum of sgd",
      { optimizer: "sgd" },
      { optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } },
    ],
    ["no clip", { clip: "none" }, { gradientClip: null }],
    ["a clip", { clip: 2 }, { gradientClip: 2 }],
    ["all test examples", { testLimit: "all" }, { testLimit: null }],
    ["no augmentation", { flip: false, crop: 0 }, { augmentation: null }],
    ["crops alone", { crop: 2 }, { augmentation: { flip: false, crop: 2 } }],
    [
      "ramps of one shape and length",
      { scheduleEpochs: 4, schedule: "smooth", kappa: { start: 0, end: 1 } },
      {
        epsilon: { start: 0.001, end: 0.1, epochs: 4, shape: "smooth" },
        kappa: { start: 0, end: 1, epochs: 4, shape: "smooth" },
      },
    ],
    [
      "a decay after warm-up and rise",
      { warmupEpochs: 2, scheduleEpochs: 3 },
      { warmupEpochs: 2, learningRate: { rate: 0.001, factor: 0.5, every: 10, after: 5 } },
    ],
  ])("makes %s of flags, and flags of it", (_what, overrides, expected) => {
    const own = configOf(trainSettings("plain"), SUBJECT, overrides);
    expect(own).toEqual({ ...config, ...expected, ...restOf(own, config, expected, overrides) });
    expect(configOf(trainSettings("plain"), SUBJECT, overridesOf(own))).toEqual(own);
  });

  it("names each flag once, and beside those after which it stands", () => {
    const names = FLAGS.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const [name, { after }] of FLAGS) {
      if (after !== undefined) expect(names.indexOf(name)).toBe(names.indexOf(after) + 1);
    }
    expect(longFlag("rateDecayEvery")).toBe("--rate-decay-every");
  });

  it("refuses a loss for balls that it does not take", () => {
    for (const loss of ["ibp", "crown-ibp"] as const) {
      expect(() => configOf(trainSettings("plain"), { ...SUBJECT, norm: "l2", box: null }, { loss })).toThrow(
        `--loss: ${loss} takes linf balls, found --norm l2; take --loss dual`,
      );
      expect(configOf(trainSettings("plain"), SUBJECT, { loss }).loss).toBe(loss);
    }
  });

  it("has every setting's flags in some group of the help", () => {
    const grouped = new Set(FLAG_GROUPS.flatMap((group) => Object.keys(group)));
    expect([...grouped].sort()).toEqual(Object.keys(SETTINGS).sort());
  });

  it("keeps the keys of run.json in their order; settings that came later follow", () => {
    expect(Object.keys(config).slice(0, 21)).toEqual([
      ...["data", "model", "norm", "epsilon", "box", "kappa", "warmupEpochs", "bound", "projections"],
      ...["sketch", "epochs", "testLimit", "evaluation", "batchSize", "augmentation", "optimizer"],
      ...["gradientClip", "learningRate", "seed", "backend", "dtype"],
    ]);
    expect(config.loss).toBe("dual");
  });

  it("has a default for every setting that came after the first run.json", () => {
    const first = Object.entries(config).slice(0, 21);
    expect(trainConfigSchema.parse(Object.fromEntries(first))).toEqual(config);
  });

  it("has words for every setting, of its own or in another's line", () => {
    for (const [key, { row }] of Object.entries(SETTINGS)) {
      const words = row?.words(config, SAY);
      // Bounds, warm-up and what is a loss's own are told by the lines of the method, of the epochs and of the loss.
      if (!row) {
        const others = ["projections", "sketch", "warmupEpochs", "intervalShare", "boxShare", "attack"];
        expect(others).toContain(key);
      } else expect(words === null || words !== "").toBe(true);
    }
  });

  it("reads the configurations of runs before it had losses", () => {
    const found = [...configsBelow("results"), ...configsBelow("models")];
    expect(found.length).toBeGreaterThan(5);
    for (const old of found) expect(trainConfigSchema.parse(old)).toMatchObject({ loss: "dual", ...old });
  });
});

/** What changes beside what is expected: keys that follow from the overridden ones. */
function restOf(
  own: TrainConfig,
  before: TrainConfig,
  expected: Partial<TrainConfig>,
  overrides: TrainOverrides,
): Partial<TrainConfig> {
  if (overrides.scheduleEpochs === undefined) return {};
  const epochs = overrides.scheduleEpochs;
  return {
    epsilon: expected.epsilon ?? { ...before.epsilon, epochs },
    kappa: expected.kappa ?? { ...before.kappa, epochs },
    learningRate: { ...before.learningRate, after: own.warmupEpochs + epochs },
  };
}

/** Configurations in the JSON files of a folder and of those below it. */
function configsBelow(folder: string): readonly Record<string, unknown>[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return configsBelow(path);
    if (!entry.name.endsWith(".json")) return [];
    const { config } = JSON.parse(readFileSync(path, "utf8"));
    return config?.learningRate ? [config] : [];
  });
}
