import highsModule from "highs";
import type { Property, PropertyCase } from "../../src/formats/vnnlib/property.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";

/**
 * The truth about a property of a network of linear layers, ReLUs and sums: for each case the least of its largest row's
 * value over the box, by mixed-integer programming. It shares nothing with the duals: matrices are read off the weights,
 * big-M constants are plain interval arithmetic.
 */
export async function leastValues(model: Model, property: Property): Promise<number[]> {
  const least: number[] = [];
  for (const own of property.cases) least.push(await leastValue(model, own));
  return least;
}

/** A ReLU whose side is decided: its input is at least 0, or at most. */
export interface SignDecision {
  readonly node: number;
  readonly neuron: number;
  readonly side: "above" | "below";
}

/** The same of one case, where decisions hold; +∞ where no input of the box meets them. */
export async function leastValue(
  { network, weights }: Model,
  own: PropertyCase,
  decisions: readonly SignDecision[] = [],
): Promise<number> {
  const sides = new Map(decisions.map(({ node, neuron, side }) => [`${node} ${neuron}`, side]));
  const rows: string[] = [];
  const ranges: string[] = [];
  const binaries: string[] = [];
  const boxes = intervals({ network, weights }, own);
  own.box.lower.forEach((value, f) => {
    ranges.push(`${decimal(value)} <= v0_${f} <= ${decimal(own.box.upper[f])}`);
  });
  const row = (text: string) => rows.push(`r${rows.length}: ${text}`);
  for (const [i, { layer, inputs, shape, name }] of network.nodes.entries()) {
    if (layer === null) continue;
    for (let f = 0; f < sizeOf(shape); f++) ranges.push(`v${i}_${f} free`);
    const [input] = inputs;
    if (layer.kind === "linear") {
      const weight = weights.get(`${name}.weight`) as Float64Array;
      const bias = weights.get(`${name}.bias`) as Float64Array;
      const columns = sizeOf(network.nodes[input].shape);
      for (let f = 0; f < sizeOf(shape); f++) {
        const terms = Array.from(
          { length: columns },
          (_, k) => [weight[f * columns + k], `v${input}_${k}`] as const,
        );
        row(`${sum([[-1, `v${i}_${f}`], ...terms])} = ${decimal(-bias[f])}`);
      }
    } else if (layer.kind === "add") {
      for (let f = 0; f < sizeOf(shape); f++) {
        row(`${sum([[-1, `v${i}_${f}`], ...inputs.map((from) => [1, `v${from}_${f}`] as const)])} = 0`);
      }
    } else if (layer.kind === "relu") {
      boxes[input].forEach(([low, high], f) => {
        const [out, before, on] = [`v${i}_${f}`, `v${input}_${f}`, `d${i}_${f}`];
        const side = sides.get(`${i} ${f}`);
        if (side) {
          row(side === "above" ? `${out} - ${before} = 0` : `${out} = 0`);
          row(side === "above" ? `${before} >= 0` : `${before} <= 0`);
          return;
        }
        if (high <= 0) row(`${out} = 0`);
        else if (low >= 0) row(`${out} - ${before} = 0`);
        else {
          ranges.push(`0 <= ${on} <= 1`);
          binaries.push(on);
          row(`${out} >= 0`);
          row(`${out} - ${before} >= 0`);
          row(
            `${sum([
              [1, out],
              [-1, before],
              [-low, on],
            ])} <= ${decimal(-low)}`,
          );
          row(
            `${sum([
              [1, out],
              [-high, on],
            ])} <= 0`,
          );
        }
      });
    } else throw new Error(`no program for ${layer.kind}`);
  }
  ranges.push("t free");
  for (const { terms, inputs = [], bound } of own.constraints) {
    const list = [
      ...terms.map(({ output, coefficient }) => [coefficient, `v${network.output}_${output}`] as const),
      ...inputs.map(({ input, coefficient }) => [coefficient, `v0_${input}`] as const),
    ];
    row(`${sum([[-1, "t"], ...list])} <= ${decimal(bound)}`);
  }
  return minimise(rows, ranges, binaries);
}

async function minimise(
  rows: readonly string[],
  ranges: readonly string[],
  binaries: readonly string[],
): Promise<number> {
  const highs = await solver();
  const text = [
    "Minimize",
    "obj: t",
    "Subject To",
    ...rows,
    "Bounds",
    ...ranges,
    ...(binaries.length > 0 ? ["Binaries", binaries.join("\n")] : []),
    "End",
  ].join("\n");
  return highs.withModel({ format: "lp", data: text }, (model) => {
    model.options.set({ output_flag: false, mip_rel_gap: 0, mip_abs_gap: 0 });
    const { modelStatus } = model.run();
    if (modelStatus === highs.constants.modelStatus.infeasible) return Number.POSITIVE_INFINITY;
    if (modelStatus !== highs.constants.modelStatus.optimal) throw new Error(`no optimum: ${modelStatus}`);
    return model.getObjectiveValue();
  });
}

type Interval = readonly [low: number, high: number];

function intervals({ network, weights }: Model, { box }: PropertyCase): Interval[][] {
  const known: Interval[][] = [Array.from(box.lower, (low, f): Interval => [low, box.upper[f]])];
  for (const [i, { layer, inputs, shape, name }] of (network as Network).nodes.entries()) {
    if (layer === null) continue;
    const [first] = inputs.map((from) => known[from]);
    if (layer.kind === "relu") known[i] = first.map(([low, high]) => [Math.max(0, low), Math.max(0, high)]);
    else if (layer.kind === "add") {
      known[i] = first.map((_, f) => {
        const parts = inputs.map((from) => known[from][f]);
        return [parts.reduce((a, [low]) => a + low, 0), parts.reduce((a, [, high]) => a + high, 0)];
      });
    } else {
      const weight = weights.get(`${name}.weight`) as Float64Array;
      const bias = weights.get(`${name}.bias`) as Float64Array;
      known[i] = Array.from({ length: sizeOf(shape) }, (_, f): Interval => {
        let [low, high] = [bias[f], bias[f]];
        first.forEach(([from, to], k) => {
          const w = weight[f * first.length + k];
          low += w > 0 ? w * from : w * to;
          high += w > 0 ? w * to : w * from;
        });
        return [low, high];
      });
    }
  }
  return known;
}

const loadHighs = highsModule as unknown as typeof highsModule.default;
let loading: ReturnType<typeof loadHighs> | undefined;

function solver(): ReturnType<typeof loadHighs> {
  loading ??= loadHighs();
  return loading;
}

function decimal(value: number): string {
  return value === 0 ? "0" : value.toPrecision(17);
}

function sum(list: readonly (readonly [number, string])[]): string {
  const kept = list.filter(([coefficient]) => coefficient !== 0);
  if (kept.length === 0) return `0 ${list[0][1]}`;
  return kept
    .map(([coefficient, name]) => `${coefficient < 0 ? "-" : "+"} ${decimal(Math.abs(coefficient))} ${name}`)
    .join(" ");
}
