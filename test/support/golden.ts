import { readFileSync } from "node:fs";
import { add, batchNorm, conv2d, flatten, identity, linear, relu } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, type Handle } from "../../src/network/network.js";
import type { Model } from "../../src/network/weights.js";
import type { BallSpec, Norm } from "../../src/threat/ball.js";

interface GoldenLayer {
  readonly op: "linear" | "conv2d" | "relu" | "flatten" | "identity" | "batchnorm2d" | "dense";
  readonly weight: number[];
  readonly bias: number[];
  readonly outFeatures: number;
  readonly outChannels: number;
  readonly kernel: [number, number];
  readonly stride: [number, number];
  readonly padding: [number, number];
  readonly eps: number;
  readonly runningMean: number[];
  readonly runningVar: number[];
  readonly inputs: (GoldenLayer | null)[];
}

/** One case of the fixture: see its `about`. */
export interface GoldenCase {
  readonly name: string;
  readonly layers: GoldenLayer[];
  readonly inputShape: number[];
  readonly batch: number;
  readonly x: number[];
  readonly norm: Norm;
  readonly epsilon: number | number[];
  readonly box: [number, number] | null;
  readonly logits: number[];
  readonly label: number[];
  readonly reluLower: number[][];
  readonly reluUpper: number[][];
  readonly marginLower: number[];
  readonly robustLoss: number;
  readonly parameters: string[];
  readonly gradient: number[][];
}

export function goldenCases(): GoldenCase[] {
  const url = new URL("../fixtures/exact-bounds.json", import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")).cases;
}

function layerOf(golden: GoldenLayer): Layer {
  switch (golden.op) {
    case "linear":
      return linear(golden.outFeatures);
    case "conv2d":
      return conv2d(golden.outChannels, {
        kernel: golden.kernel,
        stride: golden.stride,
        padding: golden.padding,
      });
    case "batchnorm2d":
      return batchNorm({ epsilon: golden.eps });
    case "relu":
      return relu();
    case "flatten":
      return flatten();
    case "identity":
      return identity();
    default:
      throw new Error(`no layer for ${golden.op}`);
  }
}

/** The case's network, with the fixture's parameter names as layer names: `0.weight`, `2.Ws.0.weight`. */
export function goldenModel(golden: GoldenCase): Model {
  const weights = new Map<string, Float64Array>();
  const keep = (name: string, layer: GoldenLayer): void => {
    for (const [key, values] of [
      ["weight", layer.weight],
      ["bias", layer.bias],
      ["mean", layer.runningMean],
      ["variance", layer.runningVar],
    ] as const) {
      if (values) weights.set(`${name}.${key}`, Float64Array.from(values));
    }
  };
  const network = graph(golden.inputShape, (input, attach) => {
    const outputs: Handle[] = [input];
    golden.layers.forEach((layer, i) => {
      if (layer.op !== "dense") {
        keep(`${i}`, layer);
        outputs.push(attach.named(`${i}`, layerOf(layer), outputs[outputs.length - 1]));
        return;
      }
      // The last entry takes the latest output, the one before it the output one layer earlier, and so on.
      const terms = layer.inputs.flatMap((entry, j) => {
        if (!entry) return [];
        const name = `${i}.Ws.${j}`;
        keep(name, entry);
        return [attach.named(name, layerOf(entry), outputs[outputs.length - layer.inputs.length + j])];
      });
      outputs.push(terms.length === 1 ? terms[0] : attach.named(`${i}`, add(), ...terms));
    });
    return outputs[outputs.length - 1];
  });
  return { network, weights };
}

export function goldenBall(golden: GoldenCase): BallSpec {
  return {
    norm: golden.norm,
    epsilon: typeof golden.epsilon === "number" ? golden.epsilon : { perExample: golden.epsilon },
    box: golden.box,
  };
}

/** Example-major `[examples, features]` to feature-major `[features, examples]`, or back with the extents swapped. */
export function transposed(values: ArrayLike<number>, outer: number): Float64Array {
  const inner = values.length / outer;
  return Float64Array.from(
    { length: values.length },
    (_, i) => values[(i % outer) * inner + Math.floor(i / outer)],
  );
}
