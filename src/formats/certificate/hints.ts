import { FormatError } from "../../errors.js";
import { quotedText } from "../plain-text.js";
import { bytesOf, listedIn } from "./numbers.js";
import type { CertificateLines, CertificatePlan, TreeSplit } from "./schema.js";

/** A layer of the network, neurons `from` to `to`; hints may be about it if it is an activation, with a largest slope. */
export interface HintedLayer {
  readonly name: string;
  /** CertificateNumbers of layers. */
  readonly inputs: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly curve: { readonly steepest: number } | null;
}

/** An activation. */
interface HintedActivation {
  /** Its number among the layers. */
  readonly number: number;
  readonly name: string;
  readonly size: number;
  readonly steepest: number;
  /** The neuron that its first one acts on. */
  readonly input: number;
}

/** Slopes of an activation's lines by neuron, NaN where the file has none. */
export interface HintedSlopes {
  readonly lower?: Float64Array | "adaptive";
  readonly upper?: Float64Array;
}

/** A plan, by the numbers of layers. */
export interface HintedPlan {
  readonly slopes: readonly (HintedSlopes | undefined)[];
  readonly rows: readonly (HintedRows | undefined)[];
}

/** Neurons whose inputs get a row for each side, and slopes for each row's own lines. */
export interface HintedRows {
  readonly features: Int32Array;
  readonly slopesOf?: (row: number) => HintedPlan["slopes"];
}

/** Reads the hints of a claim. They decide how well its bounds come out, never whether they are bounds. */
export class HintReader {
  readonly #layers: ReadonlyMap<string, HintedActivation>;
  readonly #listed = new Map<string, Int32Array>();
  readonly #inputs: number;

  /** Throws a `FormatError` for a list of neurons of no activation, or of another size. */
  constructor(layers: readonly HintedLayer[], neurons: Readonly<Record<string, string>>) {
    this.#layers = new Map(
      layers.flatMap(({ name, curve, from, to, inputs }, number) => {
        if (!curve) return [];
        const own = { number, name, size: to - from, steepest: curve.steepest };
        return [[name, { ...own, input: layers[inputs[0]].from }]];
      }),
    );
    this.#inputs = layers[0].to;
    for (const [name, text] of Object.entries(neurons)) {
      this.#listed.set(name, listedIn(text, this.#activation(name).size, `neurons of ${name}`));
    }
  }

  #activation(name: string): HintedActivation {
    const layer = this.#layers.get(name);
    if (layer) return layer;
    throw new FormatError(`hints: expected an activation of the network, found ${quotedText(name)}`);
  }

  /** The neuron that a split decides about. Whichever it is, one of the sides holds. */
  decided({ layer, neuron }: TreeSplit): number {
    const { input, size } = layer === "input" ? { input: 0, size: this.#inputs } : this.#activation(layer);
    if (neuron < size) return input + neuron;
    throw new FormatError(`split: expected a neuron of ${layer} below ${size}, found ${neuron}`);
  }

  /** Slopes by activation. */
  slopes(lines: Readonly<Record<string, CertificateLines>>): HintedPlan["slopes"] {
    const slopes: HintedSlopes[] = [];
    for (const [name, { lower, upper }] of Object.entries(lines)) {
      slopes[this.#activation(name).number] = {
        ...(lower !== undefined && { lower: lower === "adaptive" ? lower : this.#slopesOf(name, lower) }),
        ...(upper !== undefined && { upper: this.#slopesOf(name, upper) }),
      };
    }
    return slopes;
  }

  plan(plan: CertificatePlan): HintedPlan {
    const rows: HintedRows[] = [];
    for (const [name, { rows: isWanted, rowSlopes }] of Object.entries(plan)) {
      const { number } = this.#activation(name);
      const features = this.#neuronsOf(name);
      if (!isWanted) continue;
      rows[number] =
        rowSlopes === undefined
          ? { features }
          : { features, slopesOf: this.#rowSlopes(name, features.length, rowSlopes) };
    }
    return { slopes: this.slopes(plan), rows };
  }

  #neuronsOf(name: string): Int32Array {
    const listed = this.#listed.get(name);
    if (listed) return listed;
    throw new FormatError(`hints: expected a list of neurons of ${name}, found none`);
  }

  #slopesOf(name: string, text: string): Float64Array {
    const listed = this.#neuronsOf(name);
    return this.#spread(name, bytesOf(text, listed.length, `slopes of ${name}`));
  }

  #spread(name: string, bytes: Uint8Array): Float64Array {
    const { size, steepest } = this.#activation(name);
    const slopes = new Float64Array(size).fill(Number.NaN);
    for (const [i, neuron] of this.#neuronsOf(name).entries()) slopes[neuron] = (bytes[i] / 255) * steepest;
    return slopes;
  }

  /** Lower slopes of a row, one after the other for all listed neurons of the activations before it. */
  #rowSlopes(name: string, count: number, text: string): (row: number) => HintedPlan["slopes"] {
    const { number } = this.#activation(name);
    const before = [...this.#listed]
      .map(([own, { length }]) => ({ ...this.#activation(own), length }))
      .filter((own) => own.number < number)
      .sort((a, b) => a.number - b.number);
    const each = before.reduce((sum, { length }) => sum + length, 0);
    const bytes = bytesOf(text, 2 * count * each, `slopes of the rows of ${name}`);
    return (row) => {
      const slopes: HintedSlopes[] = [];
      let from = row * each;
      for (const own of before) {
        slopes[own.number] = { lower: this.#spread(own.name, bytes.subarray(from, from + own.length)) };
        from += own.length;
      }
      return slopes;
    };
  }
}
