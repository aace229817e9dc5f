import { expectRecord, expectText, ShapeError, UsageError } from "../errors.js";
import { add, batchNorm, conv2d, flatten, linear, normalize, relu } from "./build-layer.js";
import { type Attach, graph, type Handle, type Network } from "./network.js";
import { formatShape, type Shape } from "./shape.js";

/** What an architecture is built for. */
export interface ArchitectureOptions {
  /** `[channels, height, width]`. */
  readonly inputShape: Shape;
  readonly classes: number;
  /** Data normalisation by channel, as the network's first layer: ε stays in the units of the data. */
  readonly normalization?: {
    readonly mean: number | readonly number[];
    readonly std: number | readonly number[];
  };
}

type Body = (attach: Attach, x: Handle) => Handle;

/** Convolution and ReLU: (out, kernel, stride, padding). */
function convRelu(
  attach: Attach,
  x: Handle,
  out: number,
  kernel: number,
  stride: number,
  padding: number,
): Handle {
  return attach(relu(), attach(conv2d(out, { kernel, stride, padding }), x));
}

function hidden(attach: Attach, x: Handle, units: number): Handle {
  return attach(relu(), attach(linear(units), x));
}

const small: Body = (attach, x) =>
  hidden(attach, attach(flatten(), convRelu(attach, convRelu(attach, x, 16, 4, 2, 1), 32, 4, 2, 1)), 100);

const large: Body = (attach, x) => {
  const a = convRelu(attach, convRelu(attach, x, 32, 3, 1, 1), 32, 4, 2, 1);
  const b = convRelu(attach, convRelu(attach, a, 64, 3, 1, 1), 64, 4, 2, 1);
  return hidden(attach, hidden(attach, attach(flatten(), b), 512), 512);
};

const resnet: Body = (attach, x) => {
  let y = convRelu(attach, x, 16, 3, 1, 1);
  const blocks = [
    [16, 1],
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const;
  blocks.forEach(([out, stride], i) => {
    const down = stride === 2;
    const named = (part: string, layer: Parameters<Attach>[0], ...inputs: Handle[]) =>
      attach.named(`block${i + 1}/${part}`, layer, ...inputs);
    const first = named("conv1", conv2d(out, { kernel: down ? 4 : 3, stride, padding: 1 }), y);
    const second = named("conv2", conv2d(out, { kernel: 3, padding: 1 }), named("relu1", relu(), first));
    const shortcut = named("shortcut", conv2d(out, { kernel: down ? 2 : 1, stride }), y);
    y = named("relu2", relu(), named("add", add(), second, shortcut));
  });
  return hidden(attach, attach(flatten(), y), 1000);
};

/** Small enough to train in a minute without native code: convolutions of 8 and 16 filters, then the classes. */
const tiny: Body = (attach, x) =>
  attach(flatten(), convRelu(attach, convRelu(attach, x, 8, 5, 3, 1), 16, 4, 2, 1));

function wide(k: number): Body {
  return (attach, x) => {
    const body = convRelu(attach, convRelu(attach, x, 4 * k, 4, 2, 1), 8 * k, 4, 2, 1);
    return hidden(attach, attach(flatten(), body), 128 * k);
  };
}

function deep(k: number): Body {
  return (attach, x) => {
    let y = x;
    for (const filters of [8, 16]) {
      for (let i = 1; i < k; i++) y = convRelu(attach, y, filters, 3, 1, 1);
      y = convRelu(attach, y, filters, 4, 2, 1);
    }
    return hidden(attach, attach(flatten(), y), 100);
  };
}

/** The medium network of interval training (Gowal et al. 2018): as `large`, without padding. */
const medium: Body = (attach, x) => {
  const a = convRelu(attach, convRelu(attach, x, 32, 3, 1, 0), 32, 4, 2, 0);
  const b = convRelu(attach, convRelu(attach, a, 64, 3, 1, 0), 64, 4, 2, 0);
  return hidden(attach, hidden(attach, attach(flatten(), b), 512), 512);
};

/** Convolution, batch norm and ReLU. */
function convNormRelu(attach: Attach, x: Handle, out: number, kernel: number, stride: number): Handle {
  const y = attach(conv2d(out, { kernel, stride, padding: 1, bias: false }), x);
  return attach(relu(), attach(batchNorm(), y));
}

/** Three convolutions of width w, 2w and 4w, the last two of stride 2, each with a batch norm, and a hidden layer of 16w. */
function cnn5(w: number): Body {
  return (attach, x) => {
    const first = convNormRelu(attach, x, w, 3, 1);
    const body = convNormRelu(attach, convNormRelu(attach, first, 2 * w, 4, 2), 4 * w, 4, 2);
    return hidden(attach, attach(flatten(), body), 16 * w);
  };
}

/**
 * Two convolutions of width w and three of width 2w, the first of these of stride 2, each with a batch norm, and a hidden layer of 8w:
 * the network that interval training is mostly compared on (Shi et al. 2021), there of width 64.
 */
function cnn7(w: number): Body {
  return (attach, x) => {
    const layers = [
      [w, 1] as const,
      [w, 1] as const,
      [2 * w, 2] as const,
      [2 * w, 1] as const,
      [2 * w, 1] as const,
    ];
    const body = layers.reduce((y, [out, stride]) => convNormRelu(attach, y, out, 3, stride), x);
    return hidden(attach, attach(flatten(), body), 8 * w);
  };
}

/** What a name ends with where each ReLU has a batch norm before it; those of `cnn5` and `cnn7` have their own. */
const NORMALISED = "-bn";

function normalised(attach: Attach): Attach {
  const norm = (layer: Parameters<Attach>[0], inputs: readonly Handle[]): Handle[] =>
    inputs.map((input) => (layer.kind === "relu" ? attach(batchNorm(), input) : input));
  const own = (layer: Parameters<Attach>[0], ...inputs: Handle[]) => attach(layer, ...norm(layer, inputs));
  return Object.assign(own, {
    named: (name: string, layer: Parameters<Attach>[0], ...inputs: Handle[]) =>
      attach.named(name, layer, ...norm(layer, inputs)),
  });
}

/** Families of networks by their name's beginning, each with a factor after it. */
const FAMILIES: Readonly<Record<string, (k: number) => Body>> = { wide, deep, "cnn5-": cnn5, "cnn7-": cnn7 };

/** Names that `architecture` knows; `wide`, `deep`, `cnn5-` and `cnn7-` take a factor, such as `wide4`. */
export const ARCHITECTURES = [
  "tiny",
  "small",
  "medium",
  "large",
  "resnet",
  "wide<k>",
  "deep<k>",
  "cnn5-<w>",
  "cnn7-<w>",
] as const;

/** The same as a sentence. */
const KNOWN = `${ARCHITECTURES.join(", ")} with k or w from 1 to 99, all but cnn5 and cnn7 also with ${NORMALISED} (batch norms)`;

/** Of a name, which an error repeats, without what it ends with. */
function bodyOf(name: string, stem: string): Body {
  const fixed: Readonly<Record<string, Body>> = { tiny, small, medium, large, resnet };
  if (Object.hasOwn(fixed, stem)) return fixed[stem];
  const scaled = /^([a-z]+|cnn[57]-)([1-9]\d?)$/.exec(stem);
  if (scaled && Object.hasOwn(FAMILIES, scaled[1])) return FAMILIES[scaled[1]](Number(scaled[2]));
  throw new UsageError(`unknown model "${name}"; known: ${KNOWN}, or a file or run folder`, {
    ...{ found: name, known: Object.keys(fixed) },
  });
}

/**
 * One of the paper's networks (Section 4 and Table 1) for an image input, with a linear layer to the classes at the
 * end: `small`, `large`, `resnet`, `wide<k>`, `deep<k>`; or `medium`, `cnn5-<w>` and `cnn7-<w>`, of interval training, and `tiny`, ours. With
 * `-bn` after a name but those two's each ReLU has a batch norm before it. Throws `UsageError` for an unknown name, and `ShapeError` for an
 * input that the network does not take.
 */
export function architecture(name: string, options: ArchitectureOptions): Network {
  expectText("architecture: name", name);
  expectRecord("architecture: options", options);
  const { inputShape, classes, normalization } = options;
  const isNormalised = name.endsWith(NORMALISED) && !name.startsWith("cnn");
  const body = bodyOf(name, isNormalised ? name.slice(0, -NORMALISED.length) : name);
  try {
    return graph(inputShape, (input, attach) => {
      const x = normalization
        ? attach.named("normalize", normalize(normalization.mean, normalization.std), input)
        : input;
      return attach(linear(classes), body(isNormalised ? normalised(attach) : attach, x));
    });
  } catch (error) {
    throw error instanceof ShapeError && inputShape.length === 3 ? misfit(name, inputShape, error) : error;
  }
}

/** What a layer said of images that became too small for it, with whose layer that is, and the network that takes all sizes. */
function misfit(name: string, inputShape: Shape, { message }: ShapeError): ShapeError {
  return new ShapeError(
    `model "${name}" for images of ${formatShape(inputShape)}: ${message}; take larger images, or cnn7-<w>, which takes any`,
  );
}
