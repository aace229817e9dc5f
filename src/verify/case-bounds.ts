import { Tape } from "../autodiff/index.js";
import { indexedOwners } from "../compute/owners.js";
import { buildDual } from "../dual/auto-dual.js";
import type { Bounds } from "../dual/dual-layer.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { Subject } from "../network/subject.js";
import { boxBall, releaseBall } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { differenceDown } from "../threat/outward.js";
import type { OutputCase } from "./question.js";

/** Lower bounds of the cases' values over a box: of each case that of its best row, all rows bounded at once. */
export async function caseBounds(
  { backend, network, bindings }: Subject,
  { lower, upper }: Bounds<Float64Array>,
  cases: readonly OutputCase[],
  method: BoundMethod,
  evaluation: Evaluation,
): Promise<number[]> {
  const ball = boxBall(backend, lower, upper, 1);
  try {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, bindings, ball, { method, rounding: evaluation });
    const rows = cases.reduce((sum, own) => sum + own.rows, 0);
    const outputs = network.classes;
    const objective = new Float64Array(outputs * rows);
    let at = 0;
    for (const own of cases) {
      for (let row = 0; row < own.rows; row++, at++) {
        for (let k = 0; k < outputs; k++) objective[k * rows + at] = own.coefficients[row * outputs + k];
      }
    }
    const c = tape.own(backend.upload(outputs, rows, objective));
    const bounds = await backend.read(dual.lowerBound(c, indexedOwners(new Int32Array(rows))).value);
    at = 0;
    return cases.map((own) => {
      let bound = Number.NEGATIVE_INFINITY;
      for (let row = 0; row < own.rows; row++, at++)
        bound = Math.max(bound, differenceDown(bounds[at], own.bounds[row]));
      return bound;
    });
  } finally {
    releaseBall(ball);
  }
}
