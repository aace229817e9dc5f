import { OutOfMemoryError } from "../errors.js";
import type { Network } from "../network/network.js";

/** Runs work at a node of a network; where memory does not suffice even for its smallest piece, the error names the layer. */
export async function namingLayer<T>(network: Network, node: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError) || error.cause instanceof OutOfMemoryError) throw error;
    const { name, layer } = network.nodes[node];
    throw new OutOfMemoryError(`layer "${name}" (${layer?.kind}): ${error.message}`, { cause: error });
  }
}
