import { describe, expect, test } from "vitest";
import type { Backend, Tensor } from "../../../src/compute/backend.js";
import type { CropWindow } from "../../../src/compute/crop-window.js";
import { OWN, type Owners } from "../../../src/compute/owners.js";
import { at, build, crop, type Matrix, map2, norm, numericGradient, spread } from "../oracle.js";
import { type Bench, OWNERSHIPS } from "./bench.js";

const FEATURES = [1, 5, 8];
const [CHANNELS, HEIGHT, WIDTH] = [2, 4, 5];
const IMAGE = CHANNELS * HEIGHT * WIDTH;

/** Top and left of patches inside the image, across every edge, and outside of it on every side. */
const PLACES: readonly (readonly [number, number])[] = [
  [0, 0],
  [-1, 1],
  [-7, 2],
  [1, 2],
  [3, 4],
  [0, 5],
  [2, -1],
  [4, -2],
  [1, -9],
  [-2, -1],
  [9, 9],
];

const PATCHES: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 2],
  [5, 6],
];

/** Patches of every size, in images of two channels, placed in turn. */
function windowsFor(rows: number): CropWindow[] {
  return PATCHES.map(([patchHeight, patchWidth], i) => {
    const place = (axis: 0 | 1) =>
      Int32Array.from({ length: rows }, (_, row) => PLACES[(row + 4 * i) % PLACES.length][axis]);
    return {
      channels: CHANNELS,
      height: HEIGHT,
      width: WIDTH,
      patchHeight,
      patchWidth,
      top: place(0),
      left: place(1),
    };
  });
}

/** Each row's own coefficients: its owner's, cropped where there is a window. */
function coefficients(x: Matrix, owners: Owners, rows: number, window: CropWindow | null): Matrix {
  return window ? crop(x, owners, window) : spread(x, owners, rows);
}

/** d ⊙ ν, and below it, as one more feature, Σρ|ν|. */
function enclosed(nu: Matrix, slope: Matrix, radius: Matrix, owners: Owners, window: CropWindow | null) {
  const scaled = map2(nu, coefficients(slope, owners, nu.rows, window), (a, b) => a * b);
  const size = norm(nu, coefficients(radius, owners, nu.rows, window), OWN, 1);
  return stack(scaled, size);
}

function stack(x: Matrix, y: Matrix): Matrix {
  return build(x.features + y.features, x.rows, (f, r) =>
    f < x.features ? at(x, f, r) : at(y, f - x.features, r),
  );
}

export function encloseConformance(bench: Bench): void {
  /** One call of `enclose`, both results under one another. */
  const enclose = async (inputs: readonly Matrix[], owners: Owners, window: CropWindow | null) => {
    const part = (name: "nu" | "radius") =>
      bench.run(inputs, (b, [n, d, rho]) => b.enclose(n, d, rho, owners, window)[name]);
    return stack(await part("nu"), await part("radius"));
  };

  /** Entries of one tensor of a result that has several. */
  const gradients = async <K extends string>(
    inputs: readonly Matrix[],
    operation: (b: Backend, t: Tensor[]) => Readonly<Record<K, Tensor>>,
  ): Promise<Record<K, Matrix>> => {
    const backend = await bench.backend();
    const tensors = await Promise.all(inputs.map((x) => bench.upload(x)));
    const parts = Object.entries<Tensor>(operation(backend, tensors));
    const read = await Promise.all(parts.map(async ([name, tensor]) => [name, await bench.read(tensor)]));
    return Object.fromEntries(read) as Record<K, Matrix>;
  };

  const expectEnclose = async (
    features: number,
    imageFeatures: number,
    [rows, columns]: readonly [number, number],
    owners: Owners,
    window: CropWindow | null,
  ): Promise<void> => {
    const nu = bench.matrixAwayFromZero(features, rows);
    const [slope, radius] = [bench.matrix(imageFeatures, columns), bench.matrix(imageFeatures, columns)];
    const inputs = [nu, slope, radius];
    const expected = enclosed(nu, slope, radius, owners, window);
    bench.expectClose(await enclose(inputs, owners, window), expected, "enclose");
    const [gNu, gRadius] = [bench.matrix(features, rows), bench.matrix(1, rows)];
    const gradient = await gradients([...inputs, gNu, gRadius], (b, [n, d, rho, g, h]) =>
      b.encloseGradient(n, d, rho, g, h, owners, window),
    );
    const f = ([n, d, rho]: readonly Matrix[]): Matrix => enclosed(n, d, rho, owners, window);
    for (const [i, name] of (["nu", "slope", "radius"] as const).entries()) {
      const numeric = numericGradient(f, inputs, i, stack(gNu, gRadius));
      bench.expectClose(gradient[name], numeric, `gradient in ${name}`, bench.gradientTolerance);
    }
  };

  for (const { name, owners, rows, columns } of OWNERSHIPS) {
    describe(`parallel lines backward, rows owned: ${name}`, () => {
      test("enclose and its derivatives, whole rows", async () => {
        for (const features of FEATURES) {
          await expectEnclose(features, features, [rows, columns], owners, null);
        }
      });

      test("enclose and its derivatives, patches inside, across the edges and outside", async () => {
        for (const window of windowsFor(rows)) {
          const features = CHANNELS * window.patchHeight * window.patchWidth;
          await expectEnclose(features, IMAGE, [rows, columns], owners, window);
        }
      });

      test("patchNorm and its derivatives, weights of any sign", async () => {
        for (const window of windowsFor(rows)) {
          const x = bench.matrixAwayFromZero(CHANNELS * window.patchHeight * window.patchWidth, rows);
          const [w, g] = [bench.matrix(IMAGE, columns), bench.matrix(1, rows)];
          const f = ([a, b]: readonly Matrix[]): Matrix => norm(a, crop(b, owners, window), OWN, 1);
          const got = await bench.run([x, w], (b, [t, v]) => b.patchNorm(t, v, owners, window));
          bench.expectClose(got, f([x, w]), "patchNorm");
          const gradient = await gradients([x, w, g], (b, [t, v, h]) =>
            b.patchNormGradient(t, v, h, owners, window),
          );
          for (const [i, part] of (["x", "weight"] as const).entries()) {
            const numeric = numericGradient(f, [x, w], i, g);
            bench.expectClose(gradient[part], numeric, `gradient in ${part}`, bench.gradientTolerance);
          }
        }
      });
    });
  }

  describe("parallel lines backward", () => {
    const window: CropWindow = {
      channels: 1,
      height: 2,
      width: 1,
      patchHeight: 1,
      patchWidth: 1,
      top: Int32Array.of(0, 1, 2),
      left: new Int32Array(3),
    };

    test("many rows and features", async () => {
      for (const [features, rows] of [
        [3, 35],
        [37, 2],
      ]) {
        await expectEnclose(features, features, [rows, rows], OWN, null);
      }
    });

    test("outside the image ν is 0, and so are its derivatives", async () => {
      const ones = build(1, 3, () => 1);
      const image = build(2, 3, () => 1);
      const got = await enclose([ones, image, image], OWN, window);
      expect(got.values).toEqual([1, 1, 0, 1, 1, 0]);
      const gradient = await gradients([ones, image, image, ones, ones], (b, [n, d, rho, g, h]) =>
        b.encloseGradient(n, d, rho, g, h, OWN, window),
      );
      expect(gradient.nu.values).toEqual([2, 2, 0]);
      expect(gradient.slope.values).toEqual([1, 0, 0, 0, 1, 0]);
      expect(gradient.radius.values).toEqual([1, 0, 0, 0, 1, 0]);
    });

    test("a zero ν has derivative 0 in |ν|", async () => {
      const [zero, two, one] = [build(2, 1, () => 0), build(2, 1, () => 2), build(1, 1, () => 1)];
      const gradient = await gradients([zero, two, two, two, one], (b, [n, d, rho, g, h]) =>
        b.encloseGradient(n, d, rho, g, h, OWN, null),
      );
      expect(gradient.nu.values).toEqual([4, 4]);
      const patch = { ...window, patchHeight: 2, top: Int32Array.of(0), left: Int32Array.of(0) };
      const norms = await gradients([zero, two, one], (b, [x, w, g]) =>
        b.patchNormGradient(x, w, g, OWN, patch),
      );
      expect([...norms.x.values, ...norms.weight.values].map(Math.abs)).toEqual([0, 0, 0, 0]);
    });

    test("a patch that does not see a NaN has none", async () => {
      const ones = build(1, 3, () => 1);
      const broken = build(2, 3, (f, r) => (f === 0 && r === 1 ? Number.NaN : 1));
      const got = await enclose([ones, broken, broken], OWN, window);
      expect(got.values).toEqual([1, 1, 0, 1, 1, 0]);
      const seen = await enclose([ones, broken, broken], OWN, { ...window, top: Int32Array.of(0, 0, 0) });
      expect(seen.values.map(Number.isNaN)).toEqual([false, true, false, false, true, false]);
    });
  });
}
