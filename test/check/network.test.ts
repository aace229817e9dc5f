import { describe, expect, it } from "vitest";
import { checkedNetwork } from "../../src/check/network.js";
import { gamma, MACHINES } from "../../src/check/rounding.js";
import { add, batchNorm, identity, linear, relu, scaleShift } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import type { Shape } from "../../src/network/shape.js";
import { initialWeights, type Model, type Weights } from "../../src/network/weights.js";

/** Weights of 1 and no constants, but for those that are given, by the parameter's name. */
function model(network: Network, given: Readonly<Record<string, readonly number[]>> = {}): Model {
  const weights: Weights = new Map(
    [...initialWeights(network, 1)].map(([name, values]) => {
      const fill = name.endsWith(".weight") || name.endsWith(".variance") ? 1 : 0;
      return [name, Float32Array.from(given[name] ?? values.map(() => fill))];
    }),
  );
  return { network, weights };
}

const checked = (own: Model) => checkedNetwork(own, MACHINES.float32);
const roundings = (own: Model) => checked(own).layers.map((layer) => layer.roundings);

/** Two linear layers of one input, added up. */
const sum = graph([3], (x, attach) =>
  attach(add(), attach.named("left", linear(2), x), attach.named("right", linear(2), x)),
);

describe("chains of roundings", () => {
  it("of a sum of two layers are those of both, one behind the other", () => {
    expect(roundings(model(sum))).toEqual([0, 6, 6, 5 + 6 + 6]);
  });

  it("begin with a constant of either layer below", () => {
    // Were it folded into the constant of the sum, that would be rounded as often as the sum itself.
    for (const name of ["left.bias", "right.bias"]) {
      expect(roundings(model(sum, { [name]: [0, 0.5] }))).toEqual([0, 6, 6, 5 + 6 + 6 + 5]);
    }
  });

  it("know of a constant below layers that have none", () => {
    const three = sequential([2], [linear(2), linear(2), linear(2)]);
    const [first] = three.nodes.slice(1).map(({ name }) => name);
    expect(roundings(model(three))).toEqual([0, 5, 10, 15]);
    expect(roundings(model(three, { [`${first}.bias`]: [0, 1] }))).toEqual([0, 5, 15, 20]);
  });
});

describe("what the roundings of our own sums come to", () => {
  it("counts every neuron as often as it is read, and some more", () => {
    // Neurons: 3 of the input, 2 of each layer, those of the sum read twice.
    expect(checked(model(sum)).slack).toBe(gamma(4 * (1024 + 3 + 2 + 2 + 2 * 2)));
    expect(checked(model(sum)).slack).toBeGreaterThan(2 ** -41);
    const { neurons } = checked(model(sum));
    expect(neurons).toBe(9);
  });
});

describe("what a sum may lose where its numbers end", () => {
  it("grows with its longest sum and its largest weight", () => {
    const plain = sequential([4], [linear(3), relu(), linear(2)]);
    const [first, , last] = plain.nodes.slice(1).map(({ name }) => name);
    expect(checked(model(plain)).losses).toBe(2 ** 8 * (4 + 2) * 2 ** 3);
    const large = { [`${last}.weight`]: [1, -3, 1, 1, 1, 1] };
    expect(checked(model(plain, large)).losses).toBe(2 ** 8 * (4 + 2) * 4 ** 3);
    const constant = { [`${first}.bias`]: [0, -7, 0] };
    expect(checked(model(plain, constant)).losses).toBe(2 ** 8 * (4 + 2) * 8 ** 3);
  });

  it("grows by two more factors for each rescaling on the way", () => {
    const scaled = (...layers: Layer[]) => model(sequential([2], layers));
    // 1 / scale is a factor of the same formula.
    expect(checked(scaled(scaleShift(-4, 0))).losses).toBe(2 ** 8 * 3 * 5 ** 5);
    expect(checked(scaled(scaleShift(0.25, 0))).losses).toBe(2 ** 8 * 3 * 5 ** 5);
    expect(checked(scaled(scaleShift(1, 0), identity(), scaleShift(1, 0), linear(1))).losses).toBe(
      2 ** 8 * 4 * 2 ** 7,
    );
    expect(checked(scaled(scaleShift(1, 0), scaleShift(1, 0))).losses).toBe(2 ** 8 * 3 * 2 ** 7);
    expect(checked(scaled(linear(2), batchNorm(), relu(), scaleShift(1, 0))).losses).toBe(
      2 ** 8 * 4 * 2 ** 5,
    );
  });
});

describe("numbers out of range", () => {
  const [largest, above] = [2 ** 30, 2 ** 30 + 2 ** 7];
  const one = sequential([1], [linear(1)]);
  const { name } = one.nodes[1]!;

  it.each(["weight", "bias"])("are refused: a %s", (part) => {
    const of = (value: number) => model(one, { [`${name}.${part}`]: [value] });
    expect(() => checked(of(-largest))).not.toThrow();
    for (const value of [above, -above, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => checked(of(value))).toThrow("not checkable: numbers too large or too small");
    }
  });

  it("are refused: what a formula divides by, or multiplies by", () => {
    const scale = (value: number) => checked(model(sequential([1], [scaleShift(value, 0)])));
    expect(() => scale(1 / largest)).not.toThrow();
    // A scale of 0 divides nothing.
    expect(() => scale(0)).not.toThrow();
    expect(() => scale(1 / above)).toThrow("not checkable: numbers too large or too small");
  });
});

describe("layers that are not known", () => {
  it("are refused by their names", () => {
    const definition = {
      name: "twice",
      outputShape: (_options: unknown, [shape]: readonly Shape[]) => shape!,
      forward: () => {
        throw new Error("not run here");
      },
      dual: null,
    };
    const twice: Layer = { kind: "custom", definition, options: null };
    expect(() => checked(model(sequential([2], [twice, linear(2)])))).toThrow(
      "not checkable: twice1: layers of kind custom are not known",
    );
  });
});
