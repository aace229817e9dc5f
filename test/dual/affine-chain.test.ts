import { describe, expect, it } from "vitest";
import type { Tape, Variable } from "../../src/autodiff/index.js";
import {
  type AffineChain,
  aliveAfter,
  discardNew,
  joined,
  once,
  sizeOf,
  steepOf,
  together,
} from "../../src/dual/affine-chain.js";
import { column, read, tape } from "./rounding-tape.js";

function chain(given: Partial<AffineChain>): AffineChain {
  const begun = () => ({ weight: 1, x: column(0) });
  return {
    roundings: 0,
    folded: 0,
    hasSums: false,
    own: 0,
    digits: 0,
    size: column(1),
    scale: 1,
    begun,
    ...given,
  };
}

describe("chains that meet", () => {
  const a = chain({ own: 3, digits: 7, roundings: 5, folded: 2, hasSums: false });
  const b = chain({ own: 2, digits: 9, roundings: 4, folded: 6, hasSums: true });

  it("have the roundings of all, and else the worse of each", () => {
    const both = { own: 3, digits: 9, roundings: 9, folded: 6, hasSums: true };
    expect(joined([a, b])).toEqual(both);
    expect(joined([b, a])).toEqual(both);
    expect(joined([a])).toEqual({ own: 3, digits: 7, roundings: 5, folded: 2, hasSums: false });
  });

  it("may begin here", () => {
    expect(joined([undefined, chain({ digits: 2, own: 1 })])).toEqual({
      ...{ own: 1, digits: 4, roundings: 0, folded: 0, hasSums: false },
    });
  });

  it("are added up in one scale", async () => {
    const sums = [
      { weight: 2, x: column(3) },
      { weight: 8, x: column(5) },
    ];
    expect(together(tape, sums.slice(0, 1), 4)).toBe(sums[0]);
    const { weight, x } = together(tape, sums, 4);
    expect([weight, await read(x)]).toEqual([4, [2 * 0.75 + 2 * 5]]);
  });

  it("are as steep as their sum, times a layer's own", async () => {
    const [two, five, own] = [2, 5, 3].map((value) => column(value));
    expect(steepOf(tape, [a, b])).toBeUndefined();
    expect(steepOf(tape, [a, b], own)).toBe(own);
    const chains = [chain({ steep: two }), a, chain({ steep: five })];
    expect(await read(steepOf(tape, chains) as Variable)).toEqual([7]);
    expect(await read(steepOf(tape, chains, own) as Variable)).toEqual([21]);
    expect(chains.map(sizeOf)).toEqual(chains.map(({ size }) => size));
  });

  it("free what was made for them, and nothing that others go on with", () => {
    const freed: Variable[] = [];
    const own = { discard: (...all: Variable[]) => void freed.push(...all) } as unknown as Tape;
    const [kept, made, product] = [1, 2, 3].map((value) => column(value));
    const chains = [chain({ size: kept }), chain({ size: made, isNew: true })];
    discardNew(own, product, chains);
    expect(freed).toEqual([product, made]);
    // A layer that hands on what it was given.
    freed.length = 0;
    discardNew(own, kept, chains);
    expect(freed).toEqual([made]);
  });
});

it("what is alive is known where it is of all that meet, and made once", () => {
  let made = 0;
  const alive = () => {
    made += 1;
    return column(1);
  };
  const seen: (readonly Variable[])[] = [];
  const moved = (given: readonly Variable[]) => {
    seen.push(given);
    return given[0];
  };
  expect(aliveAfter([chain({ alive }), chain({})], moved)).toEqual({});
  const found = aliveAfter([chain({ alive }), chain({ alive })], moved);
  expect([made, seen.length]).toEqual([0, 0]);
  const first = found.alive?.();
  expect(found.alive?.()).toBe(first);
  expect([made, seen.length, seen[0].length]).toEqual([2, 1, 2]);
  let calls = 0;
  const nothing = once(() => {
    calls += 1;
    return undefined;
  });
  expect([nothing(), nothing(), calls]).toEqual([undefined, undefined, 1]);
});
