import type { RandomSource } from "../../src/compute/random.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import type { Model } from "../../src/network/weights.js";

/** A network of two inputs and one hidden layer of ReLUs: its least values over a box are known. */
export interface PlaneNetwork extends Model {
  /** W₁ `[hidden, 2]`, b₁, W₂ `[outputs, hidden]`, b₂. */
  readonly parts: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
}

export function planeNetwork(source: RandomSource, hidden: number, outputs: number): PlaneNetwork {
  const network = sequential([2], [linear(hidden), relu(), linear(outputs)]);
  const normals = (length: number) => Float64Array.from({ length }, () => Math.fround(source.normal()));
  const parts = [normals(2 * hidden), normals(hidden), normals(outputs * hidden), normals(outputs)] as const;
  const names = ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"];
  return { network, parts, weights: new Map(names.map((name, i) => [name, parts[i]])) };
}

/** Outputs at a point, every result rounded. */
export function outputsOf(
  { parts: [first, shifts, second, biases] }: PlaneNetwork,
  x: readonly [number, number],
  round: (value: number) => number = (value) => value,
): number[] {
  const [a, b] = x.map(round);
  const hidden = Array.from(shifts, (shift, h) =>
    Math.max(0, round(round(round(first[2 * h] * a) + round(first[2 * h + 1] * b)) + shift)),
  );
  return Array.from(biases, (bias, j) =>
    hidden.reduce((sum, value, h) => round(sum + round(second[j * hidden.length + h] * value)), bias),
  );
}

/**
 * Points of a box among which is one where a given combination of outputs is least: corners, and where the lines on which
 * neurons change sign meet each other and the edges. All are within the box.
 */
export function vertices(
  { parts: [first, shifts] }: PlaneNetwork,
  [[left, bottom], [right, top]]: readonly [readonly [number, number], readonly [number, number]],
): [number, number][] {
  // Lines p·x + q·y = r.
  const lines = Array.from(shifts, (shift, h) => [first[2 * h], first[2 * h + 1], -shift] as const).concat([
    [1, 0, left],
    [1, 0, right],
    [0, 1, bottom],
    [0, 1, top],
  ]);
  const points: [number, number][] = [];
  for (const [i, [p, q, r]] of lines.entries()) {
    for (const [s, t, u] of lines.slice(0, i)) {
      const determinant = p * t - q * s;
      if (Math.abs(determinant) < 1e-12) continue;
      const [x, y] = [(r * t - q * u) / determinant, (p * u - r * s) / determinant];
      const inside = x >= left - 1e-9 && x <= right + 1e-9 && y >= bottom - 1e-9 && y <= top + 1e-9;
      if (inside) points.push([Math.min(right, Math.max(left, x)), Math.min(top, Math.max(bottom, y))]);
    }
  }
  return points;
}
