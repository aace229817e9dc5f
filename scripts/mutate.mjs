// Mutation testing of what soundness rests on: changes one place of the source at a time, and runs the tests that reach it. A change
// that no test notices survives, and is listed.
//
//   npm run test:mutate [-- ROOM... [--again] [--survivors]]
//
// Without a room: all of scripts/mutate/rooms.mjs, one after the other. A room whose files and tests have not changed since its
// last run is not run again, unless --again is given. --survivors runs what survived the last time alone, as tests are written for it.
// Exit status 1: something survived in a room that is on a verdict's way, and scripts/mutate/equivalents.mjs does not say why no test
// can tell it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./mutate/bundle.mjs";
import { EQUIVALENTS } from "./mutate/equivalents.mjs";
import { ROOMS } from "./mutate/rooms.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Neither in git nor in the package. */
const FOLDER = "build/mutation";
const NAMES = Object.keys(ROOMS);
const USAGE = `npm run test:mutate [-- ROOM... [--again] [--survivors]]; rooms: ${NAMES.join(", ")}`;

/** What the tests of the table need. */
const COPIED = ["src", "test", "scripts", "package.json", "tsconfig.json"];
/** Texts of errors, and names whose comparisons are mutated anyway. */
const EXCLUDED = ["StringLiteral"];
/** `RuntimeError`: the tests could not even be loaded. */
const DETECTED = ["Killed", "Timeout", "RuntimeError"];
const UNDETECTED = ["Survived", "NoCoverage"];

const { rooms, again, only } = asked();
process.chdir(root);
const { Stryker } = await import("@stryker-mutator/core");
let faults = 0;
for (const name of rooms) faults += await mutate(name);
process.exitCode = faults === 0 ? 0 : 1;

function asked() {
  let parsed;
  try {
    const flag = { type: "boolean", default: false };
    const options = { again: flag, survivors: flag, help: flag };
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
  return { rooms: positionals.length > 0 ? positionals : NAMES, again: values.again, only: values.survivors };
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
  const places = only ? survivorsOf(state) : files;
  if (places.length === 0) {
    console.log(`${name}: nothing survived the last run`);
    return 0;
  }
  if (!only) await forgetUnlessUnchanged(state, tests);
  // Of a run that was stopped, if it is there.
  const sandbox = `${FOLDER}/${name}`;
  rmSync(sandbox, { recursive: true, force: true });
  const began = performance.now();
  const all = await new Stryker({
    mutate: places,
    testRunner: "in-process",
    plugins: [join(root, "scripts/mutate/runner.mjs")],
    buildCommand: "node scripts/mutate/bundle.mjs",
    coverageAnalysis: "perTest",
    mutator: { excludedMutations: EXCLUDED },
    incremental: !only,
    incrementalFile: state,
    tempDirName: sandbox,
    ignorePatterns: readdirSync(".")
      .filter((entry) => !COPIED.includes(entry))
      .map((entry) => `/${entry}`),
    disableTypeChecks: false,
    concurrency: 1,
    reporters: ["progress-append-only"],
    // It warns of files that it has not made itself: the bundles.
    logLevel: "error",
    allowConsoleColors: false,
    dryRunTimeoutMinutes: 30,
    timeoutMS: 20_000,
    timeoutFactor: 4,
    thresholds: { high: 100, low: 100, break: null },
  }).runMutationTest();
  const mutants = all.filter(({ status }) => status !== "Ignored");
  const survivors = mutants.filter(({ status }) => UNDETECTED.includes(status)).map(described);
  withdrawAmbiguous(survivors);
  const own = survivors.filter(({ equivalent }) => !equivalent);
  const count = (...kinds) => mutants.filter(({ status }) => kinds.includes(status)).length;
  const detected = count(...DETECTED);
  const score = ((100 * detected) / Math.max(1, detected + survivors.length)).toFixed(1);
  console.log(
    `${name}: ${mutants.length} mutants, ${count("Killed", "RuntimeError")} killed, ${count("Timeout")} timed out, ` +
      `${count("Survived")} survived, ${count("NoCoverage")} without a test, ` +
      `${survivors.length - own.length} of these equivalent: ` +
      `score ${score} (${((performance.now() - began) / 1000).toFixed(0)} s)`,
  );
  for (const { line } of own) console.log(`  ${line}`);
  const stale = EQUIVALENTS.filter((entry) => files.includes(entry.file)).filter(
    (entry) => !only && !survivors.some(({ equivalent }) => equivalent === entry),
  );
  for (const { file, was, becomes } of stale)
    console.log(`  ${file}: no survivor any more: ${was} → ${becomes}`);
  return decides ? own.length : 0;
}

/** Where something survived the last time, as Stryker takes places: columns from 0. */
function survivorsOf(state) {
  if (!existsSync(state)) return [];
  const { files } = JSON.parse(readFileSync(state, "utf8"));
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants
      .filter(({ status }) => UNDETECTED.includes(status))
      .map(({ location: { start, end } }) => {
        const place = ({ line, column }) => `${line}:${column - 1}`;
        return `${file}:${place(start)}-${place(end)}`;
      }),
  );
}

/** Removes the results of a room whose tests, or what they reach, are no longer as they were. */
async function forgetUnlessUnchanged(state, tests) {
  const hash = createHash("sha256");
  for (const { contents } of await bundle(tests, false)) hash.update(contents);
  const [digest, before] = [hash.digest("hex"), `${state}.sha256`];
  const isSame = existsSync(before) && readFileSync(before, "utf8") === digest;
  if (again || !isSame) rmSync(state, { force: true });
  writeFileSync(before, digest);
}

/**
 * An entry without a line excuses one place, or as many as it says: else it would excuse others that nobody looked at. One mutation of
 * several survives once for each place.
 */
function withdrawAmbiguous(survivors) {
  const byEntry = new Map();
  for (const own of survivors) byEntry.set(own.equivalent, [...(byEntry.get(own.equivalent) ?? []), own]);
  for (const [entry, own] of byEntry) {
    if (!entry || own.length <= (entry.places ?? 1)) continue;
    for (const survivor of own) {
      survivor.equivalent = undefined;
      survivor.line += ` (an entry excuses ${entry.places ?? 1} such, not ${own.length}: say on which line)`;
    }
  }
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
