import type { ImportGraph } from "./import-graph.js";

/**
 * The rooms of `src` from the ground up, each with the rooms that it may import. A room stands below all rooms that
 * list it, so no arrow of this table runs back. A new room needs a line here.
 */
export const ROOMS = {
  errors: [],
  activations: [],
  compute: ["activations", "errors"],
  autodiff: ["compute", "activations", "errors"],
  network: ["autodiff", "compute", "activations", "errors"],
  threat: ["compute", "activations", "errors"],
  dual: ["threat", "network", "autodiff", "compute", "activations", "errors"],
  formats: ["network", "autodiff", "compute", "activations", "errors"],
  data: ["formats", "compute", "errors"],
  report: ["formats", "errors"],
  estimators: ["dual", "threat", "network", "autodiff", "compute", "activations", "errors"],
  certify: ["estimators", "dual", "threat", "network", "autodiff", "compute", "activations", "errors"],
  attack: ["threat", "network", "autodiff", "compute", "activations", "errors"],
  verify: ["certify", "formats", "dual", "threat", "network", "autodiff", "compute", "activations", "errors"],
  train: [
    "estimators",
    "formats",
    "dual",
    "threat",
    "network",
    "autodiff",
    "compute",
    "activations",
    "errors",
  ],
  cascade: [
    "certify",
    "attack",
    "formats",
    "dual",
    "threat",
    "network",
    "autodiff",
    "compute",
    "activations",
    "errors",
  ],
  bench: [
    "train",
    "certify",
    "estimators",
    "dual",
    "threat",
    "network",
    "autodiff",
    "compute",
    "activations",
    "errors",
  ],
  experiments: [
    "cascade",
    "train",
    "certify",
    "estimators",
    "dual",
    "threat",
    "network",
    "autodiff",
    "compute",
    "activations",
    "errors",
  ],
  cli: [
    "experiments",
    "verify",
    "cascade",
    "bench",
    "report",
    "data",
    "certify",
    "attack",
    "train",
    "formats",
    "estimators",
    "dual",
    "threat",
    "network",
    "autodiff",
    "compute",
    "activations",
    "errors",
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Room = keyof typeof ROOMS;

/** A rule about single files: who may import those that `guards` matches. */
interface FileRule {
  readonly reason: string;
  readonly guards: (to: string) => boolean;
  readonly allows: (from: string) => boolean;
}

const FILE_RULES: readonly FileRule[] = [
  {
    reason: "the public names are for users, never imported inside src",
    guards: (to) => to === "src/index.ts",
    allows: () => false,
  },
  {
    reason: "a backend's implementation is known to compute/index.ts alone",
    guards: isBackendPart,
    allows: (from) => from === "src/compute/index.ts" || isBackendPart(from),
  },
  {
    reason: "which backend runs is chosen in cli alone; other rooms are handed one",
    guards: (to) => to === "src/compute/index.ts",
    allows: (from) => from.startsWith("src/cli/"),
  },
];

/** What `data` needs of the rooms below it. */
const DATA_NEEDS = [
  "src/compute/random.ts",
  "src/formats/npz.ts",
  "src/formats/write-file.ts",
  "src/errors.ts",
];

function isBackendPart(path: string): boolean {
  return /^src\/compute\/(reference|native|webgpu)\//.test(path);
}

/** The room of a file of `src`: its folder, or for `src/errors.ts` its name. Null for a room without a line above. */
export function roomOf(path: string): Room | null {
  const name = path.split("/")[1].replace(/\.ts$/, "");
  return Object.hasOwn(ROOMS, name) ? (name as Room) : null;
}

/** Imports that the house plan does not allow, one line each. `src/index.ts` may import everything. */
export function forbiddenArrows(graph: ImportGraph): string[] {
  const faults: string[] = [];
  for (const [from, targets] of graph) {
    if (from === "src/index.ts") continue;
    const room = roomOf(from);
    if (room === null) {
      faults.push(`${from}: stands in no room that test/house/rooms.ts knows`);
      continue;
    }
    for (const to of targets) faults.push(...faultsOf(from, room, to));
  }
  return faults;
}

function faultsOf(from: string, room: Room, to: string): string[] {
  const faults = FILE_RULES.filter(({ guards, allows }) => guards(to) && !allows(from)).map(
    ({ reason }) => `${from} -> ${to}: ${reason}`,
  );
  if (to === "src/index.ts") return faults;
  const target = roomOf(to);
  const allowed: readonly string[] = ROOMS[room];
  if (target !== room && (target === null || !allowed.includes(target))) {
    faults.push(`${from} -> ${to}: ${room} may import ${allowed.join(", ") || "nothing"}`);
  }
  if (room === "data" && target !== room && !DATA_NEEDS.includes(to)) {
    faults.push(`${from} -> ${to}: data may import ${DATA_NEEDS.join(", ")}`);
  }
  return faults;
}
