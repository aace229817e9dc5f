import { describe, expect, it } from "vitest";
import {
  CERTIFICATE_SCHEMA,
  certificateSchema,
  claimSchema,
  MOST_TERMS,
} from "../../src/formats/certificate/schema.js";

const NUMBERS = { byte: "AAAA" };
const PLAN = { relu1: { rows: true, rowSlopes: "AAAA", lower: "adaptive", upper: "AA==" }, relu2: {} };
const ROBUST = {
  kind: "robust",
  model: "0123456789abcdef".repeat(4),
  evaluation: "float32",
  neurons: { relu1: "AAA=" },
  index: 0,
  data: "points",
  input: NUMBERS,
  norm: "linf",
  epsilon: 0.1,
  box: [0, 1],
  prediction: 1,
  margins: [0.5, 0],
  plan: PLAN,
};
const LEAF = {
  plan: 0,
  shares: [1, 0],
  multipliers: [0.5],
  lines: { relu1: { lower: "AA==", upper: "AA==" } },
};
const SPLIT = { plan: 0, layer: "relu1", neuron: 0, at: -0.5 };
const ROW = { terms: [[0, -1]], bound: 2 };
const PROPERTY = {
  kind: "property",
  ...{ model: ROBUST.model, evaluation: "real", neurons: {} },
  lower: NUMBERS,
  upper: { float64: "" },
  plans: [PLAN],
  cases: [{ rows: [ROW], tree: [SPLIT, LEAF, { shares: [1, 1] }] }],
};

/** A claim with another value at a path such as `cases.0.rows`; undefined: without it. */
function changed(claim: unknown, path: string, value: unknown): unknown {
  const copy = structuredClone(claim);
  const keys = path.split(".");
  const last = keys.pop() as string;
  const holder = keys.reduce(
    (own, key) => own[key] as Record<string, unknown>,
    copy as Record<string, unknown>,
  );
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

const BASE64 = {
  good: ["", "AAAA", "AA==", "AAA=", "Zz+/", "0189azAZ"],
  bad: [
    "A",
    "AAA",
    "AA=",
    "A===",
    "====",
    "AA==AAAA",
    "AAA-",
    "AAA_",
    "AAA\n",
    " AAA",
    "AAA.",
    "!AAA",
    "AAA=!AA=",
    7,
    null,
  ],
};
const WHOLE = { good: [0, 1, 1e6], bad: [-1, 0.5, "0", null, Number.NaN] };
const NUMBER = { good: [0, -1.5, 1e300], bad: ["0", null, Number.NaN, Number.POSITIVE_INFINITY] };
const SHARE = { good: [0, 1, 1e9], bad: [-1, -1e-300, "0", Number.NaN] };
const NUMBERS_OF = {
  good: [{ byte: "" }, { float32: "AAAAAA==" }, { float64: "AAAA" }],
  bad: [
    {},
    { byte: "A" },
    { float32: "A" },
    { float64: "A" },
    { byte: "", float32: "" },
    { float64: "", more: 1 },
    "AAAA",
    [],
    null,
  ],
};
const NAME = { good: ["x", "x".repeat(1000)], bad: ["", "x".repeat(1001), 7] };
const inLists = (
  { good, bad }: { good: readonly unknown[]; bad: readonly unknown[] },
  rest: unknown[] = [],
) => ({
  good: good.map((own) => [own, ...rest]),
  bad: bad.map((own) => [own, ...rest]),
});
const many = (count: number, value: unknown) => new Array(count).fill(value);
const BOOLEAN = { good: [true, false, undefined], bad: [0, "true", null] };
const SLOPES = { good: ["adaptive", "AAAA", "", undefined], bad: ["adaptively", "A", 1, null] };
const UPPER = { good: ["AAAA", "", undefined], bad: ["adaptive!", "A", 1, null] };
const OPTIONAL_BASE64 = { good: [...BASE64.good, undefined], bad: BASE64.bad };

type Row = readonly [
  path: string,
  values: { readonly good: readonly unknown[]; readonly bad: readonly unknown[] },
];
const COMMON: readonly Row[] = [
  ["kind", { good: [], bad: ["safe", undefined, null] }],
  [
    "model",
    {
      good: ["f".repeat(64)],
      bad: [
        "f".repeat(63),
        "f".repeat(65),
        "F".repeat(64),
        `g${"f".repeat(63)}`,
        `${"f".repeat(64)}\n`,
        undefined,
      ],
    },
  ],
  [
    "evaluation",
    { good: ["float32", "float32-ftz", "float64", "real"], bad: ["float16", "", "exact", undefined, null] },
  ],
  [
    "neurons",
    { good: [{}, { relu1: "" }], bad: [{ "": "AAAA" }, { relu1: 7 }, { relu1: "A" }, [], undefined] },
  ],
  ["more", { good: [], bad: [1] }],
];

const ROBUST_ROWS: readonly Row[] = [
  ...COMMON,
  ["index", WHOLE],
  ["data", { good: ["", "x".repeat(10_000)], bad: ["x".repeat(10_001), 7, undefined] }],
  ["input", { good: [...NUMBERS_OF.good, undefined], bad: NUMBERS_OF.bad }],
  ["norm", { good: ["linf", "l2", "l1"], bad: ["l3", "", "linF", undefined] }],
  [
    "epsilon",
    {
      good: [0, 0.5, ...NUMBERS_OF.good],
      bad: [-1, -1e-300, "1", Number.POSITIVE_INFINITY, undefined, null, { byte: "A" }, [0.5]],
    },
  ],
  [
    "box",
    {
      good: [null, [0, 1], [-3, -5], { lower: NUMBERS, upper: NUMBERS }],
      bad: [
        [0],
        [0, 1, 2],
        ["0", 1],
        [0, null],
        { lower: NUMBERS },
        { upper: NUMBERS },
        {},
        undefined,
        1,
      ].concat([
        { lower: NUMBERS, upper: NUMBERS, more: 1 } as never,
        { lower: [0], upper: NUMBERS } as never,
      ]),
    },
  ],
  ["prediction", WHOLE],
  [
    "margins",
    {
      good: [
        [0, 1],
        [0, -1, 2],
      ],
      bad: [[], [0], [0, "1"], [0, null], [0, Number.NaN], undefined],
    },
  ],
  ["plan", { good: [{}], bad: [{ "": {} }, [], null, undefined, { relu1: 1 }] }],
  ["plan.relu1.rows", BOOLEAN],
  ["plan.relu1.rowSlopes", OPTIONAL_BASE64],
  ["plan.relu1.lower", SLOPES],
  ["plan.relu1.upper", UPPER],
  ["plan.relu1.more", { good: [], bad: [1] }],
];

const PROPERTY_ROWS: readonly Row[] = [
  ...COMMON,
  ["lower", NUMBERS_OF],
  ["upper", NUMBERS_OF],
  ["plans", { good: [[], [{}, {}]], bad: [[1], {}, undefined, [{ relu1: { more: 1 } }]] }],
  ["cases", { good: [], bad: [[], {}, undefined] }],
  ["cases.0.more", { good: [], bad: [1] }],
  ["cases.0.rows", { good: [[], many(MOST_TERMS, ROW)], bad: [many(MOST_TERMS + 1, ROW), undefined, {}] }],
  ["cases.0.rows.0.bound", NUMBER],
  ["cases.0.rows.0.more", { good: [], bad: [1] }],
  [
    "cases.0.rows.0.terms",
    {
      good: [
        [],
        [
          [0, 1],
          [1, -1],
        ],
      ],
      bad: [undefined, [[0]], [[0, 1, 2]], [0, 1]],
    },
  ],
  ["cases.0.rows.0.terms.0.0", WHOLE],
  ["cases.0.rows.0.terms.0.1", NUMBER],
  ["cases.0.tree", { good: [[LEAF], many(5000, SPLIT)], bad: [[], undefined, {}, [{}], [1]] }],
  ["cases.0.tree.0.layer", NAME],
  ["cases.0.tree.0.neuron", WHOLE],
  ["cases.0.tree.0.at", NUMBER],
  ["cases.0.tree.0.plan", { good: [...WHOLE.good, undefined], bad: WHOLE.bad }],
  ["cases.0.tree.0.more", { good: [], bad: [1] }],
  ["cases.0.tree.0.shares", { good: [], bad: [[1]] }],
  ["cases.0.tree.1.plan", { good: [...WHOLE.good, undefined], bad: WHOLE.bad }],
  ["cases.0.tree.1.shares", inLists(SHARE, [1])],
  [
    "cases.0.tree.1.shares",
    { good: [[], many(MOST_TERMS, 1)], bad: [many(MOST_TERMS + 1, 1), undefined, 1] },
  ],
  ["cases.0.tree.1.multipliers", inLists(SHARE, [1])],
  [
    "cases.0.tree.1.multipliers",
    { good: [[], undefined, many(MOST_TERMS, 1)], bad: [many(MOST_TERMS + 1, 1), 1, null] },
  ],
  ["cases.0.tree.1.lines", { good: [{}, undefined], bad: [{ "": {} }, { relu1: 1 }, [], 1] }],
  ["cases.0.tree.1.lines.relu1.lower", SLOPES],
  ["cases.0.tree.1.lines.relu1.upper", UPPER],
  ["cases.0.tree.1.lines.relu1.more", { good: [], bad: [1] }],
  ["cases.0.tree.1.more", { good: [], bad: [1] }],
];

describe.each([
  ["robustness", ROBUST, ROBUST_ROWS],
  ["a property", PROPERTY, PROPERTY_ROWS],
] as const)("a claim of %s", (_, claim, rows) => {
  it("is read as it is", () => {
    expect(claimSchema.parse(claim)).toEqual(claim);
  });

  it.each(rows)("has at %s what a claim may say there, and nothing else", (path, { good, bad }) => {
    for (const value of good) {
      const own = changed(claim, path, value);
      expect(claimSchema.safeParse(own).data, JSON.stringify(value)?.slice(0, 200)).toEqual(own);
    }
    for (const value of bad) {
      const { success } = claimSchema.safeParse(changed(claim, path, value));
      expect(success, `${path}: ${JSON.stringify(value)?.slice(0, 200)}`).toBe(false);
    }
  });
});

describe("messages", () => {
  it.each([
    ["input", "expected { float64 }, { float32 } or { byte }"],
    ["epsilon", "expected a number of at least 0, or one for each feature"],
    ["box", "expected [lower, upper], or { lower, upper } with a number for each feature"],
    ["model", "expected a SHA-256 in hexadecimal"],
    ["neurons.relu1", "expected base64"],
  ])("say what is expected at %s", (path, message) => {
    const { error } = claimSchema.safeParse(changed(ROBUST, path, "!"));
    expect(error?.issues[0].message).toBe(message);
  });
});

describe("what a file holds", () => {
  const file = { schema: CERTIFICATE_SCHEMA, claims: [{ any: "thing" }] };
  it.each([
    ["it", file, true],
    ["several claims", { ...file, claims: [1, "x", null] }, true],
    ["no claims", { ...file, claims: [] }, false],
    ["nothing of claims", { schema: CERTIFICATE_SCHEMA }, false],
    ["another version", { ...file, schema: "autodual/certificate/2" }, false],
    ["no version", { claims: file.claims }, false],
    ["more", { ...file, more: 1 }, false],
  ])("%s", (_, json, isGood) => {
    expect(certificateSchema.safeParse(json).success).toBe(isGood);
    expect(CERTIFICATE_SCHEMA).toBe("autodual/certificate/1");
  });
});
