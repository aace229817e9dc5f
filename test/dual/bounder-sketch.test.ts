import { describe, expect, it } from "vitest";
import { add, type Tape, type Variable } from "../../src/autodiff/index.js";
import type { NodeToBound } from "../../src/dual/bounders/bounder.js";
import { sketch } from "../../src/dual/bounders/sketch.js";
import type { Precision } from "../../src/dual/box.js";
import { costOfGenerators } from "../../src/dual/cost.js";
import type { Estimator } from "../../src/dual/estimator.js";
import type { Rounding } from "../../src/dual/rounding.js";
import { at, backend, EXAMPLES, estimatorOf, FLAT, neurons, ofPrecision } from "./place-to-bound.js";

describe("projections", () => {
  const of = (place: NodeToBound, given: Partial<Estimator>, says?: number) =>
    sketch(place.tape, place.graph, estimatorOf(given, says));

  it("take r sums of each example and sketch, from the input or from where they were pushed to", () =>
    at(FLAT, 3, async (place, tape) => {
      const rows = 5 * 2 * EXAMPLES;
      const five = tape.own(backend.filled(5, EXAMPLES, 1));
      const first = { ...place, node: 1, box: { ...place.box, centre: five, radius: five } };
      const from = (origin: number) => costOfGenerators(FLAT, 3, new Map([[origin, rows]]));
      expect(of(place, {}).claim?.(place)).toEqual({ rows, multiplyAdds: from(0) });
      const shared = of(place, { independent: false });
      expect(shared.claim?.(place)).toEqual({ rows, multiplyAdds: from(0) });
      await shared.bound(first, neurons(0, 0));
      expect(shared.claim?.(place)).toEqual({ rows, multiplyAdds: from(1) });
      const apart = of(place, {});
      await apart.bound(first, neurons(0, 0));
      expect(apart.claim?.(place)).toEqual({ rows, multiplyAdds: from(0) });
    }));

  it("claim nodes wider than they are, loose ones or all, unless they are to be cheaper", () =>
    at(FLAT, 3, (place) => {
      const claims = (given: Partial<Estimator>, precision: Precision = "loose") =>
        of(place, given).claim?.(ofPrecision(place, precision)) !== null;
      expect([claims({ dimension: 6 }), claims({ dimension: 7 })]).toEqual([true, false]);
      expect(claims({ dimension: 7, when: "always" })).toBe(true);
      expect([claims({ dimension: 6, when: "cheaper" }), claims({ when: "cheaper" })]).toEqual([
        false,
        false,
      ]);
      expect([claims({}, "dual"), claims({ firstLayer: true }, "dual")]).toEqual([false, true]);
      expect(claims({ when: "always" }, "dual")).toBe(false);
    }));

  it("are offered among others where they are to be cheaper", () =>
    at(FLAT, 3, (place) => {
      const rows = 5 * 2 * EXAMPLES;
      const multiplyAdds = costOfGenerators(FLAT, 3, new Map([[0, rows]]));
      expect(of(place, { when: "cheaper" }).cost(place, neurons(1, 0))).toEqual({ rows, multiplyAdds });
      expect(of(place, {}).cost(place, neurons(1, 0))).toBeNull();
      expect(of(place, { when: "always" }).cost(place, neurons(1, 0))).toBeNull();
    }));

  it("leave the box as it is, and bound by it as well where they are bounds", () =>
    at(FLAT, 3, async (place) => {
      const upper = async (guarantee: Estimator["guarantee"], says: number) => {
        const settled = await of(place, { guarantee }, says).bound(place, neurons(0, 0));
        expect(settled.box).toBe(place.box);
        const ends = [settled.bounds.lower, settled.bounds.upper].map(({ value }) => backend.read(value));
        const [lower, high] = await Promise.all(ends);
        expect(lower.map((end) => -end)).toEqual(high);
        return high[0];
      };
      expect([await upper("estimate", 1), await upper("estimate", 5)]).toEqual([1, 5]);
      expect([await upper("probability", 1), await upper("probability", 5)]).toEqual([1, 2]);
    }));

  it("that are bounds have the rounding on the way beside them", () =>
    at(FLAT, 1, async (place, tape) => {
      const error = tape.own(backend.filled(5, EXAMPLES, 0.25));
      const rounding = {
        ...{
          ofSum: (_tape: Tape, x: Variable) => x,
          ofNoise: () => tape.own(backend.filled(4, EXAMPLES * 5, 0)),
        },
        ofProjections: (_tape: Tape, _layer: unknown, x: Variable) => x,
        ofEstimate: (_tape: Tape, x: Variable) => x,
        merged: (own: Tape, estimate: Variable, more: Variable) => add(own, estimate, more),
        outward: (own: Tape, { radius }: { radius: Variable }) => ({
          lower: own.own(backend.scaleBy(radius.value, -1, 0)),
          upper: radius,
        }),
      } as unknown as Rounding;
      const inputError = tape.own(backend.filled(4, EXAMPLES, 0));
      const graph = { ...place.graph, rounding, inputError, errors: [undefined, error] };
      const radius = async (guarantee: Estimator["guarantee"], own: NodeToBound) => {
        const settled = await of(own, { guarantee }, 1).bound(own, neurons(0, 0));
        return (await backend.read(settled.bounds.upper.value))[0];
      };
      expect(await radius("probability", { ...place, graph })).toBe(1.25);
      expect(await radius("estimate", { ...place, graph })).toBe(1);
      expect(await radius("probability", place)).toBe(1);
    }));
});
