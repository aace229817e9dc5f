import { describe } from "vitest";
import type { Backend } from "../../src/compute/backend.js";
import { affineConformance } from "./conformance/affine.js";
import { backwardConformance } from "./conformance/backward.js";
import { Bench } from "./conformance/bench.js";
import { boxesConformance } from "./conformance/boxes.js";
import { conv2dConformance } from "./conformance/conv2d.js";
import { encloseConformance } from "./conformance/enclose.js";
import { enclosureConformance } from "./conformance/enclosure.js";
import { entriesConformance } from "./conformance/entries.js";
import { linesConformance } from "./conformance/lines.js";
import { lossConformance } from "./conformance/loss.js";
import { medianConformance } from "./conformance/median.js";
import { memoryConformance } from "./conformance/memory.js";
import { nanConformance } from "./conformance/nan.js";
import { noiseConformance } from "./conformance/noise.js";
import { ownersConformance } from "./conformance/owners.js";
import { selectionConformance } from "./conformance/selection.js";
import { shapeConformance } from "./conformance/shapes.js";

/**
 * What every backend must pass: each operation of `Backend` against plain loops (`oracle.ts`), each transpose by
 * adjointness, each derivative by finite differences, each pair of lines by sampling, and the rules for NaN, shapes
 * and released tensors. `relative` bounds |got − expected| over the largest |expected| of a result, or 1 if smaller.
 */
export function conformance(
  name: string,
  makeBackend: () => Promise<Backend>,
  tolerance: { readonly relative: number },
): void {
  describe(`backend conformance: ${name}`, () => {
    const bench = new Bench(makeBackend, tolerance.relative);
    memoryConformance(bench);
    shapeConformance(bench);
    affineConformance(bench);
    conv2dConformance(bench);
    backwardConformance(bench);
    entriesConformance(bench);
    ownersConformance(bench);
    encloseConformance(bench);
    medianConformance(bench);
    noiseConformance(bench);
    selectionConformance(bench);
    linesConformance(bench);
    enclosureConformance(bench);
    lossConformance(bench);
    boxesConformance(bench);
    nanConformance(bench);
  });
}
