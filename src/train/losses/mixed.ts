import { combine, type Tape, type Variable } from "../../autodiff/index.js";

/** κ·robust + (1 − κ)·standard, each `[1, 1]`; with κ = 1 the robust loss itself. */
export function mixedLoss(tape: Tape, robust: Variable, standard: Variable, kappa: number): Variable {
  if (kappa === 1) return robust;
  return combine(tape, kappa, robust, 1 - kappa, standard);
}
