import { describe, expect, it } from "vitest";
import { IEEE } from "../../src/compute/arithmetic.js";
import type { Dtype } from "../../src/compute/backend.js";
import type { Activation } from "../../src/compute/elementwise.js";
import { type Backend, createBackend, nativeProblem } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import { FormatError } from "../../src/errors.js";
import { checkImport } from "../../src/formats/onnx/check-import.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { readOnnxFile } from "../../src/formats/onnx/model-proto.js";
import { sampleInputs } from "../../src/formats/sample-outputs.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { isActivation, Network, sequential } from "../../src/network/network.js";
import { roundingErrors } from "../../src/network/rounding-error.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";
import { changed } from "./onnx-change.js";
import { EXAMPLES, GALLERY } from "./onnx-example-graphs.js";
import { fileOf, type GraphCase } from "./onnx-import-oracle.js";
import { node, tensor } from "./onnx-writer.js";

const problem = await nativeProblem();

const BACKENDS: [string, string | null, () => Promise<Backend>][] = [
  ["reference, float64", null, () => createBackend("portable", { dtype: "float64" })],
  ["reference, float32", null, () => createBackend("portable", { dtype: "float32" })],
  ["native, float64", problem, () => createBackend("native", { dtype: "float64", threads: 1 })],
  ["native, float32", problem, () => createBackend("native", { dtype: "float32", threads: 1 })],
];

/** One way to be wrong; nothing where a network offers no place for it. */
type Fault = (model: Model) => Model | undefined;

/** The model with the numbers of one parameter changed. */
function withWeights(model: Model, name: string, change: (values: Float64Array) => unknown): Model {
  const values = Float64Array.from(model.weights.get(name)!);
  change(values);
  return { network: model.network, weights: new Map(model.weights).set(name, values) };
}

function withActivation(model: Model, replace: (activation: Activation) => Activation): Model | undefined {
  const { nodes, output } = model.network;
  const at = nodes.findIndex(isActivation);
  if (at < 0) return undefined;
  const changed = nodes.map((node, i) =>
    i === at && node.layer !== null ? { ...node, layer: replace(node.layer as Activation) } : node,
  );
  return { network: new Network(changed, output), weights: model.weights };
}

const weightsOf = ({ network }: Model) => network.parameters.filter(({ name }) => name.endsWith(".weight"));

/** Faults that an importer could make, each as a change of a right network. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "weights of the last layer changed": (model) => {
    const last = weightsOf(model).at(-1);
    if (!last) return undefined;
    // Of a whole row: any one number may meet a neuron that is never active.
    return withWeights(model, last.name, (values) => {
      for (let i = 0; i < values.length / last.shape[0]; i++) values[i] += 0.1;
    });
  },
  "a bias changed": (model) => {
    const last = model.network.parameters.findLast(({ name }) => name.endsWith(".bias"));
    return last && withWeights(model, last.name, (values) => (values[0] += 0.1));
  },
  "two channels swapped": (model) => {
    const last = weightsOf(model).at(-1);
    if (!last || last.shape[0] < 2) return undefined;
    return withWeights(model, last.name, (values) => {
      const row = values.length / last.shape[0];
      const first = values.slice(0, row);
      values.copyWithin(0, row, 2 * row);
      values.set(first, row);
    });
  },
  "an activation replaced by the identity": (model) =>
    withActivation(model, () => ({ kind: "leaky-relu", slope: 1 })),
  "an activation that bends elsewhere": (model) =>
    withActivation(model, (activation) =>
      activation.kind === "hardtanh"
        ? { ...activation, maximum: activation.maximum + 1 }
        : { kind: "hardtanh", minimum: 0, maximum: 0.5 },
    ),
  "a constant left out": (model) => {
    const { nodes, output } = model.network;
    const at = nodes.findIndex(
      ({ layer }) => layer?.kind === "scale-shift" && layer.shift.some((c) => c !== 0),
    );
    if (at < 0) return undefined;
    const changed = nodes.map((node, i) =>
      i === at && node.layer?.kind === "scale-shift"
        ? { ...node, layer: { ...node.layer, shift: [0] } }
        : node,
    );
    return { network: new Network(changed, output), weights: model.weights };
  },
};

describe.each(BACKENDS)("the check on %s", (_, absent, open) => {
  const reason = absent === null ? "" : ` (absent: ${absent})`;

  describe.skipIf(absent !== null)(`there${reason}`, () => {
    it.each(GALLERY.map((one): [string, GraphCase] => [one.name, one]))("passes %s", async (_, one) => {
      const backend = await open();
      const model = await importCheckedOnnx(backend, fileOf(one), "m.onnx");
      expect(model.network).toEqual(importOnnx(fileOf(one), "m.onnx").network);
      backend.dispose();
    });

    it.each(Object.entries(FAULTS))("refuses %s", async (_, fault) => {
      const backend = await open();
      let tested = 0;
      for (const one of EXAMPLES) {
        const bytes = fileOf(one);
        const wrong = fault(importOnnx(bytes, "m.onnx"));
        if (!wrong) continue;
        tested++;
        const check = checkImport(backend, wrong, readOnnxFile(bytes, "m.onnx"), "m.onnx");
        await expect(check, one.name).rejects.toThrow(FormatError);
        await expect(check).rejects.toThrow(
          /^m\.onnx: the network made of this file gives \S+ where its graph gives [^\n]+not imported rightly[^\n]+$/,
        );
      }
      expect(tested).toBeGreaterThan(0);
      backend.dispose();
    });
  });
});

describe("the check", () => {
  const [leNet, resNet] = EXAMPLES;
  const check = async (model: Model, one: GraphCase) =>
    checkImport(await createBackend("portable"), model, readOnnxFile(fileOf(one), "m.onnx"), "m.onnx");

  it("gives the largest difference, which is rounding", async () => {
    const difference = await check(importOnnx(fileOf(leNet), "m.onnx"), leNet);
    expect(difference).toBeGreaterThanOrEqual(0);
    expect(difference).toBeLessThan(1e-12);
  });

  it("tells another network of the same input by its outputs' number", async () => {
    const wide = { ...resNet, nodes: resNet.nodes.slice(0, 3) };
    wide.nodes[2].output = ["y"];
    const model = importOnnx(fileOf(wide), "m.onnx");
    wide.nodes[2].output = ["r0"];
    await expect(check(model, resNet)).rejects.toThrow(/has 256 outputs, its graph 5$/);
  });

  it.each(["float64", "float32"] as const)(
    "finds what is more than rounding in double precision, whatever runs the network: %s",
    async (dtype) => {
      const model = importOnnx(fileOf(leNet), "m.onnx");
      const [last] = weightsOf(model).slice(-1);
      const backend = await createBackend("portable", { dtype });
      const off = (by: number) => {
        const wrong = withWeights(model, last.name, (values) => {
          for (const [i, value] of values.entries()) values[i] = value * (1 + by);
        });
        return checkImport(backend, wrong, readOnnxFile(fileOf(leNet), "m.onnx"), "m.onnx");
      };
      for (const by of [1e-5, 1e-8, 1e-11]) await expect(off(by)).rejects.toThrow(/not imported rightly/);
      expect(await off(1e-16)).toBeLessThan(1e-5);
    },
  );
});

/** Two classes by their sums of 1, 2²⁵, −2²⁵ and x, or as much of them as there is, and a third that is far away. */
function cancelling(rows: readonly (readonly number[])[], bias: readonly number[]): GraphCase {
  return {
    name: "cancelling sums",
    input: [1, rows[0].length],
    nodes: [node("Gemm", ["x", "w", "b"], "y", { transB: 1 })],
    weights: [tensor("w", [rows.length, rows[0].length], rows.flat()), tensor("b", [rows.length], [...bias])],
  };
}

describe("an output of which single precision leaves rounding", () => {
  const check = async (one: GraphCase, dtype: Dtype) =>
    importCheckedOnnx(await createBackend("portable", { dtype }), fileOf(one), "m.onnx");
  const big = 2 ** 25;

  it.each([0, -2000, -1e12])("is refused by the cause, whatever a further output is: %s", async (third) => {
    const wide = {
      ...cancelling([[0], [1], [0]], [1, 0, 1]),
      name: "wide",
    };
    const nodes = [
      node("Gemm", ["x", "w", "b"], "h", { transB: 1 }),
      node("Relu", ["h"], "r"),
      node("Gemm", ["r", "w2", "b2"], "y", { transB: 1 }),
    ];
    const weights = [
      ...wide.weights!,
      tensor("w2", [3, 3], [-big, 1, big, 0, 0, 0, 0, 0, 0]),
      tensor("b2", [3], [0, 0.5, third]),
    ];
    const one = { ...wide, nodes, weights };
    await expect(check(one, "float32")).rejects.toThrow(
      /^m\.onnx: rounding in float32 may change output 0 by [\d.]+, and it is [\d.]+ at most on random inputs: its sum cancels, and nothing could be said of it; expected --dtype float64$/,
    );
    expect((await check(one, "float64")).network.classes).toBe(3);
  });

  it("is taken where it is 0 in double precision, too", async () => {
    const zero = cancelling([[0], [0]], [0, 1]);
    expect((await check(zero, "float32")).network.classes).toBe(2);
  });

  it("is refused by the cause behind further layers", async () => {
    const nodes = [
      node("Add", ["x", "big"], "a"),
      node("Sub", ["a", "big"], "s"),
      node("Gemm", ["s", "w", "b"], "y", { transB: 1 }),
    ];
    const one = cancelling([[1], [-1]], [0.25, 0]);
    const hidden = { ...one, nodes, weights: [...one.weights!, tensor("big", [1], [big])] };
    await expect(check(hidden, "float32")).rejects.toThrow(
      /^m\.onnx: the network made of this file gives \S+ in float32 and \S+ in double precision \(output 0, random input\): rounding leaves too little of it; expected --dtype float64$/,
    );
    expect((await check(hidden, "float64")).network.classes).toBe(2);
  });
});

describe("a network so deep that bounds of its rounding are useless", () => {
  const depth = 40;
  const network = sequential(
    [12],
    Array.from({ length: depth }, () => [linear(12), relu()])
      .flat()
      .slice(0, -1),
  );
  const weights = new Map(
    network.parameters.map(({ name, shape }) => {
      const values = new Float32Array(sizeOf(shape));
      return [name, random(2, name).fillNormal(values, shape.length === 1 ? 0.1 : 0.5)] as const;
    }),
  );
  const model = { network, weights };
  const file = changed(exportOnnx(model), (proto) => {
    proto.metadataProps = [];
  });

  it.each(["float64", "float32"] as const)(
    "is compared all the same, relative to its last sums: %s",
    async (dtype) => {
      const backend = await createBackend("portable", { dtype });
      for (const { sizes, errors } of roundingErrors(
        model,
        sampleInputs([12]),
        ["float64", "float32"].map((one) => IEEE[one as Dtype]),
      )) {
        for (const [i, size] of sizes.entries()) {
          expect(errors[0][i]).toBeGreaterThan(1e-6 * size);
          expect(errors[1][i]).toBeGreaterThan(size);
        }
      }
      const checked = await importCheckedOnnx(backend, file, "m.onnx");
      expect(checked.network.nodes.length).toBe(network.nodes.length);
      const wrong = withWeights(checked, weightsOf(checked).at(-1)!.name, (values) => {
        for (const [i, value] of values.entries()) values[i] = value * 1.0001;
      });
      await expect(checkImport(backend, wrong, readOnnxFile(file, "m.onnx"), "m.onnx")).rejects.toThrow(
        /^m\.onnx: the network made of this file gives \S+ where its graph gives \S+ \(output \d+, random input\); rounding alone may do that in float64, so it cannot be told whether it was imported rightly$/,
      );
    },
  );
});
