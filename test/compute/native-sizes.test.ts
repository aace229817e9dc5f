import { afterEach, describe, expect, test } from "vitest";
import type { Backend, Tensor } from "../../src/compute/backend.js";
import type { Conv2dGeometry } from "../../src/compute/geometry.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { repeatOwners, SHARED } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { BackendError, OutOfMemoryError, ShapeError } from "../../src/errors.js";

const VAST = 2 ** 46;

/** Images as large as a geometry may have them, which without rows take no memory. */
const LARGEST: Conv2dGeometry = {
  inChannels: 1,
  inHeight: 2 ** 15,
  inWidth: 2 ** 15,
  outChannels: 1,
  outHeight: 2 ** 15,
  outWidth: 2 ** 15,
  kernelHeight: 1,
  kernelWidth: 1,
  strideHeight: 1,
  strideWidth: 1,
  padTop: 0,
  padLeft: 0,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
};

/** Results of no entries, or of few, from tensors that have none but a vast side. */
const SMALL: Readonly<Record<string, (b: Backend) => Tensor>> = {
  reshape: (b) => b.reshape(b.filled(0, VAST, 1), VAST, 0),
  transpose: (b) => b.transpose(b.filled(VAST, 0, 1)),
  slice: (b) => b.slice(b.filled(VAST, 0, 1), 5, VAST - 5),
  linearWeightGradient: (b) => b.linearWeightGradient(b.filled(3, 0, 1), b.filled(2, 0, 1)),
  conv2dWeightGradient: (b) =>
    b.conv2dWeightGradient(b.filled(2 ** 30, 0, 1), b.filled(2 ** 30, 0, 1), LARGEST),
  conv2dSelect: (b) => b.conv2dSelect(b.filled(1, 1, 1), new Int32Array(0), LARGEST),
  sumRows: (b) => b.sumRows(b.filled(0, VAST, 1), SHARED, 1),
  spread: (b) => b.spread(b.filled(0, 1, 1), SHARED, VAST),
  multiply: (b) => b.multiply(b.filled(VAST, 0, 1), b.filled(VAST, 0, 1)),
  medianRows: (b) => b.medianRows(b.filled(VAST, 0, 1), 2 ** 31 - 1).value,
};

/** What no memory holds, or what is more than is counted with. */
const ENDLESS: Readonly<Record<string, (b: Backend) => Tensor>> = {
  filled: (b) => b.filled(VAST, 1, 1),
  "filled, many entries": (b) => b.filled(VAST, VAST, 1),
  concat: (b) => b.concat([b.filled(VAST, 0, 1), b.filled(VAST, 0, 1)]),
  outer: (b) => b.outer(b.filled(VAST, 1, 1), b.filled(1, 1, 1), SHARED),
  "linear, vast taps": (b) => b.linear(b.filled(0, VAST, 1), b.filled(VAST, 0, 1), null),
  "linear, no taps": (b) => b.linear(b.filled(VAST, 0, 1), b.filled(0, 1, 1), null),
  linearTranspose: (b) => b.linearTranspose(b.filled(0, VAST, 1), b.filled(0, 3, 1)),
  scatterAdd: (b) => b.scatterAdd(b.filled(0, 1, 1), new Int32Array(0), VAST),
  sumRows: (b) => b.sumRows(b.filled(VAST, 0, 1), repeatOwners(0), 1),
  normRows: (b) => b.normRows(b.filled(2, 0, 1), repeatOwners(0), VAST, 2),
  "backward, vast on its way": (b) =>
    b.backward(
      { kind: "rows", nu: b.filled(0, 5, 1) },
      [{ kind: "linear", weight: b.filled(0, VAST, 1) }, TO_ONE],
      {
        radius: b.filled(1, 1, 1),
        owners: SHARED,
        order: 1,
      },
    ),
  "backward, as many as are counted with": (b) =>
    b.backward(
      { kind: "rows", nu: b.filled(0, 5, 1) },
      [{ kind: "linear", weight: b.filled(0, 2 ** 30, 1) }, TO_ONE],
      {
        radius: b.filled(1, 1, 1),
        owners: SHARED,
        order: 1,
      },
    ),
};

const TO_ONE = { kind: "gather", index: Int32Array.of(7) } as const;

const problem = nativeProblem();
let backend: Backend;
afterEach(() => backend.dispose());

describe.skipIf(problem !== null)("sizes at their ends, native", () => {
  for (const dtype of ["float32", "float64"] as const) {
    const open = (): Backend => {
      backend = createNativeBackend({ dtype, threads: 2, memoryLimit: 10_000_000 });
      return backend;
    };

    test.each(Object.entries(SMALL))(`${dtype}: %s of no entries`, async (_, call) => {
      const result = call(open());
      const values = await backend.read(result);
      expect(values).toHaveLength(result.features * result.rows);
      expect(values.every((value) => value === 0)).toBe(true);
      expect(backend.memory().liveBytes).toBeLessThan(1000);
    });

    test.each(Object.entries(ENDLESS))(`${dtype}: %s`, async (_, call) => {
      await expect(async () => backend.read(call(open()))).rejects.toThrow(BackendError);
    });
  }
});

describe("sizes at their ends, portable", () => {
  test("what no array holds is out of memory, and takes none", () => {
    backend = createPortableBackend();
    expect(() => backend.filled(VAST, 1, 1)).toThrow(OutOfMemoryError);
    expect(() => backend.filled(VAST, VAST, 1)).toThrow(OutOfMemoryError);
    expect(() => backend.linear(backend.filled(VAST, 0, 1), backend.filled(0, 1, 1), null)).toThrow(
      OutOfMemoryError,
    );
    expect(backend.memory().liveBytes).toBe(0);
  });

  test("owners of 2^31 rows are refused", () => {
    backend = createPortableBackend();
    const x = backend.filled(0, 1, 1);
    expect(() => backend.spread(x, repeatOwners(2 ** 31), 2 ** 31)).toThrow(ShapeError);
    expect(() => backend.medianRows(backend.filled(1, 0, 1), 2 ** 31)).toThrow(ShapeError);
  });

  test("images of more than 2^30 features are refused", () => {
    backend = createPortableBackend();
    const [weight, x] = [backend.filled(1, 1, 1), backend.filled(2 ** 30, 0, 1)];
    const call = (geometry: Partial<Conv2dGeometry>) => () =>
      backend.conv2d(weight, x, null, { ...LARGEST, ...geometry });
    expect(call({ outHeight: 2 ** 16 })).toThrow(ShapeError);
    expect(call({ strideWidth: 2 ** 20 })).toThrow(ShapeError);
    expect(call({ padTop: 2 ** 30 })).toThrow(ShapeError);
  });

  test("a call that is refused takes no memory", () => {
    backend = createPortableBackend();
    const x = backend.filled(2, 3, 1);
    const before = backend.memory().liveBytes;
    expect(() => backend.apply({ kind: "leaky-relu", slope: Number.NaN }, x)).toThrow();
    expect(() => backend.applyGradient({ kind: "leaky-relu", slope: Number.NaN }, x, x)).toThrow();
    const noise = { distribution: "cauchy", key: [1, 2], stream: [3, 4], examples: [-1, 0, 0] } as const;
    expect(() => backend.addNoise(null, null, x, 2, noise)).toThrow();
    expect(backend.memory().liveBytes).toBe(before);
  });
});
