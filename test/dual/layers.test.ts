import { describe, expect, it } from "vitest";
import { apply, dot, norm, Tape, type Variable } from "../../src/autodiff/index.js";
import { indexedOwners, OWN, SHARED } from "../../src/compute/owners.js";
import { random } from "../../src/compute/random.js";
import type { BoundLayer, Bounds } from "../../src/dual/dual-layer.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { LAYER_KINDS } from "../../src/network/layers/index.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { fixedBindings } from "../../src/network/weights.js";
import { Bench } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";

const EXAMPLES = 3;
const ROWS = 7;
const OWNERS = indexedOwners(Int32Array.from([2, 0, 0, 1, 2, 2, 0]));
/** The same, some rows sharing a viewer. */
const VIEWERS = {
  examples: indexedOwners(Int32Array.from([2, 0, 1, 2, 0])),
  rows: indexedOwners(Int32Array.from([0, 1, 1, 2, 3, 3, 4])),
};

interface Bound {
  readonly kind: string;
  readonly layer: BoundLayer;
  readonly inputSizes: readonly number[];
  readonly outputSize: number;
}

/** Every layer of a network, bound over random intervals. */
function boundLayers(bench: Bench, tape: Tape, network: Network, method: "parallel" | "adaptive"): Bound[] {
  const bindings = fixedBindings(bench.parameters);
  return network.nodes.flatMap(({ layer, inputs, shape }, i) => {
    if (layer === null) return [];
    const context = network.context(i, bindings);
    const inputSizes = inputs.map((input) => sizeOf(network.nodes[input].shape));
    const rule = ruleOf(layer);
    const bound =
      rule.form === "affine"
        ? rule.bind(tape, layer, context)
        : rule[method](tape, layer, context, randomBounds(tape, inputSizes[0], i));
    return [{ kind: layer.kind, layer: bound, inputSizes, outputSize: sizeOf(shape) }];
  });
}

function randomBounds(tape: Tape, features: number, seed: number): Bounds {
  const source = random(seed, "bounds");
  const centre = Float64Array.from({ length: features * EXAMPLES }, () => source.normal());
  const radius = centre.map(() => source.uniform());
  const upload = (values: Float64Array) => tape.own(tape.backend.upload(features, EXAMPLES, values));
  return {
    lower: upload(centre.map((value, i) => value - radius[i])),
    upper: upload(centre.map((value, i) => value + radius[i])),
  };
}

function randomRows(tape: Tape, features: number, rows: number, seed: number): Variable {
  const source = random(seed, "rows");
  return tape.own(
    tape.backend.upload(
      features,
      rows,
      Float64Array.from({ length: features * rows }, () => source.normal()),
    ),
  );
}

/** ⟨x, y⟩ row by row. */
async function inner(bench: Bench, x: Variable, y: Variable): Promise<number[]> {
  const [a, b] = [await bench.values(x), await bench.values(y)];
  const { rows } = x.value;
  const sums = new Array<number>(rows).fill(0);
  a.forEach((value, i) => {
    sums[i % rows] += value * b[i];
  });
  return sums;
}

// Custom layers have tests of their own, test/dual/custom-layer.test.ts.
it("the networks under test hold every kind of layer", () => {
  const kinds = new Set(
    Object.values(LAYER_NETWORKS).flatMap((make) =>
      make().nodes.flatMap(({ layer }) => (layer ? [layer.kind] : [])),
    ),
  );
  expect([...kinds].sort()).toEqual(LAYER_KINDS.filter((kind) => kind !== "custom").sort());
});

describe.each(Object.entries(LAYER_NETWORKS))("dual layers of the network for %s", (_, makeNetwork) => {
  const network = makeNetwork();
  const bench = new Bench(lively(network, 3));

  it("the ν of back is the transpose of push", async () => {
    using tape = new Tape(bench.backend, { record: false });
    for (const { kind, layer, inputSizes, outputSize } of boundLayers(bench, tape, network, "parallel")) {
      if (layer.kind === "two-lines") continue;
      const inputs = inputSizes.map((size, i) => randomRows(tape, size, ROWS, i));
      const nu = randomRows(tape, outputSize, ROWS, 99);
      const forward = await inner(bench, layer.push(tape, inputs, OWNERS), nu);
      const { nus } = layer.back(tape, nu, OWNERS, { centre: false });
      const parts = await Promise.all(nus.map((part, i) => inner(bench, part, inputs[i])));
      const backward = parts.reduce((sum, part) => sum.map((value, i) => value + part[i]));
      expect(largestRelativeError(backward, forward), kind).toBeLessThan(1e-12);
    }
  });

  it("back adds mᵀν and ρᵀ|ν|, or an affine layer's bᵀν; the centre where it is wanted", async () => {
    using tape = new Tape(bench.backend, { record: false });
    for (const { kind, layer, outputSize } of boundLayers(bench, tape, network, "parallel")) {
      if (layer.kind === "two-lines") continue;
      const nu = randomRows(tape, outputSize, ROWS, 98);
      const without = layer.back(tape, nu, OWNERS, { centre: false });
      const { centre, radius } = layer.back(tape, nu, OWNERS, { centre: true });
      expect(without.centre, kind).toBeUndefined();
      const [shift, owners] = layer.kind === "affine" ? [layer.offset, SHARED] : [layer.shift, OWNERS];
      expect(centre === undefined, kind).toBe(shift === undefined);
      if (centre && shift) {
        const expected = await bench.values(dot(tape, nu, shift, owners));
        expect(largestRelativeError(await bench.values(centre), expected), kind).toBeLessThan(1e-14);
      }
      if (layer.kind === "affine") {
        expect(radius, kind).toBeUndefined();
        continue;
      }
      const expected = await bench.values(norm(tape, nu, layer.radius, OWNERS, 1));
      for (const got of [radius, without.radius]) {
        expect(largestRelativeError(await bench.values(got as Variable), expected), kind).toBeLessThan(1e-14);
      }
    }
  });

  it("select is back for unit vectors; absolute is |A| on radii", async () => {
    using tape = new Tape(bench.backend, { record: false });
    for (const { kind, layer, inputSizes, outputSize } of boundLayers(bench, tape, network, "parallel")) {
      if (layer.kind !== "affine") continue;
      const index = Int32Array.from({ length: ROWS }, (_value, i) => (i * 5 + 1) % outputSize);
      const units = new Float64Array(outputSize * ROWS);
      index.forEach((feature, row) => {
        units[feature * ROWS + row] = 1;
      });
      if (layer.select) {
        const nu = tape.own(bench.backend.upload(outputSize, ROWS, units));
        const { nus } = layer.back(tape, nu, OWNERS, { centre: false });
        const selected = await bench.values(layer.select(tape, index));
        expect(largestRelativeError(selected, await bench.values(nus[0])), kind).toBeLessThan(1e-14);
      }
      // |A| r bounds A on every sign pattern, and is reached by one.
      const radii = inputSizes.map((size, i) =>
        apply(tape, { kind: "abs" }, randomRows(tape, size, EXAMPLES, i)),
      );
      const absolute = await bench.values(layer.absolute(tape, radii, 1));
      const pushed = await bench.values(layer.push(tape, radii, OWN));
      expect(absolute.every((value, i) => value >= Math.abs(pushed[i]) - 1e-12)).toBe(true);
    }
  });

  it.each(["parallel", "adaptive"] as const)(
    "rows cropped to a patch give what whole rows give: %s",
    async (method) => {
      using tape = new Tape(bench.backend, { record: false });
      for (const { kind, layer, inputSizes, outputSize } of boundLayers(bench, tape, network, method)) {
        const node = network.nodes.find(
          ({ layer: own, shape }) => own?.kind === kind && sizeOf(shape) === outputSize,
        );
        if (!layer.crop || !node) continue;
        const [channels, height, width] = node.shape;
        // The patch is the whole image: nothing is cut off, so the numbers must be the same.
        const whole = { height, width, top: new Int32Array(5), left: new Int32Array(5) };
        const nu = randomRows(tape, channels * height * width, ROWS, 4);
        const cropped = layer.crop(whole, VIEWERS);
        const want = { centre: true };
        const [a, b] = [cropped.back(tape, nu, want), layer.back(tape, nu, OWNERS, want)];
        for (const part of ["centre", "radius"] as const) {
          expect(a[part] === undefined).toBe(b[part] === undefined);
          const [left, right] = [a[part], b[part]];
          if (left && right) {
            const [got, expected] = [await bench.values(left), await bench.values(right)];
            expect(largestRelativeError(got, expected), kind).toBeLessThan(1e-12);
          }
        }
        if (
          cropped.input.height === height &&
          cropped.input.width === width &&
          inputSizes[0] === outputSize
        ) {
          const [patch, dense] = [await bench.values(a.nus[0]), await bench.values(b.nus[0])];
          if (layer.kind !== "affine" || layer.coupling === "diagonal") {
            expect(largestRelativeError(patch, dense), kind).toBeLessThan(1e-12);
          }
        }
      }
    },
  );
});
