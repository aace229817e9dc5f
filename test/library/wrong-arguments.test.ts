import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as autodual from "../../src/index.js";

type Call = (...values: unknown[]) => unknown;

/** What plain JavaScript may hand to a function instead of what its types say. */
const WRONG: readonly (readonly unknown[])[] = [
  [],
  [undefined],
  [null],
  [42],
  ["nothing of that name"],
  [{}],
  [[]],
  [[{}]],
  [{}, {}],
  [{}, {}, {}],
  [null, null, null],
  ["nothing of that name", [], { epsilon: "large" }],
  [undefined, [0.5], { epsilon: 0.1, colour: "red" }],
  [() => {}, Symbol.iterator],
  [Number.NaN, Number.NaN],
  [-1, { kernel: "three" }],
  [[2], [null]],
  [[2], [{ kind: "nothing" }]],
];

/** Classes are made by `new`, errors by whoever likes. */
const functions = Object.entries(autodual as unknown as Readonly<Record<string, unknown>>).flatMap(
  ([name, value]): [string, Call][] =>
    typeof value === "function" && !/^[A-Z]/.test(name) ? [[name, value as Call]] : [],
);

describe("wrong arguments from plain JavaScript", () => {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "autodual-wrong-"));
  beforeAll(() => process.chdir(folder));
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  it("are tried on every public function", () => {
    expect(functions.length).toBeGreaterThan(40);
  });

  it.each(functions)("%s answers with a result or an AutodualError", async (name, call) => {
    for (const values of WRONG) {
      // What is right for a quickstart would train.
      if (name === "quickstart" && (values[0] === undefined || JSON.stringify(values[0]) === "{}")) continue;
      let found: unknown;
      try {
        await call(...values);
      } catch (error) {
        found = error;
      }
      const shown = `${name}(${values.map((value) => (typeof value === "symbol" ? "symbol" : JSON.stringify(value))).join(", ")})`;
      if (found === undefined) continue;
      expect([shown, found instanceof autodual.AutodualError, String(found)]).toEqual([
        shown,
        true,
        String(found),
      ]);
      expect((found as Error).message).not.toMatch(/\n/);
    }
  });
});
