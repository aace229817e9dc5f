import { join } from "node:path";
import type { Command } from "commander";
import type { Backend } from "../../compute/backend.js";
import { createBackend } from "../../compute/index.js";
import { UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { placeOf } from "../../runs/models/open-model.js";
import { deadlineOf, loadWithin } from "../command-budget.js";
import { addJsonOption, addTimeoutOption, type JsonOptions } from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinct, checkFree, type Destination, readDestination } from "../convert/destination.js";
import { type Conversion, comparedInputs, type WrittenFile, writeForm } from "../convert/forms.js";
import { type ConvertedModel, firstStage, openSource } from "../convert/source.js";
import { type WrittenFolder, writeCascadeFolder, writeModelFolder } from "../convert/write-folder.js";
import { Output } from "../output.js";
import { addOutputOption, type OutputFlags } from "../read-models.js";
import { formatBytes, formatCount, formatNumber, plural } from "../wording.js";

interface ConvertFlags extends JsonOptions, OutputFlags {
  readonly force?: boolean;
  readonly float32?: boolean;
  readonly timeout?: number;
}

const CONVERT_NOTES = `
OUT is an .onnx file, a .safetensors file, or a folder (any other name without an ending, or one with a slash
at its end), which gets model.safetensors, config.json and model.onnx. A cascade goes into a folder.`;

/** `autodual convert`: a model in another form, the same layers, names and weights. */
export function addConvert(program: Command, context: CommandContext): void {
  const command = program
    .command("convert")
    .description("write a model as ONNX, as safetensors, or as a folder of both; outputs are compared")
    .argument("<in>", "an .onnx or .safetensors file, a run folder, a cascade, or a model of the package")
    .argument("<out>", "where to")
    .option("--force", "replace what is there already")
    .option("--float32", "round weights to single precision, which onnxruntime's convolutions need")
    .addHelpText("after", CONVERT_NOTES);
  addOutputOption(command);
  addTimeoutOption(command, "seconds that reading the model may take");
  addJsonOption(command).action(async (from: string, to: string, flags: ConvertFlags) => {
    context.exitCode = await convert(from, to, flags, context);
  });
}

async function convert(
  from: string,
  to: string,
  flags: ConvertFlags,
  { io }: CommandContext,
): Promise<number> {
  const { json, force = false, float32 = false } = flags;
  const output = new Output(io, json);
  const destination = readDestination(to);
  checkDistinct(destination, [placeOf(from)]);
  checkFree(destination, force);

  const opening = await createBackend("auto");
  const source = await loadWithin(deadlineOf(flags, io), from, flags, (stop) =>
    openSource(from, flags, { backend: opening, io, stop }),
  );
  opening.dispose();
  checkDistinct(
    destination,
    source.stages.map(({ path }) => path),
  );
  // In double precision, so that the difference is that of the files and not of this arithmetic.
  const backend = await createBackend("auto", { dtype: "float64" });
  const conversions = source.stages.map((stage) => conversionOf(stage, float32));
  const files = await write(destination, source, conversions, backend);
  backend.dispose();

  const written = [...files].map(([path, file]) => ({ path, ...file }));
  const largestDifference = Math.max(...written.map((file) => file.largestDifference));
  const inputs = comparedInputs(conversions[0].original);
  const bytes = written.reduce((sum, file) => sum + file.bytes, 0);
  const outputs =
    largestDifference === 0
      ? `are those of ${from}`
      : `differ by at most ${formatNumber(largestDifference)} from those of ${from}`;
  output.print(
    `${destination.path}: ${contents(destination, source)}, ${formatBytes(bytes)}; outputs on ` +
      `${plural(inputs, "random input")} ${outputs}`,
  );
  const { sha256, stages } = source;
  await output.writeJson({
    schema: "autodual/conversion/1",
    from: { path: from, sha256, stages: stages.length },
    to: { path: destination.path, form: destination.form },
    float32,
    files: written,
    inputs,
    largestDifference,
  });
  return 0;
}

/** Written files by path. */
async function write(
  { form, path }: Destination,
  { name, record }: ConvertedModel,
  conversions: readonly Conversion[],
  backend: Backend,
): Promise<ReadonlyMap<string, WrittenFile>> {
  const within = (files: WrittenFolder) => new Map([...files].map(([file, own]) => [join(path, file), own]));
  const [first] = conversions;
  if (form === "folder") {
    return within(
      record
        ? await writeCascadeFolder(path, conversions, record, backend)
        : await writeModelFolder(path, first, backend),
    );
  }
  if (record) {
    throw new UsageError(
      `OUT: expected a folder for the ${plural(conversions.length, "stage")} of ${name}, found the file ${path}; ` +
        `one stage goes into a file: ${firstStage(name, record)}`,
    );
  }
  return new Map([[path, await writeForm(form, path, first, backend)]]);
}

function conversionOf(stage: LoadedModel, float32: boolean): Conversion {
  if (!float32) return { model: stage, original: stage };
  const weights = new Map([...stage.weights].map(([name, values]) => [name, Float32Array.from(values)]));
  for (const [name, values] of weights) {
    const large = values.findIndex((value) => !Number.isFinite(value));
    if (large >= 0) {
      throw new UsageError(
        `--float32: expected weights that single precision holds, found ${stage.weights.get(name)?.[large]} as ` +
          `"${name}"[${large}] of ${stage.path}`,
      );
    }
  }
  return { model: { ...stage, weights }, original: stage };
}

function contents({ form }: Destination, { stages }: ConvertedModel): string {
  const parameters = stages.reduce((sum, { network }) => sum + network.parameterCount, 0);
  const counted = `${formatCount(parameters)} parameters`;
  if (form !== "folder") return counted;
  const files = "model.safetensors, config.json and model.onnx";
  return stages.length === 1 ? `${files}, ${counted}` : `${stages.length} stages, ${counted}`;
}
