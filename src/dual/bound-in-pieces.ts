import { concat, reshape, type Tape, type Variable } from "../autodiff/index.js";
import { largestOf } from "../compute/extremes.js";
import { indexedOwners, type Owners } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import { costBelow, layerCost } from "./cost.js";
import { betweenPieces, type PieceLimits, rowsAtOnce } from "./pieces.js";

/** Rows c of a piece, row-major `[classes, rows]`, and the example of each. */
export interface ObjectiveRows {
  readonly c: Float64Array;
  readonly owner: Int32Array;
}

/**
 * Bounds of rows that start at the output, `[rows, 1]`, piece after piece; `bound` gives those of a piece, `[1, rows]`. Records
 * nothing. Throws the signal's reason.
 */
export async function boundInPieces(
  tape: Tape,
  network: Network,
  limits: PieceLimits,
  rows: number,
  piece: (begin: number, end: number) => ObjectiveRows,
  bound: (tape: Tape, c: Variable, owners: Owners) => Variable,
): Promise<Variable> {
  const { nodes, output, classes } = network;
  const way = {
    features: largestOf(nodes.map(({ shape }) => sizeOf(shape))),
    multiplyAdds: costBelow(network, output) + layerCost(network, output),
  };
  const pieces: Variable[] = [];
  for (let begin = 0, end = 0; begin < rows; begin = end) {
    await betweenPieces(tape, limits.signal);
    end = Math.min(rows, begin + rowsAtOnce(tape, way, limits));
    const { c, owner } = piece(begin, end);
    pieces.push(
      tape.aside((own) => {
        const nu = own.own(own.backend.upload(classes, owner.length, c));
        return reshape(own, bound(own, nu, indexedOwners(owner)), owner.length, 1);
      }),
    );
  }
  return pieces.length === 1 ? pieces[0] : concat(tape, pieces);
}
