import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { architecture } from "../../src/network/architectures.js";

const MNIST = { inputShape: [1, 28, 28], classes: 10 };
const CIFAR = { inputShape: [3, 32, 32], classes: 10 };

describe("the paper's architectures", () => {
  it.each([
    ["small", MNIST, 4804, 166406],
    ["small", CIFAR, 6244, 214918],
    // Table 1 prints 28064 hidden units here: an erratum, its own layers and its parameters give 48064.
    ["large", MNIST, 48064, 1974762],
    ["large", CIFAR, 62464, 2466858],
    ["resnet", MNIST, 82536, 3254562],
    ["resnet", CIFAR, 107496, 4214850],
  ] as const)(
    "%s for %o has the hidden units and parameters of Table 1",
    (name, options, units, parameters) => {
      const network = architecture(name, options);
      expect(network.hiddenUnits).toBe(units);
      expect(network.parameterCount).toBe(parameters);
      expect(network.outputShape).toEqual([10]);
    },
  );

  it("wide and deep follow their factor", () => {
    const widths = architecture("wide4", MNIST).nodes.map(({ shape }) => shape.join("x"));
    expect(widths).toContain("16x14x14");
    expect(widths).toContain("32x7x7");
    expect(widths).toContain("512");
    const deep = architecture("deep3", MNIST).nodes.filter(({ layer }) => layer?.kind === "conv2d");
    expect(deep.map(({ shape }) => shape.join("x"))).toEqual([
      "8x28x28",
      "8x28x28",
      "8x14x14",
      "16x14x14",
      "16x14x14",
      "16x7x7",
    ]);
  });

  it("medium is large without padding, and cnn5 follows its width, with batch norms", () => {
    const medium = architecture("medium", MNIST);
    expect(
      medium.nodes.filter(({ layer }) => layer?.kind === "conv2d").map(({ shape }) => shape.join("x")),
    ).toEqual(["32x26x26", "32x12x12", "64x10x10", "64x4x4"]);
    // Convolutions, a flat 1,024, two hidden layers of 512, the classes.
    expect(medium.parameterCount).toBe(320 + 16416 + 18496 + 65600 + 524800 + 262656 + 5130);
    const cnn5 = architecture("cnn5-16", CIFAR).nodes;
    expect(
      cnn5.filter(({ layer }) => layer?.kind === "batch-norm").map(({ shape }) => shape.join("x")),
    ).toEqual(["16x32x32", "32x16x16", "64x8x8"]);
    expect(cnn5.filter(({ layer }) => layer?.kind === "linear").map(({ shape }) => shape[0])).toEqual([
      256, 10,
    ]);
  });

  it("cnn7 of width 64 is the network of interval training", () => {
    const { nodes } = architecture("cnn7-64", CIFAR);
    const shapesOf = (kind: string) =>
      nodes.filter(({ layer }) => layer?.kind === kind).map(({ shape }) => shape.join("x"));
    const convolutions = ["64x32x32", "64x32x32", "128x16x16", "128x16x16", "128x16x16"];
    expect(shapesOf("conv2d")).toEqual(convolutions);
    expect(shapesOf("batch-norm")).toEqual(convolutions);
    expect(shapesOf("linear")).toEqual(["512", "10"]);
  });

  it.each(["small", "medium", "resnet", "wide2", "tiny"])(
    "%s-bn has a batch norm before each ReLU",
    (name) => {
      const kinds = (own: string) => architecture(own, MNIST).nodes.map(({ layer }) => layer?.kind);
      const normed = kinds(`${name}-bn`);
      expect(normed.filter((kind) => kind !== "batch-norm")).toEqual(kinds(name));
      normed.forEach((kind, i) => {
        expect(kind === "relu").toBe(normed[i - 1] === "batch-norm" && i > 0);
      });
      const names = architecture(`${name}-bn`, MNIST).nodes.map((node) => node.name);
      for (const node of architecture(name, MNIST).nodes) expect(names).toContain(node.name);
    },
  );

  it("names the model, the images and the mend where they are too small", () => {
    expect(() => architecture("medium", { inputShape: [1, 7, 7], classes: 3 })).toThrow(
      'model "medium" for images of 1×7×7: conv2d3: a window of 3 does not fit into 1 + 0 padding; take larger images, or cnn7-<w>',
    );
    expect(architecture("cnn7-2", { inputShape: [1, 1, 1], classes: 3 }).classes).toBe(3);
    expect(() => architecture("tiny-bn-bn", MNIST)).toThrow(
      /^unknown model "tiny-bn-bn"; .*<w> with k or w from 1 to 99/,
    );
  });

  it("normalization is a layer, so that epsilon keeps the data's units", () => {
    const network = architecture("small", { ...CIFAR, normalization: { mean: [0.5, 0.4, 0.3], std: 0.25 } });
    expect(network.nodes[1].layer).toMatchObject({
      kind: "scale-shift",
      scale: [4, 4, 4],
      shift: [-2, -1.6, -1.2],
    });
  });

  it.each([
    "smal",
    "wide0",
    "deep",
    "wide",
    "cnn5",
    "cnn5-0",
    "cnn516",
    "small4",
    "-bn",
    "smal-bn",
    "cnn5-16-bn",
    "cnn6-16",
    "cnn7-16-bn",
    "",
  ])("unknown name %j", (name) => {
    expect(() => architecture(name, MNIST)).toThrow(UsageError);
  });
});
