import type { Command } from "commander";
import { shortList } from "../../data/class-names.js";
import { type DatasetDescription, describeDataset } from "../../data/describe.js";
import { downloadDataset } from "../../data/download.js";
import { DATA_FORMS } from "../../data/load.js";
import { formatShape } from "../../network/shape.js";
import {
  addJsonOption,
  addReadingOptions,
  type DataFlags,
  type JsonOptions,
  readingFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { Output } from "../output.js";
import { formatCount, plural, wrap } from "../wording.js";

interface DataCommandFlags extends JsonOptions, Omit<DataFlags, "data"> {
  readonly download?: boolean;
}

/** `autodual data`: where a data set is looked for and whether it is complete. */
export function addData(program: Command, context: CommandContext): void {
  const command = program
    .command("data")
    .description("where a data set is looked for, and whether it is complete")
    .argument("<name>", DATA_FORMS)
    .option("--download", "download it into the user's cache folder first");
  addReadingOptions(command);
  addJsonOption(command).action(async (name: string, flags: DataCommandFlags) => {
    context.exitCode = await data(name, flags, context);
  });
}

async function data(name: string, flags: DataCommandFlags, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  if (flags.download) await download(name, output);
  const description = await describeDataset(name, readingFlags(flags));
  printDescription(output, description);
  await output.writeJson({ schema: "autodual/data/1", ...description });
  return 0;
}

async function download(name: string, output: Output): Promise<void> {
  const progress = output.progress({ label: `download ${name}`, unit: "data sets", total: 1 });
  try {
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
    const folder = await downloadDataset(name, {
      onProgress: ({ url, received, total }) => {
        const of = total === undefined ? "" : ` of ${megabytes(total)}`;
        progress.update(0, `${url.split("/").at(-1)}: ${megabytes(received)}${of} MB`);
      },
    });
    progress.line(`${name} is in ${folder}`);
  } finally {
    progress.stop();
  }
}

function printDescription(output: Output, description: DatasetDescription): void {
  const { name, kind, shape, classes, classNames, places, splits, download } = description;
  // Of files that cannot be read neither is known; the fault stands below.
  const contents =
    shape.length === 0
      ? "no example can be read"
      : `examples of ${formatShape(shape)}, ${plural(classes, "class", "classes")}`;
  output.print(`${name} (${kind}): ${contents}`);
  if (classNames) output.print(wrap(`classes: ${shortList(classNames, 100)}`));
  output.table(
    ["split", "state", "examples", "from"],
    Object.entries(splits).map(([split, { state, count, source }]) => [
      split,
      state,
      formatCount(count),
      source ?? "",
    ]),
  );
  for (const fault of new Set(Object.values(splits).map((split) => split.fault))) {
    if (fault) output.print(fault);
  }
  if (places.length > 0) {
    output.print("Looked for, in this order:");
    for (const { origin, path, exists, folder } of places) {
      output.print(
        `  ${origin}: ${folder ?? path}${exists ? (folder ? "" : " (none of its files)") : " (no such folder)"}`,
      );
    }
  }
  const missing = Object.values(splits).some(({ state }) => state !== "complete");
  if (missing && download) {
    output.prose(`autodual data ${name} --download fetches it from ${download.from} into ${download.to}.`);
  }
}
