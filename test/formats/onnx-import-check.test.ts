import { describe, expect, it } from "vitest";
import type { Activation } from "../../src/compute/elementwise.js";
import { type Backend, createBackend, nativeProblem } from "../../src/compute/index.js";
import { FormatError } from "../../src/errors.js";
import { checkImport } from "../../src/formats/onnx/check-import.js";
import { importCheckedOnnx, importOnnx } from "../../src/formats/onnx/import.js";
import { readOnnxFile } from "../../src/formats/onnx/model-proto.js";
import { isActivation, Network } from "../../src/network/network.js";
import type { Model } from "../../src/network/weights.js";
import { EXAMPLES, GALLERY } from "./onnx-example-graphs.js";
import { fileOf, type GraphCase } from "./onnx-import-oracle.js";

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

  it("finds a fault of 1e-5 in double precision", async () => {
    const model = importOnnx(fileOf(leNet), "m.onnx");
    const [last] = weightsOf(model).slice(-1);
    const off = (by: number) => {
      const wrong = withWeights(model, last.name, (values) => {
        for (const [i, value] of values.entries()) values[i] = value * (1 + by);
      });
      return check(wrong, leNet);
    };
    await expect(off(1e-5)).rejects.toThrow(/not imported rightly/);
    expect(await off(1e-8)).toBeGreaterThan(0);
  });
});
