import type { Dtype } from "../../compute/backend.js";
import type { Model } from "../../network/weights.js";

/** What a model ends with in its file and leaves out as a network. */
export type LeftOut = "Softmax" | "LogSoftmax";

/** A network out of an ONNX file, and what the file says about itself. */
export interface ImportedModel extends Model {
  /** Its entries of text, but for the network's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * What the file computes with. Its weights may need more: what nodes make of constants is kept as exactly as doubles can.
   */
  readonly arithmetic: Dtype;
  /** What the file ends with and the network does without: outputs are those in front of it. */
  readonly leftOut?: LeftOut;
  /** A sentence each for what the network has otherwise than the file. */
  readonly notes?: readonly string[];
}
