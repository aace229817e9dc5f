import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Network } from "../network/network.js";
import { decodeModel, type LoadedModel, sha256Of } from "./model-file.js";
import { describeNetwork, networkFromJson } from "./network-description.js";
import { LARGEST_TEXT, readFileOrExplain } from "./read-file.js";

/** The files by which a folder is a model, in three forms of the same. */
export const MODEL_FILES = {
  /** The weights, and the network's structure in the metadata where autodual wrote it. */
  weights: "model.safetensors",
  /** The network's structure. */
  config: "config.json",
  /** For other programs. */
  onnx: "model.onnx",
} as const;

/** A network's structure as the text of `config.json`. */
export function encodeConfig(network: Network): string {
  return `${JSON.stringify(describeNetwork(network), null, 2)}\n`;
}

/**
 * Reads the model of a folder: `model.safetensors`, and `config.json` where there is one. Where both describe the network
 * they must agree. The hash is that of `model.safetensors`; if the network comes from `config.json` alone, that of the
 * two files' hashes, one after the other. Throws a `FormatError` or a `ShapeError` that names the file.
 */
export async function loadModelFolder(folder: string): Promise<LoadedModel> {
  const path = join(folder, MODEL_FILES.weights);
  const configPath = join(folder, MODEL_FILES.config);
  const bytes = await readFileOrExplain(path);
  const sha256 = sha256Of(bytes);
  if (!existsSync(configPath)) return { ...decodeModel(bytes, path), path, sha256 };
  const configBytes = await readFileOrExplain(configPath, { largest: LARGEST_TEXT });
  const text = new TextDecoder().decode(configBytes);
  const configured = { network: networkFromJson(text, configPath, "the description"), path: configPath };
  const model = decodeModel(bytes, path, configured);
  if (model.network !== configured.network) return { ...model, path, sha256 };
  const both = Buffer.concat([sha256, sha256Of(configBytes)].map((hash) => Buffer.from(hash, "hex")));
  return { ...model, path, sha256: sha256Of(both) };
}
