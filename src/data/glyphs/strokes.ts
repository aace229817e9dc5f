import type { Allograph, Stroke } from "./allographs.js";

/** A pen path: points[2i], points[2i + 1] is its i-th point. Consecutive points are joined by straight pieces. */
export type Path = Float64Array;

/** Straight pieces between two neighbouring points of a stroke: about 1.5 pixels each at a height of 20 pixels. */
const PIECES = 6;

/** The allograph's strokes as paths, each point first moved by `move(x, y)`, which returns the new [x, y]. */
export function tracePaths(
  allograph: Allograph,
  move: (x: number, y: number) => readonly [number, number],
): Path[] {
  return allograph.map((stroke) => tracePath(moveStroke(stroke, move)));
}

/** Moves every point once: the two copies of a corner stay together. */
function moveStroke(stroke: Stroke, move: (x: number, y: number) => readonly [number, number]): Stroke {
  const moved: (readonly [number, number])[] = [];
  for (let i = 0; i < stroke.length; i++) {
    const [x, y] = stroke[i]!;
    const before = stroke[i - 1];
    const corner = before !== undefined && before[0] === x && before[1] === y;
    moved.push(corner ? moved[i - 1]! : move(x, y));
  }
  return moved;
}

/**
 * A Catmull–Rom spline through the points, broken at the corners. Only + − × ÷ are used, so that every machine
 * gets the same numbers.
 */
function tracePath(stroke: Stroke): Path {
  const points: number[] = [...stroke[0]!];
  let start = 0;
  for (let end = 1; end < stroke.length; end++) {
    const corner = end + 1 < stroke.length && stroke[end] === stroke[end + 1];
    if (!corner && end + 1 < stroke.length) continue;
    for (let i = start; i < end; i++) {
      const b = stroke[i]!;
      const c = stroke[i + 1]!;
      const a = i > start ? stroke[i - 1]! : b;
      const d = i + 1 < end ? stroke[i + 2]! : c;
      for (let piece = 1; piece <= PIECES; piece++) {
        const t = piece / PIECES;
        points.push(spline(a[0], b[0], c[0], d[0], t), spline(a[1], b[1], c[1], d[1], t));
      }
    }
    start = end + 1;
    end = start;
  }
  return Float64Array.from(points);
}

function spline(a: number, b: number, c: number, d: number, t: number): number {
  const tangentB = (c - a) / 2;
  const tangentC = (d - b) / 2;
  const cubic = 2 * (b - c) + tangentB + tangentC;
  const square = 3 * (c - b) - 2 * tangentB - tangentC;
  return ((cubic * t + square) * t + tangentB) * t + b;
}
