import type { Tape } from "../../autodiff/index.js";
import type { DualNetwork } from "../dual-network.js";
import type { Gathered } from "../own-rounding.js";
import type { Rounding } from "../rounding.js";

/** Rounding within a region of inputs, by node; it holds for every part of the region. */
export interface RegionRounding {
  readonly rounding: Rounding;
  /** What underflows in ν on its way, in any row. */
  readonly floor: number;
  readonly nodes: ReadonlyMap<number, { readonly size: Float64Array; readonly error: Float64Array | null }>;
}

/** That of a dual network over one box; null where it does not count rounding. */
export async function regionRounding(dual: DualNetwork): Promise<RegionRounding | null> {
  const gathered = dual.gathered();
  if (!gathered) return null;
  const { backend } = dual;
  const nodes = new Map<number, { size: Float64Array; error: Float64Array | null }>();
  for (const [node, { size, error }] of gathered.nodes) {
    nodes.set(node, {
      size: Float64Array.from(await backend.read(size.value)),
      error: error ? Float64Array.from(await backend.read(error.value)) : null,
    });
  }
  const floor = gathered.floor ? (await backend.read(gathered.floor.value))[0] : 0;
  return { rounding: gathered.rounding, floor, nodes };
}

/** A node's, as columns `[n, 1]` that all rows share. */
export function gatheredAt(tape: Tape, { nodes }: RegionRounding, node: number): Gathered {
  const found = nodes.get(node);
  if (!found) throw new Error(`node ${node} has no rounding`);
  const column = (values: Float64Array) => tape.own(tape.backend.upload(values.length, 1, values));
  const size = [{ weight: 1, x: column(found.size) }];
  return { size, error: found.error ? column(found.error) : undefined };
}
