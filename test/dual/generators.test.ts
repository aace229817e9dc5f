import { describe, expect, it } from "vitest";
import { add, scaleBy, type Tape, type Variable } from "../../src/autodiff/index.js";
import { indexedOwners, ownerTable } from "../../src/compute/owners.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { AffineDual, BoundLayer, ParallelDual } from "../../src/dual/dual-layer.js";
import { ErrorPass } from "../../src/dual/error-pass.js";
import {
  freshStream,
  GeneratorPass,
  pushStreams,
  type Stream,
  streamRadius,
} from "../../src/dual/generators.js";
import type { Rounding } from "../../src/dual/rounding.js";
import { relu, add as sum } from "../../src/network/build-layer.js";
import { graph as networkOf } from "../../src/network/network.js";
import { column, matrix, read, tape } from "./rounding-tape.js";

// Of 1, 2 and 3 by which layers scale: every number tells which way it came.

/** Input, relu, relu of that, and the sum of the second, the first and the input. */
const NETWORK = networkOf([2], (x, attach) => {
  const a = attach(relu(), x);
  return attach(sum(), attach(relu(), a), a, x);
});
const of = (own: Tape, xs: readonly Variable[]) => xs.reduce((a, b) => add(own, a, b));

const join: AffineDual = {
  ...{ kind: "affine", coupling: "join", offset: undefined },
  push: of,
  absolute: of,
  back: (_, nu) => ({ nus: [nu, nu, nu] }),
};

function lines(slope: number, radius: Variable, widening?: ParallelDual["widening"]): ParallelDual {
  return {
    ...{ kind: "parallel", coupling: "diagonal", shift: radius, radius, ...(widening && { widening }) },
    push: (own, [x]) => scaleBy(own, x, slope),
    absolute: (own, x) => scaleBy(own, x, Math.abs(slope)),
    back: (_, nu) => ({ nus: [nu] }),
  };
}

/** Adds 1 to sums, and merges by a factor: each call can be told. */
const ROUNDING = {
  ofSum: (own: Tape, x: Variable) => scaleBy(own, x, 1, 1),
  ofColumns: (own: Tape, x: Variable, columns: number) => scaleBy(own, x, 1, 1000 * columns),
  merged: (own: Tape, x: Variable, error: Variable) => add(own, x, scaleBy(own, error, 100)),
} as unknown as Rounding;

function graphOf(given: Partial<DualGraph> = {}): DualGraph {
  const layers: (BoundLayer | undefined)[] = [
    undefined,
    lines(-2, matrix([0.5, 0], [0, 0.25]), { own: matrix([4, 0], [0, 8]), by: matrix([0.125, 0], [0, 0]) }),
    lines(3, matrix([0, 0], [16, 0])),
    join,
  ];
  return {
    ...{ network: NETWORK, layers, errors: [undefined, undefined, undefined, matrix([10, 20], [30, 40])] },
    ...{ ballCentre: matrix([0, 0], [0, 0]), ballRadius: matrix([1, 2], [0, Number.NaN]) },
    ...{ dualOrder: 2, rounding: null, inputError: undefined },
    ...given,
  };
}

const owners = (stream: Stream) => [...ownerTable(stream.owners, stream.generators.value.rows)];

describe("generators", () => {
  it("are a column for each radius that is not 0, example by example, and NaN is not", async () => {
    const stream = await freshStream(tape, 5, matrix([1, 2], [0, Number.NaN], [3, 0]), 2);
    const { features, rows } = stream.generators.value;
    expect([stream.origin, stream.order, features, rows]).toEqual([5, 2, 3, 4]);
    expect(owners(stream)).toEqual([0, 0, 1, 1]);
    expect(await read(stream.generators)).toEqual([
      ...[1, 0, 2, 0],
      ...[0, 0, 0, Number.NaN],
      ...[0, 3, 0, 0],
    ]);
    expect((await freshStream(tape, 0, column(0, 0), 1)).generators.value.rows).toBe(0);
  });

  it("go on through every layer, and each activation adds its own radius, without what rounding added", async () => {
    const pass = new GeneratorPass(tape, graphOf());
    const streams = await pass.at(3);
    // Of the input, of the first activation and of the second.
    expect(streams.map(({ origin, order }) => [origin, order])).toEqual([
      [0, 2],
      [1, 1],
      [2, 1],
    ]);
    const [input, first, second] = await Promise.all(streams.map(({ generators }) => read(generators)));
    // 1 − 2 − 6 on all three ways.
    expect(input.slice(0, 3)).toEqual([-7, -14, 0]);
    expect(first).toEqual([16, 0, 0, 32]);
    expect(second).toEqual([0, 16]);
    expect(streams.map(owners)).toEqual([[0, 1, 1], [0, 1], [0]]);
    expect(await pass.at(3)).toBe(streams);
    expect((await pass.at(1)).map(({ origin }) => origin)).toEqual([0, 1]);
  });

  it("meet by where they arose; a branch without some adds nothing", async () => {
    const stream = (origin: number, ...values: number[]): Stream => ({
      ...{
        origin,
        generators: matrix(values, values),
        owners: indexedOwners(new Int32Array(values.length)),
        order: 1,
      },
    });
    const pushed = pushStreams(
      tape,
      join,
      [[stream(0, 1, 2), stream(1, 3)], [stream(0, 10, 20)], [stream(4, 5)]],
      [2, 2, 2],
    );
    expect(pushed.map(({ origin }) => origin)).toEqual([0, 1, 4]);
    expect(await Promise.all(pushed.map(({ generators }) => read(generators)))).toEqual([
      [11, 22, 11, 22],
      [3, 3],
      [5, 5],
    ]);
  });

  it("add up to a radius, each stream in its norm", async () => {
    const streams: Stream[] = [
      {
        origin: 0,
        generators: matrix([3, -4, 1], [0, 0, 2]),
        owners: indexedOwners(Int32Array.of(0, 0, 1)),
        order: 2,
      },
      {
        origin: 1,
        generators: matrix([-3, 4], [1, 1]),
        owners: indexedOwners(Int32Array.of(1, 1)),
        order: 1,
      },
    ];
    expect(await read(streamRadius(tape, streams, 2, 2))).toEqual([5, 1 + 7, 0, 2 + 2]);
    expect(await read(streamRadius(tape, [], 2, 2))).toEqual([0, 0, 0, 0]);
    const none = await freshStream(tape, 0, matrix([0, 0], [0, 0]), 1);
    expect(await read(streamRadius(tape, [none], 2, 2))).toEqual([0, 0, 0, 0]);
  });

  it("have rounding beside them, as much as there are columns", async () => {
    const inputError = matrix([1, 1], [1, 1]);
    const radius = matrix([7, 7], [7, 7]);
    const plain = new GeneratorPass(tape, graphOf());
    await plain.at(3);
    expect(plain.roundedUp(radius, 3)).toBe(radius);
    const counted = new GeneratorPass(tape, graphOf({ rounding: ROUNDING, inputError }));
    await counted.at(3);
    const errors = await read(counted.errors.at(3) as Variable);
    // 3 + 2 + 1 columns.
    expect(await read(counted.roundedUp(radius, 3))).toEqual(errors.map((error) => 7 + 6000 + 100 * error));
    const atInput = new GeneratorPass(tape, graphOf({ rounding: ROUNDING }));
    await atInput.at(0);
    expect(await read(atInput.roundedUp(radius, 0))).toEqual([3007, 3007, 3007, 3007]);
  });
});

describe("rounding as a box", () => {
  it("is carried through every layer, and each adds its own", async () => {
    const inputError = matrix([1, 2], [3, 4]);
    const pass = new ErrorPass(tape, graphOf({ rounding: ROUNDING, inputError }));
    expect(pass.at(0)).toBe(inputError);
    const first = [1, 2, 3, 4].map((error, i) => 2 * error + (i === 0 ? 0.125 : 0) + 1);
    const second = first.map((error) => 3 * error + 1);
    expect(await read(pass.at(1) as Variable)).toEqual(first);
    const last = pass.at(3);
    expect(await read(last as Variable)).toEqual(
      [1, 2, 3, 4].map((error, i) => error + first[i] + second[i] + 10 * (i + 1) + 1),
    );
    expect(pass.at(3)).toBe(last);
  });

  it("begins as nothing where the input has none, and is nothing where it is not counted", async () => {
    const pass = new ErrorPass(tape, graphOf({ rounding: ROUNDING, errors: [] }));
    expect(pass.at(0)).toBeUndefined();
    const { features, rows } = (pass.at(1) as Variable).value;
    expect([features, rows]).toEqual([2, 2]);
    expect(await read(pass.at(1) as Variable)).toEqual([1.125, 1, 1, 1]);
    expect(await read(pass.at(3) as Variable)).toEqual([1.125, 1, 1, 1].map((own) => own + 3 * own + 1 + 1));
    const uncounted = new ErrorPass(tape, graphOf({ inputError: column(1, 1) }));
    expect([uncounted.at(0), uncounted.at(3)]).toEqual([undefined, undefined]);
  });

  it("goes through no two lines, nor do generators", async () => {
    const own = graphOf({ rounding: ROUNDING });
    const twoLines = { kind: "two-lines" } as BoundLayer;
    const graph = { ...own, layers: [undefined, twoLines, ...own.layers.slice(2)] };
    expect(() => new ErrorPass(tape, graph).at(3)).toThrow(
      "node 1 has two lines, which push nothing forward",
    );
    await expect(new GeneratorPass(tape, graph).at(3)).rejects.toThrow(
      "node 1 has two lines, which push no generators",
    );
  });
});
