import { describe, expect, test } from "vitest";
import type { Backend, Tensor } from "../../../src/compute/backend.js";
import { OWN, type Owners } from "../../../src/compute/owners.js";
import { at, build, type Matrix, map2, norm, numericGradient, spread } from "../oracle.js";
import { type Bench, OWNERSHIPS } from "./bench.js";

const FEATURES = [1, 5, 8];

/** d ⊙ ν, and below it, as one more feature, Σρ|ν|. */
function enclosed(nu: Matrix, slope: Matrix, radius: Matrix, owners: Owners) {
  const scaled = map2(nu, spread(slope, owners, nu.rows), (a, b) => a * b);
  return stack(scaled, norm(nu, radius, owners, 1));
}

function stack(x: Matrix, y: Matrix): Matrix {
  return build(x.features + y.features, x.rows, (f, r) =>
    f < x.features ? at(x, f, r) : at(y, f - x.features, r),
  );
}

export function encloseConformance(bench: Bench): void {
  /** One call of `enclose`, both results under one another. */
  const enclose = async (inputs: readonly Matrix[], owners: Owners) => {
    const part = (name: "nu" | "radius") =>
      bench.run(inputs, (b, [n, d, rho]) => b.enclose(n, d, rho, owners)[name]);
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
    [rows, columns]: readonly [number, number],
    owners: Owners,
  ): Promise<void> => {
    const nu = bench.matrixAwayFromZero(features, rows);
    const [slope, radius] = [bench.matrix(features, columns), bench.matrix(features, columns)];
    const inputs = [nu, slope, radius];
    const expected = enclosed(nu, slope, radius, owners);
    bench.expectClose(await enclose(inputs, owners), expected, "enclose");
    const [gNu, gRadius] = [bench.matrix(features, rows), bench.matrix(1, rows)];
    const gradient = await gradients([...inputs, gNu, gRadius], (b, [n, d, rho, g, h]) =>
      b.encloseGradient(n, d, rho, g, h, owners),
    );
    const f = ([n, d, rho]: readonly Matrix[]): Matrix => enclosed(n, d, rho, owners);
    for (const [i, name] of (["nu", "slope", "radius"] as const).entries()) {
      const numeric = numericGradient(f, inputs, i, stack(gNu, gRadius));
      bench.expectClose(gradient[name], numeric, `gradient in ${name}`, bench.gradientTolerance);
    }
  };

  for (const { name, owners, rows, columns } of OWNERSHIPS) {
    describe(`parallel lines backward, rows owned: ${name}`, () => {
      test("enclose and its derivatives", async () => {
        for (const features of FEATURES) {
          await expectEnclose(features, [rows, columns], owners);
        }
      });
    });
  }

  describe("parallel lines backward", () => {
    test("many rows and features", async () => {
      for (const [features, rows] of [
        [3, 35],
        [37, 2],
      ]) {
        await expectEnclose(features, [rows, rows], OWN);
      }
    });

    test("a zero ν has derivative 0 in |ν|", async () => {
      const [zero, two, one] = [build(2, 1, () => 0), build(2, 1, () => 2), build(1, 1, () => 1)];
      const gradient = await gradients([zero, two, two, two, one], (b, [n, d, rho, g, h]) =>
        b.encloseGradient(n, d, rho, g, h, OWN),
      );
      expect(gradient.nu.values).toEqual([4, 4]);
    });
  });
}
