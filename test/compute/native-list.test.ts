import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ACTIVATION_KINDS } from "../../src/activations/index.js";
import { functionArguments } from "../../src/compute/native/function-arguments.js";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("native/list.h", () => {
  const engineSignatures = async (list?: string): Promise<string> => {
    const script = new URL("../../scripts/engine-signatures.mjs", import.meta.url).href;
    return (await import(script)).engineSignatures(list);
  };

  it("is what src/compute/native/engine.ts was written from", async () => {
    expect(textOf("src/compute/native/engine.ts")).toBe(await engineSignatures());
  });

  it("makes another file when an operation changes", async () => {
    const list = textOf("native/list.h").replace("(multiply, (x: T, y: T): T)", "(times, (x: T): T)");
    const written = await engineSignatures(list);
    expect(written).toContain("times(x: T): T;");
    expect(written).not.toContain("multiply(");
  });
});

describe("native/kernels/activations/list.h", () => {
  const named = (macro: string) => {
    const [, body] =
      new RegExp(`#define ${macro}\\(_\\)([\\s\\S]*?[^\\\\])\\n`).exec(
        textOf("native/kernels/activations/list.h"),
      ) ?? [];
    return Array.from(body.matchAll(/_\((\w+), \w+\)/g), ([, name]) => name);
  };
  const camel = (kind: string) => kind.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

  it("names the activations in the order of their table", () => {
    expect(named("AUTODUAL_ACTIVATIONS")).toEqual(ACTIVATION_KINDS.map(camel));
  });

  it("numbers every other function behind them", () => {
    const others = ["abs", "sign", "square", "sqrt", "reciprocal-sqrt"] as const;
    expect(named("AUTODUAL_OTHER_FUNCTIONS")).toEqual(others.map(camel));
    for (const [place, kind] of others.entries()) {
      const [number] = functionArguments(kind === "reciprocal-sqrt" ? { kind, offset: 1 } : { kind });
      expect(number).toBe(ACTIVATION_KINDS.length + place);
    }
  });

  it("gives an activation's parameters in their order", () => {
    expect(functionArguments({ kind: "leaky-relu", slope: 0.25 })).toEqual([1, 0.25, 0]);
    expect(functionArguments({ kind: "hardtanh", minimum: -3, maximum: 2 })).toEqual([2, -3, 2]);
    expect(functionArguments({ kind: "sigmoid" })).toEqual([4, 0, 0]);
  });
});
