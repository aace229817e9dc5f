import { describe, expect, it } from "vitest";
import { Tape } from "../../../src/autodiff/index.js";
import { Deadline } from "../../../src/compute/deadline.js";
import { OWN, SHARED } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { buildDual } from "../../../src/dual/auto-dual.js";
import type { Bounds } from "../../../src/dual/dual-layer.js";
import { addWeights, boundOnce, type DualRows } from "../../../src/dual/slopes/dual-rows.js";
import { FreeVariables } from "../../../src/dual/slopes/free-variables.js";
import { AffineLayers, Relaxation } from "../../../src/dual/slopes/relaxation.js";
import { crownBounds, tightenBounds, uploadBounds } from "../../../src/dual/slopes/tighten.js";
import { unstableAt } from "../../../src/dual/slopes/unstable-neurons.js";
import { add, flatten, linear, maxPool, relu, reshape, tanh } from "../../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../../src/network/network.js";
import { sizeOf } from "../../../src/network/shape.js";
import { outputsAt, subjectOf } from "../../../src/network/subject.js";
import { boxBall } from "../../../src/threat/ball.js";
import { lively } from "../../support/networks.js";
import * as dense from "../rules/dense.js";

const REGION = { lower: Float64Array.of(-0.6, 0), upper: Float64Array.of(0.7, 0.9) };
const noHurry = () => Deadline.in(3600);

const NETWORKS: Readonly<Record<string, Network>> = {
  "of a chain": sequential([2], [linear(6), relu(), linear(5), tanh(), linear(3)]),
  "with a join": graph([2], (x, attach) => {
    const a = attach(relu(), attach(linear(4), x));
    const b = attach(relu(), attach(linear(4), a));
    return attach(linear(3), attach(tanh(), attach(add(), a, b)));
  }),
  // Rows of one branch pass no line of the other.
  "with branches": graph([2], (x, attach) => {
    const a = attach(relu(), attach(linear(6), x));
    const b = attach(relu(), attach(linear(6), attach(relu(), attach(linear(6), x))));
    return attach(linear(3), attach(add(), a, b));
  }),
  "with max pooling": sequential(
    [2],
    [
      linear(8),
      relu(),
      linear(8),
      reshape([2, 2, 2]),
      maxPool({ kernel: [1, 2] }),
      flatten(),
      relu(),
      linear(3),
    ],
  ),
};

function subjectFor(network: Network, seed = 4) {
  return subjectOf(createPortableBackend({ dtype: "float64" }), lively(network, seed));
}

/** Rows ν at a node over bounds, with CROWN's lines, as many columns as rows or one. */
async function boundsOfRows(
  subject: ReturnType<typeof subjectFor>,
  found: Awaited<ReturnType<typeof crownBounds>>,
  node: number,
  nu: dense.Matrix,
  columns: number,
): Promise<number[]> {
  const { backend } = subject;
  const repeated = (values: Float64Array) =>
    Float64Array.from({ length: values.length * columns }, (_, i) => values[Math.floor(i / columns)]);
  const tensors = new Map(
    [...found.bounds].map(([at, { lower, upper }]) => {
      const place = (values: Float64Array) => backend.upload(values.length, columns, repeated(values));
      return [at, { lower: place(lower), upper: place(upper) }];
    }),
  );
  const ball = boxBall(backend, repeated(REGION.lower), repeated(REGION.upper), columns);
  using affine = new AffineLayers(subject);
  using relaxation = new Relaxation(subject, affine, tensors, ball, found.rounding);
  using free = new FreeVariables(backend);
  const owners = columns === 1 ? SHARED : OWN;
  addWeights(free, relaxation, node, owners, nu.rows);
  const objective = {
    kind: "fixed" as const,
    node,
    nu: backend.upload(nu.features, nu.rows, Float64Array.from(nu.values)),
  };
  const rows: DualRows = { relaxation, objective, owners, rows: nu.rows, free, constraints: [] };
  return Array.from(await boundOnce(rows));
}

/** ± every unit vector. */
function units(features: number): dense.Matrix {
  return dense.matrix(features, 2 * features, (f, row) => (row >> 1 === f ? (row % 2 === 0 ? 1 : -1) : 0));
}

describe.each(Object.entries(NETWORKS))("a network %s", (_, network) => {
  it("has CROWN's bounds over its region, as the dual network gives them", async () => {
    const subject = subjectFor(network);
    const { backend, bindings } = subject;
    for (const evaluation of [null, "float64"] as const) {
      const before = backend.memory().liveBytes;
      const found = evaluation
        ? await crownBounds(subject, REGION, evaluation)
        : await crownBounds(subject, REGION);
      expect(found.rounding === null).toBe(evaluation === null);
      expect(backend.memory().liveBytes).toBe(before);
      using tape = new Tape(backend, { record: false });
      const ball = boxBall(backend, REGION.lower, REGION.upper, 1);
      const options = { method: "adaptive", rounding: evaluation } as const;
      const dual = await buildDual(tape, network, bindings, ball, options);
      expect([...found.bounds.keys()]).toEqual([...dual.preActivation.keys()]);
      for (const [node, own] of dual.preActivation) {
        expect(Array.from(found.bounds.get(node)?.lower ?? [])).toEqual(
          Array.from(await backend.read(own.lower.value)),
        );
        expect(Array.from(found.bounds.get(node)?.upper ?? [])).toEqual(
          Array.from(await backend.read(own.upper.value)),
        );
      }
      // Rows over the relaxation with CROWN's lines are those of the dual network.
      const nu = dense.randomMatrix(network.classes, 4, 3);
      const expected = await backend.read(dual.lowerBound(dense.uploaded(tape, nu), SHARED).value);
      for (const columns of [1, 4]) {
        const rows = await boundsOfRows(subject, found, network.output, nu, columns);
        expect(dense.listDistance(rows, expected)).toBeLessThan(1e-12);
      }
      for (const tensor of [ball.centre, ball.radius]) tensor.dispose();
    }
  });

  it("is tightened to what its rows are bounded by, neuron by neuron, and no further than is true", async () => {
    const subject = subjectFor(network);
    const { backend } = subject;
    using affine = new AffineLayers(subject);
    for (const evaluation of [null, "float64"] as const) {
      const found = await crownBounds(subject, REGION, evaluation);
      const own = new Map(
        [...found.bounds].map(([node, { lower, upper }]) => [node, { lower: [...lower], upper: [...upper] }]),
      );
      for (const [node, { lower, upper }] of found.bounds) {
        const features = lower.length;
        const wide = { lower: lower.map((l) => l - 0.5), upper: upper.map((u) => u + 0.5) };
        const loose = { ...found, bounds: new Map(found.bounds).set(node, wide) };
        const options = { iterations: 1, deadline: noHurry(), pieceBytes: 2 ** 20 };
        const before = backend.memory().liveBytes;
        const tight = (await tightenBounds(subject, affine, REGION, loose, options)).get(
          node,
        ) as Bounds<Float64Array>;
        expect(backend.memory().liveBytes).toBe(before);
        const rows = await boundsOfRows(subject, found, node, units(features), 1);
        const unstable = new Set(unstableAt(subject, node, wide));
        const chosen = network.nodes.some(
          ({ layer }, i) => i <= node && (layer?.kind === "relu" || layer?.kind === "tanh"),
        );
        for (let f = 0; f < features; f++) {
          const isBounded = chosen && unstable.has(f);
          const expected = isBounded
            ? [Math.max(wide.lower[f], rows[2 * f]), Math.min(wide.upper[f], -rows[2 * f + 1])]
            : [wide.lower[f], wide.upper[f]];
          expect(Math.abs(tight.lower[f] - expected[0])).toBeLessThan(1e-12);
          expect(Math.abs(tight.upper[f] - expected[1])).toBeLessThan(1e-12);
        }
      }
      // What was given is as it was.
      for (const [node, { lower, upper }] of found.bounds)
        expect({ lower: [...lower], upper: [...upper] }).toEqual(own.get(node));
    }
  });

  it("gets the same bounds piece by piece, sound at points, and tighter where slopes matter", async () => {
    const subject = subjectFor(network);
    using affine = new AffineLayers(subject);
    const found = await crownBounds(subject, REGION, "float64");
    const [whole, pieces] = await Promise.all(
      [2 ** 22, 1].map((pieceBytes) =>
        tightenBounds(subject, affine, REGION, found, { iterations: 8, deadline: noHurry(), pieceBytes }),
      ),
    );
    const points = dense.matrix(2, 441, (f, i) => {
      const place = (f === 0 ? i % 21 : Math.floor(i / 21)) / 20;
      return REGION.lower[f] + place * (REGION.upper[f] - REGION.lower[f]);
    });
    let gained = 0;
    for (const [node, { lower, upper }] of whole) {
      expect(dense.listDistance(pieces.get(node)?.lower ?? [], lower)).toBeLessThan(1e-12);
      expect(dense.listDistance(pieces.get(node)?.upper ?? [], upper)).toBeLessThan(1e-12);
      const values = await valuesAt(subject, node, points);
      const before = found.bounds.get(node) as Bounds<Float64Array>;
      for (let f = 0; f < lower.length; f++) {
        const own = Array.from(values.slice(f * points.rows, (f + 1) * points.rows));
        expect(Math.min(...own)).toBeGreaterThanOrEqual(lower[f]);
        expect(Math.max(...own)).toBeLessThanOrEqual(upper[f]);
        expect(lower[f]).toBeGreaterThanOrEqual(before.lower[f]);
        expect(upper[f]).toBeLessThanOrEqual(before.upper[f]);
        if (lower[f] > before.lower[f] + 1e-6 || upper[f] < before.upper[f] - 1e-6) gained += 1;
      }
    }
    expect(gained).toBeGreaterThan(0);
  });
});

/** The value of a node at points, `[features, points]`. */
async function valuesAt(subject: ReturnType<typeof subjectFor>, node: number, points: dense.Matrix) {
  const { nodes } = subject.network;
  const part = {
    ...subject,
    network: Object.assign(Object.create(Object.getPrototypeOf(subject.network)), subject.network, {
      output: node,
    }),
  };
  expect(sizeOf(nodes[node].shape)).toBeGreaterThan(0);
  return outputsAt(part, Float64Array.from(points.values), points.rows);
}

describe("tightened bounds", () => {
  it("are as they were where there is no time", async () => {
    const subject = subjectFor(NETWORKS["of a chain"]);
    using affine = new AffineLayers(subject);
    const found = await crownBounds(subject, REGION);
    const options = { iterations: 4, deadline: Deadline.in(-1), pieceBytes: 2 ** 20 };
    expect(await tightenBounds(subject, affine, REGION, found, options)).toEqual(found.bounds);
  });

  it("are in order where they meet, and rounding crosses them", async () => {
    const subject = subjectFor(sequential([2], [linear(9), tanh(), linear(9), tanh(), linear(3)]));
    using affine = new AffineLayers(subject);
    const point = { lower: Float64Array.of(0.3, 0.7), upper: Float64Array.of(0.3, 0.7) };
    const found = await crownBounds(subject, point);
    const options = { iterations: 3, deadline: noHurry(), pieceBytes: 2 ** 20 };
    const tight = await tightenBounds(subject, affine, point, found, options);
    const own = tight.get(3) as Bounds<Float64Array>;
    expect(own.lower.every((low, f) => low <= own.upper[f])).toBe(true);
    expect(own.lower.every((low, f) => own.upper[f] - low < 1e-12)).toBe(true);
  });

  it("are uploaded as columns, and released", async () => {
    const subject = subjectFor(NETWORKS["of a chain"]);
    const { backend } = subject;
    const before = backend.memory().liveBytes;
    const placed = uploadBounds(
      subject,
      new Map([[1, { lower: Float64Array.of(1, 2), upper: Float64Array.of(3, 4) }]]),
    );
    const own = placed.bounds.get(1);
    expect([own?.lower.features, own?.lower.rows]).toEqual([2, 1]);
    expect(own && Array.from(await backend.read(own.lower))).toEqual([1, 2]);
    expect(own && Array.from(await backend.read(own.upper))).toEqual([3, 4]);
    placed.release();
    expect(backend.memory().liveBytes).toBe(before);
  });
});
