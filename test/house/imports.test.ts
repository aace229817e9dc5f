import { describe, expect, it } from "vitest";
import { danglingImports, findCycle, importGraph, nodeImports } from "./import-graph.js";
import { forbiddenArrows, isPure, ROOMS, roomOf, roomsBelow } from "./rooms.js";
import { sourceFiles } from "./source-files.js";

const graphOf = (arrows: Readonly<Record<string, readonly string[]>>) => new Map(Object.entries(arrows));

describe("imports of src", () => {
  const graph = importGraph(sourceFiles("src"));

  it("are found", () => {
    expect(graph.get("src/dual/dual-network.ts")).toContain("src/dual/backward.ts");
    expect(graph.get("src/compute/index.ts")).toContain("src/compute/portable/index.ts");
  });

  it("name files that exist", () => {
    expect(danglingImports(graph)).toEqual([]);
  });

  it("make no cycle", () => {
    expect(findCycle(graph)).toBeNull();
  });

  it("run from the rooms above to the rooms below", () => {
    expect(forbiddenArrows(graph)).toEqual([]);
  });
});

describe("the rooms that run wherever JavaScript does", () => {
  const pure = sourceFiles("src").filter(({ path }) => isPure(path));

  it("are not empty", () => {
    expect(pure.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["src/browser.ts", "src/browser/certify.ts", "src/dual/backward.ts"]),
    );
  });

  it("import no Node built-in", () => {
    const faults = pure.flatMap((file) => nodeImports(file).map((name) => `${file.path} -> ${name}`));
    expect(faults).toEqual([]);
  });

  it.each([
    ['import { join } from "node:path";', ["node:path"]],
    ['import { join } from "path";', ["path"]],
    ['const fs = await import("node:fs/promises");', ["node:fs/promises"]],
    ['import * as z from "zod";\nimport { a } from "./node.js";', []],
  ])("%s", (text, expected) => {
    expect(nodeImports({ text })).toEqual(expected);
  });
});

describe("the table of rooms", () => {
  it("names each room once, and keeps rooms to such as stand below them", () => {
    const names = ROOMS.map(({ room }) => room);
    expect(new Set(names).size).toBe(names.length);
    for (const [at, { only }] of ROOMS.entries()) {
      for (const below of only ?? []) expect(names.slice(0, at)).toContain(below);
    }
  });

  it("lets cli import every other room", () => {
    expect(roomsBelow("cli")).toHaveLength(ROOMS.length - 1);
  });
});

describe("importGraph", () => {
  const importsIn = (text: string) => importGraph([{ path: "src/dual/x.ts", text }]).get("src/dual/x.ts");

  it.each([
    ['import { a } from "./a.js";', "src/dual/a.ts"],
    ['import type { A } from "../network/a.js";', "src/network/a.ts"],
    ['import {\n  a,\n  type B,\n} from "./layers/a.js";', "src/dual/layers/a.ts"],
    ['export { a } from "./a.js";', "src/dual/a.ts"],
    ['export type { A } from "./a.js";', "src/dual/a.ts"],
    ['export * from "./a.js";', "src/dual/a.ts"],
    ['import "./a.js";', "src/dual/a.ts"],
    ['const a = await import("./a.js");', "src/dual/a.ts"],
    ['type A = import("./a.js").A;', "src/dual/a.ts"],
  ])("reads %s", (text, target) => {
    expect(importsIn(text)).toEqual([target]);
  });

  it("takes the component of that name where there is one", () => {
    const files = [
      {
        path: "src/report/page/page.tsx",
        text: 'import { A } from "./a.js";\nexport const B = () => <A>it\'s</A>;',
      },
      { path: "src/report/page/a.tsx", text: 'import { c } from "./c.js";' },
    ];
    const graph = importGraph(files);
    expect(graph.get("src/report/page/page.tsx")).toEqual(["src/report/page/a.tsx"]);
    expect(graph.get("src/report/page/a.tsx")).toEqual(["src/report/page/c.ts"]);
  });

  it.each([
    ['import { z } from "zod";'],
    ['// import { a } from "./a.js";'],
    ['const text = `from "./a.js"`;'],
  ])("leaves out %s", (text) => {
    expect(importsIn(text)).toEqual([]);
  });
});

describe("danglingImports", () => {
  it("tells an import of a file that is not there", () => {
    const graph = graphOf({ "src/a.ts": ["src/b.ts", "src/c.ts"], "src/b.ts": [] });
    expect(danglingImports(graph)).toEqual(["src/a.ts -> src/c.ts"]);
  });
});

describe("findCycle", () => {
  it("finds none where paths only meet", () => {
    expect(findCycle(graphOf({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }))).toBeNull();
  });

  it("names the files of a cycle", () => {
    expect(findCycle(graphOf({ a: ["b"], b: ["c"], c: ["d"], d: ["b"] }))).toEqual(["b", "c", "d", "b"]);
  });

  it("finds a cycle that the first file does not reach", () => {
    expect(findCycle(graphOf({ a: [], b: ["c"], c: ["b"] }))).toEqual(["b", "c", "b"]);
  });

  it("finds a file that imports itself", () => {
    expect(findCycle(graphOf({ a: ["a"] }))).toEqual(["a", "a"]);
  });
});

describe("forbiddenArrows", () => {
  it.each([
    ["src/threat/ball.ts", "src/compute/backend.ts"],
    ["src/train/checkpoint.ts", "src/formats/safetensors.ts"],
    ["src/train/losses/dual.ts", "src/attack/attack.ts"],
    ["src/data/batches.ts", "src/compute/random.ts"],
    ["src/data/npz-dataset.ts", "src/formats/npz.ts"],
    ["src/report/plot.ts", "src/formats/write-file.ts"],
    ["src/cli/open-backend.ts", "src/compute/index.ts"],
    ["src/compute/index.ts", "src/compute/portable/index.ts"],
    ["src/compute/portable/rows.ts", "src/compute/backend.ts"],
    ["src/compute/portable/rows.ts", "src/compute/portable/tensor.ts"],
    ["src/browser/portable.ts", "src/compute/portable/index.ts"],
    ["src/index.ts", "src/cli/program.ts"],
  ])("allows %s -> %s", (from, to) => {
    expect(forbiddenArrows(graphOf({ [from]: [to] }))).toEqual([]);
  });

  it.each([
    ["src/network/forward.ts", "src/threat/ball.ts"],
    ["src/compute/random.ts", "src/autodiff/tape.ts"],
    ["src/threat/ball.ts", "src/train/losses/dual.ts"],
    ["src/threat/ball.ts", "src/certify/certify.ts"],
    ["src/formats/npz.ts", "src/data/dataset.ts"],
    ["src/train/step.ts", "src/certify/certify.ts"],
    ["src/train/step.ts", "src/data/dataset.ts"],
    ["src/report/plot.ts", "src/certify/certify.ts"],
    ["src/errors.ts", "src/compute/backend.ts"],
    ["src/attack/attack.ts", "src/dual/auto-dual.ts"],
    ["src/threat/ball.ts", "src/dual/dual-layer.ts"],
    ["src/threat/ball.ts", "src/nowhere/x.ts"],
    ["src/threat/ball.ts", "src/index.ts"],
    ["src/cli/main.ts", "src/index.ts"],
    ["src/threat/ball.ts", "src/compute/portable/index.ts"],
    ["src/browser/certify.ts", "src/compute/portable/index.ts"],
    ["src/browser/portable.ts", "src/compute/native/index.ts"],
    ["src/browser/certify.ts", "src/browser.ts"],
    ["src/cli/open-backend.ts", "src/compute/portable/index.ts"],
    ["src/compute/backend.ts", "src/compute/portable/tensor.ts"],
    ["src/threat/ball.ts", "src/compute/index.ts"],
    ["src/data/batches.ts", "src/compute/backend.ts"],
    ["src/data/batches.ts", "src/formats/model-file.ts"],
  ])("tells %s -> %s", (from, to) => {
    const faults = forbiddenArrows(graphOf({ [from]: [to] }));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toContain(`${from} -> ${to}: `);
  });

  it("tells a file in an unknown room", () => {
    expect(forbiddenArrows(graphOf({ "src/nowhere/x.ts": [] }))).toHaveLength(1);
  });
});

describe("roomOf", () => {
  it.each([
    ["src/errors.ts", "errors"],
    ["src/dual/layers/relu.ts", "dual"],
    ["src/index.ts", null],
    ["src/nowhere/x.ts", null],
  ])("%s: %s", (path, room) => {
    expect(roomOf(path)).toBe(room);
  });
});
