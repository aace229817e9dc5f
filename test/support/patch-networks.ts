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
  relu,
  scaleShift,
  tanh,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { type Attach, graph, type Handle, type Network, sequential } from "../../src/network/network.js";

/** An image with what is known of it. */
interface Image {
  readonly handle: Handle;
  readonly channels: number;
  readonly stride: number;
}

/** Which kinds of branches there are: those whose layers hand on patches as they are, or with them such as move them by viewer. */
export type Branches = "plain" | "pooled and enlarged";

const KINDS: Readonly<Record<Branches, number>> = { plain: 5, "pooled and enlarged": 10 };

/** A layer or two that keep the size of the image, or halve it. */
function branch(
  source: RandomSource,
  attach: Attach,
  from: Image,
  channels: number,
  stride: 1 | 2,
  branches: Branches,
): Image {
  const own = (layer: Parameters<Attach>[0], handle: Handle) => attach(layer, handle);
  let handle = from.handle;
  switch (source.integer(KINDS[branches])) {
    case 0:
      handle = own(conv2d(channels, { kernel: 3, padding: 1, stride }), handle);
      handle = own(batchNorm(), handle);
      break;
    case 1:
      handle = own(conv2d(3, { kernel: 3, padding: 1 }), handle);
      handle = own(source.uniform() < 0.5 ? relu() : tanh(), handle);
      handle = own(conv2d(channels, { kernel: stride === 2 ? 2 : 1, stride }), handle);
      break;
    case 2:
      handle = own(pad([0, 1, 1], [0, 1, 1], source.uniform() < 0.5 ? 0 : 0.5), handle);
      handle = own(conv2d(channels, { kernel: 3, stride }), handle);
      break;
    case 3:
      handle = own(averagePool({ kernel: 3, stride: 1, padding: 1 }), handle);
      handle = own(conv2d(channels, { kernel: stride, stride }), handle);
      break;
    case 5:
      handle = own(conv2d(channels, { kernel: 3, padding: 1 }), handle);
      handle = own(maxPool({ kernel: 3, stride, padding: 1 }), handle);
      break;
    case 6: {
      const first = source.integer(2);
      const padding = [first, 1 - first, 1 - first, first] as const;
      handle = own(maxPool({ kernel: 2, stride: 1, padding }), handle);
      handle = own(conv2d(channels, { kernel: stride, stride }), handle);
      break;
    }
    case 7:
      handle = own(convTranspose2d(channels, { kernel: 3, padding: 1, dilation: 1 }), handle);
      handle = own(conv2d(channels, { kernel: stride, stride }), handle);
      break;
    case 8:
    case 9: {
      const by = 2 + source.integer(2);
      handle = own(enlarged(source, from.channels, channels, by), handle);
      if (source.uniform() < 0.5) handle = own(relu(), handle);
      const kernel = by + source.integer(2);
      const smaller = { kernel, stride: by * stride, padding: [kernel - by, 0, 0, kernel - by] } as const;
      handle = own(source.uniform() < 0.5 ? conv2d(channels, smaller) : maxPool(smaller), handle);
      break;
    }
    default:
      handle = own(scaleShift(-1.5, 0.2), own(identity(), handle));
      handle = own(conv2d(channels, { kernel: stride, stride }), handle);
  }
  return { handle, channels, stride: from.stride * stride };
}

/** A transposed convolution that makes an image so many times as large. */
function enlarged(source: RandomSource, from: number, channels: number, by: number) {
  const extent = () => {
    const [size, dilation] = [1 + source.integer(4), 1 + source.integer(2)];
    const over = dilation * (size - 1) + 1 - by;
    const open = over < 0 ? -over : source.integer(by);
    const cut = over < 0 ? 0 : over + open;
    const before = source.integer(cut + 1);
    return { size, dilation, open, before, after: cut - before };
  };
  const [y, x] = [extent(), extent()];
  return convTranspose2d(channels, {
    kernel: [y.size, x.size],
    stride: by,
    dilation: [y.dilation, x.dilation],
    padding: [y.before, x.before, y.after, x.after],
    outputPadding: [y.open, x.open],
    groups: from === channels && source.uniform() < 0.5 ? from : 1,
    bias: source.uniform() < 0.7,
  });
}

/** Branches that part and meet: sums and stacks, of one input twice, of neighbours and of what lies far back. */
export function randomPatchGraph(seed: number, branches: Branches): Network {
  const source = random(seed, "patch graph");
  return graph([2, 8, 8], (input, attach) => {
    let last: Image = { handle: input, channels: 2, stride: 1 };
    last = branch(source, attach, last, 3, 1, branches);
    last = { ...last, handle: attach(relu(), last.handle) };
    const before: Image[] = [last];
    for (let i = 0; i < 3; i++) {
      const halves = last.stride === 1 && source.uniform() < 0.4 ? 2 : 1;
      const first = branch(source, attach, last, 3, halves, branches);
      const sizes = before.filter((own) => own.stride * halves === first.stride);
      const other = sizes[source.integer(sizes.length)];
      const second =
        halves === 1 && other.channels === 3 && source.uniform() < 0.6
          ? other
          : branch(source, attach, other, 3, halves, branches);
      const isSum = source.uniform() < 0.7;
      const again = source.uniform() < 0.2 ? [first.handle] : [];
      let handle = attach(isSum ? add() : concat(), first.handle, second.handle, ...(isSum ? again : []));
      // The activation reads the join itself, or a convolution of it.
      if (source.uniform() < 0.5) handle = attach(conv2d(3, { kernel: 1 }), handle);
      handle = attach(relu(), handle);
      last = { handle: attach(conv2d(3, { kernel: 1 }), handle), channels: 3, stride: first.stride };
      before.push(last);
    }
    return attach(linear(3), attach(relu(), attach(flatten(), last.handle)));
  });
}

/** A chain of windows of all kinds over a small image, each read by an activation, up to a linear layer. */
export function randomPatchChain(seed: number): Network {
  const source = random(seed, "patch chain");
  const upTo = (most: number) => source.integer(most + 1);
  const layers: Layer[] = [conv2d(2, { kernel: 3, padding: 1 }), relu()];
  let size = 7;
  for (let i = 0; i < 4; i++) {
    const kind = size < 4 ? 2 : source.integer(size > 9 ? 2 : 3);
    const [kernel, stride] = [2 + upTo(1), 1 + upTo(size > 9 ? 1 : 2)];
    if (kind === 0) {
      const dilation = kernel === 2 ? 1 + upTo(1) : 1;
      const [before, after] = [upTo(1), upTo(1)];
      layers.push(maxPool({ kernel, stride, dilation, padding: [before, before, after, after] }));
      size = Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1;
    } else if (kind === 1) {
      layers.push(conv2d(2, { kernel, padding: 1, groups: 1 + upTo(1) }), relu());
      size += 3 - kernel;
    } else {
      const [own, dilation] = [1 + upTo(3), 1 + upTo(1)];
      const [padding, outputPadding] = [own > 1 ? upTo(1) : 0, upTo(stride - 1)];
      const groups = 1 + upTo(1);
      layers.push(convTranspose2d(2, { kernel: own, stride, dilation, padding, outputPadding, groups }));
      layers.push(source.uniform() < 0.5 ? relu() : tanh());
      size = (size - 1) * stride + dilation * (own - 1) + 1 + outputPadding - 2 * padding;
    }
  }
  return sequential([2, 7, 7], [...layers, conv2d(2, { kernel: 1 }), relu(), flatten(), linear(3)]);
}
