import { describe, expect, it } from "vitest";
import { expectImported, opsetOf } from "./onnx-import-oracle.js";
import { randomOnnxGraph } from "./onnx-random-graph.js";

const GRAPHS = 400;
const GROUP = 50;

describe("random graphs", () => {
  it.each(Array.from({ length: GRAPHS / GROUP }, (_, i) => i * GROUP))(
    "from %i on are imported as onnxruntime runs them",
    async (first) => {
      for (let seed = first; seed < first + GROUP; seed++) await expectImported(randomOnnxGraph(seed));
    },
  );

  it("are of many operators, joined in many ways", () => {
    const graphs = Array.from({ length: GRAPHS }, (_, seed) => randomOnnxGraph(seed));
    const operators = new Set(graphs.flatMap(({ nodes }) => nodes.map(({ opType }) => opType)));
    expect(operators.size).toBeGreaterThan(35);
    const joins = graphs.filter(({ nodes }) => {
      const read = nodes.flatMap(({ input }) => input.filter((name) => /^[vx]/.test(name)));
      return new Set(read).size < read.length;
    });
    expect(joins.length).toBeGreaterThan(GRAPHS / 4);
    expect(graphs.map(opsetOf)).toContain(17);
  });
});
