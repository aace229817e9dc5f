import { crop, type Tape, type Variable } from "../../autodiff/index.js";
import type { Conv2dGeometry } from "../../compute/geometry.js";
import { OWN, type Owners, ownerTable } from "../../compute/owners.js";
import type { Patch } from "../dual-layer.js";

/**
 * A transposed convolution seen through a patch of its output. ν goes back by the convolution itself, whose windows stand a stride
 * s apart: how they lie in a patch depends on where it is, modulo s, and so on its viewer. A patch is therefore made larger, by
 * up to s − 1 lines above and columns to the left, so that it begins alike for all; ν is moved to its place in it, viewer by viewer.
 *
 * Where the larger patch begins depends on the smaller one alone, not on who else looks. So branches that meet for all viewers
 * meet for some of them.
 */
export interface TransposedPatch {
  /** The patch of the layer's input. */
  readonly input: Patch;
  /** The convolution that takes ν there, from the larger patch. */
  readonly geometry: Conv2dGeometry;
  /** ν `[channels·height·width, R]` in the larger patch, zeros around it; the same variable where both are one. */
  placed(tape: Tape, nu: Variable): Variable;
}

/** By the geometry of the convolution that is transposed, for rows that have these viewers. */
export function transposedPatch(geometry: Conv2dGeometry, patch: Patch, rows: Owners): TransposedPatch {
  const { kernelHeight, kernelWidth, dilationHeight, dilationWidth, inChannels: channels } = geometry;
  const { strideHeight, strideWidth, padTop, padLeft } = geometry;
  const { height, width } = patch;
  const [before, beside] = [(kernelHeight - 1) * dilationHeight, (kernelWidth - 1) * dilationWidth];
  const lines = inStep(patch.top, height, strideHeight, padTop, before);
  const columns = inStep(patch.left, width, strideWidth, padLeft, beside);
  const isWhole = lines.extent === height && columns.extent === width;
  return {
    input: { height: lines.windows, width: columns.windows, top: lines.first, left: columns.first },
    geometry: {
      ...geometry,
      ...{ inHeight: lines.extent, inWidth: columns.extent, padTop: before, padLeft: beside },
      ...{ outHeight: lines.windows, outWidth: columns.windows },
    },
    placed(tape, nu) {
      if (isWhole) return nu;
      const viewer = ownerTable(rows, nu.value.rows);
      // A patch that begins outside of its image, which ν itself is here.
      const out = (moved: Int32Array): Int32Array => viewer.map((own) => -moved[own]);
      return crop(tape, nu, OWN, {
        ...{ channels, height, width, patchHeight: lines.extent, patchWidth: columns.extent },
        ...{ top: out(lines.moved), left: out(columns.moved) },
      });
    },
  };
}

/** Patches along one axis, made larger so that they begin in step with the windows. */
interface InStep {
  /** By viewer, how many lines were put before. */
  readonly moved: Int32Array;
  /** Lines of each patch then. */
  readonly extent: number;
  /** By viewer, the first window that reaches into it, and how many do. */
  readonly first: Int32Array;
  readonly windows: number;
}

/** Window j takes the lines j·s − pad … j·s − pad + before. Patches begin at the last line of a window. */
function inStep(start: Int32Array, extent: number, stride: number, pad: number, before: number): InStep {
  const first = start.map((line) => Math.floor((line + pad - before) / stride));
  const moved = start.map((line, i) => line + pad - before - first[i] * stride);
  const larger = extent + moved.reduce((most, lines) => Math.max(most, lines), 0);
  return { moved, extent: larger, first, windows: Math.floor((larger - 1 + before) / stride) + 1 };
}
