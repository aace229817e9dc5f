import { afterAll, describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { boundAgain } from "../../src/certify/again.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { Budget } from "../../src/compute/budget.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualNetwork } from "../../src/dual/dual-network.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { fixedBindings, type PlacedNetwork, uploadWeights } from "../../src/network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../../src/threat/ball.js";
import { lively } from "../support/networks.js";

const network = sequential([3], [linear(6), relu(), linear(5), relu(), linear(3)]);
const model = lively(network, 3);
const placedOn = (dtype: "float32" | "float64"): PlacedNetwork => {
  const backend = createPortableBackend({ dtype });
  return { backend, network, parameters: uploadWeights(backend, model) };
};
const [single, double] = [placedOn("float32"), placedOn("float64")];
afterAll(() => {
  for (const { backend } of [single, double]) backend.dispose();
});

const EXAMPLES = 3;
const source = random(1, "points");
const x = Float64Array.from({ length: 3 * EXAMPLES }, () => Math.fround(source.normal()));
const epsilons = [0.1, 0.2, 0.3];
const ball: BallSpec = { norm: "linf", epsilon: { perExample: epsilons } };

/** Bounds of all pre-activations, each end this much farther out. */
async function knownBounds(wider = 0) {
  using tape = new Tape(double.backend, { record: false });
  const own = makeBall(double.backend, x, EXAMPLES, ball);
  const dual = await buildDual(tape, network, fixedBindings(double.parameters), own, {});
  const found = new Map<number, { lower: Float64Array; upper: Float64Array }>();
  for (const [node, { lower, upper }] of dual.preActivation) {
    const read = async (tensor: typeof lower.value) => Float64Array.from(await double.backend.read(tensor));
    found.set(node, {
      lower: (await read(lower.value)).map((value) => value - wider),
      upper: (await read(upper.value)).map((value) => value + wider),
    });
  }
  releaseBall(own);
  return found;
}

/** As much of a dual network as is read: the bounds of its activations. */
function dualOf(known: Awaited<ReturnType<typeof knownBounds>>): DualNetwork & Disposable {
  const { backend } = double;
  const upload = (values: Float64Array) => ({
    value: backend.upload(values.length / EXAMPLES, EXAMPLES, values),
  });
  const preActivation = new Map(
    [...known].map(([node, { lower, upper }]) => [node, { lower: upload(lower), upper: upload(upper) }]),
  );
  return {
    backend,
    preActivation,
    [Symbol.dispose]: () => {
      for (const { lower, upper } of preActivation.values())
        for (const end of [lower, upper]) end.value.dispose();
    },
  } as unknown as DualNetwork & Disposable;
}

const MARGINS = [
  { example: 2, label: 0, other: 1 },
  { example: 0, label: 1, other: 2 },
  { example: 2, label: 0, other: 2 },
];

async function again(options: DualOptions, wider = 0, margins = MARGINS): Promise<number[]> {
  using dual = dualOf(await knownBounds(wider));
  const asked = { x, examples: EXAMPLES, ball, options, dual, margins };
  return [...(await boundAgain(double, asked))];
}

/** The same margins, bounded with all examples. */
async function direct(options: DualOptions, wider = 0): Promise<number[]> {
  using tape = new Tape(double.backend, { record: false });
  const own = makeBall(double.backend, x, EXAMPLES, ball);
  const known = await knownBounds(wider);
  const dual = await buildDual(tape, network, fixedBindings(double.parameters), own, { ...options, known });
  const bounds = await double.backend.read((await dual.boundMargins(MARGINS)).value);
  releaseBall(own);
  return [...bounds];
}

/** Counts how often it is asked whether to go on. */
function counted() {
  let looks = 0;
  const signal = {
    throwIfAborted: () => {
      looks += 1;
    },
  };
  return { signal, count: () => looks };
}

describe("margins that are bounded again", () => {
  it.each<[string, DualOptions]>([
    ["of real arithmetic", {}],
    ["with the lines that were asked for", { method: "adaptive" }],
    ["with the rounding of the evaluation", { rounding: "float32" }],
  ])("are those of their examples: %s", async (_, options) => {
    expect(await again(options)).toEqual(await direct(options));
  });

  it("tell lines and roundings apart", async () => {
    const [plain, adaptive, rounded] = [
      await again({}),
      await again({ method: "adaptive" }),
      await again({ rounding: "float32" }),
    ];
    expect(adaptive).not.toEqual(plain);
    // What single precision may do to three sums of six terms.
    for (const [i, margin] of rounded.entries()) {
      expect(margin).toBeLessThan(plain[i]! - 2 ** -24);
      expect(margin).toBeGreaterThan(plain[i]! - 1e-3);
    }
  });

  it("lie between the lines that are known, however loose", async () => {
    const [plain, loose] = [await again({}), await again({}, 1)];
    expect(loose).toEqual(await direct({}, 1));
    for (const [i, margin] of loose.entries()) expect(margin).toBeLessThan(plain[i]! - 0.01);
  });

  it("end where they are told to, and take the memory that they are given", async () => {
    const reason = new Error("enough");
    await expect(again({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const looks = async (options: DualOptions) => {
      const { signal, count } = counted();
      await again({ ...options, signal }, 0, many);
      return count();
    };
    const many = Array.from({ length: 300 }, (_, i) => MARGINS[i % 3]!);
    const plain = await looks({});
    expect(await looks({ pieceBytes: 24 })).toBeGreaterThan(plain + 10);
    expect(await looks({ budget: new Budget(1) })).toBeGreaterThan(plain + 10);
  });

  it("leave no tensor behind", async () => {
    const { backend } = double;
    const before = backend.memory().liveBytes;
    await again({});
    expect(backend.memory().liveBytes).toBe(before);
    await expect(again({ signal: AbortSignal.abort() })).rejects.toThrow();
    expect(backend.memory().liveBytes).toBe(before);
  });
});

describe("certifyBatch", () => {
  const within = { norm: "linf", epsilon: 0.05 } as const;
  const lowerOf = async (placed: PlacedNetwork, options = {}) =>
    (await certifyBatch(placed, { x }, { ...within, ...options })).examples.map(
      (example) => example.marginLower,
    );

  it("counts the rounding of single precision unless the model says another", async () => {
    const plain = await lowerOf(double);
    expect(plain).toEqual(await lowerOf(double, { rounding: "float32" }));
    expect(plain).not.toEqual(await lowerOf(double, { rounding: null }));
    expect(plain).not.toEqual(await lowerOf(double, { rounding: "real" }));
    expect(await lowerOf({ ...double, madeFor: "float64" })).toEqual(
      await lowerOf(double, { rounding: "float64" }),
    );
  });

  it("leaves no tensor behind, whatever comes of it", async () => {
    const { backend } = double;
    const before = backend.memory().liveBytes;
    await lowerOf(double);
    await expect(lowerOf(double, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(backend.memory().liveBytes).toBe(before);
  });

  const inDouble = () => {
    throw new Error("asked");
  };

  it("asks double precision for nothing that is estimated", async () => {
    const estimator = medianEstimator({ dimension: 2, seed: 1, when: "always" });
    // Open by less than rounding: the same margins would be bounded again.
    const close = { norm: "linf", epsilon: 0.3 } as const;
    const labels = Int32Array.of(0, 0, 0);
    const tie: PlacedNetwork = { ...tied(), inDouble };
    await expect(certifyBatch(tie, { x, labels }, { ...close, against: "label" })).rejects.toThrow("asked");
    const { guarantee } = await certifyBatch(tie, { x, labels }, { ...close, estimator, against: "label" });
    expect(guarantee).toBe("estimate");
    tie.backend.dispose();
  });

  it("asks it for nothing of a class that is not the answer, however close", async () => {
    const tie: PlacedNetwork = { ...tied(), inDouble };
    const labels = Int32Array.of(1, 1, 1);
    const { examples } = await certifyBatch(
      tie,
      { x, labels },
      { norm: "linf", epsilon: 0, against: "label" },
    );
    expect(examples.map(({ prediction, certified }) => [prediction, certified])).toEqual(
      Array(EXAMPLES).fill([0, false]),
    );
    tie.backend.dispose();
  });
});

/** A network whose three answers are always the same number, of which the first is taken. */
function tied(): PlacedNetwork {
  const backend = createPortableBackend({ dtype: "float32" });
  const weights = new Map(
    [...model.weights].map(([name, values]) => {
      const isLast = name.startsWith(network.nodes[network.output]!.name);
      return [name, isLast ? values.map((_, i) => (name.endsWith("bias") ? 0.5 : values[i % 5]!)) : values];
    }),
  );
  return { backend, network, parameters: uploadWeights(backend, { network, weights }) };
}
