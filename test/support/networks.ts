import { ACTIVATION_KINDS } from "../../src/activations/index.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import {
  add,
  averagePool,
  batchNorm,
  concat,
  conv2d,
  convTranspose2d,
  flatten,
  identity,
  linear,
  maxPool,
  pad,
  permute,
  relu,
  reshape,
  scaleShift,
  take,
  tanh,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, type Handle, type Network, sequential } from "../../src/network/network.js";
import { initialWeights, type Model, type Weights } from "../../src/network/weights.js";
import { oracleOf } from "./activation-oracles.js";

/** Weights larger than training starts from, and statistics that are not trivial: bounds have something to do. */
export function livelyWeights(network: Network, seed: number): Weights {
  const source = random(seed, "lively");
  return new Map(
    [...initialWeights(network, seed)].map(([name, values]) => [
      name,
      values.map((value) => {
        if (name.endsWith(".variance")) return 0.5 + source.uniform();
        if (name.endsWith(".mean") || name.endsWith(".bias")) return 0.4 * source.normal();
        return 1.5 * value + 0.2 * source.normal() * Math.abs(value);
      }),
    ]),
  );
}

const IMAGE = [2, 6, 6];

function withHead(body: readonly Layer[]): Network {
  return sequential(IMAGE, [...body, flatten(), linear(8), relu(), linear(3)]);
}

/** A small network around every kind of layer, by the layer's name. */
export const LAYER_NETWORKS: Readonly<Record<string, () => Network>> = {
  ...Object.fromEntries(
    ACTIVATION_KINDS.map((kind) => {
      const { layers } = oracleOf({ kind });
      const body = [conv2d(3, { kernel: 3 }), layers[1], conv2d(2, { kernel: 2 }), layers[layers.length - 1]];
      return [kind, () => withHead(body)];
    }),
  ),
  linear: () => sequential([6], [linear(9), relu(), linear(8), relu(), linear(3)]),
  conv2d: () =>
    withHead([conv2d(3, { kernel: 3, stride: 2, padding: 1 }), relu(), conv2d(4, { kernel: 2 }), relu()]),
  "conv2d, dilated and grouped": () =>
    withHead([
      conv2d(4, { kernel: 2, dilation: 2, groups: 2 }),
      relu(),
      conv2d(4, { kernel: [2, 3], padding: [1, 0, 0, 1], groups: 4 }),
      relu(),
    ]),
  "two convolutions in a row": () =>
    withHead([
      conv2d(3, { kernel: 3, padding: 1 }),
      relu(),
      conv2d(3, { kernel: 2, padding: 1 }),
      conv2d(2, { kernel: 2 }),
      relu(),
    ]),
  "identity between convolutions": () =>
    withHead([
      conv2d(2, { kernel: 3, padding: 1 }),
      identity(),
      conv2d(2, { kernel: 2, padding: 1 }),
      relu(),
    ]),
  "batch-norm": () =>
    withHead([conv2d(3, { kernel: 3 }), batchNorm(), relu(), conv2d(2, { kernel: 2 }), batchNorm(), relu()]),
  "scale-shift": () =>
    withHead([
      scaleShift([2, -0.5], [0.1, 0.3]),
      conv2d(2, { kernel: 3, stride: 2 }),
      scaleShift(-1.5, 0.2),
      relu(),
    ]),
  "average-pool": () =>
    withHead([
      conv2d(2, { kernel: 3, padding: 1 }),
      relu(),
      averagePool({ kernel: 3, stride: 2, padding: 1 }),
      relu(),
    ]),
  "max-pool": () =>
    withHead([
      conv2d(2, { kernel: 3, padding: 1 }),
      relu(),
      maxPool({ kernel: 3, stride: 2, padding: 1 }),
      conv2d(2, { kernel: 2 }),
      maxPool({ kernel: 2 }),
    ]),
  "max-pool, dilated": () =>
    withHead([conv2d(2, { kernel: 3 }), relu(), maxPool({ kernel: 2, stride: 1, dilation: [2, 1] })]),
  "conv-transpose2d": () =>
    withHead([
      conv2d(4, { kernel: 3, stride: 2 }),
      relu(),
      convTranspose2d(2, { kernel: 3, stride: 2, padding: [0, 1, 1, 0], outputPadding: [1, 0], groups: 2 }),
      relu(),
      convTranspose2d(2, { kernel: 2, dilation: 2, bias: false }),
    ]),
  "permute, pad, take": () =>
    withHead([
      permute([1, 2, 0]),
      permute([2, 0, 1]),
      pad([0, 1, 0], [1, 0, 2], 0.3),
      conv2d(2, { kernel: 3, stride: 2 }),
      relu(),
      take(1, [2, 0, 0, 1, 2]),
      pad([0, 1, 0], [0, 0, 0]),
      conv2d(2, { kernel: 2 }),
      take(0, [1]),
    ]),
  "reshape, flatten, identity": () =>
    sequential(IMAGE, [
      identity(),
      reshape([8, 3, 3]),
      conv2d(2, { kernel: 2 }),
      relu(),
      reshape([-1]),
      linear(3),
    ]),
  add: () =>
    graph(IMAGE, (x, attach) => {
      const a = attach(relu(), attach(conv2d(2, { kernel: 3, padding: 1 }), x));
      const b = attach(add(), attach(conv2d(2, { kernel: 1 }), a), a, x);
      return attach(linear(3), attach(flatten(), attach(relu(), b)));
    }),
  concat: () =>
    graph(IMAGE, (x, attach) => {
      const a = attach(relu(), attach(conv2d(2, { kernel: 3, padding: 1 }), x));
      const b = attach(tanh(), attach(concat(), a, x, a));
      return attach(linear(3), attach(flatten(), b));
    }),
  relu: () => withHead([relu(), conv2d(3, { kernel: 3 }), relu(), relu()]),
};

/** The layer of every kind of activation that random graphs have. */
const ACTIVATIONS = ACTIVATION_KINDS.map((kind) => () => oracleOf({ kind }).layers[0]);

/** A random graph of flat layers with skip, dense and nested joins, activations of every kind. */
export function randomGraph(seed: number): Network {
  const source = random(seed, "graph");
  const width = 4 + source.integer(3);
  return graph([3 + source.integer(3)], (input, attach) => {
    const pool: Handle[] = [attach(linear(width), input)];
    const pick = () => pool[source.integer(pool.length)];
    pool.push(attach(linear(width), attach(ACTIVATIONS[source.integer(ACTIVATIONS.length)](), pool[0])));
    const steps = 5 + source.integer(5);
    for (let i = 0; i < steps; i++) pool.push(step(source, attach, pick, width));
    // Everything that was made meets at the end, so that no branch is left out.
    return attach(linear(3), attach(concat(), ...pool.slice(-3)));
  });
}

function step(
  source: RandomSource,
  attach: (layer: Layer, ...inputs: Handle[]) => Handle,
  pick: () => Handle,
  width: number,
): Handle {
  switch (source.integer(6)) {
    case 0:
      return attach(linear(width), pick());
    case 1:
      return attach(add(), pick(), pick(), ...(source.uniform() < 0.3 ? [pick()] : []));
    case 2:
      return attach(linear(width), attach(concat(), pick(), pick()));
    default:
      return attach(ACTIVATIONS[source.integer(ACTIVATIONS.length)](), pick());
  }
}

export function lively(network: Network, seed: number): Model {
  return { network, weights: livelyWeights(network, seed) };
}
