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

  it("normalization is a layer, so that epsilon keeps the data's units", () => {
    const network = architecture("small", { ...CIFAR, normalization: { mean: [0.5, 0.4, 0.3], std: 0.25 } });
    expect(network.nodes[1].layer).toMatchObject({
      kind: "scale-shift",
      scale: [4, 4, 4],
      shift: [-2, -1.6, -1.2],
    });
  });

  it.each(["smal", "wide0", "deep", "wide", ""])("unknown name %j", (name) => {
    expect(() => architecture(name, MNIST)).toThrow(UsageError);
  });
});
