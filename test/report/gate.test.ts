import { describe, expect, it } from "vitest";
import { type GateExample, type GateReport, isGatePassed } from "../../src/report/gate/gate-report.js";
import { gateInWords } from "../../src/report/gate/gate-words.js";
import { junitXml } from "../../src/report/gate/junit.js";
import { sarifLog } from "../../src/report/gate/sarif.js";
import { sarifSchema } from "./sarif-schema.js";
import { readXml, type XmlElement } from "./xml-reader.js";

const example = (index: number, changes: Partial<GateExample>): GateExample => ({
  ...{ index, label: 1, prediction: 1, verdict: "passed", certified: true, margin: 0.5, stage: 0 },
  guarantee: "deterministic",
  ...changes,
});

const EXAMPLES = [
  example(0, {}),
  example(1, { verdict: "misclassified", prediction: 0, margin: null }),
  example(2, { verdict: "attacked", certified: false, margin: -1 }),
  example(3, { verdict: "not-certified", certified: false, margin: -0.25 }),
  example(4, { verdict: "not-reached", certified: false, prediction: null, margin: null }),
];

function report(changes: Partial<GateReport> = {}): GateReport {
  return {
    version: "1.2.3",
    models: ["nets/my net#1.onnx"],
    sha256: "a".repeat(64),
    about: "model",
    data: { name: "pets", split: "test" },
    classNames: ["ant", "bee"],
    ball: { norm: "linf", epsilon: 8 / 255, box: [0, 1] },
    ...{ bound: "adaptive", guarantee: "deterministic", delta: null, evaluation: "float32" },
    figures: { error: 0.25, robustError: 0.75, certified: 0.5 },
    ...{ asked: 5, reached: 4, failAbove: 0.8, passed: false, stopped: false, isAttacked: true },
    statement: "Guaranteed: nothing much.",
    examples: EXAMPLES,
    ...changes,
  };
}

const casesOf = (root: XmlElement): readonly XmlElement[] =>
  root.children[0].children.filter(({ name }) => name === "testcase");
const propertiesOf = (root: XmlElement): Record<string, string> =>
  Object.fromEntries(
    root.children[0].children[0].children.map(({ attributes }) => [attributes.name, attributes.value]),
  );
const runOf = (text: string) => JSON.parse(text).runs[0];

describe("JUnit XML", () => {
  it("has a test case an example, failures and errors by verdict, and counts that agree", () => {
    const root = readXml(junitXml(report()));
    for (const element of [root, root.children[0]]) {
      expect(element.attributes).toMatchObject({ tests: "5", failures: "3", errors: "1", skipped: "0" });
    }
    const found = casesOf(root).map(({ attributes, children: [fault] }) => [
      attributes.name,
      fault?.name,
      fault?.attributes.type,
    ]);
    expect(found).toEqual([
      ["example 0, label 1 (bee)", undefined, undefined],
      ["example 1, label 1 (bee)", "failure", "misclassified"],
      ["example 2, label 1 (bee)", "failure", "attacked"],
      ["example 3, label 1 (bee)", "failure", "not-certified"],
      ["example 4, label 1 (bee)", "error", "not-reached"],
    ]);
    const [, wrong, attacked, open] = casesOf(root).map(({ children }) => children[0]?.attributes.message);
    expect(wrong).toContain("the answer is 0 (ant) without any change");
    expect(attacked).toContain("an attack changes it within the ball (linf, epsilon 8/255, box 0,1)");
    expect(open).toContain("the smallest bound of its margins is -0.25");
  });

  it("states the ball, the bound, the figures, their worth and the gate", () => {
    expect(propertiesOf(readXml(junitXml(report())))).toMatchObject({
      ...{
        norm: "linf",
        epsilon: String(8 / 255),
        box: "0,1",
        bound: "adaptive",
        guarantee: "deterministic",
      },
      ...{ worth: "deterministic (no random projections)", robustError: "0.75", failAbove: "0.8" },
      ...{ gate: "failed", attacked: "1", notCertified: "1", notReached: "1", misclassified: "1" },
    });
    const likely = readXml(junitXml(report({ guarantee: "probability", delta: 0.01, passed: true })));
    expect(propertiesOf(likely)).toMatchObject({
      ...{
        worth: "each certificate with probability at least 0.99 over random projections, not all together",
      },
      ...{ delta: "0.01", gate: "passed" },
    });
    const rough = readXml(junitXml(report({ guarantee: "estimate", evaluation: null })));
    expect(propertiesOf(rough)).toMatchObject({
      worth: "estimates by random projections, which certify nothing",
      evaluation: "none: rounding was left out",
    });
  });

  it("takes names for nothing but text, whatever they are", () => {
    const names = ['<b a="1">&amp;', "]]>'\t\r\n\u0000\ud800x\ufffe😀"];
    const data = { name: 'a&b"<c>', split: "test" };
    const text = junitXml(report({ classNames: names, data, models: ["<&>.onnx"], statement: "a < b & c" }));
    const root = readXml(text);
    expect(casesOf(root)[1].children[0].attributes.message).toContain('0 (<b a="1">&amp;)');
    expect(casesOf(root)[0].attributes.name).toBe("example 0, label 1 (]]>'\t\r\n\ufffd\ufffdx\ufffd😀)");
    expect(casesOf(root)[0].attributes.classname).toBe('a&b"<c>.test');
    expect(root.children[0].children.at(-1)?.text).toContain("a < b & c");
  });
});

describe("a SARIF log", () => {
  it("has a result for each example that is not right and certified, by rules with levels", () => {
    const { $schema, version, runs } = JSON.parse(sarifLog(report()));
    expect([version, runs.length]).toEqual(["2.1.0", 1]);
    expect($schema).toMatch(/sarif-schema-2\.1\.0\.json$/);
    const [{ tool, results, columnKind }] = runs;
    expect(columnKind).toBe("utf16CodeUnits");
    expect(tool.driver).toMatchObject({ name: "autodual", version: "1.2.3" });
    expect(
      results.map(({ ruleId, level, properties }: Record<string, unknown> & { properties: object }) => [
        ruleId,
        level,
        "example" in properties && properties.example,
      ]),
    ).toEqual([
      ["misclassified", "error", 1],
      ["attacked", "error", 2],
      ["not-certified", "warning", 3],
      ["not-reached", "note", 4],
    ]);
    for (const { ruleId, ruleIndex, level, message } of results) {
      const rule = tool.driver.rules[ruleIndex];
      expect([rule.id, rule.defaultConfiguration.level]).toEqual([ruleId, level]);
      expect(message.text).toMatch(/^Example \d of pets \(test\), label 1 \(bee\): .*\.$/);
    }
    expect(results[0].properties).toMatchObject({ labelName: "bee", predictionName: "ant", certified: true });
  });

  it.each<[string, Partial<GateReport>]>([
    ["with each kind of fault", {}],
    [
      "of a cascade",
      { about: "stage that answers", models: ["a b", "c%d"], guarantee: "probability", delta: 0.01 },
    ],
    [
      "of which nothing was reached",
      { figures: null, stopped: true, classNames: null, examples: [], reached: 0 },
    ],
    ["of odd names", { models: ['ünï/[x] {y}|^`"<>\\.onnx'], data: { name: "a/b c?#", split: "test" } }],
    ["that passed", { passed: true, examples: [EXAMPLES[0]] }],
    [
      "by feature, without rounding",
      { evaluation: null, ball: { norm: "l1", epsilon: { perFeature: [0, 1] }, box: null } },
    ],
  ])("%s has what the official schema requires, and nothing that it forbids", (_, changes) => {
    const log = JSON.parse(sarifLog(report(changes)));
    expect(sarifSchema.safeParse(log).error?.issues).toBeUndefined();
    // The check is one: each of these is against the schema.
    const [first] = log.runs;
    const wrong = [
      { ...log, version: "2.0.0" },
      { ...log, runs: [{ ...first, tool: {} }] },
      { ...log, runs: [{ ...first, result: [] }] },
      { ...log, runs: [{ ...first, invocations: [{ exitCode: 1 }] }] },
      { ...log, runs: [{ ...first, results: [{ ruleId: "x" }] }] },
      { ...log, runs: [{ ...first, results: [{ message: { text: "x" }, level: "fatal" }] }] },
      { ...log, runs: [{ ...first, artifacts: [{ location: { uri: "a b" } }] }] },
    ];
    expect(wrong.map((one) => sarifSchema.safeParse(one).success)).toEqual(wrong.map(() => false));
  });

  it("names files by relative references alone, and examples by fingerprints of their own", () => {
    const { results, artifacts } = runOf(sarifLog(report()));
    expect(artifacts).toEqual([
      { location: { uri: "nets/my%20net%231.onnx" }, hashes: { "sha-256": "a".repeat(64) } },
    ]);
    const prints = results.map(
      (result: { partialFingerprints: { primaryLocationLineHash: string } }) =>
        result.partialFingerprints.primaryLocationLineHash,
    );
    expect(new Set(prints).size).toBe(4);
    for (const { locations, ruleIndex } of results) {
      expect(ruleIndex).toBeGreaterThanOrEqual(0);
      const [{ physicalLocation }] = locations;
      expect(physicalLocation.artifactLocation.uri).toBe("nets/my%20net%231.onnx");
      expect(physicalLocation.region.startLine).toBe(1);
    }
    expect(sarifLog(report())).toBe(sarifLog(report()));
  });

  it("says how the gate ended, and ended by a signal was no success", () => {
    const invocation = (changes: Partial<GateReport>) => runOf(sarifLog(report(changes))).invocations[0];
    expect(invocation({})).toMatchObject({ executionSuccessful: true, exitCode: 1 });
    expect(invocation({ passed: true })).toMatchObject({ executionSuccessful: true, exitCode: 0 });
    expect(invocation({ passed: null, failAbove: null })).toMatchObject({ exitCode: 0 });
    const stopped = invocation({ stopped: true });
    expect([stopped.executionSuccessful, stopped.exitCode]).toEqual([false, undefined]);
    expect(runOf(sarifLog(report())).properties).toMatchObject({
      ...{ epsilon: 8 / 255, norm: "linf", bound: "adaptive", robustError: 0.75, gate: "failed" },
      worth: "deterministic (no random projections)",
    });
  });
});

describe("a gate", () => {
  const figures = { error: 0, robustError: 0.25, certified: 1 };

  it("passes at its limit and not above it, and never where examples were not reached", () => {
    expect(isGatePassed(0.25, figures, undefined)).toBe(true);
    expect(isGatePassed(0.2499, figures, undefined)).toBe(false);
    expect(isGatePassed(1, figures, 1)).toBe(false);
    expect(isGatePassed(1, null, 3)).toBe(false);
    expect(isGatePassed(1, { ...figures, robustError: Number.NaN }, undefined)).toBe(false);
  });

  it("says in a sentence how it ended, by counts and the limit as it was given", () => {
    const whole = { reached: 5, failAbove: 0.70001, figures: { ...figures, robustError: 0.8 } };
    expect(gateInWords(report(whole))).toBe(
      "The gate failed: 4 of 5 examples are not both right and certified, a robust error of 80.0 % at most, which is above the limit " +
        "of 0.70001.",
    );
    const likely = { ...whole, failAbove: 0.8, passed: true, guarantee: "probability" } as const;
    expect(gateInWords(report(likely))).toMatch(
      /^The gate passed: .* 80\.0 % if all certificates hold, which is not above the limit of 0\.8\.$/,
    );
    expect(gateInWords(report())).toBe("The gate failed: 1 of 5 examples were not reached.");
    expect(gateInWords(report({ figures: null }))).toMatch(/^The gate failed: the time was over before one/);
    expect(gateInWords(report({ passed: null, failAbove: null }))).toMatch(/^No limit was set/);
  });
});
