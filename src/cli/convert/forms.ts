import type { Backend } from "../../compute/backend.js";
import { largestOf } from "../../compute/extremes.js";
import { type DescribedModel, decodeModel, encodeModel, sha256Of } from "../../formats/model-file.js";
import { networkDifference } from "../../formats/network-description.js";
import { checkImport } from "../../formats/onnx/check-import.js";
import { exportOnnx } from "../../formats/onnx/export/export.js";
import { importOnnx } from "../../formats/onnx/import.js";
import { readOnnxFile } from "../../formats/onnx/model-proto.js";
import { networkOutputs, sampleInputs } from "../../formats/sample-outputs.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import type { Model } from "../../network/weights.js";

/** A model to be written, and the one that outputs are compared with: the same, or before its weights were rounded. */
export interface Conversion {
  readonly model: DescribedModel;
  readonly original: Model;
}

/** A model's file that was written. */
export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
  /** Between outputs of the file and of the original. */
  readonly largestDifference: number;
}

/** A form of a model as one file. */
interface Form {
  encode(model: DescribedModel): Uint8Array;
  /** Reads a file's bytes back; throws unless they give the model. The largest difference of outputs. */
  compare(bytes: Uint8Array, path: string, conversion: Conversion, backend: Backend): Promise<number>;
}

const FORMS: Readonly<Record<"onnx" | "safetensors", Form>> = {
  onnx: {
    encode: ({ network, weights, metadata }) => exportOnnx({ network, weights }, { metadata }),
    compare(bytes, path, { model, original }, backend) {
      checkSame(model, importOnnx(bytes, path), path);
      // The graph itself, not only what we read of it: other programs will run it.
      return checkImport(backend, original, readOnnxFile(bytes, path), path, "float32");
    },
  },
  safetensors: {
    encode: ({ network, weights, metadata }) => encodeModel({ network, weights }, metadata),
    async compare(bytes, path, { model, original }, backend) {
      const back = decodeModel(bytes, path);
      checkSame(model, back, path);
      const inputs = sampleInputs(original.network.inputShape);
      const expected = await networkOutputs(backend, original, inputs);
      const found = await networkOutputs(backend, back, inputs);
      return largestOf(expected.flatMap((output, i) => differences(output, found[i])));
    },
  },
};

/** How many random inputs the outputs are compared on. */
export function comparedInputs({ network }: Model): number {
  return sampleInputs(network.inputShape).length;
}

/** Writes a model in one form. Its bytes are read back and compared first: nothing wrong is ever put into place. */
export async function writeForm(
  form: keyof typeof FORMS,
  path: string,
  conversion: Conversion,
  backend: Backend,
): Promise<WrittenFile> {
  const bytes = FORMS[form].encode(conversion.model);
  const largestDifference = await FORMS[form].compare(bytes, path, conversion, backend);
  await writeFileAtomically(path, bytes);
  return { bytes: bytes.length, sha256: sha256Of(bytes), largestDifference };
}

/** A fault of ours if not: layers, names and weights are kept exactly. */
function checkSame(model: Model, back: Model, path: string): void {
  const difference = networkDifference(model.network, back.network);
  if (difference) throw new Error(`${path}: reads back as another network: ${difference} differs`);
  for (const { name } of model.network.parameters) {
    const [own, other] = [model, back].map(({ weights }) => weights.get(name) ?? []);
    if (own.length !== other.length || differences(own, other).some((difference) => difference !== 0)) {
      throw new Error(`${path}: reads back with other weights "${name}"`);
    }
  }
}

/** No difference between two infinities of one sign, or two that are no number. */
function differences(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from(a, (value, i) => (Object.is(value, b[i]) ? 0 : Math.abs(value - b[i])));
}
