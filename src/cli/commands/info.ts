import type { Command } from "commander";
import { createBackend } from "../../compute/index.js";
import { shortList } from "../../data/class-names.js";
import { UsageError } from "../../errors.js";
import { architecture } from "../../network/architectures.js";
import type { Network } from "../../network/network.js";
import { formatShape, sizeOf } from "../../network/shape.js";
import { isModelPath } from "../../runs/models/open-model.js";
import { trainedClasses } from "../../runs/models/trained-classes.js";
import { numberIn, parseShape, wholeNumber } from "../arguments.js";
import { deadlineOf, loadWithin } from "../command-budget.js";
import { addJsonOption, type JsonOptions } from "../common-options.js";
import type { CommandContext } from "../context.js";
import type { Io } from "../io.js";
import { Output } from "../output.js";
import { addOutputOption, type OutputFlags, readModels } from "../read-models.js";
import { formatCount, plural, wrap } from "../wording.js";

interface InfoFlags extends JsonOptions, OutputFlags {
  readonly input?: readonly number[];
  readonly classes?: number;
  readonly timeout: number;
}

/** `autodual info`: what a model consists of. */
export function addInfo(program: Command, context: CommandContext): void {
  const command = program
    .command("info")
    .description("layers, shapes, hidden units and parameters of a model")
    .argument("<model>", "an .onnx or .safetensors file, a run folder, or an architecture's name")
    .option("--input <shape>", "of an architecture (default: 1,28,28)", parseShape)
    .option("--classes <n>", "of an architecture (default: 10)", wholeNumber("--classes", { min: 1 }));
  addOutputOption(command);
  command.option(
    "--timeout <s>",
    "seconds that reading the model may take",
    numberIn("--timeout", { above: 0 }, "60"),
    60,
  );
  addJsonOption(command).action(async (model: string, flags: InfoFlags) => {
    context.exitCode = await info(model, flags, context);
  });
}

async function info(name: string, flags: InfoFlags, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  const { path, sha256, networks, classNames } = await findModel(name, flags, io);
  const [first] = networks;
  const several = networks.length > 1;
  const stages = networks.map(describeLayers);
  output.print(
    `${name}: input ${formatShape(first.inputShape)}, ${plural(first.classes, "class", "classes")}${several ? `, ${networks.length} stages` : ""}`,
  );
  if (classNames) output.print(wrap(`classes: ${shortList(classNames, 100)}`));
  for (const [stage, layers] of stages.entries()) {
    if (several) output.print(`stage ${stage + 1}`);
    output.table(
      ["layer", "kind", "output", "parameters"],
      layers.map((layer) => [layer.name, layer.kind, formatShape(layer.outputShape), layer.parameters]),
    );
  }
  const total = (count: (network: Network) => number) => networks.reduce((sum, own) => sum + count(own), 0);
  const hiddenUnits = total((network) => network.hiddenUnits);
  const parameters = total((network) => network.parameterCount);
  output.print(`hidden units ${formatCount(hiddenUnits)}`);
  output.print(`parameters   ${formatCount(parameters)}`);
  await output.writeJson({
    schema: "autodual/info/1",
    model: { path, sha256, name, parameters, hiddenUnits, stages: networks.length },
    inputShape: first.inputShape,
    classes: first.classes,
    ...(classNames && { classNames }),
    layers: stages[0],
    ...(several && { stages: stages.map((layers) => ({ layers })) }),
  });
  return 0;
}

interface FoundModel {
  readonly path: string | null;
  readonly sha256: string | null;
  readonly networks: readonly Network[];
  /** Of the data that it was trained on; null where they are not known. */
  readonly classNames: readonly string[] | null;
}

async function findModel(name: string, flags: InfoFlags, io: Io): Promise<FoundModel> {
  const { input, classes } = flags;
  if (!isModelPath(name)) {
    const network = architecture(name, { inputShape: input ?? [1, 28, 28], classes: classes ?? 10 });
    return { networks: [network], path: null, sha256: null, classNames: null };
  }
  if (input !== undefined || classes !== undefined) {
    const flag = input === undefined ? "--classes" : "--input";
    throw new UsageError(`${flag}: expected with an architecture's name only, found with the file ${name}`);
  }
  const backend = await createBackend("auto");
  const read = await loadWithin(deadlineOf(flags, io), name, flags, (stop) =>
    readModels([name], flags, { backend, io, stop }),
  );
  backend.dispose();
  const { path, sha256, stages } = read;
  const classNames = trainedClasses(stages[0].path);
  return { path, sha256, networks: stages.map(({ network }) => network), classNames };
}

/** One line per layer, in topological order; `parameters` counts trained numbers. */
function describeLayers({ nodes, parameters }: Network) {
  const trained = nodes.map(() => 0);
  for (const { node, role, shape } of parameters) if (role === "trained") trained[node] += sizeOf(shape);
  return nodes.flatMap(({ name, layer, inputs, shape }, index) =>
    layer === null
      ? []
      : [
          {
            name,
            kind: layer.kind,
            inputs: inputs.map((input) => nodes[input].name),
            outputShape: shape,
            parameters: trained[index],
          },
        ],
  );
}
