import type { Owners } from "../../compute/owners.js";
import type { Tape, Variable } from "../tape.js";

/** d ⊙ ν and Σρ|ν| by owner: ν `[f, R]` → `[f, R]` and `[1, R]`. */
export function enclose(
  tape: Tape,
  nu: Variable,
  slope: Variable,
  radius: Variable,
  owners: Owners,
): { readonly nu: Variable; readonly radius: Variable } {
  const { backend } = tape;
  const enclosed = backend.enclose(nu.value, slope.value, radius.value, owners);
  const [newNu, newRadius] = tape.recordMany(
    [enclosed.nu, enclosed.radius],
    [nu, slope, radius],
    ([gNu, gRadius]) => {
      const gradient = backend.encloseGradient(nu.value, slope.value, radius.value, gNu, gRadius, owners);
      return [gradient.nu, gradient.slope, gradient.radius];
    },
  );
  return { nu: newNu, radius: newRadius };
}
