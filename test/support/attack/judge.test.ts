import { describe, expect, it } from "vitest";
import { linear } from "../../../src/network/build-layer.js";
import { sequential } from "../../../src/network/network.js";
import { evaluationsOf } from "../float-orders/evaluations.js";
import { plainNetwork } from "../plain-network.js";
import { judgeOf } from "./judge.js";

/** Outputs x₀ + x₁ + x₂ and `other`. */
function judge(other: number) {
  const weights = new Map([
    ["linear1.weight", Float64Array.of(1, 1, 1, 0, 0, 0)],
    ["linear1.bias", Float64Array.of(0, other)],
  ]);
  const plain = plainNetwork({ network: sequential([3], [linear(2)]), weights });
  return judgeOf(plain, evaluationsOf("float32"), 1);
}

const at = (...centre: number[]) => ({
  centre: Float64Array.from(centre),
  offset: new Float64Array(centre.length),
});

describe("a judge", () => {
  it("takes a tie for a false certificate", () => {
    expect(judge(3).exact(at(1, 1, 1), 0)).toEqual({ verdict: "false", margin: 0 });
    expect(judge(3).floats(at(1, 1, 1), 0)).toHaveLength(evaluationsOf("float32").length);
  });

  it("sees what no rounding leaves", () => {
    const tiny = { ...at(1, 1, 1), offset: Float64Array.of(2 ** -1074, 0, 0) };
    expect(judge(3).exact(tiny, 0)).toEqual({ verdict: "true", margin: 2 ** -1074 });
    expect(judge(3).floats(tiny, 0)).toHaveLength(evaluationsOf("float32").length);
  });

  it("tells the orders that give another answer", () => {
    // 2^24 + 1 + 1 is 2^24 + 2 in some orders only.
    const point = at(2 ** 24, 1, 1);
    expect(judge(2 ** 24 + 1).exact(point, 0).verdict).toBe("true");
    const names = judge(2 ** 24).floats(point, 0);
    expect(names.length).toBeGreaterThan(0);
    expect(names.length).toBeLessThan(evaluationsOf("float32").length);
    expect(names).toEqual(expect.arrayContaining([expect.stringContaining("stored")]));
  });

  it("tells the largest value that is reached", () => {
    const { exact, largest } = judge(0).largest(at(2 ** 24, 1, 0.5), 0);
    expect(exact).toBe(2 ** 24 + 1.5);
    expect(largest.value).toBe(2 ** 24 + 2);
  });
});
