import { Tape } from "../../autodiff/index.js";
import type { Tensor } from "../../compute/backend.js";
import type { Deadline } from "../../compute/deadline.js";
import { SHARED } from "../../compute/owners.js";
import type { Subject } from "../../network/subject.js";
import { boxBall, releaseBall } from "../../threat/ball.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { buildDual } from "../auto-dual.js";
import type { Bounds, NodeBounds } from "../dual-layer.js";
import type { DualOptions } from "../dual-options.js";
import { addWeights, climb, type DualRows } from "./dual-rows.js";
import { FreeVariables } from "./free-variables.js";
import { type RegionRounding, regionRounding } from "./region-rounding.js";
import { type AffineLayers, Relaxation } from "./relaxation.js";
import type { RowRecord } from "./row-record.js";
import { unstableAt } from "./unstable-neurons.js";

/** Pre-activation bounds over a region of inputs, and the rounding within it, where that is counted. */
export interface RegionBounds {
  readonly bounds: NodeBounds<Float64Array>;
  readonly rounding: RegionRounding | null;
}

/**
 * The bounds of CROWN's lines, each neuron's within what intervals alone give; outward for an evaluation. Throws the reason of
 * `signal`.
 */
export async function crownBounds(
  subject: Subject,
  { lower, upper }: Bounds<Float64Array>,
  evaluation: Evaluation | null = null,
  limits: Pick<DualOptions, "budget" | "signal"> = {},
): Promise<RegionBounds> {
  const { backend, network, bindings } = subject;
  const ball = boxBall(backend, lower, upper, 1);
  try {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, bindings, ball, {
      ...limits,
      method: "adaptive",
      rounding: evaluation,
    });
    const bounds = new Map<number, Bounds<Float64Array>>();
    for (const [node, own] of dual.preActivation) {
      bounds.set(node, {
        lower: Float64Array.from(await backend.read(own.lower.value)),
        upper: Float64Array.from(await backend.read(own.upper.value)),
      });
    }
    return { bounds, rounding: await regionRounding(dual) };
  } finally {
    releaseBall(ball);
  }
}

export interface TightenOptions {
  readonly iterations: number;
  /** Nothing further begins after this. */
  readonly deadline: Deadline;
  /** Bytes that the rows of one climb may take. */
  readonly pieceBytes: number;
  /** Where the slopes of every row's best bound are written. */
  readonly record?: RowRecord;
}

/**
 * Tightens pre-activation bounds layer by layer: the lines below every unstable neuron are chosen for it alone,
 * by gradient. Every bound that results is one, whenever the time runs out.
 */
export async function tightenBounds(
  subject: Subject,
  affine: AffineLayers,
  region: Bounds<Float64Array>,
  { bounds, rounding }: RegionBounds,
  { iterations, deadline, pieceBytes, record }: TightenOptions,
): Promise<NodeBounds<Float64Array>> {
  const { backend, network } = subject;
  const tight = new Map(
    [...bounds].map(([node, { lower, upper }]) => [node, { lower: lower.slice(), upper: upper.slice() }]),
  );
  const ball = boxBall(backend, region.lower, region.upper, 1);
  try {
    for (const [node, own] of [...tight].sort(([a], [b]) => a - b)) {
      if (deadline.passed) break;
      const tensors = uploadBounds(subject, tight);
      using relaxation = new Relaxation(subject, affine, tensors.bounds, ball, rounding);
      try {
        const below = relaxation.choices(node);
        const unstable = unstableAt(subject, node, own);
        if (below.length === 0 || unstable.length === 0) continue;
        const features = own.lower.length;
        const width = Math.max(
          features,
          ...below.map((at) => network.nodes[at].shape.reduce((a, b) => a * b, 1)),
        );
        // Weights, their two moments, and ν with its gradient at every activation.
        const rowBytes = 8 * 6 * width * below.length;
        const atOnce = Math.max(2, 2 * Math.floor(pieceBytes / rowBytes / 2));
        for (let begin = 0; begin < 2 * unstable.length; begin += atOnce) {
          if (deadline.passed) break;
          const picked = Array.from(
            { length: Math.min(atOnce, 2 * unstable.length - begin) },
            (_, i) => begin + i,
          );
          const nu = new Float64Array(features * picked.length);
          picked.forEach((number, row) => {
            nu[unstable[number >> 1] * picked.length + row] = number % 2 === 0 ? 1 : -1;
          });
          using free = new FreeVariables(backend);
          addWeights(free, relaxation, node, SHARED, picked.length);
          const start = backend.upload(features, picked.length, nu);
          const rows: DualRows = {
            relaxation,
            objective: { kind: "fixed", node, nu: start },
            owners: SHARED,
            rows: picked.length,
            free,
            constraints: [],
          };
          const found = await climb(rows, {
            iterations,
            deadline,
            target: Number.POSITIVE_INFINITY,
            ...(record && { onBounds: record.of(rows, node, picked) }),
          });
          start.dispose();
          picked.forEach((number, row) => {
            const neuron = unstable[number >> 1];
            if (number % 2 === 0) own.lower[neuron] = Math.max(own.lower[neuron], found[row]);
            else own.upper[neuron] = Math.min(own.upper[neuron], -found[row]);
          });
          // Rounding may cross two bounds that meet.
          for (const neuron of new Set(picked.map((number) => unstable[number >> 1]))) {
            if (own.lower[neuron] > own.upper[neuron]) {
              const [low, high] = [own.upper[neuron], own.lower[neuron]];
              own.lower[neuron] = low;
              own.upper[neuron] = high;
            }
          }
        }
      } finally {
        tensors.release();
      }
    }
  } finally {
    releaseBall(ball);
  }
  return tight;
}

/** Bounds of one box as `[n, 1]`. */
export function uploadBounds(
  { backend }: Subject,
  bounds: NodeBounds<Float64Array>,
): { readonly bounds: NodeBounds<Tensor>; release(): void } {
  const tensors = new Map<number, Bounds<Tensor>>();
  for (const [node, { lower, upper }] of bounds) {
    tensors.set(node, {
      lower: backend.upload(lower.length, 1, lower),
      upper: backend.upload(upper.length, 1, upper),
    });
  }
  return {
    bounds: tensors,
    release() {
      for (const { lower, upper } of tensors.values()) for (const tensor of [lower, upper]) tensor.dispose();
    },
  };
}
