import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import type { Backend } from "../../src/compute/backend.js";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { rowsAtOnce } from "../../src/dual/pieces.js";
import { OutOfMemoryError } from "../../src/errors.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { fixedBindings, releaseParameters, uploadWeights } from "../../src/network/weights.js";
import { makeBall, releaseBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

const SPEC = { norm: "linf", epsilon: 0.2 } as const;

/** Pre-activation bounds and margins, as numbers. */
async function boundsOf(backend: Backend, network: Network, options: DualOptions): Promise<number[]> {
  const parameters = uploadWeights(backend, lively(network, 1));
  const ball = makeBall(backend, randomExamples(network, 3, 1), 3, SPEC);
  try {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, fixedBindings(parameters), ball, options);
    const found: number[] = [];
    for (const { lower, upper } of dual.preActivation.values()) {
      found.push(...(await backend.read(lower.value)), ...(await backend.read(upper.value)));
    }
    found.push(...(await backend.read((await dual.marginsInPieces(Int32Array.of(0, 1, 0))).value)));
    return found;
  } finally {
    releaseBall(ball);
    releaseParameters(parameters);
  }
}

const backends = (dtype: "float32" | "float64"): Backend[] => [
  createPortableBackend({ dtype }),
  ...(nativeProblem() === null ? [createNativeBackend({ dtype, threads: 1 })] : []),
];

describe("a budget", () => {
  it.each(Object.keys(LAYER_NETWORKS))(
    "cuts rows down to one, and bounds stay, up to rounding: %s",
    async (name) => {
      const network = LAYER_NETWORKS[name as keyof typeof LAYER_NETWORKS]();
      for (const dtype of ["float32", "float64"] as const) {
        for (const backend of backends(dtype)) {
          for (const method of ["parallel", "adaptive"] as const) {
            // Generators would be another sum of the same terms.
            const options = { method, rounding: "float32", complete: true, pieceBytes: 1 } as const;
            const whole = await boundsOf(backend, network, options);
            const cut = await boundsOf(backend, network, { ...options, budget: new Budget(1) });
            expect(cut.length).toBe(whole.length);
            const scale = Math.max(...whole.map(Math.abs));
            const worst = Math.max(...cut.map((bound, i) => Math.abs(bound - whole[i])));
            expect(worst).toBeLessThan(dtype === "float32" ? 1e-5 * scale : 1e-13 * scale);
            if (backend.name === "native") expect(cut).toEqual(whole);
            expect(backend.memory().liveBytes).toBe(0);
          }
          backend.dispose();
        }
      }
    },
  );

  it("gives pieces what is left of it, one row at least, and as much as is done at once", () => {
    const backend = createPortableBackend({ dtype: "float64" });
    const rows = (bytes: number, multiplyAdds = 1) => {
      using tape = new Tape(backend, { record: false });
      return rowsAtOnce(tape, { features: 1000, multiplyAdds }, { budget: new Budget(bytes) });
    };
    expect([rows(0), rows(16 * 8000 * 7), rows(1e9)]).toEqual([1, 7, 496]);
    using held = backend.filled(1000, 16 * 3, 0);
    expect([rows(16 * 8000 * 7), held.rows]).toEqual([4, 48]);
    expect(rows(1e9, backend.multiplyAddsAtOnce / 5)).toBe(5);
    expect(rows(1e9, 10 * backend.multiplyAddsAtOnce)).toBe(1);
  });

  it("leaves recorded pieces as they are: gradients are sums over them", () => {
    using tape = new Tape(createPortableBackend({ dtype: "float32" }), { record: true });
    const way = { features: 1000, multiplyAdds: 1e12 };
    const unlimited = rowsAtOnce(tape, way, {});
    expect(unlimited).toBeGreaterThan(16000);
    expect(rowsAtOnce(tape, way, { budget: new Budget(1) })).toBe(unlimited);
  });

  it.skipIf(nativeProblem() !== null)(
    "that has no room for one row names the layer and the bytes",
    async () => {
      const network = sequential([1, 64, 64], [conv2d(8, { kernel: 3 }), relu(), flatten(), linear(2)]);
      const limit = 2 ** 21;
      const backend = createNativeBackend({ threads: 1, memoryLimit: limit });
      const found = boundsOf(backend, network, { budget: new Budget(limit), rounding: "float32" });
      await expect(found).rejects.toThrow(OutOfMemoryError);
      await expect(found).rejects.toThrow(/^layer "\w+" \([a-z0-9-]+\): .*out of memory: \d+ bytes wanted/);
      backend.dispose();
    },
  );
});

describe("a deadline", () => {
  it("ends work between its pieces, as a signal does, and only its own", async () => {
    const backend = createPortableBackend();
    const network = LAYER_NETWORKS.conv2d();
    const over = Deadline.in(-1);
    expect(await over.unlessPassed(() => boundsOf(backend, network, { signal: over }))).toBeNull();
    expect(backend.memory().liveBytes).toBe(0);
    const later = Deadline.in(60);
    expect(await later.unlessPassed(() => boundsOf(backend, network, { signal: later }))).not.toBeNull();
    const reason = new Error("enough");
    await expect(later.unlessPassed(() => Promise.reject(reason))).rejects.toBe(reason);
    const control = new AbortController();
    const stopped = Deadline.in(60, control.signal).share(0.5);
    control.abort(reason);
    expect(await stopped.unlessPassed(() => boundsOf(backend, network, { signal: stopped }))).toBeNull();
  });
});
