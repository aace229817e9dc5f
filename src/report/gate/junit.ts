import type { GateExample, GateReport } from "./gate-report.js";
import { classInWords, faultInWords, gateInWords, gateProperties } from "./gate-words.js";
import { xmlText } from "./xml-text.js";

/**
 * A certification as JUnit XML: a test case for each example, with a failure where it counts against the robust error and an error
 * where it was not reached. So failures and errors among the examples that were answered are the robust error. The same report gives
 * the same bytes: no times are in it.
 */
export function junitXml(report: GateReport): string {
  const { data, models, examples, statement } = report;
  const counts = {
    tests: examples.length,
    failures: examples.filter(isFailure).length,
    errors: examples.filter(({ verdict }) => verdict === "not-reached").length,
    skipped: 0,
  };
  const properties = Object.entries(gateProperties(report)).map(
    ([name, value]) => `      <property${attributes({ name, value: String(value ?? "") })}/>`,
  );
  const whole = { name: "autodual certify", ...counts };
  const suite = { name: `${models.join(", ")} on ${data.name} (${data.split})`, ...counts };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes(whole)}>`,
    `  <testsuite${attributes(suite)}>`,
    "    <properties>",
    ...properties,
    "    </properties>",
    ...examples.map((example) => testCase(report, example)),
    `    <system-out>${xmlText(`${gateInWords(report)} ${statement}`)}</system-out>`,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function isFailure({ verdict }: GateExample): boolean {
  return verdict !== "passed" && verdict !== "not-reached";
}

function testCase(report: GateReport, example: GateExample): string {
  const { data, classNames } = report;
  const own = attributes({
    classname: `${data.name}.${data.split}`,
    name: `example ${example.index}, label ${classInWords(example.label, classNames)}`,
  });
  if (example.verdict === "passed") return `    <testcase${own}/>`;
  const element = isFailure(example) ? "failure" : "error";
  const fault = attributes({ type: example.verdict, message: faultInWords(report, example) });
  return `    <testcase${own}>\n      <${element}${fault}/>\n    </testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(String(value))}"`)
    .join("");
}
