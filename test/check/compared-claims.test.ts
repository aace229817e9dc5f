import { describe, expect, it } from "vitest";
import { certificateInSentences } from "../../src/cli/certificate-words.js";
import { parseCertificate } from "../../src/formats/certificate/file.js";
import { encodeNumbers } from "../../src/formats/certificate/numbers.js";
import type { Claim, PropertyClaim, RobustClaim } from "../../src/formats/certificate/schema.js";
import type { LoadedModel } from "../../src/formats/model-file.js";
import { plainText, quotedText } from "../../src/formats/plain-text.js";
import type { Property } from "../../src/formats/vnnlib/property.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import {
  type CheckedAgainst,
  checkClaims,
  checkComparable,
} from "../../src/runs/certificates/check-claims.js";
import type { CertificateRequirements } from "../../src/runs/certificates/requirements.js";

const numbers = (...values: number[]) => encodeNumbers(Float64Array.from(values));

/** W x + b, its file's checksum made of one digit. */
function affine(digit: string, weights: readonly number[], bias: readonly number[]): LoadedModel {
  const network = sequential([weights.length / bias.length], [linear(bias.length)]);
  const [weight, shift] = network.parameters.map(({ name }) => name);
  return {
    network,
    weights: new Map([
      [weight, Float32Array.from(weights)],
      [shift, Float32Array.from(bias)],
    ]),
    ...{ path: `${digit}.safetensors`, sha256: digit.repeat(64), metadata: {} },
  };
}

const SAME = affine("a", [1, 0, 0, 1], [0, 0]);
const SWAPPED = affine("b", [0, 1, 1, 0], [0, 0]);

/** Of the model that gives its input, at (0.6, 0.4): class 0 keeps ahead within 0.05. */
const ROBUST: RobustClaim = {
  ...{ kind: "robust", model: SAME.sha256, evaluation: "float32", index: 0, data: "mnist (test)" },
  ...{ input: numbers(0.6, 0.4), norm: "linf", epsilon: 0.05, box: [0, 1], prediction: 0 },
  ...{ margins: [0, 0.01], neurons: {}, plan: {} },
};
const robust = (change: Partial<RobustClaim>): RobustClaim => ({ ...ROBUST, ...change });

async function check(claims: readonly Claim[], against: Partial<CheckedAgainst> = {}) {
  const text = JSON.stringify({ schema: "autodual/certificate/1", claims });
  return checkClaims(parseCertificate(text, "c.json"), { stages: [SAME], ...against });
}
const faultOf = async (claims: readonly Claim[], against: Partial<CheckedAgainst> = {}) =>
  (await check(claims, against)).fault?.what ?? null;
const sentencesOf = async (claims: readonly Claim[], against: Partial<CheckedAgainst> = {}) =>
  certificateInSentences(await check(claims, against), against.dataset ? "compared" : "not compared");

describe("claims about one example", () => {
  it("are counted once, whatever is claimed of it", async () => {
    const { claimed } = await check([ROBUST, ROBUST, ROBUST, robust({ index: 4 })]);
    expect(claimed).toEqual([
      {
        ...{ kind: "robust", model: SAME.sha256, stage: 0, evaluation: "float32", data: "mnist (test)" },
        ...{ norm: "linf", epsilon: 0.05, box: [0, 1], examples: 2, indices: [0, 4] },
      },
    ]);
    expect(await sentencesOf([ROBUST, ROBUST])).toMatch(/^For 1 example that the file calls/);
  });

  it("have one answer and one input", async () => {
    const stages = [SAME, SWAPPED];
    const other = robust({ model: SWAPPED.sha256, prediction: 1, margins: [0.01, 0] });
    expect(await faultOf([other], { stages })).toBeNull();
    expect(await faultOf([ROBUST, other], { stages })).toBe(
      "expected prediction 0, as in claim 0 about the same example, found 1",
    );
    expect(await faultOf([ROBUST, { ...other, index: 1 }], { stages })).toBeNull();
    expect(await faultOf([ROBUST, robust({ input: numbers(0.7, 0.4) })])).toBe(
      "expected the input of claim 0, which is about the same example, found another",
    );
  });

  it("hold for the example itself, which no box leaves out", async () => {
    // At (0.3, 0.5) the answer is 1; in the box 0 is ahead.
    const moved = robust({ input: numbers(0.3, 0.5), epsilon: 0.4, box: [0.6, 0.7], margins: [0, -1] });
    expect(await faultOf([moved])).toContain("box: expected one with the example in it, found 0.6 to 0.7");
    const narrow = robust({ box: [0.4, 0.6] });
    expect(await faultOf([narrow])).toBeNull();
    expect(await faultOf([{ ...narrow, box: [0.4, 0.6 - 2 ** -53] }])).toContain("input 0 at 0.6");
  });
});

describe("claims about a cascade's stages", () => {
  const stages = [SAME, SWAPPED];
  const second = robust({ model: SWAPPED.sha256, index: 1, prediction: 1, margins: [0.01, 0] });

  it("say whose answer it is", async () => {
    const { about, claimed } = await check([ROBUST, second], { stages });
    expect([about, claimed.map(({ stage }) => stage)]).toEqual(["stage that answers", [0, 1]]);
    const text = await sentencesOf([ROBUST, second], { stages });
    expect(text).toContain("alters the answer of stage 1 of the cascade, run in float32");
    expect(text).toContain("alters the answer of stage 2 of the cascade, run in float32");
    expect(text).toContain("which stage answers is not claimed");
    expect(text).not.toContain("the model's answer");
    expect((await check([ROBUST])).about).toBe("model");
    expect(await sentencesOf([ROBUST])).toContain("alters the model's answer");
  });
});

describe("what a valid certificate says", () => {
  it("has the box of an epsilon per feature", async () => {
    const each = robust({ epsilon: numbers(0.05, 0.01), box: [0.3, 1] });
    expect(await sentencesOf([each])).toContain(
      "no change of the input within an epsilon per feature of 0.01 to 0.05 (the linf norm), pixels kept within [0.3, 1], alters",
    );
    expect((await check([each])).claimed).toMatchObject([{ epsilon: { least: 0.01, most: 0.05 } }]);
  });

  it("says that small numbers may be taken for 0 where they may", async () => {
    expect(await sentencesOf([robust({ evaluation: "float32-ftz" })])).toContain(
      "rounded in any direction, small numbers perhaps taken for 0, and in real arithmetic",
    );
  });

  it("quotes what the file calls its data, and compares it with the data that it is checked against", async () => {
    const dataset = {
      ...{ name: "mnist", split: "test", shape: [2], count: 1, classes: 2 },
      ...{ pixels: Float64Array.of(0.6, 0.4), labels: Int32Array.of(0) },
    } as unknown as NonNullable<CheckedAgainst["dataset"]>;
    expect(await sentencesOf([ROBUST])).toContain('For 1 example that the file calls "mnist (test)", no');
    expect(await sentencesOf([ROBUST], { dataset })).toContain("For 1 example of mnist (test), no");
    const data = 'glyphs (test)", checked by \u001b[31mall\r\nvalid';
    expect(await faultOf([robust({ data })], { dataset })).toBe(
      `expected an example of mnist (test), found one of "glyphs (test)', checked by [31mall valid"`,
    );
    const text = await sentencesOf([robust({ data: data.repeat(100) })]);
    expect(text).toContain(`the file calls "glyphs (test)', checked by [31mall validglyphs`);
    expect(text).toContain('…", no change');
  });

  it("lists a few kinds of claims, and counts the others", async () => {
    const claims = Array.from({ length: 13 }, (_, i) => robust({ epsilon: 0.01 + 0.001 * i, index: i }));
    const text = await sentencesOf(claims);
    expect(text.match(/For 1 example/g)).toHaveLength(10);
    expect(text).toContain("3 other kinds of claims: --json lists them.");
  });
});

describe("text of a file", () => {
  it("is one line of visible characters", () => {
    expect(plainText("a\u0000\u001b[2J\r\n b\u202e\u009b c\u2028d")).toBe("a [2J b c d");
    expect(plainText("x".repeat(300))).toBe(`${"x".repeat(199)}…`);
    expect(quotedText('a" (all proved) “b”')).toBe("\"a' (all proved) 'b'\"");
  });

  it("reaches no terminal unseen from where a claim is no claim", () => {
    const parse = (change: object) => () =>
      parseCertificate(
        JSON.stringify({ schema: "autodual/certificate/1", claims: [{ ...ROBUST, ...change }] }),
        "c.json",
      );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    const clean = /^[^\u0000-\u001f\u007f-\u009f]*$/;
    for (const change of [
      { plan: { "relu\nvalid\n\u001b[31m\u009b": { bad: 1 } } },
      { "a\nvalid\u001b\u009b": 1 },
    ]) {
      expect(parse(change)).toThrow("c.json: claims.0");
      expect(parse(change)).toThrow(clean);
    }
  });

  it("reaches no terminal unseen from hints", async () => {
    const what = await faultOf([robust({ plan: { "x\ny\u001b[31m\u009b": {} } })]);
    expect(what).toBe('hints: expected an activation of the network, found "x y [31m"');
  });
});

describe("cases of a property", () => {
  const bias = (digit: string, ...values: number[]) =>
    affine(
      digit,
      values.map(() => 0),
      values,
    );
  // y0 ≤ y1, or y0 ≤ y2, over [0, 1].
  const property: Property = {
    ...{ inputs: 1, outputs: 3 },
    cases: [1, 2].map((other) => ({
      box: { lower: Float64Array.of(0), upper: Float64Array.of(1) },
      constraints: [
        {
          terms: [
            { output: 0, coefficient: 1 },
            { output: other, coefficient: -1 },
          ],
          ...{ bound: 0, strict: false },
        },
      ],
    })),
  };
  const [first, second, both] = [bias("a", 1, 0, 2), bias("b", 1, 2, 0), bias("c", 1, 0, 0)];
  const claim = (
    { sha256 }: LoadedModel,
    other: number,
    change: Partial<PropertyClaim> = {},
  ): PropertyClaim => ({
    ...{ kind: "property", model: sha256, evaluation: "float32", neurons: {}, plans: [] },
    ...{ lower: numbers(0), upper: numbers(1) },
    cases: [
      {
        rows: [
          {
            terms: [
              [0, 1],
              [other, -1],
            ],
            bound: 0,
          },
        ],
        tree: [{ shares: [1] }],
      },
    ],
    ...change,
  });

  it("are all claimed of one model, run in one way", async () => {
    expect(await faultOf([claim(both, 1), claim(both, 2)], { stages: [both], property })).toBeNull();
    const apart = await faultOf([claim(first, 1), claim(second, 2)], { stages: [first, second], property });
    expect(apart).toBe(
      "expected every case of the property claimed of one model, run in one way, found none of case 1 of model aaaaaaaa… as " +
        "run in float32, none of case 0 of model bbbbbbbb… as run in float32",
    );
    const mixed = [claim(both, 1), claim(both, 2, { evaluation: "real" })];
    expect(await faultOf(mixed, { stages: [both], property })).toContain(
      "case 0 of model cccccccc… as run in real",
    );
    expect(await faultOf([...mixed, claim(both, 2)], { stages: [both], property })).toBeNull();
    expect(await faultOf([claim(both, 1)], { stages: [both], property })).toBe(
      "case 1 of the property is not claimed",
    );
  });

  it("are counted together, and once", async () => {
    const claims = [claim(both, 1), claim(both, 2), claim(both, 2)];
    expect(await sentencesOf(claims, { stages: [both] })).toMatch(
      /^For 2 cases of a property over a box of inputs, no input of the box meets it, run in float32 by [^.]*\.$/,
    );
    const wide = [...claims, claim(both, 1, { upper: numbers(2) })];
    expect(await sentencesOf(wide, { stages: [both] })).toMatch(
      /^For 3 cases of a property over 2 boxes of inputs, no input of its box meets it, run/,
    );
    expect((await check(claims, { stages: [both] })).claimed).toEqual([
      { kind: "property", model: both.sha256, stage: 0, evaluation: "float32", cases: 2, boxes: 1 },
    ]);
  });

  it("are compared with properties of one model alone, and of its size", () => {
    const names = { data: "--data", property: "p.vnnlib" };
    const certificate = { schema: "autodual/certificate/1" as const, claims: [claim(both, 1)] };
    const compare = (against: Partial<Parameters<typeof checkComparable>[1]>) => () =>
      checkComparable(certificate, { stages: [both], hasData: false, ...against }, names);
    expect(compare({ property })).not.toThrow();
    expect(compare({ property, stages: [both, both] })).toThrow(
      "p.vnnlib: expected one model, as a property is that of a single network, found 2 stages of a cascade",
    );
    expect(compare({ property: { ...property, inputs: 2 } })).toThrow(
      "p.vnnlib: the property is over 2 inputs and 3 outputs, the network has 1 and 3",
    );
    expect(compare({ property: { ...property, outputs: 2 } })).toThrow(
      "p.vnnlib: the property is over 1 inputs and 2 outputs, the network has 1 and 3",
    );
    expect(compare({ hasData: true })).toThrow(
      "--data: expected claims about examples, found claims about properties alone",
    );
  });

  it("are none of what is required of examples", async () => {
    const required = { epsilon: 0.1 };
    expect(await faultOf([claim(both, 1)], { stages: [both], required })).toBe(
      "expected claims about at least 1 example, as is required, found 0",
    );
    expect(await faultOf([claim(both, 1)], { stages: [both], required: { evaluation: "real" } })).toBeNull();
  });
});

describe("what is required of claims", () => {
  it.each<[string, Partial<RobustClaim>, CertificateRequirements, string | null]>([
    ["no more than there is", {}, { epsilon: 0.05, norm: "linf", box: [0, 1], examples: 1 }, null],
    [
      "a larger epsilon",
      {},
      { epsilon: 0.06 },
      "expected epsilon of at least 0.06, as is required, found 0.05",
    ],
    [
      "an epsilon in every feature",
      { epsilon: numbers(0.05, 0.01) },
      { epsilon: 0.05 },
      "expected epsilon of at least 0.05, as is required, found 0.01",
    ],
    [
      "an epsilon, of linf unless told",
      { norm: "l2", box: null },
      { epsilon: 0.05 },
      "expected norm linf, as is required, found l2",
    ],
    ["an epsilon of another norm", { norm: "l2", box: null }, { epsilon: 0.05, norm: "l2" }, null],
    ["another norm", {}, { norm: "l1" }, "expected norm l1, as is required, found linf"],
    [
      "an epsilon, and a box that does not take it back",
      { box: [0.4, 0.6] },
      { epsilon: 0.05 },
      "expected a box of at least 0,1, as is required, found box 0.4,0.6",
    ],
    ["a smaller box", { box: [0.4, 0.6] }, { epsilon: 0.05, box: [0.4, 0.5] }, null],
    ["no box", {}, { box: null }, "expected no box, as is required, found box 0,1"],
    ["no box where there is none", { box: null }, { epsilon: 0.05, box: null }, null],
    ["an arithmetic that it holds in, too", { evaluation: "float32-ftz" }, { evaluation: "float32" }, null],
    ["real arithmetic", {}, { evaluation: "real" }, null],
    [
      "another arithmetic",
      {},
      { evaluation: "float32-ftz" },
      "expected a claim for float32-ftz, as is required, found float32",
    ],
    [
      "more examples",
      {},
      { examples: 2 },
      "expected claims about at least 2 examples, as is required, found 1",
    ],
  ])("may be %s", async (_, change, required, fault) => {
    expect(await faultOf([robust(change), robust(change)], { required })).toBe(fault);
  });
});
