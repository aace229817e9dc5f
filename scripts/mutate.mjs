// Mutation testing of what soundness rests on: changes one place of the source at a time, and runs the tests that reach it. A change
// that no test notices survives, and is listed.
//
//   npm run test:mutate [-- ROOM... [--again]]
//
// Without a room: all of scripts/mutate/rooms.mjs, one after the other; hours. What has not changed since the last run is not run
// again, unless --again is given. Exit status 1: something survived in a room that is on a verdict's way, and
// scripts/mutate/equivalents.mjs does not say why no test can tell it.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EQUIVALENTS } from "./mutate/equivalents.mjs";
import { ROOMS } from "./mutate/rooms.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Neither in git nor in the package. */
const FOLDER = "build/mutation";
const NAMES = Object.keys(ROOMS);
const USAGE = `npm run test:mutate [-- ROOM... [--again]]; rooms: ${NAMES.join(", ")}`;

/** What the tests of the table need. */
const COPIED = ["src", "test", "scripts", "package.json", "tsconfig.json"];
/** Texts of errors, and names whose comparisons are mutated anyway. */
const EXCLUDED = ["StringLiteral"];
const DETECTED = ["Killed", "Timeout"];
const UNDETECTED = ["Survived", "NoCoverage"];

const { rooms, again } = asked();
process.chdir(root);
const { Stryker } = await import("@stryker-mutator/core");
let faults = 0;
for (const name of rooms) faults += await mutate(name);
process.exitCode = faults === 0 ? 0 : 1;

function asked() {
  let parsed;
  try {
    const options = { again: { type: "boolean", default: false }, help: { type: "boolean", default: false } };
    parsed = parseArgs({ allowPositionals: true, options });
  } catch (error) {
    refuse(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const unknown = positionals.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) refuse(`expected a room of ${NAMES.join(", ")}, got ${unknown}`);
  return { rooms: positionals.length > 0 ? positionals : NAMES, again: values.again };
}

function refuse(what) {
  console.error(`mutate: ${what}`);
  process.exit(2);
}

/** The number of survivors that are errors. */
async function mutate(name) {
  const { files, tests, decides = false } = ROOMS[name];
  process.env.AUTODUAL_MUTATE_TESTS = tests.join(",");
  mkdirSync(FOLDER, { recursive: true });
  const state = `${FOLDER}/${name}.json`;
  if (again) rmSync(state, { force: true });
  // Of a run that was stopped, if it is there.
  const sandbox = `${FOLDER}/${name}`;
  rmSync(sandbox, { recursive: true, force: true });
  const began = performance.now();
  const mutants = await new Stryker({
    mutate: files,
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    buildCommand: "node scripts/mutate/bundle.mjs",
    vitest: { configFile: "scripts/mutate/vitest.config.mjs", related: false },
    coverageAnalysis: "perTest",
    mutator: { excludedMutations: EXCLUDED },
    incremental: true,
    incrementalFile: state,
    tempDirName: sandbox,
    ignorePatterns: readdirSync(".")
      .filter((entry) => !COPIED.includes(entry))
      .map((entry) => `/${entry}`),
    disableTypeChecks: false,
    concurrency: 1,
    reporters: ["progress-append-only"],
    logLevel: "warn",
    allowConsoleColors: false,
    dryRunTimeoutMinutes: 30,
    timeoutMS: 20_000,
    timeoutFactor: 4,
    thresholds: { high: 100, low: 100, break: null },
  }).runMutationTest();
  const survivors = mutants.filter(({ status }) => UNDETECTED.includes(status)).map(described);
  const own = survivors.filter(({ equivalent }) => !equivalent);
  const count = (...kinds) => mutants.filter(({ status }) => kinds.includes(status)).length;
  const detected = count(...DETECTED);
  const score = ((100 * detected) / Math.max(1, detected + survivors.length)).toFixed(1);
  const rest = mutants.length - detected - survivors.length;
  console.log(
    `${name}: ${mutants.length} mutants, ${count("Killed")} killed, ${count("Timeout")} timed out, ` +
      `${count("Survived")} survived, ${count("NoCoverage")} without a test, ` +
      `${survivors.length - own.length} of these equivalent${rest > 0 ? `, ${rest} not run` : ""}: ` +
      `score ${score} (${((performance.now() - began) / 1000).toFixed(0)} s)`,
  );
  for (const { line } of own) console.log(`  ${line}`);
  const stale = EQUIVALENTS.filter((entry) => files.includes(entry.file)).filter(
    (entry) => !survivors.some(({ equivalent }) => equivalent === entry),
  );
  for (const { file, was, becomes } of stale)
    console.log(`  ${file}: no survivor any more: ${was} → ${becomes}`);
  return decides ? own.length : 0;
}

/** A mutant in a line, and its entry in the table of those that no test can tell. */
function described({ fileName, location: { start, end }, replacement, mutatorName, status }) {
  const file = (isAbsolute(fileName) ? relative(root, fileName) : fileName).replaceAll("\\", "/");
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const within = lines.slice(start.line - 1, end.line);
  within[within.length - 1] = within[within.length - 1].slice(0, end.column - 1);
  within[0] = within[0].slice(start.column - 1);
  const [was, becomes] = [within.join("\n"), replacement ?? ""].map((text) => text.replace(/\s+/g, " "));
  const equivalent = EQUIVALENTS.find(
    (entry) =>
      entry.file === file &&
      entry.was === was &&
      entry.becomes === becomes &&
      (entry.at ?? lines[start.line - 1].trim()) === lines[start.line - 1].trim(),
  );
  const untested = status === "NoCoverage" ? " (no test)" : "";
  return {
    equivalent,
    line: `${file}:${start.line}:${start.column}: ${mutatorName}: ${was} → ${becomes}${untested}`,
  };
}
