import type { RandomSource } from "../../compute/random.js";
import { SIDE } from "./raster.js";
import type { Path } from "./strokes.js";

/** How a hand places and bends an allograph: first the three bends, in its own units, then an affine map to pixels. */
export interface Pose {
  /** Shift of x at the top and at the bottom, none in the middle. */
  readonly bow: number;
  /** Relative growth of the width from the middle to the bottom; the top shrinks as much. */
  readonly taper: number;
  /** Shift of the waist downwards, none at the top and at the bottom. */
  readonly waist: number;
  /** [xx, xy, yx, yy]: pixels an allograph unit, of rotation · slant · scale. */
  readonly matrix: readonly [number, number, number, number];
}

const TANGENT_OF_TEN_DEGREES = 0.17632698070846498;

/** A number in [low, high). */
export function between(random: RandomSource, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

/**
 * Draws a pose: height 18 to 22 pixels, width 0.8 to 1.3 of the usual, slant up to ±0.3, rotation up to ±20
 * degrees. The rotation's sine and cosine are rational in the tangent of half the angle, and so the same to the
 * last bit on every machine.
 */
export function drawPose(random: RandomSource): Pose {
  const height = between(random, 18, 22) / 100;
  const width = height * between(random, 0.8, 1.3);
  const slant = between(random, -0.3, 0.3);
  const t = between(random, -1, 1) * TANGENT_OF_TEN_DEGREES;
  const cosine = (1 - t * t) / (1 + t * t);
  const sine = (2 * t) / (1 + t * t);
  return {
    bow: between(random, -6, 6),
    taper: between(random, -0.2, 0.2),
    waist: between(random, -7, 7),
    matrix: [
      cosine * width,
      -(cosine * slant + sine) * height,
      sine * width,
      (cosine - sine * slant) * height,
    ],
  };
}

/** The point of the allograph's box (60 × 100, centre (30, 50)) in pixels, before the shift. */
export function place(pose: Pose, x: number, y: number): readonly [number, number] {
  const v = (y - 50) / 50;
  const dx = (x - 30) * (1 + pose.taper * v) + pose.bow * v * v;
  const dy = y - 50 + pose.waist * (1 - v * v);
  const [xx, xy, yx, yy] = pose.matrix;
  return [xx * dx + xy * dy, yx * dx + yy * dy];
}

/**
 * Shifts paths so that their bounding box's centre lies within `range` pixels of the image's centre in either
 * direction, at random, but `margin` pixels stay free between the paths and the image's edges.
 */
export function shiftPaths(
  paths: readonly Path[],
  random: RandomSource,
  range: number,
  margin: number,
): void {
  for (const axis of [0, 1]) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const path of paths) {
      for (let i = axis; i < path.length; i += 2) {
        low = Math.min(low, path[i]!);
        high = Math.max(high, path[i]!);
      }
    }
    const room = Math.max(0, (SIDE - (high - low)) / 2 - margin);
    const reach = Math.min(range, room);
    const shift = SIDE / 2 - (low + high) / 2 + between(random, -reach, reach);
    for (const path of paths) {
      for (let i = axis; i < path.length; i += 2) path[i] = path[i]! + shift;
    }
  }
}
