// Kills the built command line at random moments, goes on as the documentation says until the job is done, and compares what is there
// then with what one process made undisturbed: weights and verdicts bit for bit, every other figure but times. After each kill every file
// must be readable, and at the end nothing of a killed process may be left. A difference is an error of the project, and the exit status 1.
//
//   node scripts/kill-test.mjs [KILLS] [--seed N] [--jobs NAME,...] [--keep]
//
// The moments go by the seed, but what has happened by then goes by how busy the machine is: a failure is kept, not repeated.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { random } from "../dist/compute/random.js";
import { differencesOf } from "./kill-test/compare.mjs";
import { JOBS, prepare } from "./kill-test/jobs.mjs";
import { drawMoment, momentInWords } from "./kill-test/moments.mjs";
import { leftoversOf, readAll } from "./kill-test/read-all.mjs";
import { sitting } from "./kill-test/sitting.mjs";

/** Of one job, before it may go on to its end. */
const MOST_KILLS = 6;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    jobs: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const kills = Number(positionals[0] ?? 30);
const wanted = flags.jobs?.split(",") ?? Object.keys(JOBS);
const unknown = wanted.find((name) => !(name in JOBS));
if (!Number.isInteger(kills) || kills < 1 || unknown !== undefined) {
  const found = unknown === undefined ? `${positionals[0]} kills` : `the job ${unknown}`;
  console.error(
    `kill-test: expected a number of kills and jobs of ${Object.keys(JOBS).join(", ")}, found ${found}`,
  );
  process.exit(2);
}

const draws = random(Number(flags.seed), "kills");
const folder = mkdtempSync(join(tmpdir(), "autodual-kills-"));
const faults = [];
let done = 0;
const inputs = join(folder, "inputs");
mkdirSync(inputs);
await prepare(inputs);
const wholes = new Map();
for (const name of wanted) wholes.set(name, await undisturbed(name));
for (let trial = 0; done < kills; trial++) {
  const name = wanted[trial % wanted.length];
  const place = join(folder, `${trial}-${name}`);
  mkdirSync(place);
  const found = await disturbed(
    name,
    place,
    Math.min(kills - done, 1 + Math.floor(MOST_KILLS * draws.uniform())),
  );
  done += found.killed;
  const words = found.moments.map(momentInWords).join(", ");
  console.log(
    `${name}: killed ${found.killed} times (${words}), ${found.faults.length === 0 ? "the same" : "NOT THE SAME"}`,
  );
  for (const fault of found.faults) console.log(`  ${fault}`);
  faults.push(...found.faults);
  if (found.faults.length === 0 && !flags.keep) rmSync(place, { recursive: true });
}
const kept = faults.length > 0 || flags.keep;
if (!kept) rmSync(folder, { recursive: true });
console.log(`${done} kills, ${faults.length} faults${kept ? `, folders in ${folder}` : ""}`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** What one process makes, how long it takes, and which files it touches in which order. */
async function undisturbed(name) {
  const place = join(folder, `whole-${name}`);
  mkdirSync(place);
  const ended = await sitting(JOBS[name].first(inputs), place);
  if (ended.code !== 0) throw new Error(`${name}: ended with ${ended.code}: ${ended.stderr}`);
  const left = leftoversOf(place);
  if (left.length > 0) faults.push(`${name}: undisturbed, left ${left.join(", ")}`);
  console.log(
    `${name}: undisturbed, ${(ended.milliseconds / 1000).toFixed(1)} s, ${ended.touched.length} changes of files`,
  );
  return { place, ...ended };
}

/** A job killed so often, or until it is done, and then left alone; what was not as it should be. */
async function disturbed(name, place, times) {
  const { first, goOn } = JOBS[name];
  const whole = wholes.get(name);
  const found = { killed: 0, moments: [], faults: [] };
  for (;;) {
    const moment = found.killed < times ? drawMoment(draws, whole) : null;
    const args = goOn(place) ?? first(inputs);
    const ended = await sitting(args, place, moment);
    if (ended.killed) {
      found.killed += 1;
      found.moments.push(moment);
      found.faults.push(...(await readAll(place)));
      continue;
    }
    if (ended.code !== 0)
      found.faults.push(`autodual ${args.join(" ")}: ended with ${ended.code}: ${ended.stderr}`);
    break;
  }
  found.faults.push(...(await readAll(place)));
  found.faults.push(...leftoversOf(place).map((path) => `${path}: left behind`));
  found.faults.push(...differencesOf(whole.place, place));
  return found;
}
