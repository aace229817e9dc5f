import { describe, expect, test } from "vitest";
import type { Backend, Dtype, Tensor } from "../../src/compute/backend.js";
import type { Conv2dGeometry } from "../../src/compute/geometry.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend, instructionSets } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { largestRelativeError } from "../support/numbers.js";

/**
 * Sums too long for a second-level cache are cut into passes, whose results are added to what is there (`products.h`).
 * The conformance suite's products are too small for that.
 */
const problem = nativeProblem();
const SETS = problem === null ? [...instructionSets()] : [];

const square = (channels: number, outputs: number): Conv2dGeometry => ({
  groups: 1,
  ...{ inChannels: channels, inHeight: 8, inWidth: 8, outChannels: outputs, outHeight: 8, outWidth: 8 },
  ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1 },
  ...{ padTop: 1, padLeft: 1, dilationHeight: 1, dilationWidth: 1 },
});

/** Few rows go by positions, many by groups of blocks; the last block is hardly ever full. */
const ROWS = [3, 50, 403];

type Product = (backend: Backend, rows: number) => Tensor;

function tensor(backend: Backend, name: string, features: number, rows: number): Tensor {
  return backend.upload(features, rows, random(1, name).fillNormal(new Float64Array(features * rows)));
}

const PRODUCTS: readonly (readonly [string, Product])[] = [
  [
    "a matrix that is packed",
    (b, rows) => b.linear(tensor(b, "w", 30, 12_000), tensor(b, "x", 12_000, rows), tensor(b, "b", 30, 1)),
  ],
  [
    "a matrix that is not",
    (b, rows) => b.linear(tensor(b, "w", 3, 12_000), tensor(b, "x", 12_000, rows), tensor(b, "b", 3, 1)),
  ],
  ["its transpose", (b, rows) => b.linearTranspose(tensor(b, "w", 12_000, 26), tensor(b, "y", 12_000, rows))],
  [
    "a convolution that is packed",
    (b, rows) =>
      b.conv2d(
        tensor(b, "w", 9, 330 * 9),
        tensor(b, "x", 330 * 64, rows),
        tensor(b, "b", 9, 1),
        square(330, 9),
      ),
  ],
  [
    "a convolution that is not",
    (b, rows) => b.conv2d(tensor(b, "w", 1, 330 * 9), tensor(b, "x", 330 * 64, rows), null, square(330, 1)),
  ],
  [
    "its transpose",
    (b, rows) => b.conv2dTranspose(tensor(b, "w", 330, 9), tensor(b, "y", 330 * 64, rows), square(1, 330)),
  ],
];

describe.skipIf(problem !== null)("products in passes", () => {
  describe.each(SETS)("%s", (instructionSet) => {
    test.each(PRODUCTS)("%s", { timeout: 60_000 }, async (_name, product) => {
      const reference = createPortableBackend({ dtype: "float64" });
      for (const rows of ROWS) {
        const expected = await reference.read(product(reference, rows));
        for (const dtype of ["float32", "float64"] as const satisfies readonly Dtype[]) {
          const backend = createNativeBackend({ dtype, threads: 2, instructionSet, poison: true });
          const error = largestRelativeError(await backend.read(product(backend, rows)), expected);
          expect(error).toBeLessThan(dtype === "float32" ? 2e-5 : 1e-12);
          backend.dispose();
        }
      }
    });
  });
});
