import type { Activation } from "../../../src/activations/index.js";
import type { RandomSource } from "../../../src/compute/random.js";
import {
  add,
  averagePool,
  batchNorm,
  concat,
  conv2d,
  convTranspose2d,
  flatten,
  hardtanh,
  identity,
  leakyRelu,
  linear,
  maxPool,
  pad,
  permute,
  relu,
  reshape,
  scaleShift,
  sigmoid,
  take,
  tanh,
} from "../../../src/network/build-layer.js";
import { type Attach, graph, type Handle, type Network } from "../../../src/network/network.js";
import { sizeOf } from "../../../src/network/shape.js";

/** What a random network looks like. */
export const STRUCTURES = ["chain", "graph", "image", "cancel", "affine", "wide"] as const;
export type Structure = (typeof STRUCTURES)[number];

/** The layer that every random network ends with, unless a constant layer follows: its bias moves the margins. */
export const LAST = "last";

/** A network of this structure: all kinds of layers and activations, sizes up to 2,000. */
export function randomStructure(structure: Structure, source: RandomSource): Network {
  const classes = 2 + source.integer(3);
  switch (structure) {
    case "chain":
      return chain(source, classes);
    case "graph":
      return flatGraph(source, classes);
    case "image":
      return image(source, classes);
    case "cancel":
      return cancelling(source, classes);
    case "affine":
      return graph([1 + source.integer(12)], (x, attach) =>
        ended(source, attach, source.uniform() < 0.5 ? x : attach(linear(width(source, 1, 20)), x), classes),
      );
    case "wide":
      return wide(source, classes);
    default:
      return structure satisfies never;
  }
}

/** A whole number between these, small ones as likely as large ones. */
export function width(source: RandomSource, least: number, most: number): number {
  return Math.min(most, Math.floor(least * ((most + 1) / least) ** source.uniform()));
}

/** Numbers that a float32 holds, half of the time; else any. */
function constant(source: RandomSource, scale: number): number {
  const value = scale * source.normal();
  return source.uniform() < 0.5 ? Math.fround(value) : value;
}

const ACTIVATIONS: readonly ((source: RandomSource) => Activation)[] = [
  relu,
  tanh,
  sigmoid,
  (source) => leakyRelu([0.01, 0.25, 0.3, 1.5, 1e-39, 5e-46][source.integer(6)]),
  (source) => {
    const least = constant(source, 1);
    return hardtanh(least, least + 0.1 + Math.abs(source.normal()));
  },
];

function activation(source: RandomSource): Activation {
  return source.uniform() < 0.6 ? relu() : ACTIVATIONS[source.integer(ACTIVATIONS.length)](source);
}

/** The last layer, and now and then one behind it that only scales or moves. */
function ended(source: RandomSource, attach: Attach, x: Handle, classes: number): Handle {
  const last = attach.named(LAST, linear(classes), x);
  const choice = source.integer(24);
  if (choice === 0) return attach(scaleShift(Math.abs(constant(source, 1)) + 0.1, constant(source, 1)), last);
  if (choice === 1) return attach(batchNorm(), last);
  if (choice === 2) return attach(permute([0]), attach(identity(), last));
  return last;
}

function chain(source: RandomSource, classes: number): Network {
  return graph([width(source, 1, 32)], (input, attach) => {
    let x = source.uniform() < 0.2 ? normalised(source, attach, input) : input;
    for (let depth = 1 + source.integer(4); depth > 0; depth--) {
      x = attach(linear(width(source, 1, 48), { bias: source.uniform() < 0.8 }), x);
      if (source.uniform() < 0.15)
        x = attach(batchNorm({ epsilon: [1e-5, 1e-3, 0.1][source.integer(3)] }), x);
      x = attach(activation(source), x);
    }
    return ended(source, attach, x, classes);
  });
}

function normalised(source: RandomSource, attach: Attach, x: Handle): Handle {
  const count = source.uniform() < 0.5 ? 1 : x.shape[0];
  const list = (shift: number) =>
    Array.from({ length: count }, () => shift + (source.uniform() < 0.5 ? 1 : -1) * constant(source, 1));
  return attach(scaleShift(list(0.1), list(0)), x);
}

/** Flat layers that meet in sums and lists, residual connections among them. */
function flatGraph(source: RandomSource, classes: number): Network {
  const size = width(source, 2, 24);
  return graph([1 + source.integer(8)], (input, attach) => {
    const pool: Handle[] = [attach(linear(size), input), attach(linear(size), input)];
    const pick = () => pool[source.integer(pool.length)];
    const step = (): Handle => {
      switch (source.integer(9)) {
        case 0:
          return attach(linear(size), pick());
        case 1:
          return attach(add(), pick(), pick(), ...(source.uniform() < 0.3 ? [pick()] : []));
        case 2:
          return attach(linear(size), attach(concat(), pick(), pick()));
        case 3:
          return attach(batchNorm(), pick());
        case 4:
          return normalised(source, attach, pick());
        case 5:
          return attach(take(0, Array.from(source.permutation(size))), pick());
        case 6:
          return attach(linear(size), attach(pad([1], [2], constant(source, 1)), pick()));
        default:
          return attach(activation(source), pick());
      }
    };
    for (let i = 3 + source.integer(7); i > 0; i--) pool.push(step());
    return ended(source, attach, attach(concat(), ...pool.slice(-3)), classes);
  });
}

/** A small image through windows of every kind, with residual connections and joins by channel. */
function image(source: RandomSource, classes: number): Network {
  const side = 3 + source.integer(4);
  return graph([1 + source.integer(3), side, 3 + source.integer(4)], (input, attach) => {
    let x: Handle = input;
    for (let depth = 1 + source.integer(4); depth > 0; depth--) {
      x = imageStep(source, attach, x);
      if (source.uniform() < 0.7) x = attach(activation(source), x);
    }
    x = attach(flatten(), x);
    if (source.uniform() < 0.4) x = attach(activation(source), attach(linear(width(source, 2, 16)), x));
    return ended(source, attach, x, classes);
  });
}

function imageStep(source: RandomSource, attach: Attach, x: Handle): Handle {
  const [channels, height, columns] = x.shape;
  const least = Math.min(height, columns);
  const kernel = 1 + source.integer(Math.min(3, least));
  const stride = 1 + source.integer(2);
  const small = sizeOf(x.shape) <= 160;
  switch (source.integer(10)) {
    case 0:
      return attach(batchNorm(), x);
    case 1:
      return attach(averagePool({ kernel, stride, padding: source.integer(2) }), x);
    case 2:
      return attach(maxPool({ kernel, stride, padding: kernel > 1 ? source.integer(2) : 0 }), x);
    case 3:
      return small
        ? attach(
            convTranspose2d(1 + source.integer(3), {
              kernel,
              stride,
              padding: kernel > 2 ? 1 : 0,
              outputPadding: stride - 1,
              bias: source.uniform() < 0.7,
            }),
            x,
          )
        : attach(maxPool({ kernel: 2, stride: 2, padding: 1 }), x);
    case 4:
      return attach(
        permute([0, 2, 1]),
        attach(pad([0, 1, 0], [0, 0, 1], constant(source, 0.5)), attach(take(2, [0, columns - 1, 0]), x)),
      );
    case 5:
      return attach(add(), attach(conv2d(channels, { kernel: 3, padding: 1 }), x), x);
    case 6:
      return attach(concat(), attach(activation(source), x), attach(conv2d(1, { kernel: 1 }), x));
    case 7:
      return attach(reshape([channels * height, columns, 1]), x);
    default: {
      const groups = channels % 2 === 0 && source.uniform() < 0.3 ? 2 : 1;
      return attach(
        conv2d(groups * (1 + source.integer(2)), {
          ...{ kernel, stride, groups, padding: source.integer(2) },
          bias: source.uniform() < 0.8,
        }),
        x,
      );
    }
  }
}

/** Affine layers around ReLUs that are always on: their biases, of which weights know, cancel. */
function cancelling(source: RandomSource, classes: number): Network {
  const inputs = width(source, 1, 4);
  return graph([inputs], (input, attach) => {
    let x: Handle = input;
    for (let depth = 1 + source.integer(2); depth > 0; depth--) {
      x = attach(relu(), attach(linear(inputs), x));
      x = source.uniform() < 0.5 ? attach(scaleShift(1, 0.5), x) : attach(linear(inputs), x);
    }
    return ended(source, attach, x, classes);
  });
}

function wide(source: RandomSource, classes: number): Network {
  const hidden = width(source, 100, 2000);
  return graph([width(source, 1, Math.min(2000, Math.floor(400_000 / hidden)))], (input, attach) => {
    let x = attach(source.uniform() < 0.8 ? relu() : activation(source), attach(linear(hidden), input));
    if (source.uniform() < 0.3) x = attach(relu(), attach(linear(width(source, 2, 40)), x));
    return ended(source, attach, x, classes);
  });
}
