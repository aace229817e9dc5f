import { Tape } from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { buildDual } from "../dual/auto-dual.js";
import type { Bounds, NodeBounds } from "../dual/dual-layer.js";
import type { DualNetwork } from "../dual/dual-network.js";
import type { DualOptions } from "../dual/dual-options.js";
import type { Margin } from "../dual/margin.js";
import { fixedBindings, type PlacedNetwork } from "../network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import { pickBalls, pickColumns } from "../threat/pick.js";

/** Margins of a batch that are to be bounded again. */
export interface Again {
  readonly x: Float64Array;
  readonly examples: number;
  readonly ball: BallSpec;
  readonly options: Pick<DualOptions, "method" | "rounding" | "signal" | "pieceBytes" | "budget">;
  /** What bounded them, in single precision. */
  readonly dual: DualNetwork;
  readonly margins: readonly Margin[];
}

/**
 * Bounds margins again in double precision, by themselves: between lines over the pre-activation bounds that are known, which
 * hold in any arithmetic. What is left of rounding is that of the network's own evaluation.
 */
export async function boundAgain(
  { backend, network, parameters }: PlacedNetwork,
  { x, examples, ball: spec, options, dual, margins }: Again,
): Promise<FloatArray> {
  const indices = [...new Set(margins.map(({ example }) => example))];
  const placeOf = new Map(indices.map((example, i) => [example, i]));
  using tape = new Tape(backend, { record: false });
  const ball = makeBall(backend, pickColumns(x, examples, indices), indices.length, pickBalls(spec, indices));
  try {
    const known = await readColumns(dual, examples, indices);
    const { method, rounding, signal, pieceBytes, budget } = options;
    const again = await buildDual(tape, network, fixedBindings(parameters), ball, {
      known,
      ...(method && { method }),
      ...(rounding && { rounding }),
      ...(signal && { signal }),
      ...(pieceBytes && { pieceBytes }),
      ...(budget && { budget }),
    });
    const rows = margins.map((margin) => ({ ...margin, example: placeOf.get(margin.example) as number }));
    return await backend.read((await again.boundMargins(rows)).value);
  } finally {
    releaseBall(ball);
  }
}

/** Pre-activation bounds of some examples. */
async function readColumns(
  { preActivation, backend }: DualNetwork,
  examples: number,
  indices: readonly number[],
): Promise<NodeBounds<Float64Array>> {
  const found = new Map<number, Bounds<Float64Array>>();
  for (const [node, { lower, upper }] of preActivation) {
    found.set(node, {
      lower: pickColumns(Float64Array.from(await backend.read(lower.value)), examples, indices),
      upper: pickColumns(Float64Array.from(await backend.read(upper.value)), examples, indices),
    });
  }
  return found;
}
