import type { ImportGraph } from "./import-graph.js";

/**
 * The rooms of `src` from the ground up. A room may import every room below it, or those alone that it is kept to: `only`. So
 * no arrow runs back. A new room needs a line here.
 */
export const ROOMS: readonly { readonly room: string; readonly only?: readonly string[] }[] = [
  { room: "errors" },
  { room: "activations" },
  { room: "compute" },
  { room: "autodiff" },
  // Ranks of one job, and what they sum; knows neither networks nor data.
  { room: "distributed", only: ["autodiff", "compute", "errors"] },
  // Knows nothing of bounds, as all below it.
  { room: "network" },
  { room: "threat", only: ["compute", "errors"] },
  { room: "dual" },
  { room: "formats", only: ["network", "autodiff", "compute", "activations", "errors"] },
  // Knows networks and files alone: no bound of the rooms beside it enters.
  { room: "check", only: ["formats", "network", "errors"] },
  // Does not know networks.
  { room: "data", only: ["formats", "compute", "errors"] },
  { room: "report", only: ["formats", "threat", "errors"] },
  // How far evaluations of one network differ: bounded, and observed.
  {
    room: "drift",
    only: ["dual", "threat", "network", "autodiff", "compute", "activations", "errors"],
  },
  { room: "estimators", only: ["dual", "threat", "network", "autodiff", "compute", "errors"] },
  { room: "certify", only: ["estimators", "dual", "threat", "network", "autodiff", "compute", "errors"] },
  // Follows gradients and knows nothing of bounds.
  { room: "attack", only: ["threat", "network", "autodiff", "compute", "errors"] },
  {
    room: "verify",
    only: ["certify", "formats", "dual", "threat", "network", "autodiff", "compute", "activations", "errors"],
  },
  // Is given its examples, and does not know where they come from.
  {
    room: "train",
    only: [
      ...["attack", "estimators", "formats", "dual", "threat", "network"],
      ...["distributed", "autodiff", "compute", "errors"],
    ],
  },
  {
    room: "cascade",
    only: ["certify", "attack", "formats", "dual", "threat", "network", "compute", "errors"],
  },
  // Work over data sets, by networks that are given a backend.
  { room: "runs" },
  {
    room: "bench",
    only: ["train", "certify", "estimators", "dual", "threat", "network", "autodiff", "compute", "errors"],
  },
  { room: "experiments" },
  // One call each, for people.
  { room: "library" },
  // Runs as they go, in a browser; to be loaded by its command alone.
  { room: "serve", only: ["runs", "train", "cascade", "report", "formats", "threat", "errors"] },
  // Runs where there is no Node; see `nodeImports`.
  {
    room: "browser",
    only: [
      ...["library", "runs", "certify", "attack", "data", "formats", "dual", "threat", "network"],
      ...["autodiff", "compute", "errors"],
    ],
  },
  { room: "cli" },
];

/** Rooms that import no Node built-in: they run wherever JavaScript does. `compute` all but for the native backend. */
export const PURE_ROOMS: readonly string[] = [
  ...["errors", "activations", "compute", "autodiff", "network", "threat", "dual", "drift", "estimators"],
  ...["certify", "attack", "verify", "browser"],
];

/** Whether a file must do without Node's built-ins. */
export function isPure(path: string): boolean {
  if (path.startsWith("src/compute/native/")) return false;
  return path === "src/browser.ts" || PURE_ROOMS.includes(roomOf(path) ?? "");
}

/** The rooms that a room may import. */
export function roomsBelow(name: string): readonly string[] {
  const at = ROOMS.findIndex(({ room }) => room === name);
  return ROOMS[at]?.only ?? ROOMS.slice(0, Math.max(0, at)).map(({ room }) => room);
}

/** A rule about single files: who may import those that `guards` matches. */
interface FileRule {
  readonly reason: string;
  readonly guards: (to: string) => boolean;
  readonly allows: (from: string, to: string) => boolean;
}

const FILE_RULES: readonly FileRule[] = [
  {
    reason: "the public names are for users, never imported inside src",
    guards: isEntry,
    allows: () => false,
  },
  {
    reason:
      "a backend's implementation is known to compute/index.ts alone, the portable one also to browser/portable.ts",
    guards: isBackendPart,
    allows: (from, to) =>
      from === "src/compute/index.ts" ||
      isBackendPart(from) ||
      (from === "src/browser/portable.ts" && to === "src/compute/portable/index.ts"),
  },
  {
    reason: "which backend runs is chosen in cli and library alone; other rooms are handed one",
    guards: (to) => to === "src/compute/index.ts",
    allows: (from) => from.startsWith("src/cli/") || from.startsWith("src/library/"),
  },
];

/** The files that gather public names. */
function isEntry(path: string): boolean {
  return path === "src/index.ts" || path === "src/internals.ts" || path === "src/browser.ts";
}

/** What `data` needs of the rooms below it. */
const DATA_NEEDS = [
  "src/compute/deadline.ts",
  "src/compute/random.ts",
  "src/formats/gzip.ts",
  "src/formats/json-text.ts",
  "src/formats/make-folder.ts",
  "src/formats/npz.ts",
  "src/formats/read-file.ts",
  "src/formats/write-file.ts",
  "src/errors.ts",
];

function isBackendPart(path: string): boolean {
  return /^src\/compute\/(portable|native|webgpu)\//.test(path);
}

/** The room of a file of `src`: its folder, or for `src/errors.ts` its name. Null for a room without a line above. */
export function roomOf(path: string): string | null {
  const name = path.split("/")[1].replace(/\.ts$/, "");
  return ROOMS.some(({ room }) => room === name) ? name : null;
}

/** Imports that the house plan does not allow, one line each. The files of public names may import everything. */
export function forbiddenArrows(graph: ImportGraph): string[] {
  const faults: string[] = [];
  for (const [from, targets] of graph) {
    if (isEntry(from)) continue;
    const room = roomOf(from);
    if (room === null) {
      faults.push(`${from}: stands in no room that test/house/rooms.ts knows`);
      continue;
    }
    for (const to of targets) faults.push(...faultsOf(from, room, to));
  }
  return faults;
}

function faultsOf(from: string, room: string, to: string): string[] {
  const faults = FILE_RULES.filter(({ guards, allows }) => guards(to) && !allows(from, to)).map(
    ({ reason }) => `${from} -> ${to}: ${reason}`,
  );
  if (isEntry(to)) return faults;
  const target = roomOf(to);
  const allowed = roomsBelow(room);
  if (target !== room && (target === null || !allowed.includes(target))) {
    faults.push(`${from} -> ${to}: ${room} may import ${allowed.join(", ") || "nothing"}`);
  }
  if (room === "data" && target !== room && !DATA_NEEDS.includes(to)) {
    faults.push(`${from} -> ${to}: data may import ${DATA_NEEDS.join(", ")}`);
  }
  return faults;
}
