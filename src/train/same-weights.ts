import { createHash } from "node:crypto";
import type { Team } from "../distributed/team.js";
import type { Weights } from "../network/weights.js";
import { TrainingFailure } from "./training-failure.js";

/**
 * Throws a `TrainingFailure` unless every rank has the same weights, bit by bit: each of them makes the same update of the same sums,
 * where the library of MPI gives all ranks the same.
 */
export async function checkSameWeights(team: Team, weights: Weights, epoch: number): Promise<void> {
  if (team.isAlone) return;
  const hash = createHash("sha256");
  for (const [name, values] of weights) {
    hash.update(name);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const own = hash.digest("hex");
  const first = await team.ofFirst(own);
  if (first === own) return;
  throw new TrainingFailure(
    `rank ${team.ranks.rank} has other weights than rank 0 after epoch ${epoch}`,
    "their sums differ: choose an all-reduce that gives every rank the same bits, and go on with --resume",
  );
}
