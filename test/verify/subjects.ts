import type { Backend } from "../../src/compute/backend.js";
import { Deadline } from "../../src/compute/deadline.js";
import type { Activation } from "../../src/compute/elementwise.js";
import { nativeProblem } from "../../src/compute/index.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import type { Bounds, NodeBounds } from "../../src/dual/dual-layer.js";
import type { RegionRounding } from "../../src/dual/slopes/region-rounding.js";
import { AffineLayers } from "../../src/dual/slopes/relaxation.js";
import { crownBounds } from "../../src/dual/slopes/tighten.js";
import { isActivation, type Network } from "../../src/network/network.js";
import { type Subject, subjectOf } from "../../src/network/subject.js";
import type { Branch, BranchedBox, NeuronSplit } from "../../src/verify/branch.js";
import { splitPoint } from "../../src/verify/branch-choice.js";
import type { OutputCase } from "../../src/verify/question.js";
import { Bench } from "../support/bounds.js";
import { lively } from "../support/networks.js";

/** The native backend in double precision where it was built, else the portable backend. */
export async function fastBackend(): Promise<Backend> {
  return (await nativeProblem()) === null
    ? createNativeBackend({ dtype: "float64" })
    : createPortableBackend({ dtype: "float64" });
}

export const noHurry = (): Deadline => Deadline.in(3600);

/** A network of lively weights on the portable backend, a box, and values of every node at points of it. */
export interface Scene {
  readonly bench: Bench;
  readonly subject: Subject;
  readonly region: Bounds<Float64Array>;
  readonly bounds: NodeBounds<Float64Array>;
  readonly rounding: RegionRounding | null;
  readonly points: Float64Array;
  /** `[features, count]` of each node. */
  readonly values: readonly ArrayLike<number>[];
  readonly count: number;
  readonly source: RandomSource;
}

/** The first point is the middle; the others lie at corners, on faces and within. */
export async function sceneOf(network: Network, seed: number, width: number, count = 300): Promise<Scene> {
  const bench = new Bench(lively(network, seed));
  const subject = subjectOf(bench.backend, lively(network, seed));
  const source = random(seed, "scene");
  const features = network.inputShape.reduce((a, b) => a * b, 1);
  const lower = Float64Array.from({ length: features }, () => source.uniform() - width);
  const upper = lower.map((low) => low + 2 * width * source.uniform());
  const points = new Float64Array(features * count);
  for (let i = 0; i < count; i++) {
    const corner = source.uniform();
    for (let f = 0; f < features; f++) {
      const place = source.uniform() < corner ? source.integer(2) : source.uniform();
      points[f * count + i] = lower[f] + (i === 0 ? 0.5 : place) * (upper[f] - lower[f]);
    }
  }
  const region = { lower, upper };
  return {
    ...{ bench, subject, region, points, count, source },
    values: await bench.nodeValues(points, count),
    ...(await crownBounds(subject, region, "float64")),
  };
}

/** The box that branches of a scene are parts of. */
export function branchedBox({ subject, region, bounds, rounding }: Scene, own: OutputCase): BranchedBox {
  const { nodes } = subject.network;
  const unstable = new Map<number, Int32Array>();
  for (const [i, node] of nodes.entries()) {
    const below = i > 0 ? bounds.get(node.inputs[0] as number) : undefined;
    if (!below || !isActivation(node)) continue;
    const layer = node.layer as Activation;
    unstable.set(
      i,
      Int32Array.from(below.lower.keys()).filter(
        (n) => splitPoint(layer, below.lower[n], below.upper[n]) !== null,
      ),
    );
  }
  return { subject, affine: new AffineLayers(subject), region, bounds, rounding, case: own, unstable };
}

/** Decisions that the point of that number meets, at random neurons and random values. */
export function decisionsAt(box: BranchedBox, scene: Scene, point: number, most: number): NeuronSplit[] {
  const { source, values, count } = scene;
  const { nodes } = box.subject.network;
  const all = [...box.unstable].flatMap(([node, neurons]) =>
    Array.from(neurons, (neuron) => ({ node, neuron })),
  );
  if (all.length === 0) return [];
  return Array.from({ length: most }, () => {
    const { node, neuron } = all[source.integer(all.length)];
    const below = nodes[node].inputs[0] as number;
    const { lower, upper } = box.bounds.get(below) as { lower: Float64Array; upper: Float64Array };
    const kink = source.uniform() < 0.5;
    const between = lower[neuron] + source.uniform() * (upper[neuron] - lower[neuron]);
    const value = kink && lower[neuron] < 0 && upper[neuron] > 0 ? 0 : between;
    const side = values[below][neuron * count + point] >= value ? "above" : "below";
    return { node, neuron, side, value };
  });
}

/** Numbers of the points that meet all decisions. */
export function pointsMeeting(scene: Scene, splits: readonly NeuronSplit[]): number[] {
  const { nodes } = scene.subject.network;
  return Array.from({ length: scene.count }, (_, i) => i).filter((i) =>
    splits.every(({ node, neuron, side, value }) => {
      const z = scene.values[nodes[node].inputs[0] as number][neuron * scene.count + i];
      return side === "above" ? z >= value : z <= value;
    }),
  );
}

/** A branch whose free variables are anything that their domains allow. */
export function randomBranch(box: BranchedBox, splits: readonly NeuronSplit[], source: RandomSource): Branch {
  const uniform = (length: number, scale = 1) =>
    Float32Array.from(
      { length },
      () => (source.uniform() < 0.2 ? source.integer(2) : source.uniform()) * scale,
    );
  const weights = new Map<string, Float32Array>();
  for (const [node, neurons] of box.unstable) {
    for (const side of ["lower", "upper"]) weights.set(`${side} ${node}`, uniform(neurons.length));
  }
  const parts = Array.from({ length: box.case.rows }, () => source.uniform() + 0.01);
  const total = parts.reduce((a, b) => a + b, 0);
  return {
    splits,
    bound: Number.NEGATIVE_INFINITY,
    bounds: null,
    warm: {
      weights,
      multipliers: uniform(splits.length, 2),
      shares: Float32Array.from(parts, (part) => part / total),
    },
  };
}

/** A case of random rows, number 0. */
export function randomCase(outputs: number, rows: number, source: RandomSource): OutputCase {
  return {
    number: 0,
    rows,
    outputs,
    coefficients: Float64Array.from({ length: rows * outputs }, () => source.normal()),
    bounds: Float64Array.from({ length: rows }, () => source.normal()),
    strict: Array<boolean>(rows).fill(false),
  };
}
