import { type RandomSource, random } from "../../../src/compute/random.js";
import { sizeOf } from "../../../src/network/shape.js";
import type { Model } from "../../../src/network/weights.js";
import type { Norm } from "../../../src/threat/ball.js";
import type { Box, BoxByFeature } from "../../../src/threat/box.js";
import type { Evaluation } from "../float-orders/evaluations.js";
import { randomStructure, STRUCTURES, type Structure } from "./random-structure.js";
import { cancelBiases, randomWeights, STYLES, type Style } from "./random-weights.js";

/** How points lie: in [0, 1], far from 0 beside their distances, very small, or at whole numbers. */
export const PLACES_OF_X = ["unit", "far", "small", "whole"] as const;
export type PlaceOfX = (typeof PLACES_OF_X)[number];

/**
 * What is moved until the certificate only just stands: ε; or at a fixed ε (0 among them) the last layer's bias; or nothing:
 * the last bias makes two outputs equal at x, or an ulp apart.
 */
export const VERGES = ["epsilon", "bias", "tie"] as const;
export type Verge = (typeof VERGES)[number];

/** The ball of a case, its radius left open: `weights` are the radii of features relative to each other, where they differ. */
export interface OpenBall {
  readonly norm: Norm;
  readonly box: Box | BoxByFeature | null;
  /** The largest ε that is tried; the ε of cases that move a bias. */
  readonly most: number;
  readonly weights: Float64Array | null;
}

/** A random network with a point, and what a certificate about it is to be attacked with. */
export interface AttackCase {
  readonly seed: number;
  readonly structure: Structure;
  readonly style: Style;
  readonly place: PlaceOfX;
  readonly verge: Verge;
  readonly evaluation: Evaluation;
  readonly model: Model;
  readonly x: Float64Array;
  readonly ball: OpenBall;
}

function pick<T>(source: RandomSource, choices: readonly (readonly [T, number])[]): T {
  let left = source.uniform() * choices.reduce((sum, [, share]) => sum + share, 0);
  for (const [choice, share] of choices) {
    left -= share;
    if (left < 0) return choice;
  }
  return choices[choices.length - 1][0];
}

const SHARES: Readonly<Record<Structure, number>> = {
  chain: 0.35,
  graph: 0.2,
  image: 0.23,
  cancel: 0.12,
  affine: 0.07,
  wide: 0.03,
};

/** The case of a seed: all that is random in it comes from there. */
export function randomCase(seed: number): AttackCase {
  const source = random(seed, "attack case");
  const structure = pick(
    source,
    STRUCTURES.map((own) => [own, SHARES[own]] as const),
  );
  const evaluation = pick<Evaluation>(source, [
    ["float32", 5],
    ["float32-ftz", 2],
    ["float64", 2],
    ["real", 1],
  ]);
  // Double precision is attacked with weights of single precision as well.
  const single = evaluation.startsWith("float32") || source.uniform() < 0.3;
  const kept = single ? Math.fround : (value: number) => value;
  const network = randomStructure(structure, source);
  const place = pick<PlaceOfX>(source, [
    ["unit", 6],
    ["far", 2],
    ["small", 1],
    ["whole", 1],
  ]);
  const x = pointOf(place, sizeOf(network.inputShape), single, source);
  const style = pick<Style>(
    source,
    STYLES.map((own) => [own, own === "even" ? 3 : own === "tiny" || own === "huge" ? 0.5 : 1.5] as const),
  );
  const weights = randomWeights(network, style, x, source, kept);
  if (structure === "cancel") cancelBiases(network, weights, single ? 30 : 60, source, kept);
  const own = new Map(
    [...weights].map(([name, values]) => [name, single ? Float32Array.from(values) : values]),
  );
  const verge = pick<Verge>(source, [
    ["epsilon", 5],
    ["bias", 4],
    ["tie", 1],
  ]);
  return {
    ...{ seed, structure, style, place, verge, evaluation, x },
    model: { network, weights: own },
    ball: ballOf(x, verge, source),
  };
}

function pointOf(place: PlaceOfX, size: number, single: boolean, source: RandomSource): Float64Array {
  const draw = (): number => {
    switch (place) {
      case "unit":
        return source.uniform() < 0.1 ? source.integer(2) : source.uniform();
      case "far":
        return 2 ** (single ? 16 + source.integer(9) : 16 + source.integer(30)) + source.uniform();
      case "small":
        return source.normal() * 2 ** -(20 + source.integer(90));
      case "whole":
        return source.integer(9) - 4;
      default:
        return place satisfies never;
    }
  };
  const rounded = source.uniform() < 0.4;
  return Float64Array.from({ length: size }, () => (rounded ? Math.fround(draw()) : draw()));
}

function ballOf(x: Float64Array, verge: Verge, source: RandomSource): OpenBall {
  const norm = pick<Norm>(source, [
    ["linf", 5],
    ["l2", 3],
    ["l1", 2],
  ]);
  const box = norm === "linf" && source.uniform() < 0.4 ? boxOf(x, source) : null;
  const tiny = [1e-7, 1e-12, 1e-25, 1e-40][source.integer(4)];
  const most =
    verge === "epsilon"
      ? source.uniform() < 0.6
        ? 1
        : tiny
      : [0, tiny, tiny, 1e-5 * source.uniform(), 1e-2 * source.uniform(), source.uniform()][
          source.integer(6)
        ];
  const weights = source.uniform() < 0.06 ? x.map(() => 0.1 + source.uniform()) : null;
  return { norm, box: box && source.uniform() < 0.3 ? boxByFeature(x, source) : box, most, weights };
}

/** A box of its own for each feature: with x at one of its sides, or no wider than x, or wide. */
function boxByFeature(x: Float64Array, source: RandomSource): BoxByFeature {
  const room = () => [0, 0, 1e-7, 0.3][source.integer(4)] * source.uniform();
  return { lower: x.map((value) => value - room()), upper: x.map((value) => value + room()) };
}

/** [0, 1], or a box with x at one of its sides. */
function boxOf(x: Float64Array, source: RandomSource): Box {
  const [least, most] = [Math.min(...x), Math.max(...x)];
  if (least >= 0 && most <= 1 && source.uniform() < 0.7) return [0, 1];
  return source.uniform() < 0.5 ? [least, most + source.uniform()] : [least - source.uniform(), most];
}
