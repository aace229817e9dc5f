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

describe("options", () => {
  const { averagePool, batchNorm, conv2d, convTranspose2d, linear, maxPool, robustness } = autodual;
  const kernel = 3;
  const loose = (options: object) => options as never;
  it.each<[string, () => unknown, string]>([
    ["conv2d", () => conv2d(2, loose({ kernel, pad: 1 })), '"pad"'],
    ["convTranspose2d", () => convTranspose2d(2, loose({ kernel, output_padding: 1 })), '"output_padding"'],
    ["maxPool", () => maxPool(loose({ kernel, strides: 1 })), '"strides"'],
    ["averagePool", () => averagePool(loose({ kernel, dilation: 2 })), '"dilation"'],
    ["linear", () => linear(3, loose({ biased: false })), '"biased"'],
    ["batchNorm", () => batchNorm(loose({ eps: 1 })), '"eps"'],
    [
      "robustness",
      () => robustness([0], loose({ epsilon: 1, prediction: 0, classes: 2, bx: [0, 1] })),
      '"bx"',
    ],
    ["conv2d: bias", () => conv2d(2, loose({ kernel, bias: "no" })), "found string"],
    ["linear: bias", () => linear(3, loose({ bias: 0 })), "found 0"],
    ["batchNorm: epsilon", () => batchNorm(loose({ epsilon: "1" })), "found string"],
  ])("of %s are those that it has, and no others", (name, call, found) => {
    expect(call).toThrow(autodual.UsageError);
    expect(call).toThrow(new RegExp(`^${name}.*expected .*${found}`));
  });

  it("of loadDataset too, where another layout would be read", async () => {
    const options = loose({ split: "test", layuot: "nhwc" });
    await expect(autodual.loadDataset("glyphs", options)).rejects.toThrow(/layout, label.*found "layuot"/);
  });

  it("may all stand together", () => {
    const window = { kernel, stride: 2, padding: 1, dilation: 1 };
    const all = { ...window, groups: 1, bias: false };
    expect(conv2d(2, all)).toMatchObject({ stride: [2, 2], bias: false });
    expect(convTranspose2d(2, { ...all, outputPadding: 1 })).toMatchObject({ outputPadding: [1, 1] });
    expect(maxPool(window)).toMatchObject({ padding: [1, 1, 1, 1] });
    expect(batchNorm({ epsilon: 0.1, momentum: 0.2 })).toMatchObject({ epsilon: 0.1, momentum: 0.2 });
  });
});
