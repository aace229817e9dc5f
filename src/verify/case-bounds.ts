import { Tape } from "../autodiff/index.js";
import { buildDual } from "../dual/auto-dual.js";
import type { Bounds } from "../dual/dual-layer.js";
import type { DualOptions, LineMethod } from "../dual/dual-options.js";
import type { Subject } from "../network/subject.js";
import { boxBall, releaseBall } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { differenceDown } from "../threat/outward.js";
import type { OutputCase } from "./question.js";

/** Lower bounds of the cases' values over a box: of each case that of its best row. Throws the reason of `signal`. */
export async function caseBounds(
  { backend, network, bindings }: Subject,
  { lower, upper }: Bounds<Float64Array>,
  cases: readonly OutputCase[],
  method: LineMethod,
  evaluation: Evaluation,
  limits: Pick<DualOptions, "budget" | "signal"> = {},
): Promise<number[]> {
  const ball = boxBall(backend, lower, upper, 1);
  try {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, bindings, ball, {
      ...limits,
      method,
      rounding: evaluation,
    });
    const outputs = network.classes;
    const all = cases.flatMap((own) => Array.from({ length: own.rows }, (_, row) => ({ own, row })));
    const objective = (begin: number, end: number) => {
      const count = end - begin;
      const c = new Float64Array(outputs * count);
      for (let i = 0; i < count; i++) {
        const { own, row } = all[begin + i];
        for (let k = 0; k < outputs; k++) c[k * count + i] = own.coefficients[row * outputs + k];
      }
      return { c, owner: new Int32Array(count) };
    };
    const bounds =
      all.length === 0 ? [] : await backend.read((await dual.boundInPieces(all.length, objective)).value);
    let at = 0;
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
