import { describe, expect, it } from "vitest";
import { Tape } from "../../../src/autodiff/index.js";
import type { Conv2dGeometry } from "../../../src/compute/geometry.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import type { ParallelDual } from "../../../src/dual/dual-layer.js";
import { choiceInPatch } from "../../../src/dual/layers/choice-in-patch.js";
import { elementwise } from "../../../src/dual/layers/elementwise.js";
import { ruleOf } from "../../../src/dual/layers/index.js";
import { inputPatch } from "../../../src/dual/layers/window-patch.js";
import { parallelDual } from "../../../src/dual/parallel-dual.js";
import { OWN_VIEWERS } from "../../../src/dual/patch.js";
import { constantsOf } from "../../../src/dual/widening.js";
import { windowMembers } from "../../../src/dual/window-members.js";
import { leakyRelu, maxPool, relu } from "../../../src/network/build-layer.js";
import { windowGeometry } from "../../../src/network/layers/window.js";
import { sizeOf } from "../../../src/network/shape.js";
import * as dense from "./dense.js";
import { ownLayer } from "./own-layer.js";

const backend = createPortableBackend({ dtype: "float64" });
const IMAGE = [2, 4, 5];

const LAYERS = {
  padded: maxPool({ kernel: 3, stride: [1, 2], padding: 1 }),
  "in steps, dilated": maxPool({ kernel: 2, stride: 2, dilation: [2, 1], padding: [0, 1, 2, 0] }),
  "of one line": maxPool({ kernel: [1, 2], stride: [2, 1], padding: [0, 1, 0, 1] }),
};

function geometryOf(layer: (typeof LAYERS)["padded"]): Conv2dGeometry {
  return windowGeometry(layer, IMAGE, dense.alone(IMAGE, layer).outputShape);
}

/** The inputs of a window, −1 on padding, in the order of the kernel. */
function tapsOf(g: Conv2dGeometry, out: number): number[] {
  const [oy, ox] = [Math.floor(out / g.outWidth) % g.outHeight, out % g.outWidth];
  const channel = Math.floor(out / (g.outHeight * g.outWidth));
  const taps: number[] = [];
  for (let ky = 0; ky < g.kernelHeight; ky++) {
    for (let kx = 0; kx < g.kernelWidth; kx++) {
      const y = oy * g.strideHeight - g.padTop + ky * g.dilationHeight;
      const x = ox * g.strideWidth - g.padLeft + kx * g.dilationWidth;
      const inside = y >= 0 && y < g.inHeight && x >= 0 && x < g.inWidth;
      taps.push(inside ? (channel * g.inHeight + y) * g.inWidth + x : -1);
    }
  }
  return taps;
}

describe.each(Object.entries(LAYERS))("windows %s", (_, layer) => {
  const geometry = geometryOf(layer);
  const shape = [geometry.outChannels, geometry.outHeight, geometry.outWidth];
  const out = sizeOf(shape);

  it("have the inputs that lie in the image, channel by channel", () => {
    const expected = Array.from({ length: out }, (_own, o) => tapsOf(geometry, o).filter((tap) => tap >= 0));
    expect(windowMembers(geometry)).toEqual(expected);
  });

  it("have their choice where patches have it; none where they chose none, and on padding", async () => {
    using tape = new Tape(backend, { record: false });
    // One of the inputs of each window, or none.
    const choice = dense.matrix(out, dense.EXAMPLES, (o, b) => {
      const taps = tapsOf(geometry, o).filter((tap) => tap >= 0);
      return (o + b) % 5 === 4 || taps.length === 0 ? -1 : taps[(3 * o + b) % taps.length];
    });
    for (const patch of dense.patchesOf(shape)) {
      const own = choiceInPatch(tape, dense.uploaded(tape, choice).value, geometry, patch, dense.VIEWERS);
      const viewers = Array.from(dense.EXAMPLES_SEEN, (_own, viewer) => viewer);
      const seen = dense.featuresSeen(shape, patch, viewers);
      const below = dense.featuresSeen(IMAGE, inputPatch(geometry, patch), viewers);
      const found = await backend.read(own);
      expect([own.features, own.rows]).toEqual([seen.features, viewers.length]);
      const wrong: string[] = [];
      seen.values.forEach((feature, i) => {
        const viewer = i % viewers.length;
        const expected =
          feature < 0 ? -1 : choice.values[feature * dense.EXAMPLES + dense.EXAMPLES_SEEN[viewer]];
        const got = found[i] < 0 ? found[i] : below.values[found[i] * viewers.length + viewer];
        if (got !== expected) wrong.push(`feature ${feature}: ${got}, not ${expected}`);
      });
      expect(wrong).toEqual([]);
    }
  });
});

describe("parallel lines of slopes of either sign", () => {
  const lines = (tape: Tape) => {
    const of = (...values: number[]) => tape.own(backend.upload(3, 1, values));
    return { slope: of(-2, 0.5, 0), shift: of(-3, 1, 0), radius: of(0.5, 0, 2) };
  };
  const read = async (layer: ParallelDual, tape: Tape) => {
    const sizes = new Float64Array(3);
    for (const { weight, x, absolute } of constantsOf(tape, layer)) {
      const values = await backend.read(x.value);
      values.forEach((value, i) => {
        sizes[i] += weight * (absolute ? Math.abs(value) : value);
      });
    }
    return Array.from(sizes);
  };

  it("take radii by their size, and have constants of |m| + ρ", async () => {
    using tape = new Tape(backend, { record: false });
    const layer = parallelDual(lines(tape), [3]);
    const through = layer.absolute(tape, tape.own(backend.filled(3, 1, 2)));
    expect(Array.from(await backend.read(through.value))).toEqual([4, 1, 0]);
    expect(layer.magnitude && Array.from(await backend.read(layer.magnitude(tape).value))).toEqual([
      2, 0.5, 0,
    ]);
    expect(layer.constants).toBeUndefined();
    expect(await read(layer, tape)).toEqual([3.5, 1, 2]);
    const wider = layer.widened?.(tape, tape.own(backend.filled(3, 1, 1))) as ParallelDual;
    expect(await read(wider, tape)).toEqual([4.5, 2, 3]);
    expect(wider.magnitude && Array.from(await backend.read(wider.magnitude(tape).value))).toEqual([
      2, 0.5, 0,
    ]);
  });

  it("have other constants where these are given, and for ReLU the radius alone", async () => {
    using tape = new Tape(backend, { record: false });
    const own = lines(tape);
    const layer = parallelDual(own, [3], undefined, (given) => {
      expect(given).toEqual(own);
      return [{ weight: 4, x: given.radius }];
    });
    expect(await read(layer, tape)).toEqual([2, 0, 8]);
    const bounds = { lower: tape.own(backend.filled(3, 1, -1)), upper: tape.own(backend.filled(3, 1, 3)) };
    for (const [f, terms] of [
      [relu(), 1],
      [leakyRelu(0.25), 2],
    ] as const) {
      const layer = elementwise.parallel(tape, f, dense.alone([3], f).context(1, new Map()), bounds);
      expect(constantsOf(tape, layer).length).toBe(terms);
    }
  });

  it("are refused as what they are not", () => {
    using tape = new Tape(backend, { record: false });
    expect(() => parallelDual(null as never, [3])).toThrow("parallelDual: lines");
    expect(() => parallelDual(lines(tape), "3" as never)).toThrow("parallelDual: shape");
  });
});

it("a layer of one's own has the rule that it brings along", () => {
  const own = ownLayer(null);
  expect(ruleOf(own)).toBe(own.definition.dual);
});

it("rows that are their own viewers see their own example", () => {
  expect(OWN_VIEWERS).toEqual({ examples: { kind: "own" }, rows: { kind: "own" } });
});
