// What an outsider tried: each was a wrong answer, a hang or a raw error once.
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeFileAtomically } from "../../src/formats/write-file.js";
import {
  AutodualError,
  certify,
  createBackend,
  type Dataset,
  defineLayer,
  encodeModel,
  leakyRelu,
  linear,
  operations,
  type PropertyCase,
  parseVnnlib,
  type RunEvent,
  radius,
  relu,
  resumeTraining,
  robustness,
  sequential,
  train,
  verify,
} from "../../src/index.js";
import { lively } from "../support/networks.js";

const folder = mkdtempSync(join(tmpdir(), "autodual-outsider-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const network = sequential([4], [linear(6), relu(), linear(3)]);
const model = lively(network, 2);
const shapeless = defineLayer<null>({
  name: "shapeless",
  outputShape: () => undefined as never,
  forward: (_tape, _options, _context, [x]) => x,
  dual: { form: "affine", bind: () => undefined as never },
});
const image = [0.1, 0.2, 0.3, 0.4];
const machine = { backend: "portable" } as const;

function toy(count: number, split: "train" | "test"): Dataset {
  const pixels = Float64Array.from({ length: 4 * count }, (_, i) => ((i * 7919 + 13) % 101) / 101);
  const labels = Int32Array.from({ length: count }, (_, b) => b % 3);
  return { name: "toy", split, shape: [4], classes: 3, count, pixels, labels, source: "memory" };
}

describe("certify", () => {
  it.each([
    [[image], [0.1, 9]],
    [[image, image], [0.1]],
    [[image, image], []],
    [
      [image, image],
      [0.1, undefined],
    ],
  ])("refuses radii that are not one per image", async (images, perExample) => {
    const run = certify(model, images, { epsilon: { perExample: perExample as number[] }, ...machine });
    await expect(run).rejects.toThrow(AutodualError);
    const cascade = certify([model, model], images, {
      epsilon: { perExample: perExample as number[] },
      ...machine,
    });
    await expect(cascade).rejects.toThrow(AutodualError);
  });

  it("is about the images and weights of the moment of the call", async () => {
    const expected = await certify(model, image, { epsilon: 0.01, ...machine });
    const own = Float64Array.from(image);
    const weights = new Map(Array.from(model.weights, ([name, values]) => [name, values.slice()]));
    const run = certify({ network, weights }, own, { epsilon: 0.01, ...machine });
    own.fill(9);
    for (const values of weights.values()) values.fill(0);
    expect((await run).examples).toEqual(expected.examples);
  });

  it("is about the network as it was built", () => {
    const layer = leakyRelu(0.1);
    const shape = [4];
    const built = sequential(shape, [linear(6), layer, linear(3)]);
    (layer as { slope: number }).slope = -3;
    shape[0] = 5;
    expect(built.nodes[2].layer).toEqual(leakyRelu(0.1));
    expect(built.inputShape).toEqual([4]);
    expect(Object.isFrozen(built.nodes[2].layer)).toBe(true);
  });

  it.each([
    [{ count: Number.POSITIVE_INFINITY }],
    [{ count: 5 }],
    [{ pixels: null }],
    [{ labels: null }],
    [{ shape: null }],
    [{ labels: Int32Array.of(-1, 0) }],
    [{ pixels: new Float64Array(8).fill(Number.NaN) }],
  ])("refuses a data set that is none (%#)", async (change) => {
    const data = { ...toy(2, "test"), ...change } as never;
    await expect(certify(model, data, { epsilon: 0.1, ...machine })).rejects.toThrow(AutodualError);
    await expect(radius(model, data, machine)).rejects.toThrow(AutodualError);
  });

  it.each([
    [{ backend: {} }],
    [{ backend: [] }],
    [{ observer: { begin: 5 } }],
    [{ observer: { begin: () => 5 } }],
    [{ labels: [99, 1] }],
  ])("refuses options that are none (%#)", async (options) => {
    const run = certify(model, toy(2, "test"), { epsilon: 0.1, ...machine, ...options } as never);
    await expect(run).rejects.toThrow(AutodualError);
  });
});

describe("robustness and verify", () => {
  const good = { epsilon: 0.1, prediction: 1, classes: 3, box: [0, 1] } as const;
  it.each([
    [image, { ...good, epsilon: -0.1 }],
    [[5, 0, 0, 0], good],
    [image, { ...good, prediction: -1 }],
    [image, { ...good, prediction: 9 }],
    [image, { ...good, prediction: 0.5 }],
    [image, { ...good, box: [1, 0] }],
    [image, { ...good, classes: 1e9 }],
    [image, { ...good, classes: 1 }],
    [[Number.NaN, 0, 0, 0], good],
  ])("refuse a neighbourhood that is none (%#)", (x, neighbourhood) => {
    expect(() => robustness(x, neighbourhood as never)).toThrow(AutodualError);
  });

  it("refuse properties that say nothing", async () => {
    const property = robustness(image, { ...good, prediction: 2 });
    const [first] = property.cases;
    const constraint = { terms: [{ output: 99, coefficient: 1 }], bound: 0, strict: false };
    for (const cases of [
      [],
      [null],
      [{ ...first, constraints: [constraint] }],
      [{ ...first, constraints: [{ ...constraint, terms: [], bound: "0.2" }] }],
      [{ ...first, constraints: [{ ...constraint, terms: [], bound: Number.NEGATIVE_INFINITY }] }],
      [{ ...first, box: { lower: [1, 1, 1, 1], upper: [0, 0, 0, 0] } }],
      [{ ...first, box: { ...first.box, lowerStrict: [true] } }],
      [{ ...first, box: { ...first.box, upperStrict: "all" } }],
    ]) {
      const run = verify(model, { ...property, cases } as never, machine);
      await expect(run).rejects.toThrow(/^verify: property: /);
    }
  });
});

it("verify keeps to the strict bounds of properties", async () => {
  const property = robustness(image, { epsilon: 0.1, prediction: 1, classes: 3, box: [0, 1] });
  const [{ box, constraints }] = property.cases;
  const all = [true, true, true, true];
  const asked = async (cases: PropertyCase[]) =>
    verify(model, { ...property, cases }, { ...machine, timeout: 1 });
  const anything = [{ ...constraints[0], bound: 1e9 }];
  const open = { ...box, lowerStrict: all, upperStrict: all };
  const { counterexample } = await asked([{ box: open, constraints: anything }]);
  expect(counterexample?.input.every((x, f) => x > box.lower[f] && x < box.upper[f])).toBe(true);
  // Closed it is one point, open none.
  const corner = { lower: box.lower, upper: box.lower };
  expect((await asked([{ box: corner, constraints: anything }])).counterexample?.input).toEqual(box.lower);
  const { answer, cases } = await asked([{ box: { ...corner, upperStrict: all }, constraints: anything }]);
  expect([answer, cases[0].step]).toEqual(["holds", "empty box"]);
  const text = `${[0, 1, 2, 3].map((i) => `(declare-const X_${i} Real)(assert (>= X_${i} 1))(assert (< X_${i} 1))`).join("")}
    ${[0, 1, 2].map((i) => `(declare-const Y_${i} Real)`).join("")}`;
  expect((await verify(model, parseVnnlib(text), machine)).answer).toBe("holds");
});

it("radius ends, however fine the tolerance", async () => {
  const [found] = await radius(model, image, { tolerance: 1e-300, ...machine });
  expect(found.radius).toBeGreaterThan(0);
});

it("a cascade on data in memory goes on where it was stopped within a stage", async () => {
  const data = { train: toy(30, "train"), test: toy(9, "test") };
  const out = join(folder, "cascade");
  const controller = new AbortController();
  const observer = {
    tell: ({ kind }: RunEvent) => {
      if (kind === "epoch") controller.abort();
    },
  };
  const common = { data, model: network, epsilon: 0.05, epochs: 3, batch: 10, stages: 2, out, ...machine };
  const { run } = await train({ ...common, signal: controller.signal, observer });
  expect(run.status).toBe("interrupted");
  expect((await resumeTraining(out, { data })).run.status).toBe("finished");
});

it("a training that no file can hold leaves no folder behind", async () => {
  const same = defineLayer<null>({
    name: "same",
    outputShape: (_options, [shape]) => shape,
    forward: (tape, _options, _context, [x]) => operations.scaleBy(tape, x, 1),
    dual: {
      form: "affine",
      bind: () => ({
        kind: "affine",
        coupling: "diagonal",
        offset: undefined,
        push: (_tape, [x]) => x,
        back: (_tape, nu) => ({ nus: [nu] }),
        absolute: (_tape, [r]) => r,
      }),
    },
  });
  const out = join(folder, "custom");
  const data = { train: toy(6, "train"), test: toy(3, "test") };
  const own = sequential([4], [linear(3), same(null)]);
  await expect(train({ data, model: own, epsilon: 0.1, out, ...machine })).rejects.toThrow(/file/);
  expect(lstatSync(out, { throwIfNoEntry: false })).toBeUndefined();
});

it("a file written through a link stays behind the link, and a device stays a device", async () => {
  const [target, link] = [join(folder, "target"), join(folder, "link")];
  writeFileSync(target, "before");
  symlinkSync(target, link);
  await writeFileAtomically(link, "after");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, "utf8")).toBe("after");
  await writeFileAtomically("/dev/null", "gone");
  expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
});

describe("parts that are none", () => {
  const data = { train: toy(6, "train"), test: toy(3, "test") };
  it.each([
    ["a weight", () => encodeModel({ network, weights: new Map([["linear1.weight", [1]]]) as never })],
    ["a custom layer", () => sequential([4], [{ kind: "custom" } as never])],
    [
      "a rule",
      () =>
        defineLayer({
          name: "x",
          outputShape: () => [1],
          forward: () => 0,
          dual: { form: "affine" },
        } as never),
    ],
    ["a shape", () => sequential([4], [shapeless(null)])],
    ["a setting", () => train({ data, model: network, epsilon: 0.1, epochs: 2n as never, ...machine })],
    [
      "a model",
      () => train({ data, model: { network, weights: undefined } as never, epsilon: 0.1, ...machine }),
    ],
    ["a type", () => createBackend("portable", { dtype: "float16" as never })],
    ["options", () => createBackend("portable", null as never)],
  ])("%s", async (_what, run) => {
    await expect((async () => await run())()).rejects.toThrow(AutodualError);
  });
});
