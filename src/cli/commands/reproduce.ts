import { join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../../errors.js";
import type { TrainingProjections } from "../../estimators/training.js";
import { TABLES, type TableName } from "../../experiments/rows/table-rows.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import { writePlot } from "../../report/plot.js";
import { itemsOf, type Shard } from "../../runs/parts/shard.js";
import { numberIn, oneOf, someText, wholeNumber } from "../arguments.js";
import {
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type JsonOptions,
  type MachineFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { Interruption } from "../interruption.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { openOutputFolder } from "../output-folder.js";
import { pathOfShard } from "../parts/part-file.js";
import { addShardOption, type ShardFlags, shardOf } from "../parts/shard-option.js";
import { parseProjections } from "../projection-options.js";
import { figure2Target } from "../reproduce/figure2.js";
import { figure3Target } from "../reproduce/figure3.js";
import { figure5Target } from "../reproduce/figure5.js";
import { figure6Target } from "../reproduce/figure6.js";
import { figure7Target } from "../reproduce/figure7.js";
import { table1Target } from "../reproduce/table1.js";
import { reproduceTable, rowsOf } from "../reproduce/tables.js";
import type { ReproduceFlags, Target } from "../reproduce/target.js";

const TARGETS: readonly Target[] = [
  table1Target,
  figure2Target,
  figure3Target,
  figure5Target,
  figure6Target,
  figure7Target,
];
const NAMES = [...TARGETS.map(({ name }) => name), ...TABLES];
/** Options that every table takes. */
const OF_TABLES: readonly string[] = ["rows", "quick", "stages", "dataDir", "shard", "seeds"];
/** Options that every target takes. */
const COMMON: readonly string[] = ["out", "seed", "json", "backend", "dtype", "threads"];

interface CommandFlags extends ReproduceFlags, JsonOptions, MachineFlags, ShardFlags {
  readonly rows?: readonly string[];
  readonly quick?: boolean;
  readonly stages?: number;
  readonly seeds?: readonly number[];
  readonly out: string;
}

/** `autodual reproduce`: figures of the paper, as JSON, SVG and PNG, and rows of its tables as JSON. */
export function addReproduce(program: Command, context: CommandContext): void {
  const command = program
    .command("reproduce")
    .description("reproduce a figure of the paper, as JSON, SVG and PNG, or rows of a table, as JSON")
    .argument("<target>", `one of ${NAMES.join(", ")}`, oneOf("target", NAMES))
    .option(
      "--model <model...>",
      "architectures (random weights), model files or run folders (default: small)",
    );
  addDataOptions(command);
  command
    .option(
      "--rows <row...>",
      "table2, table3, table4: the rows to train and measure, or all; each goes on where it stopped",
    )
    .option("--quick", "tables: a short version of a row, to see that it runs")
    .option(
      "--stages <n>",
      "tables: stages of a row's cascade that are trained now; a later run goes on with more (default: all)",
      wholeNumber("--stages", { min: 1 }),
    )
    .option(
      "--seeds <n...>",
      "tables: each row with each of these seeds, in folders seed-N of --out",
      (text: string, before: readonly number[] = []) => [...before, wholeNumber("--seeds", { min: 0 })(text)],
    )
    .option("--epsilon <e>", "radius of the ball", numberIn("--epsilon", { min: 0 }))
    .option("--projections <r...>", "projection dimensions, or exact", addProjections)
    .option(
      "--epochs <n>",
      "figure2, figure5: passes over the training examples",
      wholeNumber("--epochs", { min: 1 }),
    )
    .option(
      "--limit <n>",
      "examples: figure2's for training; figure5's points",
      wholeNumber("--limit", { min: 1 }),
    )
    .option("--test-limit <n>", "figure2: test examples", wholeNumber("--test-limit", { min: 1 }))
    .option("--sketches <n>", "figure6: sketches at each dimension", wholeNumber("--sketches", { min: 1 }))
    .option(
      "--most <n>",
      "figure7: most hidden units (default: 4,200,000)",
      wholeNumber("--most", { min: 1 }),
    )
    .option("--out <dir>", "folder of the results", someText("--out", "a folder"), "results");
  addShardOption(command, "rows, of tables");
  addMachineOptions(command);
  addSeedOption(command, "of random weights, batches and projections");
  addJsonOption(command).action(async (name: string, flags: CommandFlags) => {
    const target = TARGETS.find((one) => one.name === name);
    checkFlags(command, name, target ? target.flags : OF_TABLES);
    const isSeedGiven = command.getOptionValueSource("seed") === "cli";
    context.exitCode = await (target
      ? reproduce(target, flags, context)
      : reproduceRows(name as TableName, { ...flags, seed: isSeedGiven ? flags.seed : undefined }, context));
  });
}

function addProjections(
  text: string,
  before: readonly TrainingProjections[] | undefined,
): readonly TrainingProjections[] {
  return [...(before ?? []), parseProjections(text)];
}

/** Throws a `UsageError` for a flag that the target would not heed. */
function checkFlags(command: Command, name: string, flags: readonly string[]): void {
  const heeded: readonly string[] = [...COMMON, ...flags];
  const other = command.options.find(
    (option) =>
      command.getOptionValueSource(option.attributeName()) === "cli" &&
      !heeded.includes(option.attributeName()),
  );
  if (!other) return;
  throw new UsageError(`${other.long}: ${name} takes no such flag; leave it out`);
}

/** Without a seed, a row that was begun goes on with its own. */
type TableFlags = Omit<CommandFlags, "seed"> & { readonly seed: number | undefined };

async function reproduceRows(table: TableName, flags: TableFlags, { io }: CommandContext): Promise<number> {
  const { rows = [], quick = false, stages, dataDir, out, seed, seeds, backend, dtype, threads } = flags;
  const shard = flags.shard && shardOf(flags.shard, io);
  const output = new Output(io, flags.json && (shard ? pathOfShard(flags.json, shard) : flags.json));
  if (seed !== undefined && seeds) throw new UsageError("--seeds: expected without --seed, found both");
  const ids = rowsOf(table, rows).map(({ id }) => id);
  openOutputFolder("--out", out);
  using interruption = new Interruption();
  const machine = { backend, dtype, threads };
  const records: Readonly<Record<string, unknown>>[] = [];
  for (const own of seededRows(ids, seeds ?? [seed], shard)) {
    const folder = seeds ? join(out, `seed-${own.seed}`) : out;
    openOutputFolder("--out", folder);
    const settings = { out: folder, quick, stages, dataDir, seed: own.seed, machine };
    const record = await reproduceTable(table, own.ids, settings, output, interruption);
    if (!record) {
      output.print("stopped; the same command goes on from there");
      return interruption.exitCode;
    }
    records.push(seeds ? { seed: own.seed, ...record } : record);
  }
  if (records.length === 0) output.print("this shard has no rows");
  await output.writeJson(seeds || records.length === 0 ? { seeds: records } : records[0]);
  return 0;
}

/** Rows by seed: all of them, or those of a shard. */
function seededRows<S>(
  ids: readonly string[],
  seeds: readonly S[],
  shard: Shard | undefined,
): readonly { readonly seed: S; readonly ids: readonly string[] }[] {
  const mine = new Set(itemsOf(shard ?? { index: 1, of: 1 }, seeds.length * ids.length));
  return seeds
    .map((seed, s) => ({ seed, ids: ids.filter((_, i) => mine.has(s * ids.length + i)) }))
    .filter((own) => !shard || own.ids.length > 0);
}

async function reproduce(target: Target, flags: CommandFlags, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  openOutputFolder("--out", flags.out);
  const opened = await openBackend(flags);
  output.print(`${target.name}; ${opened.description}`);
  using interruption = new Interruption();
  const found = await interruption.unlessStopped(() =>
    target.run(flags, opened, output, interruption.signal),
  );
  if (!found) {
    output.print("stopped; nothing was kept");
    return interruption.exitCode;
  }
  const record = {
    schema: "autodual/reproduction/1",
    target: target.name,
    seed: flags.seed,
    ...found.record,
  };
  const path = join(flags.out, target.name);
  await writeFileAtomically(`${path}.json`, `${JSON.stringify(record, null, 2)}\n`);
  const pictures = found.figure ? await writePlot(found.figure, path) : [];
  output.table(found.table.head, found.table.rows);
  output.prose(found.words);
  output.print(`wrote ${[`${path}.json`, ...pictures].join(", ")}`);
  await output.writeJson(record);
  opened.backend.dispose();
  return 0;
}
