import { spawn } from "node:child_process";
import { readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/**
 * Runs a command in a folder, and kills it at the moment that is given, if it comes to that. `touched` are the files that were made,
 * changed or renamed meanwhile, in order, by their names without what tells one temporary file from another.
 */
export async function sitting(args, place, moment = null) {
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: place, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((settle) => child.once("close", (code, signal) => settle({ code, signal })));
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr = (stderr + chunk).slice(-2000);
  });
  const touched = [];
  const timers = [];
  const killIn = (milliseconds) => timers.push(setTimeout(() => child.kill("SIGKILL"), milliseconds));
  if (moment?.after !== undefined) killIn(moment.after);
  let seen = 0;
  const watching = watchAll(place, (name) => {
    touched.push(name);
    if (moment?.file !== name) return;
    seen += 1;
    if (seen === moment.time) killIn(moment.delay);
  });
  const { code, signal } = await ended;
  watching.close();
  for (const timer of timers) clearTimeout(timer);
  return { code, killed: signal === "SIGKILL", stderr, touched, milliseconds: performance.now() - began };
}

/** Watches a folder and, from when they are made, the folders in it. */
function watchAll(top, heard) {
  const watchers = new Map();
  const add = (folder) => {
    if (watchers.has(folder)) return;
    const own = watch(folder, (_, name) => {
      if (name === null) return;
      heard(stableName(name));
      addBelow(folder);
    });
    // A folder may go while it is looked at.
    own.on("error", () => {});
    watchers.set(folder, own);
    addBelow(folder);
  };
  const addBelow = (folder) => {
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) add(join(folder, entry.name));
      }
    } catch {
      // It has gone.
    }
  };
  add(top);
  return {
    close() {
      for (const own of watchers.values()) own.close();
    },
  };
}

/** Without numbers of processes and random ones. */
function stableName(name) {
  return name.replace(/\.\d+-(\d+-)?[0-9a-f]{8}\.part$/, ".part").replace(/^events\..*/, "events");
}
