import { type CheckedNetwork, checkedNetwork } from "../../src/check/network.js";
import { MACHINES, Refusal } from "../../src/check/rounding.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { regionOf } from "../../src/formats/certificate/region.js";
import type {
  Certificate,
  Claim,
  ClaimedEvaluation,
  PropertyClaim,
  RobustClaim,
} from "../../src/formats/certificate/schema.js";
import type { LoadedModel } from "../../src/formats/model-file.js";
import { findHints } from "../../src/runs/certificates/find-hints.js";
import type { ProofTree } from "../../src/runs/certificates/proof.js";
import { propertyClaim } from "../../src/runs/certificates/property-claim.js";
import { robustClaim } from "../../src/runs/certificates/robust-claim.js";
import { outputsOf, type PlaneNetwork, planeNetwork, vertices } from "./plane.js";

/** Networks of the plane as if they were read from files, their hashes one digit over and over. */
export const PLANES: readonly (LoadedModel & PlaneNetwork)[] = ["a", "b"].map((digit, i) => ({
  ...planeNetwork(random(i, "planes"), 5, 3),
  ...{ path: `${digit}.safetensors`, sha256: digit.repeat(64), metadata: {} },
}));

const EVALUATIONS: readonly ClaimedEvaluation[] = ["float32", "float32-ftz", "float64", "real"];
const FLOATS = { float32: true, "float32-ftz": true, float64: false, real: false } as const;

/** A certificate of several claims that are all nearly as strong as they can be proved. */
export function certificateOfPlanes(seed: number): Certificate {
  const source = random(seed, "certificates");
  return {
    schema: "autodual/certificate/1",
    claims: [robust(source), property(source)],
  };
}

/** The largest number for which a claim is made, to many digits, and that claim. */
function strongest<C>(claim: (strength: number) => C | null, least: number, most: number): C {
  let best = claim(least);
  if (best === null) throw new Error("nothing is proved");
  let [low, high] = [least, most];
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2;
    const own = claim(middle);
    if (own === null) high = middle;
    else [low, best] = [middle, own];
  }
  return best;
}

function robust(source: RandomSource): RobustClaim {
  const model = PLANES[source.integer(PLANES.length)];
  const evaluation = EVALUATIONS[source.integer(EVALUATIONS.length)];
  const network = checkedNetwork(model, MACHINES[evaluation]);
  const norm = (["linf", "l2", "l1"] as const)[source.integer(3)];
  for (;;) {
    const x = Float64Array.of(source.normal(), source.normal());
    const outputs = outputsOf(model, [x[0], x[1]]);
    const prediction = outputs.indexOf(Math.max(...outputs));
    const box = norm === "linf" && source.uniform() < 0.5 ? ([-1, 1] as const) : null;
    if (box && x.some((own) => Math.abs(own) > 1)) continue;
    const subject = { network, model: model.sha256, evaluation, index: 0, data: "plane", x, prediction };
    const claim = (epsilon: number) => robustClaim({ ...subject, ball: { norm, epsilon, box } });
    if (claim(0.01)) return strongest(claim, 0.01, 2);
  }
}

function property(source: RandomSource): PropertyClaim {
  const model = PLANES[source.integer(PLANES.length)];
  const evaluation = EVALUATIONS[source.integer(EVALUATIONS.length)];
  const network = checkedNetwork(model, MACHINES[evaluation]);
  const lower = Float64Array.of(source.normal(), source.normal());
  const upper = lower.map((low) => low + 0.1 + source.uniform());
  const tree = (depth: number, [least, most]: readonly [Float64Array, Float64Array]): ProofTree => {
    if (depth === 0) return { kind: "leaf", multipliers: [0, 0, 0].map(() => 0.1 * source.uniform()) };
    if (source.uniform() < 0.4) {
      const value = 0.2 * source.normal();
      const below = tree(depth - 1, [least, most]);
      return {
        kind: "neuron",
        node: 2,
        neuron: source.integer(5),
        value,
        below,
        above: tree(depth - 1, [least, most]),
      };
    }
    const input = source.integer(2);
    const value = (least[input] + most[input]) / 2;
    const [high, low] = [most.slice(), least.slice()];
    [high[input], low[input]] = [value, value];
    return {
      kind: "input",
      input,
      value,
      below: tree(depth - 1, [least, high]),
      above: tree(depth - 1, [low, most]),
    };
  };
  const root = tree(3, [lower, upper]);
  const listed = findHints(network, { lower, upper }, "parallel").listed;
  const subject = { network, model: model.sha256, evaluation, lower, upper, listed };
  const terms = [0, 1, 2].map((output): [number, number] => [output, source.normal()]);
  const more =
    source.uniform() < 0.5
      ? [{ terms: [[1, source.normal()] as [number, number]], bound: source.normal() }]
      : [];
  const claim = (bound: number) =>
    unlessRefused(() =>
      propertyClaim({ ...subject, cases: [{ rows: [{ terms, bound }, ...more], tree: root }] }),
    );
  return strongest(claim, -200, 200);
}

function unlessRefused<C>(make: () => C): C | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** What is false of a claim, by the least values that the network has at points of the region; null if nothing is. */
export function counterexampleOf(claim: Claim, source: RandomSource): string | null {
  const model = PLANES.find(({ sha256 }) => sha256 === claim.model);
  if (!model) return "no such model";
  const { lower, upper, ball } = regionOf(claim, 2);
  const inside = ([x, y]: readonly [number, number]) => {
    if (!ball) return true;
    const [a, b] = [x, y].map((own, i) =>
      ball.radius[i] === 0
        ? own === ball.centre[i]
          ? 0
          : Infinity
        : Math.abs(own - ball.centre[i]) / ball.radius[i],
    );
    return (ball.norm === "l2" ? Math.hypot(a, b) : a + b) <= 1;
  };
  const points = vertices(model, [
    [lower[0], lower[1]],
    [upper[0], upper[1]],
  ]);
  for (let i = 0; i < 60; i++) {
    points.push(
      [lower[0], lower[1]].map((low, f) => low + source.uniform() * (upper[f] - low)) as [number, number],
    );
    if (!ball) continue;
    const angle = source.uniform() * 2 * Math.PI;
    const [a, b] = [Math.cos(angle), Math.sin(angle)];
    const length = ball.norm === "l2" ? 1 : Math.abs(a) + Math.abs(b);
    points.push([
      ball.centre[0] + (a / length) * ball.radius[0],
      ball.centre[1] + (b / length) * ball.radius[1],
    ]);
  }
  const rounds: ((value: number) => number)[] = [(value) => value];
  if (FLOATS[claim.evaluation]) rounds.push(Math.fround);
  for (const point of points.filter(inside)) {
    for (const round of rounds) {
      const outputs = outputsOf(model, point, round);
      // What the double precision of this very comparison may lose.
      const loss = 1e-9 * (1 + Math.max(...outputs.map(Math.abs)));
      const fault = faultAt(claim, outputs, loss);
      if (fault !== null) return `${fault} at ${point}`;
    }
  }
  return null;
}

function faultAt(claim: Claim, outputs: readonly number[], loss: number): string | null {
  if (claim.kind === "robust") {
    const j = claim.margins.findIndex((margin, other) => {
      const found = outputs[claim.prediction] - outputs[other];
      return other !== claim.prediction && !(found > -loss && found >= margin - loss);
    });
    return j < 0 ? null : `margin of ${j}`;
  }
  const met = claim.cases.findIndex(({ rows }) =>
    rows.every(
      ({ terms, bound }) =>
        terms.reduce((sum, [output, own]) => sum + own * outputs[output], -bound) <= -loss * 10,
    ),
  );
  return met < 0 ? null : `case ${met}`;
}

export function networkOf(claim: Claim): CheckedNetwork {
  const model = PLANES.find(({ sha256 }) => sha256 === claim.model);
  if (!model) throw new Error("no such model");
  return checkedNetwork(model, MACHINES[claim.evaluation]);
}
