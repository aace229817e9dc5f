import { createHash } from "node:crypto";
import type { GateExample, GateReport } from "./gate-report.js";
import { FAULTS, faultInWords, type GateFault, gateInWords, gateProperties } from "./gate-words.js";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** What is wrong or was really changed is an error; what is not known is none. */
const LEVELS: Readonly<Record<GateFault, "error" | "warning" | "note">> = {
  misclassified: "error",
  attacked: "error",
  "not-certified": "warning",
  "not-reached": "note",
};

const RULES = Object.keys(FAULTS) as GateFault[];

/**
 * A certification as a SARIF 2.1.0 log of one run: a rule for each kind of fault, and a result for each example that counts against the
 * robust error or was not reached. Results are about the model's file; the example is their logical location. The same report gives the
 * same bytes.
 */
export function sarifLog(report: GateReport): string {
  const { version, models, sha256, passed, stopped, statement, data } = report;
  const artifacts = models.map((model) => ({
    location: { uri: uriOf(model) },
    ...(models.length === 1 && report.about === "model" && { hashes: { "sha-256": sha256 } }),
  }));
  const run = {
    tool: { driver: { name: "autodual", version, rules: RULES.map(ruleOf) } },
    automationDetails: { id: `autodual/certify/${uriOf(models.join("+"))}/${uriOf(data.name)}/` },
    invocations: [
      {
        executionSuccessful: !stopped,
        ...(!stopped && { exitCode: passed === false ? 1 : 0 }),
        toolExecutionNotifications: [
          { level: passed === false ? "warning" : "note", message: { text: gateInWords(report) } },
          { level: "note", message: { text: statement } },
        ],
      },
    ],
    artifacts,
    results: report.examples.flatMap((example) =>
      example.verdict === "passed" ? [] : [resultOf(report, example, example.verdict)],
    ),
    columnKind: "utf16CodeUnits",
    properties: gateProperties(report),
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: "2.1.0", runs: [run] }, null, 2)}\n`;
}

function ruleOf(id: GateFault) {
  const { short, full } = FAULTS[id];
  return {
    id,
    name: id.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: short },
    fullDescription: { text: full },
    help: { text: full },
    defaultConfiguration: { level: LEVELS[id] },
  };
}

function resultOf(report: GateReport, example: GateExample, fault: GateFault) {
  const { data, classNames, models } = report;
  const { index, label, prediction, margin, stage } = example;
  const name = (number: number | null) => (number === null ? undefined : classNames?.[number]);
  return {
    ruleId: fault,
    ruleIndex: RULES.indexOf(fault),
    level: LEVELS[fault],
    message: { text: faultInWords(report, example) },
    locations: [
      {
        // A model has no lines; readers of these files want one.
        physicalLocation: {
          artifactLocation: { uri: uriOf(models[0] ?? ""), index: 0 },
          region: { startLine: 1 },
        },
        logicalLocations: [
          {
            name: `example ${index}`,
            fullyQualifiedName: `${data.name}/${data.split}/${index}`,
            kind: "resource",
          },
        ],
      },
    ],
    partialFingerprints: fingerprintsOf(report, index),
    properties: {
      example: index,
      label,
      labelName: name(label),
      prediction,
      predictionName: name(prediction),
      certified: example.certified,
      stage,
      smallestMargin: margin,
      guarantee: example.guarantee,
    },
  };
}

/** The same for an example from run to run, so that a reader knows a result again. All lie on one line of one file. */
function fingerprintsOf({ data, models }: GateReport, index: number) {
  const hash = createHash("sha256").update(JSON.stringify([models, data.name, data.split, index]));
  const own = hash.digest("hex").slice(0, 16);
  return { primaryLocationLineHash: `${own}:1`, "autodualExample/v1": own };
}

/** A relative reference: every segment escaped. */
function uriOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
