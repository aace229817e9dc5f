import { describe, expect, it } from "vitest";
import { unreachedInWords } from "../../src/train/unreached.js";

const COURSE = {
  epochs: 5,
  warmupEpochs: 1,
  epsilon: { start: 0, end: 0.1, epochs: 4, shape: "linear" },
  evaluation: { every: 1, limit: null },
  validation: 0,
  patience: null,
} as const;

describe("a run that ends before its radius", () => {
  it("is told of beforehand, with the mend", () => {
    expect(unreachedInWords(COURSE)).toBeNull();
    expect(unreachedInWords({ ...COURSE, epochs: 3 })).toBe(
      "training ends at epsilon 0.05, as 0.1 takes 5 epochs, and there are 3: give it more --epochs, or fewer --schedule-epochs or " +
        "--warmup-epochs",
    );
    expect(unreachedInWords({ ...COURSE, epochs: 4, validation: 10 })).toMatch(
      /^training ends at epsilon 0.075, .*; no epoch can be chosen by --validation or --patience: give it more --epochs/,
    );
    expect(unreachedInWords({ ...COURSE, epochs: 2, warmupEpochs: 2, patience: 1 })).toMatch(
      /^all 2 epochs are warm-up, on the standard loss alone; no epoch can be chosen/,
    );
  });

  it("is none where epsilon does not rise, but for the warm-up", () => {
    const still = { ...COURSE, epsilon: { ...COURSE.epsilon, start: 0.1, epochs: 9 } };
    expect(unreachedInWords({ ...still, epochs: 2 })).toBeNull();
    expect(unreachedInWords({ ...still, epochs: 1 })).toMatch(/^the one epoch is warm-up/);
  });

  it("is told of as well where no evaluation falls into epochs at the last radius", () => {
    const rare = { ...COURSE, epochs: 7, evaluation: { every: 4, limit: null } };
    expect(unreachedInWords(rare)).toBeNull();
    expect(unreachedInWords({ ...rare, validation: 10 })).toBe(
      "no epoch is evaluated once epsilon is reached, so that no epoch can be chosen by --validation or --patience: give " +
        "--evaluate-every 1",
    );
    expect(unreachedInWords({ ...rare, epochs: 8, validation: 10 })).toBeNull();
  });
});
