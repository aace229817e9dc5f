import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { OPERATORS } from "../../src/formats/onnx/operators/index.js";

it("docs/bring-a-model.md lists the operators that can be imported, in the table's order", () => {
  const text = readFileSync(new URL("../../docs/bring-a-model.md", import.meta.url), "utf8");
  const [, list] = /<!-- operators -->\n([\s\S]*?)\n<!-- \/operators -->/.exec(text) ?? [];
  expect(Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name)).toEqual([...OPERATORS.keys()]);
});
