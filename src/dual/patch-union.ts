import type { FeaturePart, Patch } from "./dual-layer.js";

/** The smallest patch that has all of these; null where they do not lie alike for all viewers. */
export function meetingPlace(patches: readonly Patch[]): Patch | null {
  const [first, ...rest] = patches;
  if (rest.every((patch) => isSame(first, patch))) return first;
  let [above, before, below, after] = [0, 0, first.height, first.width];
  for (const patch of rest) {
    const [down, right] = [offsetOf(first.top, patch.top), offsetOf(first.left, patch.left)];
    if (down === null || right === null) return null;
    above = Math.min(above, down);
    before = Math.min(before, right);
    below = Math.max(below, down + patch.height);
    after = Math.max(after, right + patch.width);
  }
  return {
    height: below - above,
    width: after - before,
    top: first.top.map((top) => top + above),
    left: first.left.map((left) => left + before),
  };
}

/** By feature of the larger patch, that of the smaller one, −1 where it has none; null where both are one. */
export function placeWithin(channels: number, part: Patch, whole: Patch): FeaturePart {
  if (isSame(part, whole)) return null;
  const [down, right] = [offsetOf(whole.top, part.top) ?? 0, offsetOf(whole.left, part.left) ?? 0];
  const index = new Int32Array(channels * whole.height * whole.width).fill(-1);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < part.height; y++) {
      for (let x = 0; x < part.width; x++) {
        const to = (channel * whole.height + y + down) * whole.width + x + right;
        index[to] = (channel * part.height + y) * part.width + x;
      }
    }
  }
  return index;
}

/** Features of what `outer` takes of what `inner` takes. */
export function within(inner: FeaturePart, outer: FeaturePart): FeaturePart {
  if (inner === null) return outer;
  return outer === null ? inner : outer.map((feature) => (feature < 0 ? -1 : inner[feature]));
}

function isSame(a: Patch, b: Patch): boolean {
  return (
    a === b ||
    (a.height === b.height &&
      a.width === b.width &&
      offsetOf(a.top, b.top) === 0 &&
      offsetOf(a.left, b.left) === 0)
  );
}

/** How much further each of the second places lies; null where that differs. */
function offsetOf(from: Int32Array, to: Int32Array): number | null {
  const offset = from.length === 0 ? 0 : to[0] - from[0];
  return from.every((place, i) => to[i] - place === offset) ? offset : null;
}
