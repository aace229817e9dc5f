import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { boundedNeurons, countEstimates } from "../../src/estimators/count.js";
import { dimensionFor, logLowerTail, tailBound } from "../../src/estimators/tail.js";
import { architecture } from "../../src/network/architectures.js";
import { averagePool, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";

describe("the geometric mean's lower tail", () => {
  it("bounds the observed frequency, and not by orders of magnitude", () => {
    const source = random(3, "tail");
    const draws = 200_000;
    for (const [dimension, epsilon] of [
      [5, 0.5],
      [10, 0.4],
      [20, 0.3],
      [50, 0.2],
    ]) {
      let below = 0;
      for (let i = 0; i < draws; i++) {
        let sum = 0;
        for (let k = 0; k < dimension; k++) sum += Math.log(Math.abs(source.cauchy()));
        if (sum / dimension <= Math.log1p(-epsilon)) below += 1;
      }
      const bound = Math.exp(logLowerTail(dimension, epsilon));
      const frequency = below / draws;
      expect(frequency).toBeLessThan(bound);
      expect(frequency).toBeGreaterThan(bound / 20);
    }
  });

  it("falls with the dimension and with the depth", () => {
    for (const epsilon of [0.1, 0.3, 0.6, 0.9, 0.999]) {
      expect(logLowerTail(20, epsilon)).toBeLessThan(logLowerTail(10, epsilon));
      expect(logLowerTail(10, epsilon)).toBeLessThan(logLowerTail(10, epsilon - 0.05));
    }
    expect(logLowerTail(10, 0)).toBe(-0);
  });

  it("is the best of its exponents", () => {
    for (const epsilon of [0.05, 0.22, 0.7]) {
      const at = (s: number) => s * Math.log1p(-epsilon) - Math.log(Math.cos((Math.PI * s) / 2));
      const best = Math.min(...Array.from({ length: 9999 }, (_, i) => at(i / 10_000)));
      expect(logLowerTail(1, epsilon)).toBeCloseTo(best, 6);
    }
  });
});

describe("tailBound", () => {
  it("spends δ on all estimates: N·P^m = δ", () => {
    const { epsilon } = tailBound(200, 10, 0.01, 6572);
    expect(Math.log(6572) + 10 * logLowerTail(200, epsilon)).toBeCloseTo(Math.log(0.01), 6);
    expect(tailBound(200, 10, 0.01, 0).epsilon).toBe(0);
  });

  it("gives the example of Appendix E: δ = 0.01, m = 10, r = 200, by the paper's count and by the joint one", () => {
    const widening = (estimates: number) => 1 / (1 - tailBound(200, 10, 0.01, estimates).epsilon) - 1;
    expect(tailBound(200, 10, 0.01, 6572).epsilon).toBeCloseTo(0.1664, 3);
    expect(widening(6572)).toBeCloseTo(0.1996, 3);
    // With a union bound over the sketches as well, bounds would be wider by 22 %.
    expect(widening(10 * 6572)).toBeCloseTo(0.218, 3);
    expect(tailBound(200, 10, 0.01, 1568).epsilon).toBeCloseTo(0.158, 3);
  });

  it("needs no more depth with more projections, sketches, or a larger δ; more with more estimates", () => {
    const { epsilon } = tailBound(100, 5, 0.01, 1000);
    expect(tailBound(200, 5, 0.01, 1000).epsilon).toBeLessThan(epsilon);
    expect(tailBound(100, 9, 0.01, 1000).epsilon).toBeLessThan(epsilon);
    expect(tailBound(100, 5, 0.1, 1000).epsilon).toBeLessThan(epsilon);
    expect(tailBound(100, 5, 0.01, 9000).epsilon).toBeGreaterThan(epsilon);
  });

  it("refuses a δ out of reach and says what would do, which does", () => {
    const refused = () => tailBound(3, 1, 0.01, 1668);
    expect(refused).toThrow(/delta: 0.01 cannot be reached.*1668 estimates.*3 projections and 1 sketches/);
    const [, r, m] = /; (\d+) projections or (\d+) sketches/.exec(messageOf(refused)) ?? [];
    expect(tailBound(Number(r), 1, 0.01, 1668).epsilon).toBeLessThanOrEqual(0.9);
    expect(tailBound(3, Number(m), 0.01, 1668).epsilon).toBeLessThanOrEqual(0.9);
    expect(() => tailBound(Number(r) - 1, 1, 0.01, 1668)).toThrow();
    expect(() => tailBound(3, Number(m) - 1, 0.01, 1668)).toThrow();
  });

  it.each([0, 1, -0.1, Number.NaN, 2])("refuses δ = %s", (delta) => {
    expect(() => tailBound(50, 10, delta, 100)).toThrow(/delta: expected a probability/);
  });

  it("inverts: the dimension for a depth reaches it, one less does not", () => {
    const r = dimensionFor(0.22, 10, 0.01, 6572);
    expect(tailBound(r, 10, 0.01, 6572).epsilon).toBeLessThanOrEqual(0.22);
    expect(tailBound(r - 1, 10, 0.01, 6572).epsilon).toBeGreaterThan(0.22);
  });
});

describe("countEstimates", () => {
  const small = architecture("small", { inputShape: [1, 28, 28], classes: 10 });

  it("counts n₂ + 2n₃ + 3n₄ by terms, as Appendix E does for MNIST small", () => {
    expect(boundedNeurons(small)).toEqual([3136, 1568, 100]);
    expect(countEstimates(small, 50, "per-term")).toBe(6572);
  });

  it("counts each projected neuron once with the joint sketch, but for the first layer", () => {
    expect(countEstimates(small, 50, "joint")).toBe(1668);
    expect(countEstimates(small, 200, "joint")).toBe(1568);
    expect(countEstimates(small, 4000, "joint")).toBe(0);
  });

  it("counts a first layer whose radius is not exact: one behind two sums", () => {
    const network = sequential(
      [1, 8, 8],
      [conv2d(3, { kernel: 3 }), averagePool({ kernel: 2 }), relu(), flatten(), linear(2)],
    );
    expect(countEstimates(network, 5, "joint")).toBe(27);
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}
