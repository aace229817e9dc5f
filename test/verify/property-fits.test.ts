import { describe, expect, it } from "vitest";
import { UnsupportedOperatorError } from "../../src/errors.js";
import type { LeftOut } from "../../src/formats/onnx/imported-model.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import { checkPropertyWithout } from "../../src/verify/property-fits.js";

const property = (assertion: string) =>
  parseVnnlib(
    `(declare-const X_0 Real) (declare-const Y_0 Real) (declare-const Y_1 Real) (declare-const Y_2 Real)
    (assert (>= X_0 0)) (assert (<= X_0 1)) (assert ${assertion})`,
  );

describe("a property of outputs that a Softmax was taken from", () => {
  it.each<[string, LeftOut]>([
    ["(<= Y_0 Y_1)", "Softmax"],
    ["(or (> Y_2 Y_1) (and (<= Y_0 Y_1) (>= Y_0 Y_2)))", "Softmax"],
    ["(<= (* 2 Y_0) (* 2 Y_1))", "LogSoftmax"],
    ["(<= (+ Y_0 1) Y_1)", "LogSoftmax"],
  ])("%s is the same before %s", (assertion, leftOut) => {
    expect(() => checkPropertyWithout(leftOut, property(assertion), "m.onnx")).not.toThrow();
  });

  it.each<[string, LeftOut]>([
    ["(<= Y_0 0.5)", "Softmax"],
    ["(<= Y_0 0.5)", "LogSoftmax"],
    ["(<= (+ Y_0 0.1) Y_1)", "Softmax"],
    ["(<= (* 2 Y_0) Y_1)", "Softmax"],
    ["(<= (+ Y_0 Y_1) Y_2)", "Softmax"],
    ["(or (<= Y_0 Y_1) (and (<= Y_0 Y_2) (>= Y_0 0.2)))", "Softmax"],
  ])("%s is not the same before %s, and one line says so", (assertion, leftOut) => {
    const check = () => checkPropertyWithout(leftOut, property(assertion), "m.onnx");
    expect(check).toThrow(UnsupportedOperatorError);
    expect(check).toThrow(new RegExp(`^m\\.onnx: ends with ${leftOut}, [^\\n]+$`));
  });

  it("is nothing to ask of a network that is the whole file", () => {
    expect(() => checkPropertyWithout(undefined, property("(<= Y_0 0.5)"), "m.onnx")).not.toThrow();
  });
});
