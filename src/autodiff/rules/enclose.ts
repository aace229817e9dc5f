import type { CropWindow } from "../../compute/crop-window.js";
import type { Owners } from "../../compute/owners.js";
import type { Tape, Variable } from "../tape.js";

/** d ⊙ ν and Σρ|ν| by owner: ν `[f, R]` → `[f, R]` and `[1, R]`; with a window, ν is a patch of each row's image. */
export function enclose(
  tape: Tape,
  nu: Variable,
  slope: Variable,
  radius: Variable,
  owners: Owners,
  window: CropWindow | null,
): { readonly nu: Variable; readonly radius: Variable } {
  const { backend } = tape;
  const enclosed = backend.enclose(nu.value, slope.value, radius.value, owners, window);
  const [newNu, newRadius] = tape.recordMany(
    [enclosed.nu, enclosed.radius],
    [nu, slope, radius],
    ([gNu, gRadius]) => {
      const gradient = backend.encloseGradient(
        nu.value,
        slope.value,
        radius.value,
        gNu,
        gRadius,
        owners,
        window,
      );
      return [gradient.nu, gradient.slope, gradient.radius];
    },
  );
  return { nu: newNu, radius: newRadius };
}

/** Σ w|x| along a patch, w cropped by the window → `[1, R]`. */
export function patchNorm(
  tape: Tape,
  x: Variable,
  weight: Variable,
  owners: Owners,
  window: CropWindow,
): Variable {
  const { backend } = tape;
  return tape.record(backend.patchNorm(x.value, weight.value, owners, window), [x, weight], (g) => {
    const gradient = backend.patchNormGradient(x.value, weight.value, g, owners, window);
    return [gradient.x, gradient.weight];
  });
}
