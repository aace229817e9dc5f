import fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../src/verify/heap.js";

const heapOf = (keys: readonly number[]): Heap<number> => {
  const heap = new Heap<number>((key) => key);
  for (const key of keys) heap.push(key);
  return heap;
};

it("gives items by key, least first, whatever the order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (keys) => {
      const sorted = [...keys].sort((a, b) => a - b);
      expect(heapOf(keys).take(keys.length + 1)).toEqual(sorted);
      const heap = heapOf(keys);
      expect(heap.least).toBe(sorted[0] ?? Number.POSITIVE_INFINITY);
      expect(heap.take(3)).toEqual(sorted.slice(0, 3));
      expect(heap.size).toBe(Math.max(0, keys.length - 3));
    }),
  );
});

it("keeps its order while items come and go", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: null })), (steps) => {
      const heap = new Heap<number>((key) => key);
      const list: number[] = [];
      for (const step of steps) {
        if (step === null) {
          expect(heap.pop()).toBe(list.sort((a, b) => a - b).shift());
        } else {
          heap.push(step);
          list.push(step);
        }
        expect(heap.size).toBe(list.length);
      }
    }),
  );
});

it("loses nothing that has no order: a branch whose bound is NaN stays to be settled", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant(Number.NaN))), (keys) => {
      const count = (list: readonly number[]) => list.filter(Number.isNaN).length;
      const taken = heapOf(keys).take(keys.length);
      expect([taken.length, count(taken)]).toEqual([keys.length, count(keys)]);
    }),
  );
});

it("is empty when it is", () => {
  const heap = heapOf([]);
  expect([heap.pop(), heap.size, heap.least, heap.take(2)]).toEqual([
    undefined,
    0,
    Number.POSITIVE_INFINITY,
    [],
  ]);
});

it("asks for the key of items alone", () => {
  const heap = new Heap<{ readonly key: number }>(({ key }) => key);
  for (const key of [3, 1, 2, 0, 5, 4]) heap.push({ key });
  expect(heap.take(9).map(({ key }) => key)).toEqual([0, 1, 2, 3, 4, 5]);
});
