import highsModule from "highs";
import type { FloatArray } from "../../src/compute/backend.js";
import type { NodeBounds } from "../../src/dual/dual-layer.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Bench } from "./bounds.js";

/**
 * The network over a box of inputs as a linear program: one variable a feature of every node, affine layers as
 * equations read off their values at unit vectors, ReLUs by their convex hull over [ℓ, u], and exactly with a binary
 * variable each if `exact`. Independent of the dual network: it knows the primal network's values only.
 */
export class LinearProgram {
  readonly #rows: string[] = [];
  readonly #ranges: string[] = [];
  readonly #binaries: string[] = [];
  readonly #exact: boolean;
  readonly #network: Network;

  private constructor(network: Network, exact: boolean) {
    this.#exact = exact;
    this.#network = network;
  }

  static async of(
    bench: Bench,
    lower: FloatArray,
    upper: FloatArray,
    preActivation: NodeBounds<FloatArray>,
    exact: boolean,
  ): Promise<LinearProgram> {
    const program = new LinearProgram(bench.network, exact);
    lower.forEach((value, f) => {
      program.#ranges.push(`${number(value)} <= v0_${f} <= ${number(upper[f])}`);
    });
    for (const [i, node] of bench.network.nodes.entries()) {
      if (node.layer === null) continue;
      for (let f = 0; f < sizeOf(node.shape); f++) program.#ranges.push(`v${i}_${f} free`);
      if (node.layer.kind === "relu") program.#relu(i, node.inputs[0], preActivation);
      else await program.#affine(bench, i);
    }
    return program;
  }

  /** min of cᵀz over the box, to the solver's tolerance. */
  async minimum(c: readonly number[]): Promise<number> {
    const highs = await solver();
    const output = this.#network.output;
    const text = [
      "Minimize",
      `obj: ${terms(c.map((value, j) => [value, `v${output}_${j}`]))}`,
      "Subject To",
      ...this.#rows,
      "Bounds",
      ...this.#ranges,
      ...(this.#exact && this.#binaries.length > 0 ? ["Binaries", this.#binaries.join("\n")] : []),
      "End",
    ].join("\n");
    return highs.withModel({ format: "lp", data: text }, (model) => {
      model.options.set({ output_flag: false, mip_rel_gap: 0, mip_abs_gap: 0 });
      const { modelStatus } = model.run();
      if (modelStatus !== highs.constants.modelStatus.optimal)
        throw new Error(`no optimum: status ${modelStatus}`);
      return model.getObjectiveValue();
    });
  }

  async #affine(bench: Bench, index: number): Promise<void> {
    const { inputs, shape } = bench.network.nodes[index];
    const names = inputs.flatMap((i) =>
      Array.from({ length: sizeOf(bench.network.nodes[i].shape) }, (_, f) => `v${i}_${f}`),
    );
    const { matrix, offset } = await bench.affineMap(index);
    const columns = names.length;
    for (let f = 0; f < sizeOf(shape); f++) {
      const row = names.map((name, k) => [matrix[f * columns + k], name] as const);
      this.#row(`${terms([[-1, `v${index}_${f}`], ...row])} = ${number(-offset[f])}`);
    }
  }

  #relu(index: number, input: number, preActivation: NodeBounds<FloatArray>): void {
    const bounds = preActivation.get(input);
    if (!bounds) throw new Error(`no bounds for node ${input}`);
    bounds.lower.forEach((l, f) => {
      const u = bounds.upper[f];
      const [out, before] = [`v${index}_${f}`, `v${input}_${f}`];
      if (u <= 0) this.#row(`${out} = 0`);
      else if (l >= 0) this.#row(`${out} - ${before} = 0`);
      else {
        const switched = `d${index}_${f}`;
        this.#ranges.push(`0 <= ${switched} <= 1`);
        this.#binaries.push(switched);
        this.#row(`${out} >= 0`);
        this.#row(`${out} - ${before} >= 0`);
        this.#row(
          `${terms([
            [1, out],
            [-1, before],
            [-l, switched],
          ])} <= ${number(-l)}`,
        );
        this.#row(
          `${terms([
            [1, out],
            [-u, switched],
          ])} <= 0`,
        );
      }
    });
  }

  #row(text: string): void {
    this.#rows.push(`r${this.#rows.length}: ${text}`);
  }
}

// The package's types call its CommonJS export `default`; at run time the import is the loader itself.
const loadHighs = highsModule as unknown as typeof highsModule.default;
let loading: ReturnType<typeof loadHighs> | undefined;

function solver(): ReturnType<typeof loadHighs> {
  loading ??= loadHighs();
  return loading;
}

/** Decimal without exponent trouble: the LP format takes 17 significant digits as they come. */
function number(value: number): string {
  return value === 0 ? "0" : value.toPrecision(17);
}

function terms(list: readonly (readonly [number, string])[]): string {
  const kept = list.filter(([coefficient]) => coefficient !== 0);
  if (kept.length === 0) return `0 ${list[0][1]}`;
  return kept
    .map(([coefficient, name]) => `${coefficient < 0 ? "-" : "+"} ${number(Math.abs(coefficient))} ${name}`)
    .join(" ");
}
