import { describe, expect, it, vi } from "vitest";
import { multiply, type Variable } from "../../src/autodiff/index.js";
import { SHARED } from "../../src/compute/owners.js";
import type { ParallelDual, TwoLineDual } from "../../src/dual/dual-layer.js";
import { ballOf, outward, outwardBox, roundingOf } from "../../src/dual/outward.js";
import { Rounding } from "../../src/dual/rounding.js";
import { constantsOf, type Widening, widened } from "../../src/dual/widening.js";
import { hardtanh, leakyRelu, maxPool, relu, sigmoid, tanh } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { makeBall } from "../../src/threat/ball.js";
import { CHAIN, column, expectNumbers, linesOf, matrix, read, sumOf, tape } from "./rounding-tape.js";

const rounding = new Rounding("float32", CHAIN, "float32", { summed: false });
const mine: Layer = {
  kind: "custom",
  definition: { name: "mine", outputShape: () => [1], forward: () => undefined as never, dual: null },
  options: null,
};

describe("a ball", () => {
  const { backend } = tape;
  const ball = (norm: "linf" | "l2") => makeBall(backend, Float64Array.of(-3, 0), 1, { norm, epsilon: 0.5 });
  const valuesOf = async (x: Variable | undefined) => (x ? [...(await backend.read(x.value))] : null);

  it("of ℓ∞ takes rounding into its radius, and of ℓ2 has it beside", async () => {
    const [linf, l2] = [ball("linf"), ball("l2")];
    const sup = ballOf(tape, linf, rounding);
    const box = { centre: tape.constant(linf.centre), radius: tape.constant(linf.radius) };
    expect(await valuesOf(sup.ballRadius)).toEqual(await valuesOf(rounding.withInput(tape, box)));
    expect(sup.inputError).toBeUndefined();
    expect([sup.dualOrder, sup.rounding, sup.ballCentre.value]).toEqual([1, rounding, linf.centre]);
    const round = ballOf(tape, l2, rounding);
    expect(round.ballRadius.value).toBe(l2.radius);
    const own = { centre: tape.constant(l2.centre), radius: tape.constant(l2.radius) };
    expect(await valuesOf(round.inputError)).toEqual(await valuesOf(rounding.atInput(tape, own)));
    expect([round.dualOrder, round.rounding]).toEqual([2, rounding]);
  });

  it("is as it is where roundings are not counted", () => {
    for (const norm of ["linf", "l2"] as const) {
      const own = ball(norm);
      const found = ballOf(tape, own, null);
      expect([found.ballRadius.value, found.rounding, found.inputError]).toEqual([
        own.radius,
        null,
        undefined,
      ]);
    }
  });
});

describe("a function's own rounding", () => {
  it("is known of every activation, none of a maximum, and anything of a layer that a user defines", () => {
    const layers = [relu(), hardtanh(-1, 1), leakyRelu(0.1), tanh(), sigmoid(), maxPool({ kernel: 2 }), mine];
    expect(layers.map(roundingOf)).toEqual([
      ...["exact", "relative", "relative", "approximate", "approximate", "exact", "approximate"],
    ]);
  });
});

describe("the constants of an enclosed layer", () => {
  it("are |m| + ρ, or what it says", async () => {
    const lines = linesOf(column(1, 1), column(-3, 2), column(0.5, 4));
    expect(await sumOf(constantsOf(tape, lines))).toEqual([3.5, 6]);
    const constants = () => [{ weight: 2, x: column(7) }];
    expect(await sumOf(constantsOf(tape, { ...lines, constants }))).toEqual([14]);
    const two: Widening = { kind: "two-lines", absolute: (_, x) => x, constants };
    expect(await sumOf(constantsOf(tape, two))).toEqual([14]);
  });
});

describe("a widened layer", () => {
  const own = column(0.5, 4);
  const by = column(0.25, 1);
  const nu = matrix([1, -2, 0], [3, 0, -1]);

  it("has the larger radius, and collects what was added beside its own", async () => {
    const lines = linesOf(column(1, 1), column(0, 0), own);
    const steps = vi.fn();
    const crop = vi.fn();
    const wide = widened(tape, { ...lines, steps, crop } as unknown as ParallelDual, by);
    expect(await read(wide.radius)).toEqual([0.75, 5]);
    expect(wide.widening).toEqual({ own, by });
    // They would leave out what was added.
    expect([wide.steps, wide.crop]).toEqual([undefined, undefined]);
    expect([wide.kind, wide.shift, wide.push]).toEqual(["parallel", lines.shift, lines.push]);
    const alone = wide.back(tape, nu, SHARED, { centre: true });
    expect(await read(alone.radius as Variable)).toEqual([3.25, 0.5, 1]);
    expect(await read(alone.nus[0])).toEqual(await read(nu));
    const centre = column(9);
    const collecting = widened(
      tape,
      { ...lines, back: (_, given) => ({ nus: [given], centre, radius: matrix([10, 20, 30]) }) },
      by,
    );
    const both = collecting.back(tape, nu, SHARED, { centre: true });
    expect(await read(both.radius as Variable)).toEqual([13.25, 20.5, 31]);
    expect(both.centre).toBe(centre);
  });

  it("moves its own lines where it can", () => {
    const other = linesOf(column(1), column(0), column(2));
    const moved = vi.fn(() => other);
    expect(widened(tape, { ...linesOf(column(1), column(0), own), widened: moved }, by)).toBe(other);
    expect(moved).toHaveBeenCalledWith(tape, by);
  });
});

describe("an enclosed layer that holds in spite of rounding", () => {
  const input = rounding.gathered({ centre: column(-3, 2), radius: column(0.5, 1) });
  const bounds = { lower: column(-3.5, 1), upper: column(-0.5, 3) };
  const slope = () => column(0.5, 1);
  const parallel = () => linesOf(slope(), column(-1, 0), column(0.25, 0.5));
  const never = (): ParallelDual => {
    throw new Error("not asked for");
  };

  it("has its lines farther apart, but for a ReLU that is off", async () => {
    for (const [layer, kind] of [
      [leakyRelu(0.5), "relative"],
      [sigmoid(), "approximate"],
      [maxPool({ kernel: 1 }), "exact"],
      [mine, "approximate"],
    ] as const) {
      const wide = outward(tape, rounding, parallel(), never, input, layer, bounds) as ParallelDual;
      const by = await read(rounding.enclosed(tape, parallel(), input, kind));
      expect(await read(wide.radius)).toEqual([0.25 + by[0], 0.5 + by[1]]);
      expect(by.every((x) => x > 0)).toBe(true);
    }
    const relus = outward(tape, rounding, parallel(), never, input, relu(), bounds) as ParallelDual;
    const [off, on] = await read(rounding.enclosed(tape, parallel(), input, "exact", bounds.upper));
    expect(off).toBe(0);
    expect(on).toBeGreaterThan(0);
    expect(await read(relus.radius)).toEqual([0.25, 0.5 + on]);
  });

  const twoLines = (without: readonly (keyof TwoLineDual)[] = []) => {
    const moved = vi.fn((_: unknown, by: Variable) => ({ kind: "two-lines", by }) as never);
    const whole: TwoLineDual = {
      kind: "two-lines",
      back: () => {
        throw new Error("not asked for");
      },
      absolute: (on, x) => multiply(on, slope(), x),
      magnitude: slope,
      constants: () => [{ weight: 1, x: column(2, 3) }],
      widened: moved,
    };
    const layer = Object.fromEntries(
      Object.entries(whole).filter(([name]) => !without.includes(name as keyof TwoLineDual)),
    ) as unknown as TwoLineDual;
    return { layer, moved };
  };

  it("of two lines moves them by what they know of themselves", async () => {
    for (const without of [[], ["magnitude"]] as const) {
      const { layer, moved } = twoLines(without);
      outward(tape, rounding, layer, never, input, leakyRelu(0.5), bounds);
      const expected = rounding.enclosed(tape, layer as Required<TwoLineDual>, input, "relative");
      expect(moved).toHaveBeenCalledTimes(1);
      await expectNumbers(moved.mock.calls[0][1], await read(expected));
    }
  });

  it("of two lines charges for a slope that underflows by the size that it meets, if |d| is known", async () => {
    const wide = rounding.gathered({ centre: column(2 ** 100, 1), radius: column(0, 0) });
    const charged = async (without: readonly (keyof TwoLineDual)[]) => {
      const { layer, moved } = twoLines(without);
      const flat = () => column(0, 0);
      const own: TwoLineDual = {
        ...layer,
        absolute: (on, x) => multiply(on, flat(), x),
        ...(layer.magnitude && { magnitude: flat }),
        constants: () => [],
      };
      outward(tape, rounding, own, never, wide, leakyRelu(0.5), bounds);
      return (await read(moved.mock.calls[0][1]))[1];
    };
    expect(await charged([])).toBeLessThan(2 ** -90);
    expect(await charged(["magnitude"])).toBeGreaterThan(1);
  });

  it.each(["absolute", "constants", "widened"] as const)(
    "gives way to parallel lines where of two lines this is not known: %s",
    async (what) => {
      const { layer, moved } = twoLines([what]);
      const found = outward(tape, rounding, layer, parallel, input, leakyRelu(0.5), bounds) as ParallelDual;
      expect(moved).not.toHaveBeenCalled();
      expect(found.kind).toBe("parallel");
      const by = await read(rounding.enclosed(tape, parallel(), input, "relative"));
      expect(await read(found.radius)).toEqual([0.25 + by[0], 0.5 + by[1]]);
    },
  );
});

describe("the box between an activation's values", () => {
  it("reaches as much farther, but for a ReLU that is off", async () => {
    const box = { centre: column(-3, 2), radius: column(0.5, 1) };
    const bounds = { lower: column(-3.5, 1), upper: column(-0.5, 3) };
    const by = async (kind: "exact" | "approximate") => read(rounding.ofInterval(tape, box, kind, bounds));
    const found = outwardBox(tape, rounding, box, sigmoid(), bounds);
    const [a, b] = await by("approximate");
    expect(await read(found.radius)).toEqual([0.5 + a, 1 + b]);
    expect(found.centre).toBe(box.centre);
    const [, on] = await by("exact");
    expect(await read(outwardBox(tape, rounding, box, relu(), bounds).radius)).toEqual([0.5, 1 + on]);
  });
});
