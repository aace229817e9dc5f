import * as z from "zod";
import { FormatError } from "../errors.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../formats/safetensors.js";
import type { Network } from "../network/network.js";
import { checkWeights } from "../network/weights.js";
import { epochRowSchema } from "./config.js";
import type { TrainingState } from "./trainer.js";

const KEY = "autodual.training";

const positionSchema = z.strictObject({
  schema: z.literal("autodual/checkpoint/1"),
  epoch: z.int().min(0),
  batch: z.int().min(0),
  step: z.int().min(0),
  sums: z.strictObject({
    examples: z.int().min(0),
    loss: z.number(),
    bounded: z.int().min(0),
    robustLoss: z.number(),
    wrong: z.int().min(0),
    notCertified: z.int().min(0),
    seconds: z.number(),
  }),
  rows: z.array(epochRowSchema),
});

/**
 * A training state as a safetensors file: weights under `model/`, the optimizer's moments under `adam/first/` and
 * `adam/second/`, the position as metadata. Nothing is rounded: a resumed run gives the numbers of one never stopped.
 */
export function encodeCheckpoint(network: Network, state: TrainingState): Uint8Array {
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape } of network.parameters) {
    const values = state.weights.get(name);
    if (values) tensors.set(`model/${name}`, { shape, values });
    const moments = state.optimizer.moments.get(name);
    if (!moments) continue;
    tensors.set(`adam/first/${name}`, { shape, values: moments.first as Float64Array });
    tensors.set(`adam/second/${name}`, { shape, values: moments.second as Float64Array });
  }
  const position = {
    schema: "autodual/checkpoint/1",
    epoch: state.epoch,
    batch: state.batch,
    step: state.optimizer.step,
    sums: state.sums,
    rows: state.rows,
  };
  return encodeSafetensors(tensors, { [KEY]: JSON.stringify(position) });
}

/** Reads what `encodeCheckpoint` wrote; a `FormatError` that names `where` for anything else. */
export function decodeCheckpoint(network: Network, bytes: Uint8Array, where: string): TrainingState {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const position = parsePosition(metadata[KEY], where);
  const take = (prefix: string, name: string, size: number): Float32Array | Float64Array => {
    const values = tensors.get(`${prefix}/${name}`)?.values;
    if (!values || values.length !== size) {
      throw new FormatError(
        `${where}: tensor "${prefix}/${name}" with ${size} numbers expected, found ${values ? values.length : "none"}`,
      );
    }
    return values;
  };
  const sized = network.parameters.map((spec) => ({ ...spec, size: spec.shape.reduce((a, b) => a * b, 1) }));
  const weights = new Map(sized.map(({ name, size }) => [name, take("model", name, size)]));
  checkWeights(network, weights, where);
  const moments = new Map(
    sized
      .filter(({ role }) => role === "trained")
      .map(({ name, size }) => [
        name,
        { first: take("adam/first", name, size), second: take("adam/second", name, size) },
      ]),
  );
  const { epoch, batch, sums, rows, step } = position;
  return { epoch, batch, sums, rows, weights, optimizer: { step, moments } };
}

function parsePosition(text: string | undefined, where: string): z.infer<typeof positionSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text ?? "");
  } catch {
    throw new FormatError(`${where}: not a training checkpoint: the metadata has no readable "${KEY}"`);
  }
  const parsed = positionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(`${where}: not a training checkpoint: ${issue.path.join(".")}: ${issue.message}`);
}
