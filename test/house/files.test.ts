import { describe, expect, it } from "vitest";
import { caseFaults, LONGEST, lengthFaults, lineCount, wordFaults } from "./files.js";
import { sourceFiles } from "./source-files.js";

/** Files of `src` that may be longer, with the reason: data tables, or one list that would lose by being cut. */
const REASONS_TO_BE_LONG: Readonly<Record<string, string>> = {
  "src/compute/backend.ts":
    "all that autodual asks of a machine, one interface with a line for each operation",
};

describe("files", () => {
  const source = sourceFiles("src");
  const all = [...source, ...sourceFiles("test")];

  it(`of src have at most ${LONGEST} lines or a reason`, () => {
    expect(lengthFaults(source, REASONS_TO_BE_LONG)).toEqual([]);
  });

  it("of the checker of certificates have 500 lines together: it is there to be read in one sitting", () => {
    const own = source.filter(({ path }) => path.startsWith("src/check/"));
    expect(own.length).toBeGreaterThan(3);
    expect(own.reduce((sum, { text }) => sum + lineCount(text), 0)).toBeLessThanOrEqual(500);
  });

  it("have kebab-case names", () => {
    expect(all.flatMap(({ path }) => caseFaults(path))).toEqual([]);
  });

  it("use words that say what is in them", () => {
    expect(all.flatMap(wordFaults)).toEqual([]);
  });
});

describe("lengthFaults", () => {
  const long = { path: "src/data/table.ts", text: "x\n".repeat(LONGEST + 1) };
  const short = { path: "src/a.ts", text: "x\n".repeat(LONGEST) };

  it("counts lines as wc does", () => {
    expect([lineCount(short.text), lineCount("x"), lineCount("x\ny")]).toEqual([LONGEST, 1, 2]);
  });

  it("tells a long file without a reason", () => {
    expect(lengthFaults([long, short], {})).toEqual([
      expect.stringContaining("src/data/table.ts: 301 lines"),
    ]);
  });

  it("takes a long file with a reason", () => {
    expect(lengthFaults([long], { [long.path]: "a data table" })).toEqual([]);
  });

  it("tells a reason that has no long file", () => {
    expect(lengthFaults([short], { [short.path]: "a data table" })).toHaveLength(1);
    expect(lengthFaults([], { "src/gone.ts": "a data table" })).toHaveLength(1);
  });
});

describe("caseFaults", () => {
  it.each([
    "src/dual/auto-dual.ts",
    "src/data/cifar10.ts",
    "test/dual/golden.test.ts",
    "src/report/page/page.tsx",
  ])("takes %s", (path) => {
    expect(caseFaults(path)).toEqual([]);
  });

  it.each([
    "src/autoDual.ts",
    "src/Dual/x.ts",
    "src/auto_dual.ts",
    "src/a--b.ts",
    "src/a.spec.ts",
    "src/aPage.tsx",
  ])("tells %s", (path) => {
    expect(caseFaults(path)).toHaveLength(1);
  });
});

describe("wordFaults", () => {
  it.each([
    ["src/dual/patch.ts", "export function cropWindow() {}"],
    ["src/dual/patch.ts", "// a helper\nconst utilisation = 1;"],
  ])("takes %s with %s", (path, text) => {
    expect(wordFaults({ path, text })).toEqual([]);
  });

  it.each([
    ["src/utils/patch.ts", ""],
    ["src/dual/patch-helper.ts", ""],
    ["src/dual/patch.ts", "export class TensorManager {}"],
    ["src/dual/patch.ts", "const readHelper = 1;"],
    ["src/dual/patch.ts", "  function utils() {}"],
    ["src/dual/patch.ts", "export type SHAPE_UTIL = 1;"],
  ])("tells %s with %s", (path, text) => {
    expect(wordFaults({ path, text })).toHaveLength(1);
  });
});
