import { describe, expect, it } from "vitest";
import type { Patch } from "../../src/dual/dual-layer.js";
import { meetingPlace, placeWithin, within } from "../../src/dual/patch-union.js";

function patch(height: number, width: number, top: readonly number[], left: readonly number[]): Patch {
  return { height, width, top: Int32Array.from(top), left: Int32Array.from(left) };
}

const A = patch(2, 2, [0, 3], [1, 5]);

describe("patches meet", () => {
  it("in the first where all are one", () => {
    const same = patch(2, 2, [0, 3], [1, 5]);
    expect(meetingPlace([A])).toBe(A);
    expect(meetingPlace([A, same, A])).toBe(A);
    const nobody = patch(2, 2, [], []);
    expect(meetingPlace([nobody, patch(2, 2, [], [])])).toBe(nobody);
  });

  it.each([
    // Above and to the left, below and to the right, on one side alone, within, and apart.
    { other: patch(1, 1, [-2, 1], [-3, 1]), meet: patch(4, 6, [-2, 1], [-3, 1]) },
    { other: patch(1, 4, [4, 7], [2, 6]), meet: patch(5, 5, [0, 3], [1, 5]) },
    { other: patch(3, 2, [0, 3], [1, 5]), meet: patch(3, 2, [0, 3], [1, 5]) },
    { other: patch(2, 3, [0, 3], [1, 5]), meet: patch(2, 3, [0, 3], [1, 5]) },
    { other: patch(2, 2, [1, 4], [1, 5]), meet: patch(3, 2, [0, 3], [1, 5]) },
    { other: patch(2, 2, [0, 3], [2, 6]), meet: patch(2, 3, [0, 3], [1, 5]) },
    { other: patch(1, 1, [1, 4], [2, 6]), meet: A },
    { other: patch(4, 5, [-1, 2], [-1, 3]), meet: patch(4, 5, [-1, 2], [-1, 3]) },
  ])("in the smallest that has all of them: $meet.height × $meet.width", ({ other, meet }) => {
    expect(meetingPlace([A, other])).toEqual(meet);
    expect(meetingPlace([other, A])).toEqual(meet);
    expect(meetingPlace([A, A, other])).toEqual(meet);
  });

  it("of more than two", () => {
    const [above, right] = [patch(1, 1, [-1, 2], [1, 5]), patch(1, 2, [1, 4], [3, 7])];
    for (const all of [
      [A, above, right],
      [right, above, A],
      [above, A, right],
    ])
      expect(meetingPlace(all)).toEqual(patch(3, 4, [-1, 2], [1, 5]));
  });

  it("nowhere, where they do not lie alike for all who look", () => {
    expect(meetingPlace([A, patch(2, 2, [0, 4], [1, 5])])).toBeNull();
    expect(meetingPlace([A, patch(2, 2, [0, 3], [1, 4])])).toBeNull();
    expect(meetingPlace([A, A, patch(2, 2, [1, 3], [1, 5])])).toBeNull();
  });
});

describe("a part", () => {
  it("is all of a patch that is the same", () => {
    expect(placeWithin(2, A, A)).toBeNull();
    expect(placeWithin(2, patch(2, 2, [0, 3], [1, 5]), A)).toBeNull();
  });

  it("lies somewhere in a larger one, and is nowhere else", () => {
    const whole = patch(3, 3, [-1, 2], [1, 5]);
    const none = -1;
    expect([...(placeWithin(2, A, whole) as Int32Array)]).toEqual([
      ...[none, none, none, 0, 1, none, 2, 3, none],
      ...[none, none, none, 4, 5, none, 6, 7, none],
    ]);
    expect([...(placeWithin(1, patch(1, 2, [0, 3], [2, 6]), whole) as Int32Array)]).toEqual([
      ...[none, none, none, none, 0, 1, none, none, none],
    ]);
    expect([...(placeWithin(2, patch(2, 1, [0, 3], [3, 7]), whole) as Int32Array)]).toEqual([
      ...[none, none, none, none, none, 0, none, none, 1],
      ...[none, none, none, none, none, 2, none, none, 3],
    ]);
  });

  it("of a part is taken from it, and nothing from what is not there", () => {
    const [inner, outer] = [Int32Array.of(5, -1, 7), Int32Array.of(2, 0, -1, 1)];
    expect(within(null, null)).toBeNull();
    expect(within(null, outer)).toBe(outer);
    expect(within(inner, null)).toBe(inner);
    expect([...(within(inner, outer) as Int32Array)]).toEqual([7, 5, -1, -1]);
  });
});
