import type { Command } from "commander";
import { UsageError } from "../../errors.js";
import { architecture } from "../../network/architectures.js";
import type { Network } from "../../network/network.js";
import { formatShape, sizeOf } from "../../network/shape.js";
import { parseShape, wholeNumber } from "../arguments.js";
import { addJsonOption, type JsonOptions } from "../common-options.js";
import type { CommandContext } from "../context.js";
import { isModelPath, openModel } from "../open-model.js";
import { Output } from "../output.js";
import { formatTable } from "../table.js";
import { formatCount } from "../wording.js";

interface InfoFlags extends JsonOptions {
  readonly input?: readonly number[];
  readonly classes?: number;
}

/** `autodual info`: what a model consists of. */
export function addInfo(program: Command, context: CommandContext): void {
  const command = program
    .command("info")
    .description("layers, shapes, hidden units and parameters of a model")
    .argument("<model>", "an .onnx or .safetensors file, a run folder, or an architecture's name")
    .option("--input <shape>", "of an architecture (default: 1,28,28)", parseShape)
    .option("--classes <n>", "of an architecture (default: 10)", wholeNumber("--classes", { min: 1 }));
  addJsonOption(command).action(async (model: string, flags: InfoFlags) => {
    context.exitCode = await info(model, flags, context);
  });
}

async function info(name: string, flags: InfoFlags, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  const { network, path, sha256 } = await findModel(name, flags);
  const layers = describeLayers(network);
  output.print(`${name}: input ${formatShape(network.inputShape)}, ${network.classes} classes`);
  output.print(
    formatTable(
      ["layer", "kind", "output", "parameters"],
      layers.map((layer) => [layer.name, layer.kind, formatShape(layer.outputShape), layer.parameters]),
    ),
  );
  output.print(`hidden units ${formatCount(network.hiddenUnits)}`);
  output.print(`parameters   ${formatCount(network.parameterCount)}`);
  await output.writeJson({
    schema: "autodual/info/1",
    model: {
      path,
      sha256,
      name,
      parameters: network.parameterCount,
      hiddenUnits: network.hiddenUnits,
      stages: 1,
    },
    inputShape: network.inputShape,
    classes: network.classes,
    layers,
  });
  return 0;
}

async function findModel(
  name: string,
  { input, classes }: InfoFlags,
): Promise<{ network: Network; path: string | null; sha256: string | null }> {
  if (!isModelPath(name)) {
    const network = architecture(name, { inputShape: input ?? [1, 28, 28], classes: classes ?? 10 });
    return { network, path: null, sha256: null };
  }
  if (input !== undefined || classes !== undefined) {
    const flag = input === undefined ? "--classes" : "--input";
    throw new UsageError(`${flag}: expected with an architecture's name only, found with the file ${name}`);
  }
  return openModel(name);
}

/** One line a layer, in topological order; `parameters` counts trained numbers. */
function describeLayers({ nodes, parameters }: Network) {
  return nodes.flatMap(({ name, layer, inputs, shape }, index) =>
    layer === null
      ? []
      : [
          {
            name,
            kind: layer.kind,
            inputs: inputs.map((input) => nodes[input].name),
            outputShape: shape,
            parameters: parameters
              .filter(({ node, role }) => node === index && role === "trained")
              .reduce((sum, spec) => sum + sizeOf(spec.shape), 0),
          },
        ],
  );
}
