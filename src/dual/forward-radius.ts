import type { Tape, Variable } from "../autodiff/index.js";
import { sizeOf } from "../network/shape.js";
import type { DualGraph } from "./backward.js";
import { freshStream, pushStreams, type Stream, streamRadius } from "./generators.js";

/**
 * Exact radii of all neurons of a node at once: generators of the ball and of every activation on the way are pushed
 * forward to it. `[n, examples]`. For parallel lines.
 */
export async function forwardRadius(tape: Tape, graph: DualGraph, node: number): Promise<Variable> {
  const { network, layers, ballRadius, dualOrder } = graph;
  const streams: (readonly Stream[])[] = [[await freshStream(tape, 0, ballRadius, dualOrder)]];
  for (let at = 1; at <= node; at++) {
    const layer = layers[at];
    if (!layer || layer.kind === "two-lines") continue;
    const inputs = network.nodes[at].inputs as readonly number[];
    const pushed = pushStreams(
      tape,
      layer,
      inputs.map((input) => streams[input]),
      inputs.map((input) => sizeOf(network.nodes[input].shape)),
    );
    const fresh = layer.kind === "parallel" ? [await freshStream(tape, at, layer.radius, 1)] : [];
    streams[at] = [...pushed, ...fresh];
  }
  return streamRadius(tape, streams[node], sizeOf(network.nodes[node].shape), ballRadius.value.rows);
}
