import { describe, expect, it } from "vitest";
import { subtract, sumRows, Tape, type Variable } from "../../../src/autodiff/index.js";
import type { Tensor } from "../../../src/compute/backend.js";
import { SHARED } from "../../../src/compute/owners.js";
import { propagateBack } from "../../../src/dual/backward.js";
import type { MixWeights, SideConstraint } from "../../../src/dual/slopes/mixed-dual.js";
import { AffineLayers, Relaxation } from "../../../src/dual/slopes/relaxation.js";
import { uploadBounds } from "../../../src/dual/slopes/tighten.js";
import { wholeRows } from "../../../src/dual/view.js";
import { sizeOf } from "../../../src/network/shape.js";
import { boxBall } from "../../../src/threat/ball.js";
import { LAYER_NETWORKS } from "../../support/networks.js";
import { sceneOf } from "../../verify/subjects.js";

const ROWS = 3;
const STEP = 1e-6;

/** Free variables by name, and the sum of all rows' bounds as a function of them. */
async function boundOf(name: string) {
  const { subject, region, bounds, rounding, source } = await sceneOf(LAYER_NETWORKS[name](), 11, 0.2, 1);
  const { backend, network } = subject;
  const affine = new AffineLayers(subject);
  const relaxation = new Relaxation(
    subject,
    affine,
    uploadBounds(subject, bounds).bounds,
    boxBall(backend, region.lower, region.upper, 1),
    rounding,
  );
  const values = new Map<string, Float64Array>();
  const marks = new Map<number, Tensor>();
  const cuts = new Map<number, Tensor>();
  for (const node of relaxation.choices()) {
    const entries = sizeOf(network.nodes[node].shape) * ROWS;
    const draw = (scale: number) => Float64Array.from({ length: entries }, () => scale * source.uniform());
    for (const kind of ["lower", "upper", "multiplier"]) values.set(`${kind} ${node}`, draw(1));
    const some = Float64Array.from({ length: entries }, () => source.integer(2));
    const at = some.map((mark) => mark * source.normal());
    marks.set(node, backend.upload(entries / ROWS, ROWS, some));
    cuts.set(node, backend.upload(entries / ROWS, ROWS, at));
  }
  const nu = Float64Array.from({ length: network.classes * ROWS }, () => source.normal());
  const evaluate = async (input: ReadonlyMap<string, Float64Array>, record: boolean) => {
    using tape = new Tape(backend, { record });
    const leaves = new Map<string, Variable>();
    for (const [key, list] of input) {
      leaves.set(key, tape.leaf(backend.upload(list.length / ROWS, ROWS, list)));
    }
    const leaf = (key: string) => leaves.get(key) as Variable;
    const weights = new Map<number, MixWeights>();
    const constraints = new Map<number, SideConstraint[]>();
    for (const [i, node] of relaxation.choices().entries()) {
      weights.set(node, { lower: leaf(`lower ${node}`), upper: leaf(`upper ${node}`) });
      const own: SideConstraint = {
        side: i % 2 === 0 ? "above" : "below",
        marks: tape.constant(marks.get(node) as Tensor),
        values: i % 3 === 2 ? null : tape.constant(cuts.get(node) as Tensor),
        multipliers: leaf(`multiplier ${node}`),
      };
      constraints.set(node, [own]);
    }
    const graph = relaxation.graph(tape, network.output, {
      owners: SHARED,
      rows: ROWS,
      weights,
      constraints,
    });
    const start = { node: network.output, nu: tape.own(backend.upload(network.classes, ROWS, nu)) };
    const { centre, radius } = propagateBack(tape, graph, wholeRows(graph, SHARED), start, { centre: true });
    const total = sumRows(tape, subtract(tape, centre as Variable, radius), SHARED, 1);
    const gradients = new Map<string, Float64Array>();
    if (record) {
      const found = tape.gradients(total, [...leaves.values()]);
      for (const [i, key] of [...leaves.keys()].entries()) {
        const gradient = found[i];
        if (gradient) gradients.set(key, Float64Array.from(await backend.read(gradient)));
      }
    }
    return { total: (await backend.read(total.value))[0], gradients };
  };
  return { values, evaluate, source };
}

describe("the mixed dual's gradients in weights and multipliers", () => {
  it.each(["linear", "add", "concat", "max-pool", "leaky-relu", "hardtanh", "tanh", "sigmoid"])(
    "are those of finite differences: %s",
    async (name) => {
      const { values, evaluate, source } = await boundOf(name);
      const { gradients } = await evaluate(values, true);
      let moved = 0;
      for (const [key, list] of values) {
        const entries = Array.from(list.keys());
        for (let i = 0; i < 6; i++) {
          const at = entries[source.integer(entries.length)];
          const nudged = async (by: number) => {
            const other = new Map(values).set(
              key,
              list.map((value, k) => (k === at ? value + by : value)),
            );
            return (await evaluate(other, false)).total;
          };
          const slope = ((await nudged(STEP)) - (await nudged(-STEP))) / (2 * STEP);
          const gradient = gradients.get(key)?.[at] ?? 0;
          expect(Math.abs(gradient - slope), `${key} at ${at}`).toBeLessThan(
            1e-6 * (1 + Math.abs(slope)) + 1e-6,
          );
          if (Math.abs(gradient) > 1e-4) moved += 1;
        }
      }
      expect(moved).toBeGreaterThan(0);
    },
  );
});
