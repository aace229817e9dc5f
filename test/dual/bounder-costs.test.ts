import { describe, expect, it } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { backward } from "../../src/dual/bounders/backward.js";
import type { NodeToBound } from "../../src/dual/bounders/bounder.js";
import { box } from "../../src/dual/bounders/box.js";
import { forward } from "../../src/dual/bounders/forward.js";
import { boundersOf } from "../../src/dual/bounders/index.js";
import { patches, tighteningPays } from "../../src/dual/bounders/patches.js";
import { costBelow, costOfGenerators } from "../../src/dual/cost.js";
import type { Estimator } from "../../src/dual/estimator.js";
import { GeneratorPass } from "../../src/dual/generators.js";
import { patchCost } from "../../src/dual/windows.js";
import { conv2d, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { at, backend, EXAMPLES, estimatorOf, FLAT, IMAGE, neurons, ofPrecision } from "./place-to-bound.js";

// Which way applies to a node, and what it says that it takes.

describe("rows take what lies below them each", () => {
  it("of unstable neurons, and of active ones where these are to have their own", () =>
    at(IMAGE, 3, ({ graph, ...place }) => {
      const own = { ...place, graph };
      const whole = costBelow(graph.network, 3);
      const cropped = patchCost(graph, 3)?.multiplyAdds as number;
      expect(cropped).toBeLessThan(whole);
      for (const [way, each] of [
        [backward, whole],
        [patches, cropped],
      ] as const) {
        expect(way.cost(own, neurons(0, 0))).toBeNull();
        expect(way.cost(own, neurons(0, 4))).toBeNull();
        expect(way.cost(own, neurons(3, 4))).toEqual({ rows: 3, multiplyAdds: 3 * each });
        expect(way.cost(own, neurons(3, 4, true))).toEqual({ rows: 7, multiplyAdds: 7 * each });
      }
    }));

  it("cropped where there are patches alone", () =>
    at(FLAT, 3, (place) => {
      expect(patches.cost(place, neurons(3, 0))).toBeNull();
      expect(() => patches.bound(place, neurons(3, 0))).toThrow("rows from node 3 have no patches");
    }));
});

describe("active neurons have rows of their own", () => {
  const list = (size: number) => neurons(0, size);

  it("where these take a tenth of the rows of the next activation", () =>
    at(IMAGE, 3, (place) => {
      const { graph, examples } = place;
      const cropped = patchCost(graph, 3)?.multiplyAdds as number;
      // That one reads the linear layer's five features.
      const most = (0.1 * examples * 5 * costBelow(graph.network, 6)) / cropped;
      expect(most).toBeGreaterThan(2);
      expect(tighteningPays(place, list(Math.floor(most)))).toBe(true);
      expect(tighteningPays(place, list(Math.floor(most) + 1))).toBe(false);
      expect(tighteningPays({ ...place, lines: "two-lines" }, list(1))).toBe(false);
    }));

  it("before the last activation as well", () => {
    const layers = [1, 2, 3].flatMap(() => [conv2d(2, { kernel: 2 }), relu()]);
    return at(sequential([1, 6, 6], layers), 3, (place) => expect(tighteningPays(place, list(1))).toBe(true));
  });

  it("and not where nothing is cropped, nor below the last activation", async () => {
    await at(IMAGE, 1, (place) => expect(tighteningPays(place, list(0))).toBe(false));
    await at(FLAT, 3, (place) => expect(tighteningPays(place, list(0))).toBe(false));
    const last = sequential([1, 6, 6], [conv2d(2, { kernel: 3 }), relu(), conv2d(2, { kernel: 2 }), relu()]);
    await at(last, 3, (place) => {
      // Nothing is saved then.
      expect(tighteningPays(place, list(0))).toBe(true);
      expect(tighteningPays(place, list(1))).toBe(false);
    });
  });
});

describe("the box", () => {
  it("takes a node at sight unless it is loose, and nodes of which nothing is left", () =>
    at(FLAT, 3, (place) => {
      const nothing = { rows: 0, multiplyAdds: 0 };
      expect(box.claim?.(place)).toBeNull();
      expect(box.claim?.(ofPrecision(place, "dual"))).toEqual(nothing);
      expect(box.claim?.(ofPrecision(place, "independent"))).toEqual(nothing);
      expect(box.cost(place, neurons(0, 5))).toEqual(nothing);
      expect(box.cost(place, neurons(0, 5, true))).toBeNull();
      expect(box.cost(place, neurons(1, 0))).toBeNull();
    }));

  it("is the network's own where all neurons are inactive", () =>
    at(FLAT, 3, async (place) => {
      const settled = async (own: NodeToBound, active: number) => {
        const { box: found, bounds } = await box.bound(own, neurons(0, active));
        expect(bounds).toBe(own.loose);
        expect([found.centre, found.radius]).toEqual([own.box.centre, own.box.radius]);
        return found.precision;
      };
      expect(await settled(place, 0)).toBe("dual");
      // Wider than the network's own: what an active neuron hands on is not to be taken for exact.
      expect(await settled(place, 1)).toBe("loose");
      expect(await settled({ ...place, lines: "two-lines" }, 0)).toBe("loose");
      expect(await settled(ofPrecision(place, "independent"), 0)).toBe("independent");
    }));
});

describe("generators", () => {
  /** 4 of each example's input, and those of 6 neurons. */
  const ROWS = 4 * EXAMPLES + 6;

  it("are those of the input and of what was bounded, each from where it arises", () =>
    at(FLAT, 3, (place) => {
      const generators = new Map([
        [0, 12],
        [2, 6],
      ]);
      const cost = { rows: ROWS, multiplyAdds: costOfGenerators(FLAT, 3, generators) };
      expect(forward(null).cost(place, neurons(1, 0))).toEqual(cost);
      expect(forward(null).claim).toBeUndefined();
      expect(forward(new GeneratorPass(place.tape, place.graph)).claim?.(place)).toEqual(cost);
      expect(forward(null).cost({ ...place, lines: "two-lines" }, neurons(1, 0))).toBeNull();
    }));

  it("are not recorded unasked", () =>
    at(FLAT, 3, (place) => expect(forward(null).cost(place, neurons(1, 0))).toBeNull(), true));

  it("are at most as many as memory has room for", () =>
    at(FLAT, 3, ({ ...place }) => {
      const fits = (limits: Partial<NodeToBound>) =>
        forward(null).cost({ ...place, ...limits }, neurons(1, 0)) !== null;
      // Two tensors at the widest node so far, in double precision.
      const bytes = 2 * 7 * 8 * ROWS;
      expect([fits({ pieceBytes: bytes }), fits({ pieceBytes: bytes - 1 })]).toEqual([true, false]);
      // And those of all nodes.
      const { liveBytes, scratchBytes } = backend.memory();
      const left = (over: number) => new Budget(liveBytes + scratchBytes + 2 * 21 * 8 * ROWS + over);
      expect([fits({ budget: left(0) }), fits({ budget: left(-1) })]).toEqual([true, false]);
      expect(fits({ pieceBytes: bytes - 1, budget: left(0) })).toBe(false);
      // By default 64 MiB.
      const most = 2 ** 26 / (2 * 7 * 8);
      const many = (count: number) => fits({ bounded: new Map([[1, count]]) });
      expect([many(Math.floor(most) - 12), many(Math.floor(most) - 11)]).toEqual([true, false]);
    }));

  it("count nodes up to this one alone", () =>
    at(FLAT, 1, (place) => {
      const bytes = 2 * 5 * 8 * ROWS;
      expect(forward(null).cost({ ...place, pieceBytes: bytes }, neurons(1, 0))).not.toBeNull();
    }));

  it("give the network's own radius, and keep what rounding is beside it", () =>
    at(FLAT, 3, async (place, tape) => {
      const error = tape.own(backend.filled(7, EXAMPLES, 1));
      const own = { ...place, box: { ...place.box, error } };
      const settled = await forward(null).bound(own, neurons(1, 0));
      expect(settled.box).toMatchObject({ precision: "dual", centre: place.box.centre, error });
      expect((await backend.read(settled.box.radius.value)).every((radius) => radius !== 2)).toBe(true);
    }));
});

it("the plainest way stands last, projections first", () =>
  at(FLAT, 3, ({ tape, graph }) => {
    const ways = (estimator: Estimator | null) =>
      boundersOf(tape, graph, estimator, null).map(({ way }) => way);
    expect(ways(null)).toEqual(["forward", "patches", "backward", "box"]);
    expect(ways(estimatorOf({}))).toEqual(["sketch", "forward", "patches", "backward", "box"]);
  }));
