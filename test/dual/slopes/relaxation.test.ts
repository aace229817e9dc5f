import { describe, expect, it, vi } from "vitest";
import { Tape, type Variable } from "../../../src/autodiff/index.js";
import { Deadline } from "../../../src/compute/deadline.js";
import { OWN, SHARED } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import type { ParallelDual } from "../../../src/dual/dual-layer.js";
import { boundOnce, climb, lowerName, SHARES, upperName } from "../../../src/dual/slopes/dual-rows.js";
import { FreeVariables } from "../../../src/dual/slopes/free-variables.js";
import type { RegionRounding } from "../../../src/dual/slopes/region-rounding.js";
import { AffineLayers, Relaxation } from "../../../src/dual/slopes/relaxation.js";
import { crownBounds, uploadBounds } from "../../../src/dual/slopes/tighten.js";
import { flatten, linear, maxPool, reshape, tanh } from "../../../src/network/build-layer.js";
import { sequential } from "../../../src/network/network.js";
import { subjectOf } from "../../../src/network/subject.js";
import { boxBall, makeBall } from "../../../src/threat/ball.js";
import { linesOf } from "../../activations/lines-of.js";
import { lively } from "../../support/networks.js";
import * as dense from "../rules/dense.js";
import {
  backend,
  boundsOf,
  OUTPUT,
  placed,
  REGION,
  ROWS,
  regionOf,
  relaxationOf,
  rowsOf,
  subject,
  TANH,
} from "./by-hand.js";

const UNIT = 2 ** -53;
const noHurry = () => Deadline.in(3600);

describe("rounding of a relaxation", () => {
  it("is counted at the input, of a ball as of a box", async () => {
    using tape = new Tape(backend, { record: false });
    const region = await regionOf({});
    const { bounds } = uploadBounds(subject, (await crownBounds(subject, REGION)).bounds);
    const box = boxBall(backend, REGION.lower, REGION.upper, 1);
    const ball = makeBall(backend, Float64Array.of(0.25, 0.5), 1, { norm: "l2", epsilon: 0.5 });
    const choices = { owners: SHARED, rows: 1, weights: new Map() };
    using affine = new AffineLayers(subject);
    for (const [own, rounding] of [
      [box, null],
      [box, region],
      [ball, null],
      [ball, region],
    ] as const) {
      using relaxation = new Relaxation(subject, affine, bounds, own, rounding);
      const graph = relaxation.graph(tape, OUTPUT, choices);
      expect(graph.rounding).toBe(rounding?.rounding ?? null);
      expect([graph.dualOrder, graph.errors]).toEqual([own.dualOrder, []]);
      expect(graph.inputError !== undefined).toBe(rounding !== null && own === ball);
      const [radius, given] = [await backend.read(graph.ballRadius.value), await backend.read(own.radius)];
      // In a box it is taken into the radius.
      for (const [i, r] of radius.entries()) {
        if (rounding && own === box) expect(r).toBeGreaterThan(given[i]);
        else expect(r).toBe(given[i]);
      }
    }
  });

  it("of a bound itself is taken off at last, as large as that is", async () => {
    const single = sequential([1], [linear(1), tanh()]);
    const weights = new Map([
      ["linear1.weight", Float64Array.of(1)],
      ["linear1.bias", Float64Array.of(1000)],
    ]);
    const own = subjectOf(createPortableBackend({ dtype: "float64" }), { network: single, weights });
    const point = { lower: Float64Array.of(0.5), upper: Float64Array.of(0.5) };
    const found = await crownBounds(own, point, "float64");
    const nothing = { size: Float64Array.of(0), error: Float64Array.of(0) };
    const region = { ...(found.rounding as RegionRounding), floor: 0, nodes: new Map([[1, nothing]]) };
    using affine = new AffineLayers(own);
    const ball = boxBall(own.backend, point.lower, point.upper, 1);
    using relaxation = new Relaxation(own, affine, uploadBounds(own, found.bounds).bounds, ball, region);
    using free = new FreeVariables(own.backend);
    const objective = { kind: "fixed" as const, node: 1, nu: own.backend.upload(1, 1, [1]) };
    const [value] = await boundOnce({
      relaxation,
      objective,
      owners: SHARED,
      rows: 1,
      free,
      constraints: [],
    });
    expect(1000.5 - value).toBeGreaterThan(8 * UNIT * 1000.5);
    expect(1000.5 - value).toBeLessThan(40 * UNIT * 1000.5);
  });

  it("of a mix of rows is that of all that is mixed, though it cancel", async () => {
    const half = dense.matrix(2, ROWS, () => 0.5);
    const cancelling = dense.matrix(2, 2, (out, row) => (out === 0 ? (row === 0 ? 1 : -1) : 0));
    const none = dense.matrix(2, 1, () => 0);
    const at = async (rounding: RegionRounding, matrix: dense.Matrix, bounds: dense.Matrix) => {
      const rows = rowsOf(1, OUTPUT, false, rounding);
      rows.free.add(SHARES, placed(half), "share");
      const objective = {
        kind: "shared",
        node: OUTPUT,
        matrix: placed(matrix),
        bounds: placed(bounds),
      } as const;
      return Array.from(await boundOnce({ ...rows, objective }));
    };
    // |C| λ = 1 at the first output where C λ is 0; four terms meet, and eight more roundings.
    for (const value of await at(await regionOf({ size: 2 ** 40 }), cancelling, none)) {
      expect(-value).toBeGreaterThan(12 * UNIT * 2 ** 40);
      expect(-value).toBeLessThan(14 * UNIT * 2 ** 40);
    }
    const far = dense.matrix(2, 1, (k) => (k === 0 ? 2 ** 40 : -(2 ** 40)));
    for (const value of await at(await regionOf({}), cancelling, far)) {
      expect(-value).toBeGreaterThan(12 * UNIT * 2 ** 40);
      expect(-value).toBeLessThan(100 * UNIT * 2 ** 40);
    }
  });

  it("of lines is by the steepest of them, and the size of each of their shifts", async () => {
    const region = await regionOf({});
    const { relaxation, bounds } = relaxationOf(1, region);
    const seen = vi.spyOn(region.rounding, "enclosed");
    using tape = new Tape(backend, { record: false });
    relaxation.graph(tape, OUTPUT, { owners: SHARED, rows: 1, weights: new Map() });
    const layer = seen.mock.calls[1][1] as ParallelDual;
    seen.mockRestore();
    const { lower, upper } = bounds.get(TANH - 1) as NonNullable<ReturnType<typeof bounds.get>>;
    const all = Array.from(lower.values, (l, f) =>
      (["adaptive", "parallel"] as const).flatMap((method) => {
        const lines = linesOf(tanh(), method, l, upper.values[f]);
        return [lines.lower, lines.upper].map(({ slope, shift }) => ({ slope, shift }));
      }),
    );
    const read = async (x: Variable | undefined) => (x ? Array.from(await backend.read(x.value)) : []);
    const slopes = all.map((lines) => Math.max(...lines.map(({ slope }) => slope)));
    expect(dense.listDistance(await read(layer.magnitude?.(tape)), slopes)).toBeLessThan(1e-14);
    const through = await read(layer.absolute(tape, tape.own(backend.filled(3, 1, 2))));
    expect(
      dense.listDistance(
        through,
        slopes.map((slope) => 2 * slope),
      ),
    ).toBeLessThan(1e-14);
    const sums = new Float64Array(3);
    for (const { weight, x, absolute } of layer.constants?.(tape) ?? []) {
      const values = await read(x);
      for (const [i, value] of values.entries()) sums[i] += weight * (absolute ? Math.abs(value) : value);
    }
    const sizes = all.map((lines) => lines.reduce((sum, { shift }) => sum + Math.abs(shift), 0));
    expect(dense.listDistance(sums, sizes)).toBeLessThan(1e-14);
  });

  it("widens max pooling, whose lines leave no choice", async () => {
    const pooled = sequential(
      [4],
      [linear(4), reshape([1, 1, 4]), maxPool({ kernel: [1, 2] }), flatten(), tanh()],
    );
    const own = subjectOf(createPortableBackend({ dtype: "float64" }), lively(pooled, 2));
    const region = { lower: new Float64Array(4).fill(-0.5), upper: new Float64Array(4).fill(0.5) };
    const found = await crownBounds(own, region, "float64");
    using affine = new AffineLayers(own);
    const pool = 3;
    const lowest = async (columns: number, error: Float64Array | null) => {
      const rounding = found.rounding as RegionRounding;
      const nodes = new Map(rounding.nodes).set(pool - 1, { size: new Float64Array(4), error });
      nodes.set(pool, { size: new Float64Array(2), error: null });
      const twice = (values: Float64Array) =>
        Float64Array.from({ length: values.length * columns }, (_, i) => values[Math.floor(i / columns)]);
      const bounds = new Map(
        [...found.bounds].map(([node, { lower, upper }]) => [
          node,
          {
            lower: own.backend.upload(lower.length, columns, twice(lower)),
            upper: own.backend.upload(upper.length, columns, twice(upper)),
          },
        ]),
      );
      const ball = boxBall(own.backend, twice(region.lower), twice(region.upper), columns);
      using relaxation = new Relaxation(own, affine, bounds, ball, { ...rounding, nodes });
      using free = new FreeVariables(own.backend);
      const nu = own.backend.upload(2, 2, [1, 0, 0, 1]);
      const owners = columns === 1 ? SHARED : OWN;
      const objective = { kind: "fixed" as const, node: pool, nu };
      return Array.from(await boundOnce({ relaxation, objective, owners, rows: 2, free, constraints: [] }));
    };
    for (const columns of [1, 2]) {
      const exact = await lowest(columns, null);
      const wider = await lowest(columns, new Float64Array(4).fill(0.25));
      for (const [row, value] of wider.entries()) {
        expect(exact[row] - value).toBeGreaterThan(0.25);
        expect(exact[row] - value).toBeLessThan(0.26);
      }
    }
  });
});

describe("a relaxation", () => {
  it("asks for no bounds above the node that rows start at, and says whose are missing", async () => {
    const { relaxation } = relaxationOf(1);
    const tensors = new Map(
      [...boundsOf(1)].map(([node, { lower, upper }]) => [
        node,
        { lower: placed(lower), upper: placed(upper) },
      ]),
    );
    tensors.delete(TANH - 1);
    const ball = boxBall(backend, REGION.lower, REGION.upper, 1);
    using few = new Relaxation(subject, new AffineLayers(subject), tensors, ball, null);
    const rows = rowsOf(1, TANH - 1, false);
    expect(Array.from(await boundOnce({ ...rows, relaxation: few }))).toEqual(
      Array.from(await boundOnce({ ...rows, relaxation })),
    );
    expect(() => few.enclosure(TANH)).toThrow("node 3 has no bounds yet");
  });

  it("leaves nothing behind", async () => {
    const own = createPortableBackend({ dtype: "float64" });
    const model = lively(sequential([2], [linear(3), tanh(), linear(2)]), 1);
    const fresh = subjectOf(own, model);
    const found = await crownBounds(fresh, REGION, "float64");
    const before = own.memory().liveBytes;
    const tensors = uploadBounds(fresh, found.bounds);
    const ball = boxBall(own, REGION.lower, REGION.upper, 1);
    {
      using affine = new AffineLayers(fresh);
      using relaxation = new Relaxation(fresh, affine, tensors.bounds, ball, found.rounding);
      using tape = new Tape(own, { record: false });
      for (const [, layer] of affine.layers) {
        if (layer.kind !== "affine") throw new Error("expected an affine layer");
        layer.absolute(tape, [tape.own(own.filled(layer.offset?.value.features === 3 ? 2 : 3, 1, 1))], 1);
      }
      relaxation.graph(tape, 3, { owners: SHARED, rows: 1, weights: new Map() });
    }
    tensors.release();
    for (const tensor of [ball.centre, ball.radius]) tensor.dispose();
    expect(own.memory().liveBytes).toBe(before);
  });
});

describe("a climb's steps", () => {
  it("shrink to half from the first to the last, in every domain alike", async () => {
    const climbs = vi.spyOn(FreeVariables.prototype, "climb");
    const options = { deadline: noHurry(), target: Number.POSITIVE_INFINITY };
    await climb(rowsOf(1, OUTPUT, false), { ...options, iterations: 5 });
    const rates = climbs.mock.calls.map(([, own]) => own);
    climbs.mockClear();
    await climb(rowsOf(1, OUTPUT, false), { ...options, iterations: 2 });
    const two = climbs.mock.calls.map(([, own]) => own);
    climbs.mockRestore();
    expect(rates.length).toBe(4);
    for (const [i, own] of rates.entries()) {
      const decay = 0.5 ** (i / 4);
      expect(own.unit).toBeCloseTo(0.25 * decay, 12);
      expect(own.multiplier).toBeCloseTo(0.3 * decay, 12);
      expect(own.share).toBeCloseTo(0.2 * decay, 12);
    }
    expect(two).toEqual([{ unit: 0.25, multiplier: 0.3, share: 0.2 }]);
  });

  it("take shares where they raise the bound, roundings counted", async () => {
    const rows = rowsOf(1, OUTPUT, false, await regionOf({}));
    rows.free.add(SHARES, placed(dense.matrix(2, ROWS, () => 0.5)), "share");
    const matrix = placed(dense.matrix(2, 2, (out, row) => (out === row ? 1 : 0)));
    // The second row is far easier to prove.
    const objective = {
      kind: "shared",
      node: OUTPUT,
      matrix,
      bounds: placed(dense.matrix(2, 1, (k) => (k === 0 ? 9 : -9))),
    } as const;
    await climb(
      { ...rows, objective },
      { iterations: 12, deadline: noHurry(), target: Number.POSITIVE_INFINITY },
    );
    const shares = await backend.read(rows.free.get(SHARES));
    for (let row = 0; row < ROWS; row++) expect(shares[ROWS + row]).toBeGreaterThan(0.9);
  });

  it("go on where a row is at the target alone", async () => {
    const first = Array.from(await boundOnce(rowsOf(1, OUTPUT, false)));
    let count = 0;
    const onBounds = async () => {
      count += 1;
    };
    await climb(rowsOf(1, OUTPUT, false), {
      iterations: 2,
      deadline: noHurry(),
      target: Math.min(...first),
      onBounds,
    });
    expect(count).toBe(2);
  });

  it("move variables of these names", () => {
    expect([lowerName(2), upperName(4)]).toEqual(["lower 2", "upper 4"]);
  });
});
