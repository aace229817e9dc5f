import * as z from "zod";
import { FormatError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../formats/safetensors.js";
import type { Network } from "../network/network.js";
import { checkWeights } from "../network/weights.js";
import { epochRowSchema } from "./config.js";
import { slotNames } from "./create-optimizer.js";
import type { OptimizerSettings } from "./optimizer.js";
import type { TrainingState } from "./training-state.js";

const KEY = "autodual.training";
const SCHEMA = "autodual/checkpoint/2";

const positionSchema = z.strictObject({
  schema: z.literal(SCHEMA),
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
  /** How many epochs' weights the average holds; 0 where there is none. */
  averaged: z.int().min(0).default(0),
});

/**
 * A training state as a safetensors file: weights under `model/`, their mean over the last epochs under `average/`, what the optimizer remembers under `optimizer/` and
 * the slot's name, the position as metadata. Nothing is rounded: a resumed run gives the numbers of one never stopped.
 */
export function encodeCheckpoint(network: Network, state: TrainingState): Uint8Array {
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape } of network.parameters) {
    const values = state.weights.get(name);
    if (values) tensors.set(`model/${name}`, { shape, values });
    const mean = state.average?.weights.get(name);
    if (mean) tensors.set(`average/${name}`, { shape, values: mean });
    for (const [slot, remembered] of state.optimizer.slots) {
      const own = remembered.get(name);
      if (own) tensors.set(`optimizer/${slot}/${name}`, { shape, values: own as Float64Array });
    }
  }
  const position = {
    schema: SCHEMA,
    epoch: state.epoch,
    batch: state.batch,
    step: state.optimizer.step,
    sums: state.sums,
    rows: state.rows,
    averaged: state.average?.count ?? 0,
  };
  return encodeSafetensors(tensors, { [KEY]: JSON.stringify(position) });
}

/**
 * Reads what `encodeCheckpoint` wrote, with the slots of this optimizer; a `FormatError` that names `where` for anything
 * else.
 */
export function decodeCheckpoint(
  network: Network,
  optimizer: OptimizerSettings,
  bytes: Uint8Array,
  where: string,
): TrainingState {
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
  const trained = sized.filter(({ role }) => role === "trained");
  const slots = new Map(
    slotNames(optimizer).map((slot) => [
      slot,
      new Map(trained.map(({ name, size }) => [name, take(`optimizer/${slot}`, name, size)])),
    ]),
  );
  const { epoch, batch, sums, rows, step, averaged } = position;
  const average = averaged > 0 && {
    count: averaged,
    weights: new Map(sized.map(({ name, size }) => [name, take("average", name, size)])),
  };
  return { epoch, batch, sums, rows, weights, optimizer: { step, slots }, ...(average && { average }) };
}

function parsePosition(text: string | undefined, where: string): z.infer<typeof positionSchema> {
  const json = parseJson(
    text ?? "",
    where,
    `not a training checkpoint: the metadata has no readable "${KEY}"`,
  );
  const schema = (json as { readonly schema?: unknown } | null)?.schema;
  if (typeof schema === "string" && schema.startsWith("autodual/checkpoint/") && schema !== SCHEMA) {
    throw new FormatError(
      `${where}: expected a checkpoint ${JSON.stringify(SCHEMA)}, found ${JSON.stringify(schema)} of another version; ` +
        "finish the run with that version, or train anew",
    );
  }
  const parsed = positionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(`${where}: not a training checkpoint: ${issue.path.join(".")}: ${issue.message}`);
}
