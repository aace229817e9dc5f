import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import type {
  InputBox,
  OutputConstraint,
  Property,
  PropertyCase,
} from "../../src/formats/vnnlib/property.js";
import { readVnnlib, unpackText } from "../../src/formats/vnnlib/read.js";
import { formatCounterexample, formatVnnlib } from "../../src/formats/vnnlib/write.js";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const INPUTS = 3;
const OUTPUTS = 4;

const corner = fc.array(finite, { minLength: INPUTS, maxLength: INPUTS });
const strict = fc.array(fc.boolean(), { minLength: INPUTS, maxLength: INPUTS });
const box = fc.tuple(corner, corner, strict, strict).map(([a, b, above, below]): InputBox => {
  const lower = Float64Array.from(a, (value, i) => Math.min(value, b[i]!));
  const upper = Float64Array.from(a, (value, i) => Math.max(value, b[i]!));
  // A point is closed.
  const [lowerStrict, upperStrict] = [above, below].map((side) =>
    side.map((one, i) => one && lower[i] !== upper[i]),
  );
  return {
    ...{ lower, upper },
    ...(lowerStrict!.includes(true) && { lowerStrict }),
    ...(upperStrict!.includes(true) && { upperStrict }),
  };
});

const coefficient = fc.oneof(
  fc.constantFrom(1, -1),
  finite.filter((value) => value !== 0),
);

const constraint: fc.Arbitrary<OutputConstraint> = fc.record({
  terms: fc
    .uniqueArray(fc.record({ output: fc.nat(OUTPUTS - 1), coefficient }), {
      selector: ({ output }) => output,
      minLength: 1,
    })
    .map((terms) => terms.sort((a, b) => a.output - b.output)),
  bound: fc.oneof(fc.constant(0), finite),
  strict: fc.boolean(),
});

const constraints = fc.array(constraint, { maxLength: 4 });

const property: fc.Arbitrary<Property> = fc
  .oneof(
    fc.array(fc.record({ box, constraints }), { minLength: 1, maxLength: 4 }),
    fc
      .tuple(box, fc.array(constraints, { minLength: 1, maxLength: 4 }))
      .map(([shared, lists]) => lists.map((list) => ({ box: shared, constraints: list }))),
  )
  .map((cases) => ({ inputs: INPUTS, outputs: OUTPUTS, cases }));

const sample: Property = {
  inputs: 2,
  outputs: 2,
  cases: [
    {
      box: { lower: Float64Array.of(0, -1e-7), upper: Float64Array.of(1, 1e21) },
      constraints: [
        {
          terms: [
            { output: 0, coefficient: 1 },
            { output: 1, coefficient: -1 },
          ],
          bound: 0,
          strict: false,
        },
        { terms: [{ output: 0, coefficient: -1 }], bound: -0.5, strict: true },
        {
          terms: [
            { output: 0, coefficient: 2 },
            { output: 1, coefficient: 0.1 },
          ],
          bound: 3,
          strict: false,
        },
      ],
    },
  ],
};

const openPoint: InputBox = {
  ...{ lower: Float64Array.of(0, 3), upper: Float64Array.of(1, 3) },
  lowerStrict: [false, true],
};

describe("formatVnnlib", () => {
  it("writes plain assertions for a single case", () => {
    expect(formatVnnlib(sample, "made for a test\r\nin two lines")).toBe(`; made for a test
; in two lines
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (>= X_0 0))
(assert (<= X_0 1))
(assert (>= X_1 -1e-7))
(assert (<= X_1 1e+21))
(assert (<= Y_0 Y_1))
(assert (> Y_0 0.5))
(assert (<= (+ (* 2 Y_0) (* 0.1 Y_1)) 3))
`);
  });

  it("writes strict bounds", () => {
    const { lower, upper } = sample.cases[0]!.box;
    const text = formatVnnlib({
      ...sample,
      cases: [
        { box: { lower, upper, lowerStrict: [true, false], upperStrict: [false, true] }, constraints: [] },
      ],
    });
    for (const bound of ["(> X_0 0)", "(<= X_0 1)", "(>= X_1 -1e-7)", "(< X_1 1e+21)"]) {
      expect(text).toContain(`(assert ${bound})\n`);
    }
  });

  it("repeats boxes that are equal but for their strictness", () => {
    const [{ box, constraints }] = sample.cases as [PropertyCase];
    const open = { ...box, upperStrict: [true, false] };
    const text = formatVnnlib({ ...sample, cases: [box, open].map((own) => ({ box: own, constraints })) });
    expect(parseVnnlib(text, "p").cases.map((own) => own.box)).toEqual([box, open]);
  });

  it("writes a box once if all cases share it", () => {
    const [first] = sample.cases;
    const text = formatVnnlib({
      ...sample,
      cases: first!.constraints.map((c) => ({ box: first!.box, constraints: [c] })),
    });
    expect(text.match(/X_0/g)?.length).toBe(3);
    expect(text).toContain("(assert (or\n  (and (<= Y_0 Y_1))\n  (and (> Y_0 0.5))\n");
  });

  it("is read back as the same property", () => {
    fc.assert(
      fc.property(
        property,
        fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
        (given, comment) => {
          expect(parseVnnlib(formatVnnlib(given, comment), "p")).toEqual({ ...given, decimal: true });
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each<[string, Property, RegExp]>([
    ["no case", { ...sample, cases: [] }, /found 2, 2 and 0/],
    ["no outputs", { ...sample, outputs: 0 }, /found 2, 0 and 1/],
    ["a box of another size", { ...sample, inputs: 3 }, /expected bounds of 3 inputs, found 2 and 2/],
    ["an output out of range", { ...sample, outputs: 1 }, /expected outputs Y_0 to Y_0, found Y_1/],
    ["NaN in a box", withBox(Float64Array.of(Number.NaN, 0)), /X_0: expected a finite number, found NaN/],
    [
      "an infinite bound",
      withBox(Float64Array.of(0, -Infinity)),
      /X_1: expected a finite number, found -Infinity/,
    ],
    ["an empty box", withBox(Float64Array.of(2, 0)), /found X_0 from 2 to 1/],
    [
      "a box that strictness empties",
      { ...sample, cases: [{ box: openPoint, constraints: [] }] },
      /expected a box with points, found X_1 from 3 to 3/,
    ],
    ["a constraint of nothing", withConstraint({ terms: [], bound: 0, strict: false }), /without terms/],
    [
      "a bound that is NaN",
      withConstraint({ terms: [{ output: 0, coefficient: 1 }], bound: Number.NaN, strict: false }),
      /bound: expected a finite number, found NaN/,
    ],
    [
      "an infinite coefficient",
      withConstraint({ terms: [{ output: 1, coefficient: Infinity }], bound: 0, strict: false }),
      /coefficient of Y_1: expected a finite number, found Infinity/,
    ],
  ])("refuses %s", (_, given, message) => {
    expect(() => formatVnnlib(given)).toThrow(FormatError);
    expect(() => formatVnnlib(given)).toThrow(message);
  });
});

function withBox(lower: Float64Array): Property {
  return { ...sample, cases: [{ ...sample.cases[0]!, box: { ...sample.cases[0]!.box, lower } }] };
}

function withConstraint(one: OutputConstraint): Property {
  return { ...sample, cases: [{ ...sample.cases[0]!, constraints: [one] }] };
}

describe("formatCounterexample", () => {
  it("writes VNN-COMP's form", () => {
    expect(formatCounterexample([0.1, -2], Float64Array.of(1.5))).toBe("((X_0 0.1)\n(X_1 -2)\n(Y_0 1.5))");
  });

  it("writes numbers that parse back exactly", () => {
    fc.assert(
      fc.property(
        fc.float64Array({ noNaN: true, noDefaultInfinity: true }),
        fc.float32Array({ noNaN: true, noDefaultInfinity: true }),
        (input, output) => {
          const text = formatCounterexample(input, output);
          const found = Array.from(
            text.matchAll(/\(([XY])_(\d+) ([^()]+)\)/g),
            ([, letter, index, number]) => [letter, Number(index), Number(number)],
          );
          expect(found).toEqual([
            ...Array.from(input, (value, i) => ["X", i, value]),
            ...Array.from(output, (value, i) => ["Y", i, value]),
          ]);
        },
      ),
    );
  });

  it("refuses NaN and infinities", () => {
    expect(() => formatCounterexample([0, Number.NaN], [0])).toThrow(
      /^X_1: expected a finite number, found NaN$/,
    );
    expect(() => formatCounterexample([0], [Infinity])).toThrow(FormatError);
  });
});

describe("readVnnlib", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vnnlib-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const text = formatVnnlib(sample, "größer als eins");

  async function file(name: string, content: string | Uint8Array): Promise<string> {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  it.each<[string, string | Uint8Array]>([
    ["plain.vnnlib", text],
    ["mark.vnnlib", `\ufeff${text}`],
    ["latin1.vnnlib", Buffer.from(text, "latin1")],
    ["packed.vnnlib.gz", gzipSync(text)],
    ["packed.vnnlib", gzipSync(text)],
  ])("reads %s", async (name, content) => {
    expect(await readVnnlib(await file(name, content))).toEqual({ ...sample, decimal: true });
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["nothing.vnnlib", "", /line 1: expected declarations/],
    ["nothing.vnnlib.gz", "", /expected gzip data, found other bytes \(0\)/],
    ["plain.vnnlib.gz", text, /expected gzip data, found other bytes/],
    ["short.vnnlib.gz", gzipSync(text).subarray(0, 60), /expected whole gzip data, found 60 bytes/],
    ["magic.vnnlib", Uint8Array.of(0x1f, 0x8b), /expected whole gzip data, found 2 bytes/],
    ["garbage.vnnlib", Uint8Array.from({ length: 999 }, (_, i) => (i * 73 + 40) % 256), /line 1: expected/],
    ["utf16.vnnlib", Buffer.from(text, "utf16le"), /line 2: expected/],
    ["packed-garbage.vnnlib.gz", gzipSync(Uint8Array.of(255, 0, 1)), /line 1: expected/],
  ])("tells %s", async (name, content, message) => {
    const path = await file(name, content);
    const error = await readVnnlib(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.startsWith(`${path}: `)).toBe(true);
    expect((error as Error).message).not.toContain("\n");
  });

  it("tells a missing file and a folder", async () => {
    await expect(readVnnlib(join(folder, "none.vnnlib"))).rejects.toThrow(/none\.vnnlib: no such file$/);
    await expect(readVnnlib(folder)).rejects.toThrow(/expected a file, found a folder$/);
    await expect(readVnnlib(folder)).rejects.toThrow(FormatError);
  });

  it("does not unpack more than it may", async () => {
    const bomb = gzipSync(new Uint8Array(3 * 2 ** 20));
    await expect(unpackText(bomb, "bomb.gz", 2 ** 20)).rejects.toThrow(
      /^bomb\.gz: expected at most 1 MiB, found more$/,
    );
    await expect(unpackText(bomb, "bomb.gz", 2 ** 20)).rejects.toThrow(FormatError);
    await expect(unpackText(new Uint8Array(2 ** 20 + 1), "plain", 2 ** 20)).rejects.toThrow(/at most 1 MiB/);
    expect((await unpackText(bomb, "bomb.gz", 3 * 2 ** 20)).length).toBe(3 * 2 ** 20);
  });

  it("parses or tells packed files with changed bytes", async () => {
    const packed = gzipSync(text);
    const change = fc.tuple(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, mask]) => {
        const bytes = packed.map((byte, i) => (i === at ? byte ^ mask : byte));
        try {
          parseVnnlib(await unpackText(bytes, "p.gz"), "p.gz");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          expect((error as Error).message).toMatch(/^p\.gz: [^\n]+$/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
