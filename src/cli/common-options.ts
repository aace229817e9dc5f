import type { Command } from "commander";
import { presentName } from "../compute/backend-name.js";
import type { BackendName, Dtype } from "../compute/index.js";
import type { Dataset } from "../data/dataset.js";
import { DATA_FORMS } from "../data/load.js";
import { DATA_LAYOUTS, type ReadingOptions } from "../data/reading.js";
import { BOUND_METHODS, type BoundMethod } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import type { BallSpec, Norm } from "../threat/ball.js";
import type { Box } from "../threat/box.js";
import { numberIn, oneOf, parseBox, parseBytes, parseNorm, someText, wholeNumber } from "./arguments.js";
import { parseEpsilon } from "./feature-epsilon.js";
import type { BallInWords } from "./wording.js";

/** Those that this build has. `webgpu` is understood, so that `createBackend` can say that it is missing. */
const BACKENDS: readonly BackendName[] = ["auto", "native", "portable"];
const DTYPES: readonly Dtype[] = ["float64", "float32"];

/** `--json`, which every command has. */
export interface JsonOptions {
  readonly json?: string;
}

export function addJsonOption(command: Command): Command {
  return command.option(
    "--json <file>",
    "write the figures as JSON; - is standard output",
    someText("--json", "a file, or - for standard output"),
  );
}

/** What decides how the numbers are computed. */
export interface MachineFlags {
  readonly backend: BackendName;
  /** Absent: the backend's own. */
  readonly dtype?: Dtype;
  /** Absent: as many as the backend has. */
  readonly threads?: number;
  /** Most bytes of tensors, where the backend can tell; absent: no limit. */
  readonly memory?: number;
}

function parseBackend(text: string): BackendName {
  const name = presentName(text);
  return name === "webgpu" ? name : oneOf("--backend", BACKENDS)(name);
}

/** `dtype` says what the numbers are where `--dtype` does not. */
export function addMachineOptions(
  command: Command,
  dtype = "float32 on native, float64 on portable",
): Command {
  addBackendOption(command).option(
    "--dtype <type>",
    `one of ${DTYPES.join(", ")} (default: ${dtype})`,
    oneOf("--dtype", DTYPES),
  );
  return addThreadsOption(command);
}

/** What computes, in double precision: there is no other choice. */
export function addDoubleMachineOptions(command: Command): Command {
  return addThreadsOption(addBackendOption(command));
}

function addBackendOption(command: Command): Command {
  return command.option("--backend <name>", `one of ${BACKENDS.join(", ")}`, parseBackend, "auto");
}

function addThreadsOption(command: Command): Command {
  return command.option(
    "--threads <n>",
    "threads, where the backend has them (default: all of the machine)",
    wholeNumber("--threads", { min: 1, max: 1024 }),
  );
}

/** `--memory`, the budget of bounds in bytes. */
export function addMemoryOption(command: Command): Command {
  return command.option(
    "--memory <size>",
    "what may be taken, such as 2GB or 500MB; work is cut into pieces to fit (default: 1GB)",
    parseBytes,
  );
}

/** `--timeout` of a command that reads what may take long, without one unless it is given. */
export function addTimeoutOption(command: Command, what: string): Command {
  return command.option("--timeout <s>", what, numberIn("--timeout", { above: 0 }, "60"));
}

export function addSeedOption(command: Command, what: string): Command {
  return command.option("--seed <n>", what, wholeNumber("--seed", { min: 0 }), 0);
}

/** Where pixels lie. */
const UNIT_BOX: Box = [0, 1];

/** The ball of perturbations, as flags. */
export interface BallFlags<E = number> {
  readonly epsilon: E;
  readonly norm: Norm;
  readonly box?: Box | "none";
}

export function addBallOptions(command: Command): Command {
  return addNormOptions(
    command.option(
      "--epsilon <e>",
      "radius of the ball, in the units of the data, such as 8/255",
      numberIn("--epsilon", { min: 0 }),
    ),
  );
}

/** The same, where ε may differ by feature. */
export function addBallByFeatureOptions(command: Command): Command {
  return addNormOptions(
    command.option(
      "--epsilon <e>",
      "radius of the ball, in the units of the data, such as 8/255; a list such as 0.1,0.2,0.1, one a channel or a feature; or a file of " +
        "them (.npz, .npy, .json, .csv)",
      parseEpsilon,
    ),
  );
}

function addNormOptions(command: Command): Command {
  return addBoxOption(command.option("--norm <norm>", "linf, l2 or l1", parseNorm, "linf"));
}

/** What linf balls are cut by. */
export function addBoxOption(command: Command): Command {
  return command.option(
    "--box <box>",
    "bounds that pixels keep, or none (default with linf: lower and upper of an .npz file, else 0,1; else none)",
    parseBox,
  );
}

/** What a ball is cut by, one box for all features; a `UsageError` for a box with another norm than linf. */
function boxIn({ norm, box = norm === "linf" ? UNIT_BOX : "none" }: Omit<BallFlags, "epsilon">): Box | null {
  if (box === "none") return null;
  if (norm === "linf") return box;
  throw new UsageError(
    `--box: expected none with --norm ${norm}, as only the linf ball can be cut, found ${box}`,
  );
}

/**
 * The ball that the flags ask for, of commands that take one box for all features. A `UsageError` for a box with another norm than linf,
 * and where the data have bounds by feature and the flags say nothing.
 */
export function readBall(
  flags: BallFlags,
  data?: Pick<Dataset, "box" | "name"> | null,
): BallSpec & { readonly epsilon: number; readonly box: Box | null } {
  const { epsilon, norm } = flags;
  if (norm === "linf" && flags.box === undefined && data?.box) {
    throw new UsageError(
      `--box: expected LO,HI or none, as this command takes one box for all features and ${data.name} has bounds by feature, found nothing`,
    );
  }
  return { norm, epsilon, box: boxIn(flags) };
}

/** The norm and the box that the flags ask for around examples of the data, by feature where the data have it so. */
export function readBox<E>(
  { norm, box }: Omit<BallFlags<E>, "epsilon">,
  data: Pick<Dataset, "box">,
): Pick<BallInWords, "norm" | "box"> {
  const isOpen = norm === "linf" && box === undefined;
  return { norm, box: isOpen && data.box ? data.box : boxIn({ norm, ...(box && { box }) }) };
}

export function addBoundOption(command: Command): Command {
  return command.option(
    "--bound <method>",
    "parallel (the paper's lines), adaptive (usually tighter), or interval (boxes alone, for networks trained by them)",
    oneOf<BoundMethod>("--bound", BOUND_METHODS),
    "parallel",
  );
}

/** Where examples come from, and how their files are read. */
export interface DataFlags extends ReadingOptions {
  readonly data: string;
  readonly dataDir?: string;
}

/** Of these flags what `loadDataset` takes. */
export function readingFlags({ dataDir, layout, label }: Omit<DataFlags, "data">) {
  return { dataDir, layout, label };
}

export function addDataOptions(command: Command): Command {
  command.option("--data <data>", DATA_FORMS, someText("--data", `one of ${DATA_FORMS}`));
  return addReadingOptions(command);
}

/** What says more of data that are named elsewhere. */
export function addReadingOptions(command: Command): Command {
  return command
    .option(
      "--data-dir <dir>",
      "folder in which data sets are looked for first",
      someText("--data-dir", "a folder"),
    )
    .option(
      "--layout <layout>",
      "nhwc: images of an .npz file have their channels last, and are read with channels first (default: nchw)",
      oneOf("--layout", DATA_LAYOUTS),
    )
    .option(
      "--label <column>",
      "the column of a table (.csv) that has the labels, by its name (default: the last)",
      someText("--label", "the name of a column"),
    );
}

/**
 * Throws a `UsageError` that names the first of `flags` that was not given. Not left to commander, which would complain
 * of a missing flag before the mistyped one that was meant to be it.
 */
export function requireFlags(command: Command, flags: readonly string[], example: string): void {
  const missing = flags.find((flag) => command.getOptionValueSource(flag) === undefined);
  if (missing === undefined) return;
  throw new UsageError(`--${missing}: expected, as in autodual ${command.name()} ${example}, found nothing`);
}
