import { expect, it } from "vitest";
import {
  ACTIVATION_KINDS,
  type Activation,
  activationDefinition,
  isActivationKind,
  onnxForm,
  parametersOf,
} from "../../src/activations/index.js";
import { hardtanh, leakyRelu, relu, sigmoid, tanh } from "../../src/network/build-layer.js";

const ALL: readonly Activation[] = [relu(), leakyRelu(), hardtanh(), tanh(), sigmoid()];

it("the table of activations has each in the order of the native kernels, with its parameters", () => {
  expect(ACTIVATION_KINDS).toEqual(ALL.map(({ kind }) => kind));
  expect(ACTIVATION_KINDS.map(parametersOf)).toEqual([[], ["slope"], ["minimum", "maximum"], [], []]);
  expect(ALL).toEqual([
    { kind: "relu" },
    { kind: "leaky-relu", slope: 0.01 },
    { kind: "hardtanh", minimum: -1, maximum: 1 },
    { kind: "tanh" },
    { kind: "sigmoid" },
  ]);
});

it("what an activation costs a rounding depends on how it is computed", () => {
  expect(ALL.map((f) => activationDefinition(f).rounding)).toEqual([
    ...["exact", "relative", "relative", "approximate", "approximate"],
  ]);
});

it("kinds are names of the table, not what every object has", () => {
  expect(ACTIVATION_KINDS.every(isActivationKind)).toBe(true);
  expect(["linear", "toString", ""].some(isActivationKind)).toBe(false);
});

it("activations are these operators of ONNX", () => {
  expect(ACTIVATION_KINDS.map(onnxForm)).toEqual([
    { operator: "Relu", integers: true },
    { operator: "LeakyRelu", attributes: { slope: { name: "alpha", default: 0.01 } } },
    { operator: "Clip", inputs: ["minimum", "maximum"] },
    { operator: "Tanh" },
    { operator: "Sigmoid" },
  ]);
});
