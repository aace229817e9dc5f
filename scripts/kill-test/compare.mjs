import { readFileSync, statSync } from "node:fs";
import { basename, relative } from "node:path";
import { decodeSafetensors } from "../../dist/formats/safetensors.js";
import { filesBelow } from "./read-all.mjs";

/** Of times, and of what a process took: no two runs have the same. */
const TIMES = ["seconds", "secondsPast", "examplesPerSecond", "milliseconds", "peakMemoryMB", "budget"];

/** What two folders of one job differ in, times apart; [] where they are the same. */
export function differencesOf(whole, other) {
  const [own, others] = [whole, other].map(
    (folder) => new Set(filesBelow(folder).map((path) => relative(folder, path))),
  );
  // Each process writes events into a file of its own.
  const names = [...new Set([...own, ...others])].filter(
    (name) => !isEvents(name) && !basename(name).startsWith("."),
  );
  const faults = names.flatMap((name) => {
    if (!own.has(name)) return [`${name}: only where the job was killed`];
    if (!others.has(name)) return [`${name}: missing where the job was killed`];
    const [first, second] = [whole, other].map((folder) => contentsOf(`${folder}/${name}`));
    return first === second ? [] : [`${name}: ${firstDifference(first, second)}`];
  });
  const [events, otherEvents] = [whole, other].map(longestEvents);
  if (events !== otherEvents)
    faults.push(`tensorboard: expected ${events} bytes of events, found ${otherEvents}`);
  return faults;
}

/** What must be the same, as text: bytes of weights, figures without times. A page is of the same figures as the files beside it. */
function contentsOf(path) {
  const bytes = readFileSync(path);
  const name = basename(path);
  if (name === "report.html") return "";
  if (name.endsWith(".jsonl"))
    return bytes.toString().split("\n").filter(Boolean).map(withoutTimes).join("\n");
  if (name.endsWith(".json")) return withoutTimes(bytes.toString());
  if (name !== "checkpoint.safetensors") return bytes.toString("hex");
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  const values = [...tensors].map(([key, { values }]) => [
    key,
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex"),
  ]);
  return JSON.stringify([values, Object.values(metadata).map(withoutTimes)], null, 1);
}

/** In one order of keys, which says nothing. */
function withoutTimes(text) {
  const sorted = (key, value) => {
    if (TIMES.includes(key)) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return JSON.stringify(JSON.parse(text, sorted), null, 1);
}

function firstDifference(first, second) {
  const [lines, others] = [first.split("\n"), second.split("\n")];
  const at = lines.findIndex((line, i) => line !== others[i]);
  const short = (line = "nothing") => line.trim().slice(0, 80);
  return `expected ${short(lines[at])}, found ${short(others[at])} (line ${at + 1})`;
}

const isEvents = (name) => basename(name).startsWith("events.");

/** The last process of a job writes all epochs, and so does one alone. */
function longestEvents(folder) {
  return Math.max(
    0,
    ...filesBelow(folder)
      .filter(isEvents)
      .map((path) => statSync(path).size),
  );
}
