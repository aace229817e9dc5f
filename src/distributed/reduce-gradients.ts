import type { Backend, Tensor } from "../compute/backend.js";
import type { Team } from "./team.js";

/**
 * Gradients summed over all ranks, in one message; those of this rank are released. `parameters` says which there are, in what order
 * and of what shape; a gradient that one rank lacks counts as zeros there, one that all lack stays absent.
 */
export async function reduceGradients(
  backend: Backend,
  team: Team,
  own: ReadonlyMap<string, Tensor>,
  parameters: readonly (readonly [name: string, shape: Pick<Tensor, "features" | "rows">])[],
): Promise<ReadonlyMap<string, Tensor>> {
  if (team.isAlone) return own;
  const found = await team.sums(parameters.map(([name]) => (own.has(name) ? 1 : 0)));
  const present = parameters.filter((_, i) => found[i] > 0);
  const total = present.reduce((sum, [, { features, rows }]) => sum + features * rows, 0);
  const flat = backend.dtype === "float64" ? new Float64Array(total) : new Float32Array(total);
  const read = present.map(async ([name]) => {
    const gradient = own.get(name);
    return gradient ? await backend.read(gradient) : null;
  });
  const places: number[] = [];
  let at = 0;
  for (const [i, [, { features, rows }]] of present.entries()) {
    const values = await read[i];
    if (values) flat.set(values, at);
    places.push(at);
    at += features * rows;
  }
  for (const gradient of own.values()) gradient.dispose();
  await team.ranks.sum(flat);
  return new Map(
    present.map(([name, { features, rows }], i) => [
      name,
      backend.upload(features, rows, flat.subarray(places[i], places[i] + features * rows)),
    ]),
  );
}
