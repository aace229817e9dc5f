import { random } from "../../../src/compute/random.js";
import type { Property } from "../../../src/formats/vnnlib/property.js";
import { type Subject, subjectOf } from "../../../src/network/subject.js";
import { releaseParameters } from "../../../src/network/weights.js";
import type { Verdict } from "../../../src/verify/verdict.js";
import type { VerifyOptions } from "../../../src/verify/verify-options.js";
import { type Evaluation, evaluationsOf } from "../float-orders/evaluations.js";
import { plainNetwork } from "../plain-network.js";
import { type AttackResult, type Engine, effortFor, enginesFor, productsOf } from "./attack-case.js";
import { type Point, roundedPoint } from "./ball-points.js";
import { judgeOf } from "./judge.js";
import { type AttackCase, randomCase } from "./random-case.js";
import { weakPoints } from "./search.js";

/** What answers the properties that are attacked. */
export interface Verifying {
  readonly engines: readonly Engine[];
  readonly verify: (subject: Subject, property: Property, options: VerifyOptions) => Promise<Verdict>;
  optionsFor(evaluation: Evaluation): VerifyOptions;
}

/** More products than this make a property that takes too long. */
const MOST_PRODUCTS = 1500;

interface InputBox {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * Asks whether an output may reach what it is known to reach at a point of the box, in real arithmetic or in an evaluation:
 * `holds` is false. Large networks count as uncertified.
 */
export async function attackPropertySeed(seed: number, verifying: Verifying): Promise<AttackResult> {
  const own = randomCase(seed);
  const source = random(seed, "property");
  const plain = plainNetwork(own.model);
  const products = productsOf(plain);
  const engines = enginesFor(own.model, verifying.engines);
  const engine = engines[source.integer(engines.length)];
  const { structure, style, place, evaluation } = own;
  const labels = { structure, style, place, evaluation, engine: engine.name };
  const result: AttackResult = {
    ...{ seed, labels, refusal: null, exact: "true", floats: [], closeness: null },
    state: "uncertified",
  };
  if (products > MOST_PRODUCTS) return result;
  const box = inputBox(own);
  const output = source.integer(plain.nodes[plain.output].size);
  const goal = new Float64Array(plain.nodes[plain.output].size);
  goal[output] = -1;
  const judge = judgeOf(plain, evaluationsOf(evaluation), seed);
  const points = weakPoints(plain, ballOf(box), [goal], effortFor(products), source).map((point) =>
    snapped(point, box),
  );
  const reached = points.map((point) => judge.largest(point, output));
  const most = reached.reduce((best, next) => (next.largest.value > best.largest.value ? next : best));
  const exact = reached.reduce((best, next) => Math.max(best, next.exact), Number.NEGATIVE_INFINITY);
  const subject = subjectOf(engine.backend, own.model);
  const answers = async (threshold: number) => {
    const property = reaches(box, output, threshold, goal.length);
    return (await verifying.verify(subject, property, verifying.optionsFor(evaluation))).answer;
  };
  try {
    const first = await answers(exact);
    const beyond = most.largest.value > exact && Number.isFinite(most.largest.value);
    const second = beyond ? await answers(most.largest.value) : null;
    return {
      ...result,
      labels: { ...labels, answer: first },
      state: "attacked",
      exact: first === "holds" ? "false" : "true",
      floats: second === "holds" ? [most.largest.name] : [],
    };
  } catch (error) {
    // A linear program's solver refuses some numbers in its own words.
    if (!(error instanceof Error)) throw error;
    return { ...result, state: "refused", refusal: `${error.name}: ${error.message}` };
  } finally {
    releaseParameters(subject.parameters);
  }
}

function inputBox({ x, ball }: AttackCase): InputBox {
  const radius = ball.most === 0 ? 1e-9 : ball.most;
  return { lower: x.map((value) => value - radius), upper: x.map((value) => value + radius) };
}

/** About the same box as a ball: to search in. */
function ballOf({ lower, upper }: InputBox) {
  const x = lower.map((low, f) => low / 2 + upper[f] / 2);
  const perFeature = upper.map((high, f) => Math.max(high - x[f], x[f] - lower[f]));
  return { x, spec: { norm: "linf", epsilon: { perFeature } } } as const;
}

/** A point as plain numbers within the box. */
function snapped(point: Point, { lower, upper }: InputBox): Point {
  const centre = roundedPoint(point).map((value, f) => Math.min(upper[f], Math.max(lower[f], value)));
  return { centre, offset: new Float64Array(centre.length) };
}

/** The property that no input of the box makes an output reach the threshold. */
function reaches(box: InputBox, output: number, threshold: number, outputs: number): Property {
  const constraint = { terms: [{ output, coefficient: -1 }], bound: -threshold, strict: false };
  return { inputs: box.lower.length, outputs, cases: [{ box, constraints: [constraint] }] };
}
