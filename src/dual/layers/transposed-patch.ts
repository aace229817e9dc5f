import { crop, type Tape, type Variable } from "../../autodiff/index.js";
import type { Conv2dGeometry } from "../../compute/geometry.js";
import { OWN, type Owners, ownerTable } from "../../compute/owners.js";
import type { Patch } from "../dual-layer.js";

/**
 * A transposed convolution seen through a patch of its output. ν goes back by the convolution itself, whose windows stand at
 * every s-th position: which of them a patch meets depends on its place modulo the stride, so on its viewer. Hence the
 * patch begins at the last window's step at or before it, up to s − 1 lines further up and left, where windows lie alike for all
 * viewers, and ν is moved to its place in this larger patch, by viewer.
 *
 * Where a patch begins depends on its own place alone, not on who else looks: whether branches meet does neither.
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

/**
 * The first window that reaches line `start` begins `before` lines above or later: at ⌈(start + pad − before)/s⌉·s − pad. The larger
 * patch starts at ⌊(start + pad − before)/s⌋·s − pad + before, so that its first window ends in its first line.
 */
function inStep(start: Int32Array, extent: number, stride: number, pad: number, before: number): InStep {
  const first = start.map((line) => Math.floor((line + pad - before) / stride));
  const moved = start.map((line, i) => line + pad - before - first[i] * stride);
  const larger = extent + moved.reduce((most, lines) => Math.max(most, lines), 0);
  return { moved, extent: larger, first, windows: Math.floor((larger - 1 + before) / stride) + 1 };
}
